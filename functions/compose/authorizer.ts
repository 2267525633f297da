import type { AuthorizerService } from '../authorizer/authorizer.ts';
import { parseIssuers } from '../authorizer/issuers.ts';
import { JwksKeeper } from '../authorizer/jwks-keeper.ts';
import { createTokenVerifier } from '../authorizer/token-verifier.ts';
import { createLog } from '../observability/logger.ts';
import { serviceName } from '../observability/metric-catalogue.ts';
import { createMetrics } from '../observability/metrics.ts';
import { systemClock } from '../runtime/clock.ts';
import { Environment } from './environment.ts';

/**
 * Composes the authorizer from its environment: `TOKEN_ISSUERS`, the list of issuers as JSON.
 *
 * @throws Error where that is missing, so that no token is judged by half a configuration.
 */
export const composeAuthorizer = (
  values?: Readonly<Record<string, string | undefined>>,
): AuthorizerService => {
  const environment = new Environment(values);
  const name = environment.optional('POWERTOOLS_SERVICE_NAME') ?? serviceName;
  return {
    verify: createTokenVerifier(
      parseIssuers(environment.optional('TOKEN_ISSUERS')),
      new JwksKeeper(systemClock),
    ),
    log: createLog(name),
    metrics: createMetrics(name),
    clock: systemClock,
  };
};

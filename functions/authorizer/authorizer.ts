import type { Log } from '../observability/log-catalogue.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Verdict } from './token-verifier.ts';

/** The function's one name: its Lambda, its log lines, its metrics. */
const authorizerName = 'authorize_caller';

/** What API Gateway gives a token authorizer. */
export interface TokenEvent {
  /** The whole value of the header. */
  readonly authorizationToken: string;
  /** The ARN of the route that was asked for. */
  readonly methodArn: string;
}

/** What API Gateway takes from an authorizer, and keeps for the token. */
export interface Authorization {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly {
      readonly Action: 'execute-api:Invoke';
      readonly Effect: 'Allow' | 'Deny';
      readonly Resource: string;
    }[];
  };
  /** Reaches the functions with the request; `''` where the token tells of an app only. */
  readonly context: { readonly identity: string };
}

/** What an authorizer stands on. */
export interface AuthorizerService {
  readonly verify: (token: string) => Promise<Verdict>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/**
 * Every route of the stage that the asked one belongs to. The gateway keeps a verdict by token and not by route: one
 * that named the asked route alone would refuse the same token on the next.
 */
const everyRoute = (methodArn: string): string => `${methodArn.split('/').slice(0, 2).join('/')}/POST/*`;

const authorization = (methodArn: string, verdict: Verdict): Authorization => ({
  // The gateway wants one and writes it where it can be read, so it says nothing.
  principalId: 'caller',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [
      {
        Action: 'execute-api:Invoke',
        Effect: verdict.admitted ? 'Allow' : 'Deny',
        Resource: everyRoute(methodArn),
      },
    ],
  },
  context: { identity: (verdict.admitted && verdict.identity) || '' },
});

/**
 * The Lambda authorizer. A token that does not admit is denied, which the gateway answers with 403, and not thrown: throwing
 * would count as a failure of the function. Log lines and metrics hold a word for the reason and nothing of the token.
 *
 * @returns the handler, which throws KeysUnavailable where nothing can be said about the token; the gateway answers that with
 * 503 and keeps nothing.
 */
export const authorizer = ({ verify, log, metrics, clock }: AuthorizerService) => {
  const observe = (startedAt: number, outcome: string): void => {
    metrics({ Requests: 1 }, { function: authorizerName, outcome });
    metrics({ Duration: clock() - startedAt }, { function: authorizerName });
  };

  return async ({ authorizationToken, methodArn }: TokenEvent): Promise<Authorization> => {
    const startedAt = clock();
    let verdict: Verdict;
    try {
      verdict = await verify(authorizationToken.replace(/^Bearer +/i, ''));
    } catch (thrown) {
      observe(startedAt, 'upstream_unavailable');
      log('upstream_failed', { function: authorizerName, reason: 'jwks_unavailable' });
      throw thrown;
    }
    observe(startedAt, verdict.admitted ? 'ok' : 'blocked');
    if (!verdict.admitted) log('request_refused', { function: authorizerName, reason: verdict.reason });
    return authorization(methodArn, verdict);
  };
};

import * as v from 'valibot';
import { gatewayClient } from '../adapters/gateway-client.ts';
import type { CanaryScope } from '../canary/canary-steps.ts';
import { gatewayCanary } from '../canary/gateway-canary.ts';
import { testNumberOf, testNumbersPolicy } from '../guard/policy/test-numbers.ts';
import { createLog } from '../observability/logger.ts';
import { serviceName } from '../observability/metric-catalogue.ts';
import { createMetrics } from '../observability/metrics.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Destination } from '../verify/destination.ts';
import { Environment, type VariableName, variablesOf } from './environment.ts';

const canaryVariables = v.object({
  VERIFY_API_URL: v.pipe(v.string(), v.url()),
  CANARY_ACCESS: v.picklist(['public', 'iam', 'token']),
  CANARY_TOKEN_HEADER: v.optional(v.string(), 'Authorization'),
  CANARY_START: v.optional(v.picklist(['plain', 'puzzled']), 'plain'),
  CANARY_TEST_NUMBERS: v.pipe(v.string(), v.parseJson(), testNumbersPolicy),
  POWERTOOLS_SERVICE_NAME: v.optional(v.string(), serviceName),
} satisfies Partial<Record<VariableName, unknown>>);

/**
 * Reads the environment. What the schema's own error holds, test numbers, Lambda would write to the log.
 *
 * @throws Error that names the variables that are missing or wrong, and nothing of what they hold.
 */
const readVariables = (environment: Environment) => {
  const given = Object.fromEntries(
    variablesOf(['gateway_canary']).map((name) => [name, environment.optional(name)]),
  );
  const { success, output, issues } = v.safeParse(canaryVariables, given);
  if (success) return output;
  const names = new Set(issues.map((issue) => String(issue.path?.[0].key)));
  throw new Error(`The environment lacks, or holds no good value of, ${[...names].join(', ')}`);
};

/**
 * Composes the canary that goes through the gateway, from its environment.
 *
 * @throws Error where the environment, which only the stack writes, lacks something.
 */
export const composeGatewayCanary = (values: NodeJS.ProcessEnv = process.env) => {
  const variables = readVariables(new Environment(values));
  const { CANARY_ACCESS: access, CANARY_TEST_NUMBERS: numbers } = variables;
  const clock = systemClock;

  const scope = (): CanaryScope => {
    const now = clock();
    const found = numbers
      .map(({ number }) => ({ to: number, test: testNumberOf(number as Destination, numbers, now) }))
      .find(({ test }) => test !== undefined);
    return {
      access,
      startIsPuzzled: variables.CANARY_START === 'puzzled',
      testNumber: found?.test && { ...found.test, to: found.to },
    };
  };

  return gatewayCanary({
    post: gatewayClient({
      url: variables.VERIFY_API_URL,
      signWith:
        access === 'iam'
          ? {
              // Lambda writes these.
              region: values['AWS_REGION'] ?? '',
              accessKeyId: values['AWS_ACCESS_KEY_ID'] ?? '',
              secretAccessKey: values['AWS_SECRET_ACCESS_KEY'] ?? '',
              sessionToken: values['AWS_SESSION_TOKEN'] ?? '',
            }
          : undefined,
      forgeIn: access === 'token' ? variables.CANARY_TOKEN_HEADER : undefined,
    }),
    scope,
    log: createLog(variables.POWERTOOLS_SERVICE_NAME),
    metrics: createMetrics(variables.POWERTOOLS_SERVICE_NAME),
    clock,
  });
};

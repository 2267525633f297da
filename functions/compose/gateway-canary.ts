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

const environmentSchema = v.object({
  /** The address of the API's stage, with a slash at its end. */
  VERIFY_API_URL: v.pipe(v.string(), v.url()),
  /** How the API is guarded. */
  CANARY_ACCESS: v.picklist(['public', 'iam', 'token']),
  /** The header that holds a token, where it is guarded by one. */
  CANARY_TOKEN_HEADER: v.optional(v.string()),
  /** `puzzled` where a start must pass a puzzle of the web ACL. */
  CANARY_START: v.optional(v.picklist(['plain', 'puzzled']), 'plain'),
  /** The policy's `test_numbers`, as JSON. */
  CANARY_TEST_NUMBERS: v.pipe(v.string(), v.parseJson(), testNumbersPolicy),
  POWERTOOLS_SERVICE_NAME: v.optional(v.string(), serviceName),
  AWS_REGION: v.optional(v.string(), ''),
  AWS_ACCESS_KEY_ID: v.optional(v.string(), ''),
  AWS_SECRET_ACCESS_KEY: v.optional(v.string(), ''),
  AWS_SESSION_TOKEN: v.optional(v.string(), ''),
});

/**
 * Reads the environment. What the schema's own error holds, credentials and test numbers, Lambda would write to the log.
 *
 * @throws Error that names the variables that are missing or wrong, and nothing of what they hold.
 */
const readEnvironment = (environment: NodeJS.ProcessEnv) => {
  const { success, output, issues } = v.safeParse(environmentSchema, environment);
  if (success) return output;
  const names = new Set(issues.map((issue) => String(issue.path?.[0].key)));
  throw new Error(`The environment lacks, or holds no good value of, ${[...names].join(', ')}`);
};

/**
 * Composes the canary that goes through the gateway, from its environment.
 *
 * @throws Error where the environment, which only the stack writes, lacks something.
 */
export const composeGatewayCanary = (environment: NodeJS.ProcessEnv = process.env) => {
  const variables = readEnvironment(environment);
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
              region: variables.AWS_REGION,
              accessKeyId: variables.AWS_ACCESS_KEY_ID,
              secretAccessKey: variables.AWS_SECRET_ACCESS_KEY,
              sessionToken: variables.AWS_SESSION_TOKEN,
            }
          : undefined,
      forgeIn: access === 'token' ? (variables.CANARY_TOKEN_HEADER ?? 'Authorization') : undefined,
    }),
    scope,
    log: createLog(variables.POWERTOOLS_SERVICE_NAME),
    metrics: createMetrics(variables.POWERTOOLS_SERVICE_NAME),
    clock,
  });
};

import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { canaryPaths } from '../../../functions/canary/canary-steps.ts';
import type { Policy } from '../../../functions/guard/policy/policy.ts';
import type { Settings } from '../../settings.ts';
import type { VerifyApi } from '../edge/verify-api.ts';
import { Canary } from './canary.ts';
import { StackLambda, type StackLambdaProps } from './stack-lambda.ts';

/** What the canary needs. */
export interface GatewayCanaryProps extends Omit<StackLambdaProps, 'description' | 'timeout' | 'memorySize'> {
  readonly settings: Settings;
  readonly policy: Policy;
  readonly gateway: VerifyApi;
  /** Where clients reach the API, with a slash at its end. */
  readonly url: string;
}

const accessVariables = ({ access, waf }: Settings): Record<string, string> => ({
  CANARY_ACCESS: access.mode,
  ...(access.mode === 'token' && { CANARY_TOKEN_HEADER: access.header }),
  ...(waf.enabled && waf.start_check !== 'off' && { CANARY_START: 'puzzled' }),
});

/** Comes in by the front door every few minutes, as a client would: name, certificate, WAF, gateway, alias, function. */
export class GatewayCanary extends StackLambda {
  constructor(scope: Construct, id: string, props: GatewayCanaryProps) {
    const { settings, policy, gateway, url, environment, ...lambda } = props;
    super(scope, id, {
      ...lambda,
      description: 'Tries the API through the gateway and sends nothing',
      // Three requests, each with more than the gateway's own time.
      timeout: Duration.seconds(100),
      memorySize: 256,
      environment: {
        ...environment,
        ...accessVariables(settings),
        VERIFY_API_URL: url,
        CANARY_TEST_NUMBERS: JSON.stringify(policy.test_numbers),
      },
    });
    if (settings.access.mode === 'iam') gateway.admitSigner(this.lambda, canaryPaths);
    new Canary(this, 'Schedule', this.alias, settings.canary_minutes);
  }
}

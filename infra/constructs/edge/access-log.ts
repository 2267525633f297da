import type { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/**
 * What one line says of a request. No address, no user agent, no caller and no text of the client's: of the path there
 * is the route only, since any caller can write a number into a path.
 */
const fields = {
  request_id: AccessLogField.contextRequestId(),
  time: AccessLogField.contextRequestTimeEpoch(),
  method: AccessLogField.contextHttpMethod(),
  route: AccessLogField.contextResourcePath(),
  status: AccessLogField.contextStatus(),
  bytes: AccessLogField.contextResponseLength(),
  latency: AccessLogField.contextResponseLatency(),
  function_status: AccessLogField.contextIntegrationStatus(),
  function_latency: AccessLogField.contextIntegrationLatency(),
  authorizer_status: AccessLogField.contextAuthorizerStatus(),
  authorizer_latency: AccessLogField.contextAuthorizerLatency(),
  waf: AccessLogField.contextWafResponseCode(),
  refused_as: AccessLogField.contextErrorResponseType(),
};

/** The gateway's own log: one JSON line a request, also for those that reach no function. */
export class AccessLog extends Construct {
  readonly destination: LogGroupLogDestination;
  readonly format = AccessLogFormat.custom(JSON.stringify(fields));

  /** @param retention - the days for which it keeps its lines. */
  constructor(
    scope: Construct,
    id: string,
    key: IKey,
    retention: RetentionDays,
    removalPolicy: RemovalPolicy,
  ) {
    super(scope, id);
    this.destination = new LogGroupLogDestination(
      new LogGroup(this, 'Logs', {
        retention,
        encryptionKey: key,
        removalPolicy,
      }),
    );
  }
}

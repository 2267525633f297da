import { DomainName, EndpointType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { EdgeSettings } from '../../settings/edge.ts';
import { tlsPolicy } from './tls-policy.ts';

/** A host name of the operator's own for the API. */
export class CustomDomain extends Construct {
  /** What the operator's DNS must point the name at, where the stack does not write it there. */
  readonly target: string;

  constructor(scope: Construct, id: string, api: RestApi, settings: NonNullable<EdgeSettings['domain']>) {
    super(scope, id);
    const domain = new DomainName(this, 'Name', {
      domainName: settings.name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', settings.certificate_arn),
      endpointType: EndpointType.REGIONAL,
      ...tlsPolicy,
    });
    domain.addBasePathMapping(api, { stage: api.deploymentStage });
    this.target = domain.domainNameAliasDomainName;
    if (settings.hosted_zone === undefined) return;
    const { id: hostedZoneId, name: zoneName } = settings.hosted_zone;
    new ARecord(this, 'Address', {
      zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName }),
      recordName: `${settings.name}.`,
      target: RecordTarget.fromAlias(new ApiGatewayDomain(domain)),
    });
  }
}

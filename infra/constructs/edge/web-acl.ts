import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { type Rule, type RuleSettings, rulesOf, wafBodies } from './web-acl-rules.ts';

/** What the web ACL needs. */
export interface WebAclProps extends RuleSettings {
  /** The ARN of the gateway's stage. */
  readonly stageArn: string;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** Headers that prove who a caller is. */
const secretHeaders = [
  'authorization',
  'cookie',
  'x-amz-security-token',
  'x-aws-waf-token',
  'x-firebase-appcheck',
];

/** Metrics on; samples off, since the console keeps of each its address and all its headers, tokens too. */
const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  metricName,
  sampledRequestsEnabled: false,
});

const ruleProperty = (
  { name, route, action, statement }: Rule,
  priority: number,
  counted: readonly string[],
): CfnWebACL.RuleProperty => {
  const fullName = route === undefined ? name : `${name}_${route}`;
  const count = { count: {} };
  const counts = counted.includes(name);
  return {
    name: fullName,
    priority,
    statement,
    ...(action === 'of the group'
      ? { overrideAction: counts ? count : { none: {} } }
      : { action: counts ? count : action }),
    visibilityConfig: visibility(fullName),
  };
};

/** AWS WAF before the gateway's stage. What a rule refuses without words of its own, the gateway answers as WAF_FILTERED. */
export class WebAcl extends Construct {
  readonly acl: CfnWebACL;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    this.acl = new CfnWebACL(this, 'Acl', {
      description: 'Refuses floods, known bad addresses and bodies that are too large',
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      customResponseBodies: wafBodies,
      rules: rulesOf(props).map((rule, priority) => ruleProperty(rule, priority, props.waf.count)),
      // Stages that share an account tell their metrics apart by it.
      visibilityConfig: visibility(Stack.of(this).stackName),
    });
    new CfnWebACLAssociation(this, 'Association', {
      webAclArn: this.acl.attrArn,
      resourceArn: props.stageArn,
    });
    if (props.waf.logs) this.addLog(props);
  }

  /** The only log with addresses in it, hence off unless asked for; it holds no bodies. */
  private addLog({ key, removalPolicy }: WebAclProps): void {
    const stack = Stack.of(this);
    const logGroup = new LogGroup(this, 'Logs', {
      // AWS WAF writes to groups of this prefix only.
      logGroupName: `aws-waf-logs-${stack.stackName}`,
      retention: RetentionDays.ONE_MONTH,
      encryptionKey: key,
      removalPolicy,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: this.acl.attrArn,
      logDestinationConfigs: [
        stack.formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: logGroup.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: [
        { queryString: {} },
        ...secretHeaders.map((name) => ({ singleHeader: { Name: name } })),
      ],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT', 'CAPTCHA', 'CHALLENGE'].map((Action) => ({
              ActionCondition: { Action },
            })),
          },
        ],
      },
    });
  }
}

/**
 * List prices in US dollars for us-east-1, first tier, without any free tier, as of 2026-06: by AWS's pricing pages as public pages of
 * that month quote them. The pages themselves could not be opened from where this was written.
 */
export const prices = {
  /** https://aws.amazon.com/api-gateway/pricing/ : a million requests to a REST API. */
  gatewayMillion: 3.5,
  /** https://aws.amazon.com/waf/pricing/ : a million requests; a month of a web ACL, and of each of its rules. */
  wafMillion: 0.6,
  wafAcl: 5,
  wafRule: 1,
  /** https://aws.amazon.com/lambda/pricing/ : a million requests; a second of a GB on arm64. */
  lambdaMillion: 0.2,
  lambdaGigabyteSecond: 0.0000133334,
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ : a million write and read request units, since 2024-11-01. */
  writeUnitsMillion: 0.625,
  readUnitsMillion: 0.125,
  /** https://aws.amazon.com/kms/pricing/ : a month of a key; a million requests. */
  kmsKey: 1,
  kmsMillion: 3,
  /** https://aws.amazon.com/secrets-manager/pricing/ : a month of a secret; a million requests. */
  secret: 0.4,
  secretMillion: 5,
  /** https://aws.amazon.com/cloudwatch/pricing/ : a GB taken in, and kept for a month; a month of a metric, an alarm's metric, a composite alarm and a dashboard. */
  logGigabyte: 0.5,
  logGigabyteMonth: 0.03,
  metric: 0.3,
  alarmMetric: 0.1,
  compositeAlarm: 0.5,
  dashboard: 3,
  /** https://aws.amazon.com/xray/pricing/ : a million traces recorded. */
  tracesMillion: 5,
  /** https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer : a GB out to the internet. */
  outGigabyte: 0.09,
  /** https://www.twilio.com/en-us/verify/pricing : a successful verification; an SMS to the United States. From memory, not checked. */
  twilioVerification: 0.05,
  twilioSms: 0.0083,
} as const;

/** A place where Twilio's replies, as captured, differ from its OpenAPI file. */
interface Difference {
  /** The schema of the file; `error` is the body of a failed request. */
  readonly schema: string;
  /** The property; `*` is every one. */
  readonly property: string;
  /**
   * `absent`: captured replies lack it. `extra`: they have it, the file does not. `nullable`: it may be null although
   * the file's type does not say so.
   */
  readonly kind: 'absent' | 'extra' | 'nullable';
  readonly because: string;
}

/**
 * Every known difference, in one place. Validation is stricter than the file: each resource must have all of its
 * properties and no others, but for these. (The file leaves these points open, so they need no entry: captured
 * attempts name their channel in lower case and their time in milliseconds, and `lookup` is `{"carrier":null}`.)
 */
export const knownDifferences: readonly Difference[] = [
  {
    schema: 'verify.v2.service.verification',
    property: 'sna',
    kind: 'absent',
    because: 'three independent captures (2022, 2024, 2025) have it on the sna channel only',
  },
  {
    schema: 'verify.v2.service.verification_check',
    property: 'sna_attempts_error_codes',
    kind: 'absent',
    because: 'the same captures lack it outside the sna channel',
  },
  {
    schema: 'error',
    property: 'detail',
    kind: 'extra',
    because: 'the capture of a 401 has an empty one',
  },
  ...[
    'LookupResponse',
    'LineTypeIntelligenceInfo',
    'SmsPumpingRiskInfo',
    'CallerNameInfo',
    'SimSwapInfo',
    'CallForwardingInfo',
    'LineStatusInfo',
    'IdentityMatchInfo',
    'ReassignedNumberInfo',
  ].map((schema) => ({
    schema,
    property: '*',
    kind: 'nullable' as const,
    because: "the file's own examples have null for what was not asked for and for error_code",
  })),
];

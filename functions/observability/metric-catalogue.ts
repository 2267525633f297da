/** The dimension `service` of every metric, where no stage says otherwise. */
export const serviceName = 'twilio-verify-phone';

/** The namespace of every metric. */
export const metricsNamespace = 'TwilioVerifyPhone';

/** Every metric, with its unit and what it counts. */
export const metricCatalogue = {
  /** One for each request, by `function` and `outcome` (`ok` or a code of the error catalogue). */
  Requests: 'Count',
  /** From event to answer, by `function`. */
  Duration: 'Milliseconds',
  /** Each call to Twilio with its repetitions, by `function`. */
  TwilioDuration: 'Milliseconds',
  /** Each request to the table with its repetitions, by `function`. */
  StoreDuration: 'Milliseconds',
  /** One for each request that met a table that failed, by `kind` (start, check) and `done` (denied, allowed). */
  StoreFailures: 'Count',
  /** One for each decision of the guard, by `function` and `outcome`. */
  GuardDecisions: 'Count',
  /** The estimated cost of each message that went out or may have, in the policy's currency, by `function` and `outcome`. */
  EstimatedSpend: 'None',
  /** One for each start that the pumping breaker refused or would have, by `mode` (deny, record). */
  PumpingTrips: 'Count',
  /** One for each change of the circuit breaker, by `change` (open, half_open, closed). */
  BreakerChanges: 'Count',
  /** One when 50, 80 and 100 `percent` of a daily budget are spent, by `scope`. */
  BudgetMarks: 'Count',
  /** One for each line type that could not be learnt. */
  LookupFailures: 'Count',
  /** One for each time that a secret could not be read again and the old value was used. */
  StaleSecrets: 'Count',
  /** One for each request for a test number. */
  TestNumberUses: 'Count',
  /** How many of these the gateway's canary asked for. */
  CanaryTestNumberUses: 'Count',
  /** 1 for a canary that found everything in reach, 0 for one that did not, by `function`. */
  CanarySuccess: 'Count',
  /** 1 for a rotation that came to its end, 0 for each step of one that failed, by `function`. */
  RotationSuccess: 'Count',
} as const;

/** The name of a metric. */
export type MetricName = keyof typeof metricCatalogue;

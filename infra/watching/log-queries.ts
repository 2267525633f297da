/**
 * CloudWatch Logs Insights queries over the guard's decisions, one line each and none with a number in it: what is asked for
 * by country costs a query and not a metric a country.
 */

const decisions = "filter event = 'guard_decision'";
// Only starts are sent and only checks approved. The colon tells `sent` from `unsent`.
const outcome = "concat(':', decision.outcome)";

/** The queries by what they show. */
export const logQueries = {
  'Conversion by country': [
    decisions,
    `fields strcontains(${outcome}, ':sent') as is_sent`,
    `fields strcontains(${outcome}, ':approved') as is_approved`,
    'stats sum(is_sent) as sent, sum(is_approved) as approved, 100 * sum(is_approved) / sum(is_sent) as conversion by decision.country',
    'sort sent desc',
    'limit 25',
  ],
  'Estimated spend by country': [
    decisions,
    'filter ispresent(cost)',
    'stats sum(cost) as spend, count(*) as messages by decision.country',
    'sort spend desc',
    'limit 25',
  ],
  'Refused, by reason': [
    decisions,
    "filter decision.outcome = 'refused'",
    'stats count(*) as refused by decision.function, decision.reason',
    'sort refused desc',
    'limit 25',
  ],
  'What the pumping breaker would refuse': [
    decisions,
    'filter ispresent(decision.would_refuse)',
    'stats count(*) as starts by decision.would_refuse, decision.country',
    'sort starts desc',
    'limit 25',
  ],
} as const satisfies Record<string, readonly string[]>;

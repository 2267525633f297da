import * as v from 'valibot';
import { country } from './rules-policy.ts';
import { section } from './section.ts';

const messages = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000_000));
const price = v.pipe(v.number(), v.minValue(0.0001), v.maxValue(10));

/**
 * Estimates in US dollars of one message, with Verify's fee: rough and rather high, of where many codes go
 * and of where pumping pays. They bound a bad day and are no bill; an operator writes his own beside them.
 */
const estimates = {
  default: 0.2,
  email: 0.05,
  US: 0.06,
  CA: 0.06,
  GB: 0.1,
  AU: 0.1,
  DE: 0.16,
  FR: 0.13,
  IN: 0.13,
  BR: 0.11,
  ID: 0.45,
  PK: 0.45,
};

/** The policy's section on what may be sent in a day. */
export const dailyBudgetPolicy = section({
  messages: section({
    total: v.optional(
      v.pipe(v.nullable(messages), v.description('Messages in a UTC day; 0 or null is off')),
      null,
    ),
    per_country: v.optional(
      v.pipe(
        v.record(country, v.nullable(messages)),
        v.description('Messages to a country in a UTC day, by its code; 0 or null is off there'),
      ),
      {},
    ),
    each_country: v.optional(
      v.pipe(
        v.nullable(messages),
        v.description(
          'Messages in a UTC day to each country that per_country does not name; 0 or null is off',
        ),
      ),
      null,
    ),
  }),
  cost: section({
    total: v.optional(
      v.pipe(
        v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000))),
        v.description('Estimated cost of all messages in a UTC day, in the currency; 0 or null is off'),
      ),
      null,
    ),
    currency: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
        v.description('The currency of the estimates, for people to read'),
      ),
      'USD',
    ),
    per_message: v.optional(
      v.pipe(
        v.record(v.union([country, v.picklist(['default', 'email'])]), price),
        v.transform((given) => ({ ...estimates, ...given })),
        v.description('Estimated cost of one message, by country code, email, or default for the others'),
      ),
      {},
    ),
  }),
});

// By the ratio, an hour or a range is trusted down to 40 % approved, a country's day down to 50 %. By the minimum, traffic
// without a past, of which 70 % is approved, is refused by chance once in 4,000 ranges or less.
const defaults = {
  country_hour: { what: 'Unapproved sends to a country in an hour', minimum: 30, ratio: 1.5 },
  country_day: { what: 'Unapproved sends to a country in 24 hours', minimum: 50, ratio: 1 },
  wide_prefix_hour: {
    what: 'Unapproved sends in an hour to numbers alike but for their last six digits',
    minimum: 25,
    ratio: 1.5,
  },
  wide_prefix_day: {
    what: 'Unapproved sends in 24 hours to numbers alike but for their last six digits',
    minimum: 40,
    ratio: 1.5,
  },
  prefix_day: {
    what: 'Unapproved sends in a day to numbers alike but for their last four digits',
    minimum: 20,
    ratio: 1.5,
  },
} as const;

/** The name of one of the breaker's budgets. */
export type PumpingBudget = keyof typeof defaults;

const budgetKeys = (name: PumpingBudget) => ({
  minimum: v.pipe(
    v.nullable(messages),
    v.description(`${defaults[name].what} that are always allowed; 0 or null switches this budget off`),
  ),
  ratio: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(100),
    v.description(
      'So many of them for each approval, where that is more: 1 refuses what converts worse than one in two',
    ),
  ),
});

const budget = (name: PumpingBudget) => {
  const { minimum, ratio } = budgetKeys(name);
  return section({
    minimum: v.optional(minimum, defaults[name].minimum),
    ratio: v.optional(ratio, defaults[name].ratio),
  });
};

const override = (name: PumpingBudget) => {
  const { minimum, ratio } = budgetKeys(name);
  return v.optional(v.strictObject({ minimum: v.optional(minimum), ratio: v.optional(ratio) }));
};

/** The policy's section on the pumping breaker. */
export const pumpingPolicy = section({
  mode: v.optional(
    v.pipe(
      v.picklist(['off', 'record', 'deny']),
      v.description('What the pumping breaker does: nothing, write down what it would refuse, refuse'),
    ),
    'record',
  ),
  country_hour: budget('country_hour'),
  country_day: budget('country_day'),
  wide_prefix_hour: budget('wide_prefix_hour'),
  wide_prefix_day: budget('wide_prefix_day'),
  prefix_day: budget('prefix_day'),
  by_country: v.optional(
    v.pipe(
      v.record(
        country,
        v.strictObject({
          country_hour: override('country_hour'),
          country_day: override('country_day'),
          wide_prefix_hour: override('wide_prefix_hour'),
          wide_prefix_day: override('wide_prefix_day'),
          prefix_day: override('prefix_day'),
        }),
      ),
      v.description('What differs of the budgets above for numbers of one country, by its code'),
    ),
    {},
  ),
});

/** What may be sent in a day. */
export type DailyBudgetPolicy = v.InferOutput<typeof dailyBudgetPolicy>;
/** When the pumping breaker trips. */
export type PumpingPolicy = v.InferOutput<typeof pumpingPolicy>;

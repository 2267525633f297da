import { domainToASCII } from 'node:url';
import * as v from 'valibot';
import { isCountry } from '../../verify/numbering-plan.ts';
import { numberTypes } from '../request/destination-facts.ts';
import { section } from './section.ts';

/** A country as the policy names it. */
export const country = v.pipe(
  v.string(),
  v.check(isCountry, 'must be an ISO 3166 country code in capitals, such as GB'),
);
const countryList = v.array(country);

const domain = v.pipe(
  v.string(),
  v.transform(domainToASCII),
  v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'must be a domain such as example.com'),
);

// Twilio's words for the types of lines, without those that are not to be refused here: landline has a rule of its own.
const lineTypes = [
  'fixedVoip',
  'nonFixedVoip',
  'personal',
  'tollFree',
  'premium',
  'sharedCost',
  'uan',
  'voicemail',
  'pager',
] as const;

/** What the policy says of destinations, merged into the policy's schema key by key. */
export const rulesPolicy = {
  sending: v.optional(
    v.pipe(
      v.picklist(['on', 'off']),
      v.description('The kill switch: off refuses every start and spends nothing; checks go on'),
    ),
    'on',
  ),
  countries: section({
    allow: v.optional(
      v.pipe(
        v.nullable(countryList),
        v.description(
          'The only countries to send to; null is all. A list also leaves out numbers of no country',
        ),
      ),
      null,
    ),
    deny: v.optional(v.pipe(countryList, v.description('Countries never to send to')), []),
    allow_verified: v.optional(
      v.pipe(
        v.nullable(countryList),
        v.description('Where given, replaces allow for numbers verified before; null is all'),
      ),
    ),
    deny_verified: v.optional(
      v.pipe(countryList, v.description('Where given, replaces deny for numbers verified before')),
    ),
  }),
  deny_prefixes: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^\+[1-9]\d{0,13}$/, 'must be a plus sign and digits'))),
      v.description('Beginnings of numbers never to send to'),
    ),
    [],
  ),
  number_types: section({
    deny: v.optional(
      v.pipe(
        v.array(v.picklist(numberTypes)),
        v.description('Types of numbers never to send to; a number in no known range has none'),
      ),
      ['premium_rate', 'shared_cost', 'uan', 'pager', 'voicemail'],
    ),
  }),
  emails: section({
    deny_disposable: v.optional(
      v.pipe(v.boolean(), v.description('Refuse addresses at known providers of throw-away mailboxes')),
      true,
    ),
    deny_domains: v.optional(
      v.pipe(v.array(domain), v.description('Domains never to send to, with all below them')),
      [],
    ),
    allow_domains: v.optional(
      v.pipe(
        v.array(domain),
        v.description('Domains, with all below them, that the two keys above do not refuse'),
      ),
      [],
    ),
  }),
  lookup: section({
    mode: v.optional(
      v.pipe(
        v.picklist(['off', 'on']),
        v.description('Ask Twilio Lookup for the type of a line before an SMS; each new number costs a fee'),
      ),
      'off',
    ),
    deny_types: v.optional(
      v.pipe(
        v.array(v.picklist(lineTypes)),
        v.description('Types of lines to refuse beside landlines, which are told to use a call'),
      ),
      [],
    ),
    cache_seconds: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(60),
        v.maxValue(31_536_000),
        v.description('Seconds for which the type of a line is remembered'),
      ),
      2_592_000,
    ),
  }),
};

const rulesSchema = v.strictObject(rulesPolicy);

/** The part of the policy that the rules read. */
export type RulesPolicy = v.InferOutput<typeof rulesSchema>;

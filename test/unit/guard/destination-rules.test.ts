import { inspect } from 'node:util';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type RulesPolicy, rulesPolicy } from '../../../functions/guard/policy/rules-policy.ts';
import { destinationFacts, numberTypes } from '../../../functions/guard/request/destination-facts.ts';
import { refusalInAnyCase, rulingsOn } from '../../../functions/guard/rules/destination-rules.ts';
import { errorCatalogue } from '../../../functions/runtime/errors.ts';
import { emailDestination, phoneDestination } from '../../../functions/verify/destination.ts';

const schema = v.strictObject(rulesPolicy);
const policyOf = (raw: v.InferInput<typeof schema>): RulesPolicy => v.parse(schema, raw);
const factsOf = (text: string) => {
  const destination = text.includes('@') ? emailDestination(text) : phoneDestination(text, null);
  if (destination === undefined) throw new Error('The test needs a destination');
  return destinationFacts(destination);
};

/** The rule that refuses; `passes` where none does. */
const refusalOf = (text: string, raw: v.InferInput<typeof schema> = {}, verifiedBefore = false) => {
  const { unverified, verified } = rulingsOn(factsOf(text), policyOf(raw));
  return verifiedBefore ? verified : unverified;
};
const verdict = (...asked: Parameters<typeof refusalOf>) => refusalOf(...asked)?.reason ?? 'passes';

/** The rule that refuses whatever the history is. */
const verdictInAnyCase = (text: string, raw: v.InferInput<typeof schema>) =>
  refusalInAnyCase(rulingsOn(factsOf(text), policyOf(raw)))?.reason ?? 'passes';

const us = '+14155552671';
const puertoRico = '+17875551234';
const britain = '+447400123456';
const satellite = '+881612345678';
const premium = '+19005550199';
const address = 'ada@example.com';

describe('the rules by default', () => {
  it.each([us, puertoRico, britain, satellite, address, '+18005550199', '+15005550006', '+447700900123'])(
    'let %s pass',
    (text) => {
      expect(verdict(text)).toBe('passes');
    },
  );

  it.each([premium, '+979123456789', '+4918012345678', '+445512345678', '+447640123456'])(
    'refuse the costly number %s, verified before or not',
    (number) => {
      expect([verdict(number), verdict(number, {}, true)]).toEqual(['rule_number_type', 'rule_number_type']);
    },
  );

  it.each(['ada@mailinator.com', 'ada@MAILINATOR.com', 'ada@a.b.mailinator.com', 'ada@yopmail.com'])(
    'refuse the throw-away mailbox %s',
    (mailbox) => {
      expect(verdict(mailbox)).toBe('rule_disposable');
    },
  );

  it('take no domain for another that only ends like it', () => {
    expect(verdict('ada@inator.com')).toBe('passes');
    expect(verdict('ada@mailinator.com.example.org')).toBe('passes');
  });
});

describe('the kill switch', () => {
  it.each([us, britain, satellite, address])('refuses %s, verified before or not', (text) => {
    expect(verdict(text, { sending: 'off' })).toBe('rule_off');
    expect(verdict(text, { sending: 'off' }, true)).toBe('rule_off');
    expect(verdict(text, { sending: 'on' })).toBe('passes');
  });
});

describe('denied prefixes', () => {
  it.each([
    ['+1415555', us, 'rule_prefix'],
    ['+14155552671', us, 'rule_prefix'],
    ['+1415556', us, 'passes'],
    ['+1', puertoRico, 'rule_prefix'],
    ['+881', satellite, 'rule_prefix'],
    ['+1', address, 'passes'],
    ['+1', '+1@example.com', 'passes'],
  ])('%s and %s: %s', (prefix, text, expected) => {
    expect(verdict(text, { deny_prefixes: [prefix] })).toBe(expected);
    expect(verdict(text, { deny_prefixes: [prefix] }, true)).toBe(expected);
  });
});

describe('countries', () => {
  it.each([
    [{ allow: ['US'] }, us, 'passes'],
    [{ allow: ['US'] }, puertoRico, 'rule_country'],
    [{ allow: ['US'] }, britain, 'rule_country'],
    [{ allow: ['US'] }, satellite, 'rule_country'],
    [{ allow: ['US'] }, address, 'passes'],
    [{ allow: [] }, us, 'rule_country'],
    [{ allow: null }, britain, 'passes'],
    [{ deny: ['GB'] }, britain, 'rule_country'],
    [{ deny: ['GB'] }, '+447781234567', 'passes'],
    [{ deny: ['GB'] }, '+447700900123', 'rule_country'],
    [{ deny: ['GB'] }, satellite, 'passes'],
    [{ deny: ['GB'] }, address, 'passes'],
    [{ allow: ['US', 'GB'], deny: ['GB'] }, britain, 'rule_country'],
  ])('%j and %s: %s, for those verified before too', (countries, text, expected) => {
    expect(verdict(text, { countries })).toBe(expected);
    expect(verdict(text, { countries }, true)).toBe(expected);
  });

  it.each([
    [{ allow: ['US'], allow_verified: ['US', 'GB'] }, britain, 'rule_country', 'passes'],
    [{ allow: ['US'], allow_verified: null }, britain, 'rule_country', 'passes'],
    [{ allow: ['US'], allow_verified: null }, satellite, 'rule_country', 'passes'],
    [{ allow_verified: ['US'] }, britain, 'passes', 'rule_country'],
    [{ deny: ['GB'], deny_verified: [] }, britain, 'rule_country', 'passes'],
    [{ deny_verified: ['GB'] }, britain, 'passes', 'rule_country'],
    [{ deny: ['GB'], allow_verified: null }, britain, 'rule_country', 'rule_country'],
  ])('%j and %s: %s when new, %s when verified before', (countries, text, fresh, verified) => {
    expect(verdict(text, { countries })).toBe(fresh);
    expect(verdict(text, { countries }, true)).toBe(verified);
    expect(verdictInAnyCase(text, { countries })).toBe(fresh === verified ? fresh : 'passes');
  });
});

describe('types of numbers', () => {
  it('are those that the policy names', () => {
    expect(verdict(premium, { number_types: { deny: [] } })).toBe('passes');
    expect(verdict('+18005550199', { number_types: { deny: ['toll_free'] } })).toBe('rule_number_type');
    expect(verdict(us, { number_types: { deny: ['fixed_line_or_mobile'] } })).toBe('rule_number_type');
  });

  it('do not concern a number in no known range', () => {
    expect(verdict('+447700900123', { number_types: { deny: [...numberTypes] } })).toBe('passes');
  });
});

describe('domains', () => {
  it.each([
    [{ deny_domains: ['example.com'] }, address, 'rule_domain'],
    [{ deny_domains: ['Example.COM'] }, address, 'rule_domain'],
    [{ deny_domains: ['example.com'] }, 'ada@eu.example.com', 'rule_domain'],
    [{ deny_domains: ['com'] }, address, 'rule_domain'],
    [{ deny_domains: ['eu.example.com'] }, address, 'passes'],
    [{ deny_domains: ['ample.com'] }, address, 'passes'],
    [{ deny_domains: ['bücher.example'] }, 'ada@xn--bcher-kva.example', 'rule_domain'],
    [{ deny_domains: ['example.com'], allow_domains: ['eu.example.com'] }, 'ada@eu.example.com', 'passes'],
    [{ deny_domains: ['example.com'], allow_domains: ['eu.example.com'] }, address, 'rule_domain'],
    [{ allow_domains: ['mailinator.com'] }, 'ada@mailinator.com', 'passes'],
    [{ deny_disposable: false }, 'ada@mailinator.com', 'passes'],
    [{ deny_domains: ['example.com'] }, us, 'passes'],
  ])('%j and %s: %s', (emails, text, expected) => {
    expect(verdict(text, { emails })).toBe(expected);
  });
});

const countryCode = fc.constantFrom('US', 'PR', 'GB', 'GG', 'KZ', 'RU');
const countryList = fc.uniqueArray(countryCode);
const anyPolicy = fc.record(
  {
    sending: fc.constantFrom('on' as const, 'off' as const),
    countries: fc.record(
      {
        allow: fc.option(countryList),
        deny: countryList,
        allow_verified: fc.option(countryList),
        deny_verified: countryList,
      },
      { requiredKeys: [] },
    ),
    deny_prefixes: fc.array(fc.stringMatching(/^\+[147]\d{0,4}$/), { maxLength: 3 }),
    number_types: fc.record({ deny: fc.subarray([...numberTypes]) }),
    emails: fc.record({
      deny_disposable: fc.boolean(),
      deny_domains: fc.subarray(['com', 'example.com', 'mailinator.com']),
      allow_domains: fc.subarray(['example.com', 'mailinator.com']),
    }),
  },
  { requiredKeys: [] },
);
const anyText = fc.constantFrom(
  ...[us, puertoRico, britain, satellite, premium, address, '+77012345678', 'ada@x.mailinator.com'],
);

describe('whatever the policy', () => {
  it('history is needed exactly where it changes the answer', () => {
    fc.assert(
      fc.property(anyText, anyPolicy, (text, raw) => {
        const [fresh, verified] = [verdict(text, raw, false), verdict(text, raw, true)];
        expect(verdictInAnyCase(text, raw)).toBe(fresh === verified ? fresh : 'passes');
      }),
      { numRuns: 2_000 },
    );
  });

  it('one more denied country, prefix or domain never lets through what was refused', () => {
    fc.assert(
      fc.property(anyText, anyPolicy, countryCode, fc.boolean(), (text, raw, code, verified) => {
        const stricter = {
          ...raw,
          countries: {
            ...raw.countries,
            deny: [...(raw.countries?.deny ?? []), code],
            ...(raw.countries?.deny_verified === undefined
              ? {}
              : { deny_verified: [...raw.countries.deny_verified, code] }),
          },
          deny_prefixes: [...(raw.deny_prefixes ?? []), '+447'],
          emails: { ...raw.emails, deny_domains: [...(raw.emails?.deny_domains ?? []), 'x.mailinator.com'] },
        };
        const loosened =
          verdict(text, raw, verified) !== 'passes' && verdict(text, stricter, verified) === 'passes';
        expect(loosened).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a refusal is the one blocked error with the generic sentence, and holds nothing of the destination', () => {
    fc.assert(
      fc.property(anyText, anyPolicy, fc.boolean(), (text, raw, verified) => {
        const refusal = refusalOf(text, raw, verified);
        if (refusal === undefined) return;
        expect([refusal.code, refusal.sentence]).toEqual(['blocked', undefined]);
        const printed = `${inspect(refusal, { showHidden: true, depth: 9 })}${JSON.stringify(refusal)}`;
        for (const part of [text, text.slice(1), text.split('@')[1] ?? text])
          expect(printed).not.toContain(part);
      }),
      { numRuns: 2_000 },
    );
    expect(errorCatalogue.blocked.sentence).toContain('contact support');
  });
});

describe('the policy’s part', () => {
  it('has the defaults of the contract and refuses nothing but costly numbers and throw-away mailboxes', () => {
    expect(policyOf({})).toEqual({
      sending: 'on',
      countries: { allow: null, deny: [] },
      deny_prefixes: [],
      number_types: { deny: ['premium_rate', 'shared_cost', 'uan', 'pager', 'voicemail'] },
      emails: { deny_disposable: true, deny_domains: [], allow_domains: [] },
      lookup: { mode: 'off', deny_types: [], cache_seconds: 2_592_000 },
    });
  });

  it.each([
    ['sending', { sending: 'maybe' }],
    ['countries.allow.0', { countries: { allow: ['UK'] } }],
    ['countries.deny_verified.0', { countries: { deny_verified: ['gb'] } }],
    ['countries.allow_new', { countries: { allow_new: [] } }],
    ['deny_prefixes.0', { deny_prefixes: ['1900'] }],
    ['number_types.deny.0', { number_types: { deny: ['cheap'] } }],
    ['emails.deny_domains.0', { emails: { deny_domains: ['@example.com'] } }],
    ['emails.allow_domains.0', { emails: { allow_domains: [''] } }],
    ['lookup.mode', { lookup: { mode: 'maybe' } }],
    ['lookup.deny_types.0', { lookup: { deny_types: ['landline'] } }],
    ['lookup.cache_seconds', { lookup: { cache_seconds: 0 } }],
  ])('names the wrong key %s', (key, raw) => {
    const { issues } = v.safeParse(schema, raw);
    expect(issues?.map((issue) => v.getDotPath(issue))).toEqual([key]);
  });
});

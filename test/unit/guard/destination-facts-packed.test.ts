import { brotliCompressSync } from 'node:zlib';
import { disposableEmailBlocklist } from 'disposable-email-domains-js';
import fc from 'fast-check';
import examples from 'libphonenumber-js/examples.mobile';
import {
  getCountries,
  getExampleNumber,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import metadata from 'libphonenumber-js/metadata.max.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { disposableDomains } from '../../../functions/guard/rules/disposable-domains.ts';
import { isCountry, readNumber } from '../../../functions/verify/numbering-plan.ts';

/** A module that holds a text, packed. */
const moduleOf = (name: string, description: string, from: string, text: string): string =>
  [
    `// Made from the npm package ${from} by test/unit/guard/destination-facts-packed.test.ts; made again by`,
    '// `npm test -- destination-facts-packed --update`.',
    `/** ${description}, packed with Brotli, in Base64. */`,
    `export const ${name} =`,
    `  '${brotliCompressSync(text).toString('base64')}';`,
    '',
  ].join('\n');

describe('the packed list of throw-away mailboxes', () => {
  const packed = moduleOf(
    'packedDomains',
    'Domains, one a line',
    'disposable-email-domains-js',
    disposableEmailBlocklist().join('\n'),
  );

  it('is the one of the installed package', async () => {
    await expect(packed).toMatchFileSnapshot('../../../functions/guard/rules/disposable-domain-list.ts');
  });

  it('adds less than 100 kB to the bundle', () => {
    expect(packed.length).toBeLessThan(100_000);
  });

  it('unpacks into thousands of bare domains', () => {
    const unlike = [...disposableDomains()].filter((domain) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain));
    expect([unlike, disposableDomains().size > 5_000]).toEqual([[], true]);
  });

  it('leaves out the mailboxes and forwarding services that people keep', () => {
    const honest =
      'gmail.com outlook.com hotmail.com yahoo.com icloud.com proton.me gmx.de web.de mail.ru qq.com 163.com ' +
      'aol.com fastmail.com tuta.com zoho.com privaterelay.appleid.com duck.com mozmail.com simplelogin.com';
    expect(honest.split(' ').filter((domain) => disposableDomains().has(domain))).toEqual([]);
  });
});

describe('the packed numbering plan', () => {
  // The fifth entry of a country says how its numbers are printed.
  const withoutFormats = (plans: Readonly<Record<string, readonly unknown[]>>) =>
    Object.fromEntries(Object.entries(plans).map(([name, entries]) => [name, entries.with(4, 0)]));
  const rest = { ...metadata, countries: {}, nonGeographic: withoutFormats(metadata.nonGeographic) };
  const countries = Object.entries(withoutFormats(metadata.countries));
  const packed = moduleOf(
    'packedPlan',
    'The world’s numbering plan without its countries as JSON, then one a line: its code, and its plan as JSON',
    'libphonenumber-js',
    [JSON.stringify(rest), ...countries.map(([code, plan]) => code + JSON.stringify(plan))].join('\n'),
  );

  it('is the one of the installed package', async () => {
    await expect(packed).toMatchFileSnapshot('../../../functions/verify/numbering-plan-data.ts');
  });

  it('adds less than 40 kB to the bundle', () => {
    expect(packed.length).toBeLessThan(40_000);
  });

  const factsOf = (number: PhoneNumber | undefined) =>
    number && [
      ...[number.number, number.ext, number.country, number.countryCallingCode, number.getType()],
      ...[number.isPossible(), number.isValid(), number.getPossibleCountries()],
    ];

  it("reads each country's numbers as the whole one does, written in both ways, and those of no country", () => {
    const national = getCountries().flatMap((country) => {
      const written = getExampleNumber(country, examples)?.formatNational();
      return written === undefined ? [] : [{ written, country }];
    });
    const international = [
      ...getCountries().map((country) => getExampleNumber(country, examples)?.number ?? ''),
      ...Object.keys(metadata.nonGeographic).map((callingCode) => `+${callingCode}12345678`),
    ].map((written) => ({ written, country: undefined }));
    expect([national.length, international.length]).toEqual([245, 254]);
    for (const { written, country } of [...national, ...international]) {
      const whole = parsePhoneNumberFromString(written, {
        ...(country && { defaultCountry: country }),
        extract: false,
      });
      expect(whole).toBeDefined();
      expect(factsOf(readNumber(written, country ?? null))).toEqual(factsOf(whole));
    }
  });

  it('reads every text as the whole one does', () => {
    const text = fc.oneof(fc.stringMatching(/^\+[1-9]\d{3,14}$/), fc.stringMatching(/^\+?[\d ().x-]{4,20}$/));
    const country = fc.option(fc.constantFrom(...getCountries()), { nil: undefined });
    fc.assert(
      fc.property(text, country, (written, defaultCountry) => {
        const whole = parsePhoneNumberFromString(written, {
          ...(defaultCountry && { defaultCountry }),
          extract: false,
        });
        expect(factsOf(readNumber(written, defaultCountry ?? null))).toEqual(factsOf(whole));
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads a text once, and anew for another default country', () => {
    const read = (country: string | null) => readNumber('020 7946 0958', country);
    expect([read('GB')?.number, read('US')?.number, read(null)]).toEqual([
      '+442079460958',
      '+102079460958',
      undefined,
    ]);
    expect(read('GB')).toBe(read('GB'));
    expect(readNumber('+442079460958', null)).not.toBe(readNumber('+442079460959', null));
  });

  it('knows the same countries', () => {
    const letters = Array.from({ length: 26 }, (_, at) => String.fromCharCode(65 + at));
    const codes = letters.flatMap((one) => letters.map((other) => one + other));
    expect(codes.filter(isCountry)).toEqual(getCountries().toSorted());
  });
});

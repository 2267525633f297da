import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destinationFacts, numberPrefix } from '../../../functions/guard/request/destination-facts.ts';
import {
  type Destination,
  emailDestination,
  phoneDestination,
} from '../../../functions/verify/destination.ts';

const destination = (text: string): Destination => {
  const found = text.includes('@') ? emailDestination(text) : phoneDestination(text, null);
  if (found === undefined) throw new Error('The test needs a destination');
  return found;
};
const factsOf = (text: string) => destinationFacts(destination(text));

describe('the country of a number', () => {
  it.each([
    ['the United States', '+14155552671', 'US'],
    ['Canada', '+14165550123', 'CA'],
    ['Puerto Rico', '+17875551234', 'PR'],
    ['Jamaica', '+18765551234', 'JM'],
    ['Great Britain', '+447400123456', 'GB'],
    ['Guernsey', '+447781234567', 'GG'],
    ['Jersey', '+447797123456', 'JE'],
    ['the Isle of Man', '+447624123456', 'IM'],
    ['Russia', '+79161234567', 'RU'],
    ['Kazakhstan', '+77012345678', 'KZ'],
    ['Réunion', '+262692123456', 'RE'],
    ['Italy', '+393471234567', 'IT'],
    ['the Vatican', '+390669812345', 'VA'],
    ['Curaçao', '+59995181234', 'CW'],
  ])('is that of its region, not of its calling code: %s', (_name, number, country) => {
    expect(factsOf(number).country).toBe(country);
  });

  it.each([
    ['+447700900123', 'GB'],
    ['+19995550123', 'US'],
    ['+70000000000', 'RU'],
  ])('is the main one of the calling code where no range holds it: %s', (number, country) => {
    expect(factsOf(number)).toMatchObject({ country, numberType: null });
  });

  it.each(['+881612345678', '+882161234567', '+883510012345', '+979123456789', '+80012345678'])(
    'is none for a satellite or an international service: %s',
    (number) => {
      expect(factsOf(number).country).toBeNull();
    },
  );

  it('is told for every number that can be sent to, unless its calling code belongs to no country', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{7,14}$/), (text) => {
        const number = phoneDestination(text, null);
        if (number === undefined) return;
        const { country, domain } = destinationFacts(number);
        expect(domain).toBeNull();
        expect(country ?? number).toMatch(/^(?:[A-Z]{2}|\+(?:8(?:00|08|70|78|81|82|83|88)|979).*)$/);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the type of a number', () => {
  it.each([
    ['+19005550199', 'premium_rate'],
    ['+979123456789', 'premium_rate'],
    ['+33899123456', 'premium_rate'],
    ['+4918012345678', 'shared_cost'],
    ['+18005550199', 'toll_free'],
    ['+445512345678', 'uan'],
    ['+447640123456', 'pager'],
    ['+447012345678', 'personal_number'],
    ['+447400123456', 'mobile'],
    ['+14155552671', 'fixed_line_or_mobile'],
    ['+442079460958', 'fixed_line'],
  ])('of %s is %s', (number, type) => {
    expect(factsOf(number).numberType).toBe(type);
  });
});

describe('an e-mail address', () => {
  it.each([
    ['Ada@Example.COM', 'example.com'],
    ['ada@mail.example.co.uk', 'mail.example.co.uk'],
    ['ada@bücher.example', 'xn--bcher-kva.example'],
    ['ada@ｅxample.com', 'example.com'],
  ])('%s has the domain %s and nothing of a number', (address, domain) => {
    expect(factsOf(address)).toMatchObject({ country: null, numberType: null, domain });
  });
});

describe('the prefix of a number', () => {
  it('is the number without its last digits, and the same for the whole range', () => {
    expect(numberPrefix(destination('+14155552671'), 4)).toBe('+1415555');
    expect(numberPrefix(destination('+14155559999'), 4)).toBe('+1415555');
    expect(numberPrefix(destination('+14155552671'), 6)).toBe('+14155');
  });
});

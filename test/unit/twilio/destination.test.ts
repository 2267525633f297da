import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emailDestination, phoneDestination } from '../../../functions/verify/destination.ts';

describe('a phone number', () => {
  test.each([
    ['+14155552671', '+14155552671'],
    ['+1 (415) 555-2671', '+14155552671'],
    ['+1.415.555.2671', '+14155552671'],
    ['+1-415-555-2671', '+14155552671'],
    ['＋１４１５５５５２６７１', '+14155552671'],
    ['+44 (0)20 7946 0958', '+442079460958'],
    ['+39 06 698 12345', '+390669812345'],
    ['\u202a+1 (415) 555\u20112671\u202c', '+14155552671'],
    ['+49 30 901820', '+4930901820'],
  ])('%s is sent as %s', (text, number) => {
    expect(phoneDestination(text, null)).toBe(number);
  });

  test.each([
    '',
    '+',
    '+1',
    '+0',
    '14155552671',
    '4155552671',
    '415 555 2671',
    '+1415555',
    '+1415555267',
    '+141555526711',
    '+0014155552671',
    '+999123456789',
    '+1415555267a',
    'call +14155552671',
    '+14155552671 please',
    '+14155552671, +14155552672',
    '+14155552671;+14155552672',
    '+49 123 456 789 012 345',
    '+1 415 555 2671 ext. 5',
    '+1 415 555 2671 x5',
    '+14155552671;ext=5',
    '+14155552671\u0000',
    '+14155552671\n+14155552672',
    'ada@example.com',
    `+${'1'.repeat(300)}`,
  ])('%j is none', (text) => {
    expect(phoneDestination(text, null)).toBeUndefined();
  });

  test('may leave out its calling code only where a country is configured', () => {
    expect(phoneDestination('415 555 2671', 'US')).toBe('+14155552671');
    expect(phoneDestination('020 7946 0958', 'GB')).toBe('+442079460958');
    expect(phoneDestination('+442079460958', 'US')).toBe('+442079460958');
    expect(phoneDestination('5552671', 'US')).toBeUndefined();
  });

  test('is E.164 or refused, whatever the text', () => {
    const digits = fc.stringMatching(/^\+?[\d ().-]{4,24}$/);
    const country = fc.constantFrom(null, 'US', 'DE', 'IT', 'JP');
    fc.assert(
      fc.property(fc.oneof(digits, fc.string({ unit: 'binary' })), country, (text, defaultCountry) => {
        expect(phoneDestination(text, defaultCountry) ?? '+10').toMatch(/^\+[1-9]\d{1,14}$/);
      }),
      { numRuns: 3_000 },
    );
  });

  test('has one form, whatever prefixes are dialled before it', () => {
    expect(phoneDestination('+49 (0) 0 1512 3456789', null)).toBe('+4915123456789');
    const number = fc.stringMatching(/^\+[1-9]\d{5,16}$/);
    fc.assert(
      fc.property(number, (text) => {
        const once = phoneDestination(text, null);
        expect(once === undefined ? undefined : phoneDestination(once, null)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('an e-mail address', () => {
  test.each([
    ['ada@example.com', 'ada@example.com'],
    ['Ada.Lovelace+verify@Example.COM', 'Ada.Lovelace+verify@example.com'],
    ["o'hara_1@mail.example.co.uk", "o'hara_1@mail.example.co.uk"],
    ['ada@bücher.example', 'ada@bücher.example'],
  ])('%s is sent as %s', (text, address) => {
    expect(emailDestination(text)).toBe(address);
  });

  test.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@example',
    'ada@example.',
    'ada@.com',
    'ada@exa mple.com',
    'ada@@example.com',
    'ada@b@example.com',
    'ada@example.com, eve@example.com',
    'ada@example.com;eve@example.com',
    'Ada <ada@example.com>',
    'ada@example.com\nBcc: eve@example.com',
    'ada@example.com\u0000',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a.'.repeat(127)}example.com`,
    '+14155552671',
  ])('%j is none', (text) => {
    expect(emailDestination(text)).toBeUndefined();
  });

  test('is judged in linear time, however long the text', () => {
    expect(emailDestination(`a@${'a-'.repeat(100_000)}`)).toBeUndefined();
    expect(emailDestination(`a@${'a.'.repeat(100_000)}`)).toBeUndefined();
  });
});

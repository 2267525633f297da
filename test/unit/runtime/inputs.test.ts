import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunError } from '../../../functions/runtime/errors.ts';
import { optionalMap, optionalText, readInput, requiredText } from '../../../functions/runtime/inputs.ts';

const declarations = {
  name: requiredText({
    description: 'A name',
    shape: 'letters',
    pattern: /^[a-z]+$/,
    maxLength: 8,
    alias: 'nick',
  }),
  word: optionalText({ description: 'A word', shape: 'a word', filters: ['trim', 'lower'] }),
  owner: optionalText({ description: 'An owner', shape: 'an owner', source: 'direct' }),
  pairs: optionalMap({ description: 'Pairs', shape: 'pairs of text', maxPairs: 2, maxLength: 4 }),
};

/** The checked input, or the sentence with which it is refused. */
const read = (raw: unknown, source: 'any' | 'direct' = 'any') => {
  try {
    return readInput(declarations, raw, source);
  } catch (thrown) {
    if (!(thrown instanceof RunError)) throw thrown;
    expect(thrown.code).toBe('invalid_input');
    return thrown.details.sentence;
  }
};

describe('a text field', () => {
  test('is trimmed, and further filtered where declared so', () => {
    expect(read({ name: ' \t ada\n', word: ' LOUD ' })).toEqual({ name: 'ada', word: 'loud' });
  });

  test.each([1, 0, 14155552671, true, false, [], ['ada'], {}, { a: 1 }])('is never %j', (value) => {
    expect(read({ name: value })).toBe('name must be text in quotes, letters');
  });

  test('is held against its pattern and length after trimming', () => {
    expect(read({ name: `${' '.repeat(99)}abcdefgh` })).toMatchObject({ name: 'abcdefgh' });
    expect(read({ name: 'abcdefghi' })).toBe('name must be letters');
    expect(read({ name: 'ada1' })).toBe('name must be letters');
    expect(read({ name: 'a'.repeat(1_000_000) })).toBe('name must be letters');
  });

  test.each([[undefined], [null], [''], ['  '], ['\u00a0\n']])(
    'that is required is missed when %j',
    (value) => {
      expect(read({ name: value })).toBe('name is required; give letters');
    },
  );

  test.each([[undefined], [null], [''], ['  ']])('that is optional is left out when %j', (value) => {
    expect(read({ name: 'ada', word: value })).toEqual({ name: 'ada' });
  });
});

describe('an alias', () => {
  test('stands for the field', () => {
    expect(read({ nick: ' ada ' })).toEqual({ name: 'ada' });
    expect(read({ nick: 'ada', name: null })).toEqual({ name: 'ada' });
  });

  test('may say the same as the field and nothing else', () => {
    expect(read({ nick: 'ada', name: 'ada' })).toEqual({ name: 'ada' });
    expect(read({ nick: 'ada', name: 'eve' })).toBe('name and nick are the same field; give one of them');
  });
});

describe('a field for trusted callers', () => {
  test('is taken from a direct caller', () => {
    expect(read({ name: 'ada', owner: 'eve' }, 'direct')).toEqual({ name: 'ada', owner: 'eve' });
  });

  test('is refused by name from anybody else', () => {
    expect(read({ name: 'ada', owner: 'eve' })).toBe('owner is not taken from a request; leave it out');
  });
});

describe('a field of pairs', () => {
  test.each([
    ['an object', { a: 'b' }],
    ['the text of an object', '{"a":"b"}'],
  ])('may be %s', (_name, pairs) => {
    expect(read({ name: 'ada', pairs })).toEqual({ name: 'ada', pairs: { a: 'b' } });
  });

  test.each([
    ['text that is no object', 'a=b'],
    ['the text of a list', '["a"]'],
    ['a list', ['a']],
    ['a number', 1],
    ['more pairs than declared', { a: 'a', b: 'b', c: 'c' }],
    ['a value that is no text', { a: 1 }],
    ['a nested value', { a: { b: 'c' } }],
    ['a long value', { a: 'abcde' }],
    ['a long key', { abcde: 'a' }],
  ])('is never %s', (_name, pairs) => {
    expect(read({ name: 'ada', pairs })).toBe('pairs must be pairs of text');
  });

  test('keeps a key that is a name of JavaScript’s as plain data', () => {
    const roomy = { pairs: optionalMap({ description: '', shape: '', maxPairs: 9, maxLength: 99 }) };
    const { pairs } = readInput(roomy, { pairs: '{"__proto__":"x","constructor":"y"}' }, 'any');
    expect(JSON.stringify(pairs)).toBe('{"__proto__":"x","constructor":"y"}');
  });
});

describe('a field that is not declared', () => {
  test.each(['nmae', 'Name', 'to-phone', 'canary', 'riskCheck', 'toString'])(
    'is refused by name: %s',
    (name) => {
      expect(read({ name: 'ada', [name]: 'x' })).toBe(`${name} is not a field here; leave it out`);
    },
  );

  test.each(['__proto__', 'constructor', 'prototype', 'hasOwnProperty'])('is refused by name: %s', (name) => {
    const raw: unknown = JSON.parse(`{"name":"ada","${name}":{"word":"x"}}`);
    expect(read(raw)).toBe(`${name} is not a field here; leave it out`);
  });

  test.each([
    '+14155552671',
    '4155552671',
    '123456',
    'code123456',
    'ada@example.com',
    '',
    ' ',
    'a\nb',
    '<b>',
    'é',
  ])('is not repeated where its name may be personal: %j', (name) => {
    const sentence = read({ name: 'ada', [name]: 'x' });
    expect(sentence).toBe('a field with an unusual name is not a field here; leave it out');
  });

  test('is refused even when it is null', () => {
    expect(read({ name: 'ada', nmae: null })).toBe('nmae is not a field here; leave it out');
  });
});

describe('an input', () => {
  test.each([[null], [undefined], ['{"name":"ada"}'], [1], [true], [[]], [['ada']]])('is never %j', (raw) => {
    expect(read(raw)).toBe('The input must be a JSON object');
  });

  test('hears of every wrong field at once', () => {
    expect(read({ word: 1, extra: 1 })).toBe(
      'extra is not a field here; leave it out; name is required; give letters; word must be text in quotes, a word',
    );
  });

  test('with a thousand wrong fields gets a short sentence', () => {
    const raw = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`${'x'.repeat(60)}${index}`, 1]),
    );
    expect(String(read(raw)).length).toBeLessThan(1_000);
  });

  test('of any JSON is read or refused, and no value of it is repeated', () => {
    const value = fc.oneof(fc.constantFrom('+14155552671', 'ada@example.com', '482913'), fc.jsonValue());
    const key = fc.oneof(
      fc.constantFrom('name', 'nick', 'word', 'owner', 'pairs', '__proto__', '482913'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.constantFrom('any', 'direct'), (raw, source) => {
        const result = read(raw, source);
        const sentence = typeof result === 'string' ? result : '';
        expect(sentence).not.toMatch(/\d{4,}|@example/);
      }),
      { numRuns: 2_000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxRunJobLength, parseRunJob } from '../../../local/job/xanoscript/run-job.ts';
import { RunJobError } from '../../../local/job/xanoscript/run-job-error.ts';
import type { Notation } from '../../../local/job/xanoscript/scanner.ts';
import type { JsonValue } from '../../../local/job/xanoscript/value.ts';
import { style, writeRunJob } from '../../support/run-job-writer.ts';

const withInput = (members: string): string => `run.job "x" { main = { name: "f" input: { ${members} } } }`;
const withValue = (value: string): string => withInput(`a: ${value}`);

const inputOf = (source: string): unknown => parseRunJob(source, 'xs').main.input;

/** The refusal of a source, as `line:column message`. */
const refusal = (source: string, notation: Notation = 'xs'): string => {
  try {
    parseRunJob(source, notation);
  } catch (error) {
    if (error instanceof RunJobError) return `${error.line}:${error.column} ${error.message}`;
    throw error;
  }
  return 'accepted';
};

describe('a run job in XanoScript', () => {
  it('gives its name, its function with the input, and what it needs', () => {
    const source = `
// Sends a code
run.job "Verify a phone" {
  main = {
    name: "start_verification"
    input: {
      to_phone: "+14155552671" // the user's
      channel: "sms"
    }
  }
  env = ["twilio_account_sid", "twilio_auth_token"]
}`;
    expect(parseRunJob(source, 'xs')).toEqual({
      job: 'Verify a phone',
      main: { name: 'start_verification', input: { to_phone: '+14155552671', channel: 'sms' } },
      env: ['twilio_account_sid', 'twilio_auth_token'],
      nameAt: { line: 5, column: 11 },
    });
  });

  it('may leave out input and env, and give its members in any order', () => {
    const job = parseRunJob('run.job "x" { env: ["A"] main: { input: {} name: "f" } }', 'xs');
    expect(job).toMatchObject({ main: { name: 'f', input: {} }, env: ['A'] });
    expect(parseRunJob('run.job "x" {main={name="f"}}', 'xs')).toMatchObject({
      main: { input: {} },
      env: [],
    });
  });

  it.each([
    ['commas', withInput('a: 1, b: 2, c: [1, 2]')],
    [
      'trailing commas',
      'run.job "x" { main = { name: "f", input: { a: 1, b: 2, c: [1, 2,], }, }, env = [], }',
    ],
    ['spaces', withInput('a: 1 b: 2 c: [1 2]')],
    ['line ends', withInput('a: 1\nb: 2\nc: [1\n2]')],
    ['equals signs', withInput('a = 1 b = 2 c = [1, 2]')],
    [
      'quoted keys',
      'run.job "x" { "main" = { "name": "f" "input": { "a": 1 "b": 2 "c": [1 2] } } "env": [] }',
    ],
    ['comments', withInput('// "\na:// {\n1// end\n// [\nb: 2 c: [1//,\n2]')],
    ['a byte-order mark and CRLF', `\uFEFF${withInput('\r\na: 1\r\nb: 2\r\nc: [1\r\n2]')}\r\n`],
    ['lone carriage returns', withInput('a: 1\rb: 2 // c\rc: [1\r2]')],
    ['odd blanks', withInput('a:\u00A01\tb: 2\u2028c: [1\u30002]\v\f')],
    ['a comment at the very end', `${withInput('a: 1 b: 2 c: [1 2]')}// end`],
  ])('is read with %s', (_, source) => {
    expect(inputOf(source)).toEqual({ a: 1, b: 2, c: [1, 2] });
  });

  it.each([
    ['0', 0],
    ['-12', -12],
    ['1.50', 1.5],
    ['-0.25e-2', -0.0025],
    ['6E+3', 6000],
    ['9007199254740991', 9_007_199_254_740_991],
    ['-90071992547409920.0e-1', -9_007_199_254_740_992],
    ['1000000000000000000000000', 1e24],
    ['0.000', 0],
    ['true', true],
    ['false', false],
    ['null', null],
    ['[]', []],
    ['{}', {}],
    [
      '[[1 -2] [null,{b:"c"}]]',
      [
        [1, -2],
        [null, { b: 'c' }],
      ],
    ],
    ['""', ''],
    [String.raw`"\"\\\/\b\f\n\r\t"`, '"\\/\b\f\n\r\t'],
    [String.raw`"caf\u00e9 \uD83D\uDE00 😀"`, 'café 😀 😀'],
    ['"https://x.test/a // b # c \' ` $d\t}"', "https://x.test/a // b # c ' ` $d\t}"],
  ])('reads the value %s', (written, value) => {
    expect(inputOf(withValue(written))).toEqual({ a: value });
  });

  it('takes any key as plain data', () => {
    const keys =
      '__proto__: { polluted: true } constructor: 1 "two words": 2 größe: 3 content-type: 4 true: 5 "": 6';
    expect(JSON.stringify(inputOf(withInput(keys)))).toBe(
      '{"__proto__":{"polluted":true},"constructor":1,"two words":2,"größe":3,"content-type":4,"true":5,"":6}',
    );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it.each([
    ['', '1:1 the file holds no run job'],
    ['// only this\n', '2:1 the file holds no run job'],
    ['function.run "f" {}', '1:1 function.run is not supported'],
    ['run.service "x" {}', '1:1 run.service is not supported'],
    ['run.job { main = {} }', "1:9 the job's name must be a string"],
    ['run.job x { main = {} }', "1:9 the job's name must be a string"],
    ['run.job "x"', '1:12 the job must be an object'],
    ['run.job "x" {', '1:13 this bracket is never closed'],
    ['run.job "x" { }', '1:13 main is missing'],
    ['run.job "x" { main = { input: {} } }', '1:22 main.name is missing'],
    ['run.job "x" {\n  main {\n name: "f" } }', '2:3 main { … } is not supported'],
    ['run.job "x" {\r\n  stack {\r\n } }', '2:3 stack { … } is not supported'],
    ['run.job "x" {\r  function.run "f" { } }', '2:3 function.run is not supported'],
    ['run.job "x" { description = "d" }', '1:15 description is not supported; a run job holds main and env'],
    ['run.job "x" { main = { name: "f" as: 1 } }', '1:34 as is not supported; main holds name and input'],
    ['run.job "x" { main = { name: "f" } main = { name: "f" } }', '1:36 main is given twice'],
    ['run.job "x" { main = [] }', '1:22 main must be an object'],
    ['run.job "x" { main = { name: 1 } }', '1:30 main.name must be a string'],
    ['run.job "x" { main = { name: "f" input: [] } }', '1:41 main.input must be an object'],
    ['run.job "x" { main = { name: "f" input { text a } } }', '1:34 input { … } is not supported'],
    ['run.job "x" { main = { name: "f" } env = "A" }', '1:42 env must be a list'],
    ['run.job "x" { main = { name: "f" } env = ["A", 1] }', '1:48 each member of env must be a string'],
    ['run.job "x" { main = { name: "f" } } run.job "y" {}', '1:38 a file holds one run job'],
    ['run.job "x" { main = { name: "f" } } }', '1:38 a file holds one run job'],
    [withInput('a: 1 a: 2'), '1:48 a is given twice'],
    [withInput('a?: 1'), '1:44 a cannot be marked optional'],
    [withInput('a'), '1:43 a must be followed by = or :'],
    [withInput('2a: 1'), '1:43 a key of other characters'],
    [withInput('a.b: 1'), '1:43 a.b is not supported'],
    [withInput('a: 1,, b: 2'), '1:48 nothing stands before this comma'],
    [withInput(', a: 1'), '1:43 nothing stands before this comma'],
    [withInput('a: 1b: 2'), '1:46 this is not a number'],
    [withInput('a: "1"b: 2'), '1:49 a comma is missing'],
    [withInput('a: 1; b: 2'), '1:47 expressions are not supported'],
    [withValue('$env.token'), '1:46 variables such as $env are not supported'],
    [withValue('"x"|trim'), '1:49 filters are not supported'],
    [withValue('1 + 2'), '1:48 a number starts with a digit or a minus sign'],
    [withValue('"x" ~ "y"'), '1:50 expressions are not supported'],
    [withValue('(1)'), '1:46 expressions are not supported'],
    [withValue('now'), '1:46 now is not a value'],
    [withValue('uuid()'), '1:46 uuid is not a value'],
    [withValue('True'), '1:46 True is not a value'],
    [withValue('undefined'), '1:46 undefined is not a value'],
    [withValue('NaN'), '1:46 NaN is not a value'],
    [withValue('`1`'), '1:46 expressions in backticks'],
    [withValue("'x'"), '1:46 text must stand in double quotes'],
    [withValue('"""x"""'), '1:46 multi-line strings'],
    [withValue('/* x */ 1'), '1:46 block comments'],
    [withValue('# x\n1'), '1:46 a comment starts with //'],
    [withValue('}'), '1:46 this } does not belong here'],
    [withValue('[1}'), '1:48 this } does not belong here'],
    [withValue('01'), '1:46 this is not a number'],
    [withValue('1.'), '1:46 this is not a number'],
    [withValue('.5'), '1:46 a number starts with a digit'],
    [withValue('+1'), '1:46 a number starts with a digit'],
    [withValue('--1'), '1:46 this is not a number'],
    [withValue('-Infinity'), '1:46 this is not a number'],
    [withValue('0x1F'), '1:46 this is not a number'],
    [withValue('1_000'), '1:46 this is not a number'],
    [withValue('2024-01-15'), '1:46 this is not a number'],
    [withValue('1e999'), '1:46 this number is too large'],
    [withValue('9007199254740993'), '1:46 this number has more digits than a number can keep'],
    [withValue('-18446744073709551616'), '1:46 this number has more digits'],
    [withValue('100000000000000000000001e2'), '1:46 this number has more digits'],
    [withValue('0.12345678901234567890'), '1:46 this number has more digits'],
    [withValue('1e-999'), '1:46 this number has more digits'],
    [withValue('"x'), '1:46 this string is never closed'],
    [withValue('"x\ny"'), '1:46 this string is not closed on its line'],
    [withValue('"x\ry"'), '1:46 this string is not closed on its line'],
    [withValue(String.raw`"x\q"`), '1:48 this escape is not known'],
    [withValue(String.raw`"x\u12G4"`), String.raw`1:48 \u takes four hexadecimal digits`],
    [withValue('"x\\'), '1:48 this escape is not known'],
  ])('is refused where it is not supported: %s', (source, expected) => {
    expect(refusal(source)).toContain(expected);
  });

  it('is never repeated in a refusal, where it may hold a number or a code', () => {
    const secret = '4155552671';
    const sources = [
      ...['x', '"', 'n', '|', '$', '.', "'", '`'].flatMap((mark) => [
        withValue(`${mark}${secret}`),
        withValue(`"${secret}"${mark}`),
        withInput(`${mark}${secret}: 1`),
        withInput(`"${secret}" 1`),
        withInput(`"${secret}": 1 "${secret}": 2`),
      ]),
      `x${secret} "x" {}`,
      `run.job "x" { "${secret}": 1 }`,
      `run.job "x" { main = { "${secret}": 1 } }`,
    ];
    for (const source of sources) expect(refusal(source)).not.toContain(secret.slice(1, -1));
  });

  it('may be nested 500 deep, and any deeper is refused', () => {
    const nested = (depth: number) => withValue('['.repeat(depth) + ']'.repeat(depth));
    expect(refusal(nested(497))).toBe('accepted');
    for (const depth of [498, 10_000, 1_000_000])
      expect(refusal(nested(depth))).toBe('1:543 values may be nested 500 deep at most');
    expect(refusal(withValue('{a:'.repeat(10_000)))).toContain('values may be nested');
  });

  it('is answered for whatever its size', () => {
    const value = withValue('').slice(0, -6);
    const openings = ['', value, `${value}[`, `${value}{`, `${value}"`];
    const fillings = [
      '[',
      '{',
      'a',
      '"',
      '\\',
      String.raw`\n`,
      '1',
      '-',
      ' ',
      '\n',
      '\r',
      '//',
      '//\n',
      '\u00A0',
      ',',
      '1 ',
      '"a",',
      '=',
      'é',
      '{a:1}',
    ];
    for (const opening of openings)
      for (const filling of fillings)
        expect(refusal(opening + filling.repeat(1_000_000 / filling.length))).not.toBe('accepted');
    expect(refusal(`${withValue('1')}${' '.repeat(maxRunJobLength)}`)).toContain(
      '1:1 a run job may be 5000000 characters',
    );
    expect(refusal(withValue(`0.${'0'.repeat(1_000_000)}1`))).toContain('this number has more digits');
    expect(inputOf(withValue(`[${'1 '.repeat(500_000)}]`))).toHaveProperty('a.length', 500_000);
  });
});

describe('a run job in JSON', () => {
  it('is what --parse prints, read back', () => {
    const job = { job: 'x', main: { name: 'f', input: { a: [1, null, 'é'], __proto__: 1 } }, env: ['A'] };
    expect(parseRunJob(JSON.stringify({ file: 'x.xs', ...job }, null, 2), 'json')).toMatchObject(job);
  });

  it.each([
    ['', '1:1 the job must be an object'],
    ['[]', '1:1 the job must be an object'],
    ['{"main":{"name":"f"}}', '1:1 job is missing'],
    ['{"job":"x"}', '1:1 main is missing'],
    ['{"job":"x","main":{}}', '1:19 main.name is missing'],
    ['{"job":"x","name":"f"}', '1:12 name is not supported'],
    ['{\n "job": "x",\n}', '3:1 JSON allows no comma'],
    ['{job:"x"}', '1:2 a key must stand in double quotes'],
    ['{"job"="x"}', '1:2 job must be followed by :'],
    ['{"job":"x" "main":{}}', '1:12 a comma is missing'],
    ['{"job":"x"} // x', '1:13 a file holds one run job'],
    ['{// x\n"job":"x"}', '1:2 JSON has no comments'],
    ['{"job":"a\tb"}', '1:10 a control character'],
    ['{"job":\u00A0"x"}', '1:8 job must be a string'],
    ['{"job":"x","job":"y"}', '1:12 job is given twice'],
    ['{"job":"x","main":{"name":"f","input":{"a":\n9007199254740993}}}', '2:1 this number has more digits'],
  ])('is refused where it is not valid: %s', (source, expected) => {
    expect(refusal(source, 'json')).toContain(expected);
  });
});

const job = fc.record({
  job: fc.string({ unit: 'binary' }),
  main: fc.record({
    name: fc.string(),
    input: fc.dictionary(
      fc.oneof(fc.constantFrom('to_phone', '__proto__', 'constructor', 'a-b', 'größe'), fc.string()),
      fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>,
    ),
  }),
  env: fc.array(fc.string()),
});

describe('any run job', () => {
  it('is read back, whatever the style it is written in', () => {
    fc.assert(
      fc.property(job, style, (written, as) => {
        const { nameAt, ...read } = parseRunJob(writeRunJob(written, as), 'xs');
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(written)));
        expect(nameAt.line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with JSON.parse on what is valid JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const read = parseRunJob(`{"job":"x","main":{"name":"f","input":{"a":${json}}}}`, 'json').main.input[
          'a'
        ];
        expect(JSON.stringify(read)).toBe(JSON.stringify(JSON.parse(json)));
      }),
    );
  });

  it('that was cut, changed or made up is read or refused, and nothing else', () => {
    const broken = fc
      .tuple(
        job,
        style,
        fc.nat(),
        fc.nat({ max: 20 }),
        fc.string({ unit: fc.constantFrom(...'{}[]":=,/\\ \n\r|$\'`aé0-.u') }),
      )
      .map(([written, as, at, cut, inserted]) => {
        const source = writeRunJob(written, as);
        const start = at % (source.length + 1);
        return source.slice(0, start) + inserted + source.slice(start + cut);
      });
    fc.assert(
      fc.property(
        fc.oneof(broken, fc.string({ unit: 'binary' })),
        fc.constantFrom('xs', 'json'),
        (source, notation) => {
          expect(refusal(source, notation)).toMatch(/^accepted$|^[1-9]\d*:[1-9]\d* \S/);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

import fc from 'fast-check';
import type { JsonValue } from '../../local/job/xanoscript/value.ts';

/** Choices to make while writing, used in turn and over again. */
export type Style = readonly number[];

/** Any style. */
export const style: fc.Arbitrary<Style> = fc.array(fc.nat({ max: 997 }), { minLength: 1, maxLength: 40 });

const blanks = ['', ' ', '\n', '\r\n', '\r', '\t', '\u00A0', ' // "{[,\n', '// é\r\n', '\n  '];
const separators = [',', ' ', '\n', '\r\n', ' ,\n', ', ', '// ,\n', '\t'];

/** Writes a run job in XanoScript, in one of the many ways it may be written. */
export const writeRunJob = (
  {
    job,
    main,
    env,
  }: { job: string; main: { name: string; input: Record<string, JsonValue> }; env: string[] },
  choices: Style,
): string => {
  let turn = 0;
  const choose = <T>(options: readonly T[]): T => {
    const choice = choices[turn % choices.length] ?? 0;
    turn += 1;
    return options[(choice + turn) % options.length] as T;
  };
  const blank = () => choose(blanks);
  const text = (value: string): string =>
    choose([
      JSON.stringify(value),
      `"${[...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`,
    ]);
  const key = (name: string): string =>
    /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? choose([name, text(name)]) : text(name);
  const sequence = (open: string, members: readonly string[], close: string): string => {
    const separated = members.map((member, at) =>
      at < members.length - 1
        ? member + choose(separators) + blank()
        : member + choose(['', ',', ' ,', '\n']),
    );
    return open + blank() + separated.join('') + blank() + close;
  };
  const object = (members: readonly (readonly [string, string])[]): string =>
    sequence(
      '{',
      members.map(([name, value]) => key(name) + blank() + choose(['=', ':']) + blank() + value),
      '}',
    );
  const value = (any: JsonValue): string => {
    if (typeof any === 'string') return text(any);
    if (Array.isArray(any)) return sequence('[', any.map(value), ']');
    if (typeof any !== 'object' || any === null) return JSON.stringify(any);
    return object(Object.entries(any).map(([name, member]) => [name, value(member)]));
  };
  const reorder = <T>(members: T[]): T[] => choose([members, members.toReversed()]);
  const body = object(
    reorder([
      [
        'main',
        object(
          reorder([
            ['name', text(main.name)],
            ['input', value(main.input)],
          ]),
        ),
      ],
      ['env', value(env)],
    ] as [string, string][]),
  );
  return `${choose(['', '\uFEFF'])}${blank()}run.job${choose([' ', '\n'])}${text(job)}${blank()}${body}${blank()}${choose(['', '// end'])}`;
};

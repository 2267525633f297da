import type { FunctionName } from './function-name.ts';

/** A file to lay down. */
export interface LaidFile {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

const definition = ({ snake, camel }: FunctionName): string => `\
import { defineFunction } from './runtime/define-function.ts';
import { text } from './runtime/response.ts';
import { destinationFor, toPhone } from './service/fields.ts';
import type { Ports } from './service/ports.ts';
import { readNumber } from './verify/numbering-plan.ts';

/** Says where a phone number belongs. Replace this, and what follows, with what the function is for. */
export const ${camel} = defineFunction<Ports>()({
  name: '${snake}',
  description: 'Says the country and the type of a phone number',
  callers: 'direct',
  reserves: 'nothing',
  uses: ['policy'],
  input: { to_phone: toPhone },
  response: {
    to_country: text('The ISO 3166 code of its country'),
    number_type: text('Its type, such as mobile'),
  },
  failure: 'The phone number could not be looked at',

  async steps({ input, policy }) {
    const number = readNumber(destinationFor(input.to_phone, 'sms', policy), null);
    return {
      response: {
        to_country: number?.country ?? number?.getPossibleCountries()[0] ?? null,
        number_type: number?.getType()?.toLowerCase() ?? null,
      },
    };
  },

  // It stands on nothing that could be out of reach. Where it calls Twilio, probeAll of service/probe.ts goes here.
  async canary() {},
});
`;

const event = `\
{
  "to_phone": "+14155552671"
}
`;

// Apart, so that the import rules do not take the template's import for one of this file.
const up = '../../';

const test = ({ snake, camel }: FunctionName): string => `\
import { expect, test } from 'vitest';
import { ${camel} } from '${up}functions/${snake}.ts';
import { runFunction } from '../../functions/runtime/run-function.ts';
import { fakePorts } from '../support/ports.ts';

const run = (input: object) =>
  runFunction(${camel}, { caller: { kind: 'direct' }, input: () => input }, fakePorts);

test('says the country and the type of a number, and nothing else of it', async () => {
  const { answer } = await run({ to_phone: '+1 (415) 555-2671' });
  expect(JSON.stringify(answer)).toBe(
    '{"success":true,"error":null,"to_country":"US","number_type":"fixed_line_or_mobile"}',
  );
});

test('refuses what is not a number', async () => {
  const { answer, error } = await run({ to_phone: 'hello' });
  expect(error?.code).toBe('invalid_input');
  expect(answer).toMatchObject({ success: false, to_country: null, number_type: null });
});
`;

/** The files of a new function: its definition, the event of a direct caller, and its test. */
export const filesOf = (name: FunctionName): readonly LaidFile[] => [
  { path: `functions/${name.snake}.ts`, text: definition(name) },
  { path: `events/${name.snake}.direct.json`, text: event },
  { path: `test/unit/${name.kebab}.test.ts`, text: test(name) },
];

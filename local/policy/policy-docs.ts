import * as v from 'valibot';

type Schema = v.GenericSchema;
type Entries = Readonly<Record<string, Schema>>;

/** What an optional key holds where it is given. */
const inner = (schema: Schema): Schema =>
  'wrapped' in schema && schema.type === 'optional' ? inner(schema.wrapped as Schema) : schema;

const entriesOf = (schema: Schema): Entries | undefined =>
  'entries' in schema ? (schema.entries as Entries) : undefined;

interface Row {
  readonly key: string;
  readonly meaning: string;
  readonly byDefault: string;
}

const valueAt = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

const cell = (text: string): string => text.replaceAll('|', '\\|');

const rows = (entries: Entries, defaults: unknown, path: string): readonly Row[] =>
  Object.entries(entries).flatMap(([name, schema]) => {
    const key = `${path}${name}`;
    const byDefault = valueAt(defaults, name);
    const known = inner(schema);
    const nested = entriesOf(known);
    const meaning = v.getDescription(known as never) ?? v.getDescription(schema as never);
    if (meaning === undefined && nested !== undefined) return rows(nested, byDefault, `${key}.`);
    if (meaning === undefined) throw new Error(`The policy's key ${key} has no description`);
    return [
      { key, meaning, byDefault: byDefault === undefined ? 'not set' : `\`${JSON.stringify(byDefault)}\`` },
    ];
  });

/**
 * The policy's page for people: every key, what it means and its default, out of the schema alone.
 *
 * @param defaults - the policy where nothing is set.
 * @throws Error naming a key that has no description.
 */
export const policyDocs = (schema: { readonly entries: Entries }, defaults: unknown): string =>
  [
    '# The policy',
    '',
    'Written by `npm run policy -- docs` from the schema that the functions read it with: change it there.',
    '',
    'The policy is one JSON object, in `cdk.json` under the context key `verify`; `VERIFY_POLICY` in the environment',
    'is merged over it, key by key, by the commands of this project. What is left out has its default; a key that',
    'is not below is refused by name. `npm run policy -- show` prints the whole of it as it holds now.',
    '',
    '| Key | Meaning and unit | Default |',
    '|---|---|---|',
    ...rows(schema.entries, defaults, '').map(
      ({ byDefault, key, meaning }) => `| \`${key}\` | ${cell(meaning)} | ${cell(byDefault)} |`,
    ),
    '',
  ].join('\n');

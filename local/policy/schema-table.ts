import * as v from 'valibot';
import { isRecord } from '../../functions/runtime/inputs.ts';

type Schema = v.GenericSchema;

/** The keys of an object's schema. */
export type Entries = Readonly<Record<string, Schema>>;

interface Row {
  readonly key: string;
  readonly meaning: string;
  readonly byDefault: string;
}

/** A schema's simple parts: what an optional key holds, the parts of a pipe. */
const layers = (schema: Schema): readonly Schema[] => {
  if ('pipe' in schema) return (schema.pipe as Schema[]).flatMap(layers);
  return 'wrapped' in schema ? layers(schema.wrapped as Schema) : [schema];
};

/** The keys of all variants of an object, without the key that tells them apart: its description is the object's. */
const entriesOfVariants = (options: readonly Schema[], key: unknown): Entries =>
  Object.fromEntries(
    options
      .flatMap((option) => Object.entries(below(option)?.entries ?? {}))
      .filter(([name]) => name !== key),
  );

/** What is below a key, and how its path goes on there. */
const below = (schema: Schema): { readonly entries: Entries; readonly path: string } | undefined => {
  for (const layer of layers(schema)) {
    if ('entries' in layer) return { entries: layer.entries as Entries, path: '.' };
    if ('key' in layer && 'options' in layer)
      return { entries: entriesOfVariants(layer.options as Schema[], layer.key), path: '.' };
    const item = 'item' in layer ? below(layer.item as Schema) : undefined;
    if (item !== undefined) return { ...item, path: `[]${item.path}` };
  }
  return undefined;
};

const descriptionOf = (schema: Schema): string | undefined =>
  v.getDescription(schema as never) ??
  ('wrapped' in schema ? descriptionOf(schema.wrapped as Schema) : undefined);

const defaultOf = (schema: Schema, given: unknown): string => {
  const value = given ?? v.getDefault(schema);
  const nested = below(schema);
  if (nested?.path === '.' && isRecord(value) && Object.keys(value).every((key) => key in nested.entries))
    return 'as below';
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  return schema.type === 'optional' ? 'not set' : 'required';
};

const rows = (entries: Entries, defaults: unknown, path: string): readonly Row[] =>
  Object.entries(entries).flatMap(([name, schema]) => {
    const key = `${path}${name}`;
    const value = isRecord(defaults) ? defaults[name] : undefined;
    const meaning = descriptionOf(schema);
    const nested = below(schema);
    if (meaning === undefined && nested === undefined) throw new Error(`The key ${key} has no description`);
    const more = nested === undefined ? [] : rows(nested.entries, value, `${key}${nested.path}`);
    return meaning === undefined ? more : [{ key, meaning, byDefault: defaultOf(schema, value) }, ...more];
  });

const cell = (text: string): string => text.replaceAll('|', '\\|');

/**
 * A table for people of every key of a schema, what it means and its default, as lines of Markdown.
 *
 * @param defaults - what the schema gives where nothing is set.
 * @throws Error naming a key that has no description.
 */
export const schemaTable = (entries: Entries, defaults: unknown): readonly string[] => [
  '| Key | Meaning and unit | Default |',
  '|---|---|---|',
  ...rows(entries, defaults, '').map(
    ({ byDefault, key, meaning }) => `| \`${key}\` | ${cell(meaning)} | ${cell(byDefault)} |`,
  ),
];

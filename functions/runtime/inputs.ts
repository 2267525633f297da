import { RunError } from './errors.ts';

/** Who may set a field: anybody, or only a caller whose word is trusted (a direct invoke). */
type Source = 'any' | 'direct';

interface Declared {
  /** What the field is for: one sentence, used by the command line's help, gateway models and OpenAPI. */
  readonly description: string;
  /** What a valid value looks like, as the end of the sentence "NAME must be …"; holds no real value. */
  readonly shape: string;
  readonly required: boolean;
  /** Another name that callers may use for the same field. */
  readonly alias?: string;
  readonly source: Source;
}

/** A text field: filtered, then held against its pattern. */
export interface TextDeclaration extends Declared {
  readonly kind: 'text';
  /** Applied in order before the value is checked. */
  readonly filters: readonly TextFilter[];
  /** Characters after filtering. */
  readonly maxLength: number;
  readonly pattern: RegExp | null;
}

/** A field of text pairs, given as a JSON object or as the text of one. */
export interface MapDeclaration extends Declared {
  readonly kind: 'map';
  readonly maxPairs: number;
  /** Characters of each key and each value. */
  readonly maxLength: number;
}

/** A filter of XanoScript's input block. */
type TextFilter = 'trim' | 'lower';

/** The inputs of a run function, by field name. */
export type InputDeclarations = Readonly<Record<string, TextDeclaration | MapDeclaration>>;

type ValueOf<D> = D extends { readonly kind: 'map' } ? Readonly<Record<string, string>> : string;

/** The checked input that a run function's steps receive, derived from its declarations. */
export type InputOf<D extends InputDeclarations> = {
  readonly [K in keyof D]: D[K] extends { readonly required: true }
    ? ValueOf<D[K]>
    : ValueOf<D[K]> | undefined;
};

type TextOptions = Pick<Declared, 'description' | 'shape'> &
  Partial<Omit<TextDeclaration, 'kind' | 'required' | 'description' | 'shape'>>;

const text = (options: TextOptions) => ({
  kind: 'text' as const,
  filters: ['trim' as const],
  maxLength: 255,
  pattern: null,
  source: 'any' as const,
  ...options,
});

/** Declares a text field that must be given. */
export const requiredText = (options: TextOptions): TextDeclaration & { readonly required: true } => ({
  ...text(options),
  required: true,
});

/** Declares a text field that may be left out. */
export const optionalText = (options: TextOptions): TextDeclaration & { readonly required: false } => ({
  ...text(options),
  required: false,
});

/** Declares a field of text pairs that may be left out. */
export const optionalMap = (
  options: Pick<MapDeclaration, 'description' | 'shape' | 'maxPairs' | 'maxLength'> & Partial<MapDeclaration>,
): MapDeclaration & { readonly required: false } => ({
  kind: 'map',
  source: 'any',
  ...options,
  required: false,
});

class FieldProblem extends Error {}

const readText = (declaration: TextDeclaration, raw: unknown): string => {
  if (typeof raw !== 'string') throw new FieldProblem(`must be text in quotes, ${declaration.shape}`);
  let value = raw;
  for (const filter of declaration.filters) value = filter === 'trim' ? value.trim() : value.toLowerCase();
  const fits = value.length <= declaration.maxLength && (declaration.pattern?.test(value) ?? true);
  if (!fits) throw new FieldProblem(`must be ${declaration.shape}`);
  return value;
};

const parsedObject = (raw: unknown): unknown => {
  if (typeof raw !== 'string') return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
};

const readMap = (declaration: MapDeclaration, raw: unknown): Readonly<Record<string, string>> => {
  const value = parsedObject(raw);
  const pairs = isRecord(value) ? Object.entries(value) : [];
  const fits = (part: unknown) => typeof part === 'string' && part.length <= declaration.maxLength;
  const valid =
    isRecord(value) && pairs.length <= declaration.maxPairs && pairs.every((pair) => pair.every(fits));
  if (!valid) throw new FieldProblem(`must be ${declaration.shape}`);
  return Object.fromEntries(pairs) as Record<string, string>;
};

/** Whether a value is a JSON object: not null, not a list. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// A field's name comes from the caller and may itself be a number or a code, so only a plain word is repeated.
const plainName = /^[A-Za-z_][A-Za-z_.-]{0,63}$/;

const unknownFields = (declarations: InputDeclarations, raw: Readonly<Record<string, unknown>>): string[] => {
  const unknown = new Set(Object.keys(raw));
  for (const [name, { alias }] of Object.entries(declarations)) {
    unknown.delete(name);
    if (alias !== undefined) unknown.delete(alias);
  }
  return Array.from(
    unknown,
    (name) =>
      `${plainName.test(name) ? name : 'a field with an unusual name'} is not a field here; leave it out`,
  );
};

/** A null stands for a field that was left out, as mobile serializers write it. */
const given = (raw: Readonly<Record<string, unknown>>, name: string | undefined): unknown =>
  name !== undefined && Object.hasOwn(raw, name) ? (raw[name] ?? undefined) : undefined;

const readField = (
  declaration: TextDeclaration | MapDeclaration,
  name: string,
  raw: Readonly<Record<string, unknown>>,
  source: Source,
): unknown => {
  const named = given(raw, name);
  const aliased = given(raw, declaration.alias);
  if (named !== undefined && aliased !== undefined && named !== aliased)
    throw new FieldProblem(`and ${declaration.alias} are the same field; give one of them`);
  const value = named ?? aliased;
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) {
    if (declaration.required) throw new FieldProblem(`is required; give ${declaration.shape}`);
    return undefined;
  }
  if (declaration.source === 'direct' && source !== 'direct')
    throw new FieldProblem('is not taken from a request; leave it out');
  return declaration.kind === 'map' ? readMap(declaration, value) : readText(declaration, value);
};

/**
 * Filters and checks an input against its declarations.
 *
 * @param source - `direct` where the caller's word on who it speaks for is trusted.
 * @throws RunError `invalid_input` that names every wrong field and what it should look like, and repeats no value.
 */
export const readInput = <D extends InputDeclarations>(
  declarations: D,
  raw: unknown,
  source: Source,
): InputOf<D> => {
  if (!isRecord(raw)) throw new RunError('invalid_input', { sentence: 'The input must be a JSON object' });
  const problems = unknownFields(declarations, raw);
  const input: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    try {
      input[name] = readField(declaration, name, raw, source);
    } catch (problem) {
      if (!(problem instanceof FieldProblem)) throw problem;
      problems.push(`${name} ${problem.message}`);
    }
  }
  if (problems.length > 0)
    throw new RunError('invalid_input', { sentence: [...new Set(problems)].slice(0, 8).join('; ') });
  return input as InputOf<D>;
};

/** The error of a field whose input its declaration alone could not refuse. `fix` is the rest of the sentence that begins with its name. */
export const invalidField = (field: string, fix: string): RunError =>
  new RunError('invalid_input', { sentence: `${field} ${fix}` });

/**
 * Refuses an input for a reason that its declaration alone cannot tell.
 *
 * @param fix - the rest of the sentence that begins with the field's name.
 * @throws RunError `invalid_input` where `holds` is false.
 */
export function precondition(holds: boolean, field: string, fix: string): asserts holds {
  if (!holds) throw invalidField(field, fix);
}

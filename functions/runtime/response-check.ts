import { isRecord } from './inputs.ts';
import { oneOf, type ResponseDeclaration, type ResponseFields, text } from './response.ts';

type Field = ResponseFields[string];

const envelopeFields: ResponseFields = {
  sid: text('The sid of the verification'),
  status: oneOf('Where the verification stands', ['pending', 'approved']),
};

/** What differs first, named by its place and never by its value; undefined where nothing does. */
type Difference = string | undefined;

const firstOf = (differences: Iterable<Difference>): Difference => {
  for (const difference of differences) if (difference !== undefined) return difference;
  return undefined;
};

const differenceInText = (words: readonly string[] | null, value: unknown, place: string): Difference => {
  if (typeof value !== 'string') return `${place} is not text`;
  return words === null || words.includes(value) ? undefined : `${place} is not one of ${words.join(', ')}`;
};

/** A key that is data is not repeated. */
const differenceInMany = (of: Field, values: readonly unknown[], place: string): Difference =>
  firstOf(values.map((value) => differenceInField(of, value, `an element of ${place}`)));

function differenceInField(field: Field, value: unknown, place: string): Difference {
  switch (field.kind) {
    case 'text':
      return differenceInText(field.words, value, place);
    case 'whole':
      return Number.isSafeInteger(value) ? undefined : `${place} is not a whole number`;
    case 'number':
      return Number.isFinite(value) ? undefined : `${place} is not a number`;
    case 'flag':
      return typeof value === 'boolean' ? undefined : `${place} is not true or false`;
    case 'list':
      return Array.isArray(value) ? differenceInMany(field.of, value, place) : `${place} is not a list`;
    case 'map':
      return isRecord(value)
        ? differenceInMany(field.of, Object.values(value), place)
        : `${place} is not an object`;
    case 'object':
      return isRecord(value)
        ? differenceInObject(field.fields, value, Object.keys(field.fields), place)
        : `${place} is not an object`;
  }
}

const differenceInObject = (
  fields: ResponseFields,
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  place: string,
): Difference => {
  if (Object.keys(value).join() !== keys.join()) return `the keys of ${place} are not ${keys.join(', ')}`;
  return firstOf(
    Object.entries(fields).map(([name, field]) =>
      value[name] === null ? undefined : differenceInField(field, value[name], name),
    ),
  );
};

/**
 * Holds an answer against the declared response: its keys in their order, and their types.
 *
 * @returns what differs first, without any value of the answer; undefined where nothing does.
 */
export const differenceFrom = (declared: ResponseDeclaration, answer: unknown): Difference => {
  if (!isRecord(answer)) return 'it is not an object';
  const { success, error } = answer;
  if (typeof success !== 'boolean') return 'success is not true or false';
  if (success ? error !== null : typeof error !== 'string' || error === '')
    return 'error is not a sentence where it failed, or not null where it did not';
  if (declared === 'envelope') {
    if (typeof answer['valid'] !== 'boolean') return 'valid is not true or false';
    return differenceInObject(envelopeFields, answer, ['success', 'sid', 'status', 'valid', 'error'], 'it');
  }
  const keys = Object.keys(declared);
  if (!success && keys.some((name) => (answer[name] ?? null) !== null))
    return 'it failed and still holds a value';
  return differenceInObject(declared, answer, ['success', 'error', ...keys], 'it');
};

import { isKeptExactly } from './exact-number.ts';
import { calledName, type XsScanner } from './scanner.ts';

/** A value that JSON can hold. Objects have no prototype, so that a key such as `__proto__` is data like any other. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

// Lists and objects that may be open at once. Far more than a job needs, far less than what the stack can hold.
const maxDepth = 500;

const numberShape = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const wordStart = /[\p{L}\p{N}_]/u;
const bareKeyShape = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u;
const literals: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * Reads what stands between two brackets. Members are set apart by one comma (one more may follow the last of them);
 * outside JSON by any blank as well.
 */
const readSequence = (scanner: XsScanner, close: ']' | '}', readMember: () => void): void => {
  const open = scanner.offset;
  scanner.depth += 1;
  if (scanner.depth > maxDepth) throw scanner.error(`values may be nested ${maxDepth} deep at most`);
  const json = scanner.notation === 'json';
  scanner.offset += 1;
  scanner.skipBlanks();
  let comma = false;
  while (!scanner.take(close)) {
    if (scanner.next === '') throw scanner.error('this bracket is never closed', open);
    readMember();
    const apart = scanner.skipBlanks();
    comma = scanner.take(',');
    if (comma) scanner.skipBlanks();
    const separated = comma || (apart && !json);
    if (!separated && scanner.next !== '' && scanner.next !== close) throw missingSeparator(scanner);
  }
  if (json && comma) throw scanner.error('JSON allows no comma after the last member', scanner.offset - 1);
  scanner.depth -= 1;
};

const missingSeparator = (scanner: XsScanner) =>
  /["\w{[]/.test(scanner.next) ? scanner.error('a comma is missing here') : scanner.unexpected();

/**
 * Reads a key, bare or quoted, and the `=` or `:` after it.
 *
 * @returns the key, and the index at which it stands.
 */
const readKey = (scanner: XsScanner): { key: string; offset: number } => {
  const offset = scanner.offset;
  const key = scanner.next === '"' ? scanner.string() : readBareKey(scanner);
  scanner.skipBlanks();
  if (scanner.take(':') || (scanner.notation === 'xs' && scanner.take('='))) return { key, offset };
  const name = calledName(key);
  if (scanner.next === '{')
    throw scanner.error(`${name} { … } is not supported; a member is written ${name} = VALUE`, offset);
  if (scanner.next === '?') throw scanner.error(`${name} cannot be marked optional; give it a value`);
  throw scanner.error(`${name} must be followed by ${scanner.notation === 'xs' ? '= or :' : ':'}`, offset);
};

const readBareKey = (scanner: XsScanner): string => {
  const offset = scanner.offset;
  if (!wordStart.test(scanner.next)) throw scanner.unexpected();
  if (scanner.notation === 'json') throw scanner.error('a key must stand in double quotes');
  const key = scanner.word();
  if (bareKeyShape.test(key)) return key;
  throw scanner.error(
    key.includes('.')
      ? `${calledName(key)} is not supported: a statement cannot stand here, and a key with a dot needs double quotes`
      : 'a key of other characters than letters, digits, _ and - needs double quotes, and so does one that starts with a digit',
    offset,
  );
};

/**
 * Reads an object, calling `readMember` where each value stands.
 *
 * @param what - how a message calls the object.
 * @throws RunJobError where no object stands there, or a key comes twice.
 */
export const readObject = (
  scanner: XsScanner,
  what: string,
  readMember: (key: string, offset: number) => void,
): void => {
  if (scanner.next !== '{') throw scanner.error(`${what} must be an object in braces`);
  const keys = new Set<string>();
  readSequence(scanner, '}', () => {
    const { key, offset } = readKey(scanner);
    if (keys.has(key)) throw scanner.error(`${calledName(key)} is given twice`, offset);
    keys.add(key);
    scanner.skipBlanks();
    readMember(key, offset);
  });
};

/**
 * Reads a list of strings.
 *
 * @param what - how a message calls the list.
 * @throws RunJobError where no such list stands there.
 */
export const readStrings = (scanner: XsScanner, what: string): string[] => {
  if (scanner.next !== '[') throw scanner.error(`${what} must be a list of strings in brackets`);
  const strings: string[] = [];
  readSequence(scanner, ']', () => strings.push(readString(scanner, `each member of ${what}`)));
  return strings;
};

/**
 * Reads a string.
 *
 * @param what - how a message calls it.
 * @throws RunJobError where none stands there.
 */
export const readString = (scanner: XsScanner, what: string): string => {
  if (scanner.next !== '"') throw scanner.error(`${what} must be a string in double quotes`);
  return scanner.string();
};

/**
 * Reads any value.
 *
 * @throws RunJobError where no value stands there.
 */
const readValue = (scanner: XsScanner): JsonValue => {
  if (scanner.next === '"') return scanner.string();
  if (scanner.next === '[') {
    const list: JsonValue[] = [];
    readSequence(scanner, ']', () => list.push(readValue(scanner)));
    return list;
  }
  return scanner.next === '{' ? readRecord(scanner) : readScalar(scanner);
};

/**
 * Reads an object of any values.
 *
 * @param what - how a message calls the object.
 * @throws RunJobError where no object stands there, or a key comes twice.
 */
export const readRecord = (scanner: XsScanner, what = 'this value'): Record<string, JsonValue> => {
  const record: Record<string, JsonValue> = Object.create(null);
  readObject(scanner, what, (key) => {
    record[key] = readValue(scanner);
  });
  return record;
};

const readScalar = (scanner: XsScanner): number | boolean | null => {
  const start = scanner.offset;
  if (scanner.next !== '-' && !wordStart.test(scanner.next)) throw scanner.unexpected();
  const word = scanner.word();
  if (numberShape.test(word)) {
    const value = Number(word);
    if (!Number.isFinite(value)) throw scanner.error('this number is too large', start);
    if (isKeptExactly(word)) return value;
    throw scanner.error(
      'this number has more digits than a number can keep; text in double quotes keeps all',
      start,
    );
  }
  const literal = literals.get(word);
  if (literal === undefined) throw scanner.error(notAValue(word), start);
  return literal;
};

const notAValue = (word: string): string =>
  /^[-0-9]/.test(word)
    ? 'this is not a number; numbers look like 12, -1.5 or 2e3, anything else needs double quotes'
    : `${calledName(word)} is not a value; text needs double quotes, and expressions are not supported`;

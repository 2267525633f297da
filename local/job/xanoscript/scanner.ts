import { type Position, RunJobError } from './run-job-error.ts';

/** `json` is RFC 8259 to the letter; `xs` is what XanoScript allows besides. */
export type Notation = 'xs' | 'json';

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const expression = 'expressions are not supported; write the value itself';

// What a reader is likely to have meant by a character that can start neither a key nor a value.
const refusals: Readonly<Record<string, string>> = {
  '': 'the file ends too early',
  $: 'variables such as $env are not supported; write the value itself',
  '|': 'filters are not supported; write the value itself',
  '`': 'expressions in backticks are not supported; write the value itself',
  "'": 'text must stand in double quotes, not in single ones',
  '#': 'a comment starts with //',
  ',': 'nothing stands before this comma',
  '}': 'this } does not belong here',
  ']': 'this ] does not belong here',
  '{': 'this { does not belong here',
  '[': 'this [ does not belong here',
  '+': 'a number starts with a digit or a minus sign, and expressions are not supported',
  '.': 'a number starts with a digit or a minus sign, and expressions are not supported',
};

const isJsonBlank = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** White space of any script, and the byte-order mark. */
const isBlank = (code: number): boolean =>
  isJsonBlank(code) ||
  code === 0x0b ||
  code === 0x0c ||
  (code > 0x7f && /\s/.test(String.fromCharCode(code)));

const isLineEnd = (code: number): boolean => code === 0x0a || code === 0x0d;

const isWordPart = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || // 0-9
  (code >= 0x41 && code <= 0x5a) || // A-Z
  (code >= 0x61 && code <= 0x7a) || // a-z
  code === 0x5f || // _
  code === 0x2d || // -
  code === 0x2e || // .
  code === 0x2b || // + (of an exponent)
  (code > 0x7f && !isBlank(code));

// A name may itself be a number or a code, so only a plain word is repeated in a message.
const plainWord = /^[A-Za-z_][A-Za-z_.-]{0,63}$/;

/** How a message calls a name that the file gave. */
export const calledName = (name: string): string => (plainWord.test(name) ? name : 'this name');

/**
 * Walks through a source text from left to right. Everything is a plain loop over characters: a regular expression's
 * stack would run out on one long enough.
 */
export class XsScanner {
  readonly notation: Notation;
  /** Index of the next character to read. */
  offset = 0;
  /** How many lists and objects are open. */
  depth = 0;
  readonly #source: string;

  constructor(source: string, notation: Notation) {
    this.#source = source.startsWith('\uFEFF') ? source.slice(1) : source;
    this.notation = notation;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#source.charAt(this.offset);
  }

  /** The line and column of an index. CR, LF and CRLF each end one line. */
  position(offset: number): Position {
    let line = 1;
    let start = 0;
    for (let index = 0; index < offset; index += 1) {
      const code = this.#source.charCodeAt(index);
      const pairFollows = code === 0x0d && this.#source.charCodeAt(index + 1) === 0x0a;
      if (!isLineEnd(code) || pairFollows) continue;
      line += 1;
      start = index + 1;
    }
    return { line, column: offset - start + 1 };
  }

  /** The error to throw for what stands at an index. */
  error(message: string, offset = this.offset): RunJobError {
    return new RunJobError(message, this.position(offset));
  }

  /** The error to throw where neither a key nor a value can start with the next character. */
  unexpected(): RunJobError {
    if (this.startsWith('/*')) return this.error('block comments are not supported; use //');
    if (this.notation === 'json' && this.next === '/') return this.error('JSON has no comments');
    return this.error(refusals[this.next] ?? expression);
  }

  /** Whether the given text comes next. */
  startsWith(text: string): boolean {
    return this.#source.startsWith(text, this.offset);
  }

  /** Reads the given text where it comes next. */
  take(text: string): boolean {
    const found = this.startsWith(text);
    if (found) this.offset += text.length;
    return found;
  }

  /** Skips white space and comments; tells whether there were any. */
  skipBlanks(): boolean {
    const start = this.offset;
    const blank = this.notation === 'json' ? isJsonBlank : isBlank;
    for (;;) {
      this.#skip(blank);
      if (this.notation === 'json' || !this.startsWith('//')) return this.offset > start;
      this.#skip((code) => !isLineEnd(code));
    }
  }

  /** Reads what a bare name, number or literal is made of; empty where none of it comes next. */
  word(): string {
    const start = this.offset;
    this.#skip(isWordPart);
    return this.#source.slice(start, this.offset);
  }

  /**
   * Reads a string in double quotes.
   *
   * @throws RunJobError where it is never closed, spans lines or holds an unknown escape.
   */
  string(): string {
    const start = this.offset;
    if (this.notation === 'xs' && this.startsWith('"""'))
      throw this.error('multi-line strings in """ are not supported; use one string with \\n');
    this.offset += 1;
    let text = '';
    for (;;) {
      const chunk = this.offset;
      this.#skip((code) => code !== 0x22 && code !== 0x5c && this.#fitsString(code));
      text += this.#source.slice(chunk, this.offset);
      if (this.take('"')) return text;
      if (this.next !== '\\') throw this.#brokenString(start);
      text += this.#escape();
    }
  }

  #fitsString(code: number): boolean {
    return this.notation === 'json' ? code >= 0x20 : !isLineEnd(code);
  }

  #brokenString(start: number): RunJobError {
    if (this.next === '') return this.error('this string is never closed', start);
    return isLineEnd(this.next.charCodeAt(0))
      ? this.error('this string is not closed on its line; a line end inside a string is written \\n', start)
      : this.error('a control character inside a string must be escaped');
  }

  #escape(): string {
    const start = this.offset;
    const kind = this.#source.charAt(start + 1);
    this.offset += 2;
    if (kind === 'u') {
      const digits = this.#source.slice(this.offset, this.offset + 4);
      if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw this.error('\\u takes four hexadecimal digits', start);
      this.offset += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const character = Object.hasOwn(escapes, kind) ? escapes[kind] : undefined;
    if (character === undefined)
      throw this.error(
        'this escape is not known; the known ones are \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX',
        start,
      );
    return character;
  }

  #skip(fits: (code: number) => boolean): void {
    while (this.offset < this.#source.length && fits(this.#source.charCodeAt(this.offset))) this.offset += 1;
  }
}

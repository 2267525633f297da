import { type Envelope, failed, healthy } from './envelope.ts';

/** A text; where `words` are given, one of them. */
interface TextField {
  readonly kind: 'text';
  readonly description: string;
  readonly words: readonly string[] | null;
}

interface PlainField {
  readonly kind: 'whole' | 'number' | 'flag';
  readonly description: string;
}

/** A list of such values, or a map to them from keys that are data, such as a country. */
interface ManyField {
  readonly kind: 'list' | 'map';
  readonly description: string;
  readonly of: ResponseField;
}

interface ObjectField {
  readonly kind: 'object';
  readonly description: string;
  readonly fields: ResponseFields;
}

/** What stands behind a key of a response. The description is for people who call: one sentence, for help and OpenAPI. */
type ResponseField = TextField | PlainField | ManyField | ObjectField;

/** The keys of a response in the order in which they are sent. Each is always there; it is null where it is not known. */
export interface ResponseFields {
  readonly [name: string]: ResponseField;
}

/** How a function answers: with the five-key envelope, or with `success`, `error` and these keys of its own. */
export type ResponseDeclaration = 'envelope' | ResponseFields;

type ValueOf<F> = F extends { readonly kind: 'text'; readonly words: readonly (infer W)[] }
  ? W
  : F extends { readonly kind: 'text' }
    ? string
    : F extends { readonly kind: 'whole' | 'number' }
      ? number
      : F extends { readonly kind: 'flag' }
        ? boolean
        : F extends { readonly kind: 'list'; readonly of: infer O }
          ? readonly ValueOf<O>[]
          : F extends { readonly kind: 'map'; readonly of: infer O }
            ? Readonly<Record<string, ValueOf<O>>>
            : F extends { readonly kind: 'object'; readonly fields: infer O }
              ? ValuesOf<O>
              : never;

type ValuesOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> | null };

/** What the steps of a function give back: the envelope, or the keys behind `success` and `error`. */
export type ResponseOf<R extends ResponseDeclaration> = R extends 'envelope' ? Envelope : ValuesOf<R>;

/** Declares a text. */
export const text = (description: string) => ({ kind: 'text', description, words: null }) as const;

/** Declares a text that is one of these words. */
export const oneOf = <const W extends string>(description: string, words: readonly W[]) =>
  ({ kind: 'text', description, words }) as const;

/** Declares a count or a time in whole units, which the description names. */
export const whole = (description: string) => ({ kind: 'whole', description }) as const;

/** Declares a number that need not be whole, such as a rate or a cost. */
export const number = (description: string) => ({ kind: 'number', description }) as const;

/** Declares a yes or no. */
export const flag = (description: string) => ({ kind: 'flag', description }) as const;

/** Declares a list, none of whose elements is null. */
export const listOf = <F extends ResponseField>(description: string, of: F) =>
  ({ kind: 'list', description, of }) as const;

/** Declares a map from keys that are data, none of whose values is null. */
export const mapOf = <F extends ResponseField>(description: string, of: F) =>
  ({ kind: 'map', description, of }) as const;

/** Declares an object, whose every key is always there. */
export const object = <F extends ResponseFields>(description: string, fields: F) =>
  ({ kind: 'object', description, fields }) as const;

/** What a caller gets: the envelope, or an object that begins with `success` and `error`. */
export type Answer =
  | Envelope
  | Readonly<{ success: boolean; error: string | null } & Record<string, unknown>>;

const withoutValues = (fields: ResponseFields, success: boolean, error: string | null): Answer => ({
  success,
  error,
  ...Object.fromEntries(Object.keys(fields).map((name) => [name, null])),
});

/** The answer of a function whose steps gave this back. */
export const answered = (declared: ResponseDeclaration, response: object): Answer =>
  declared === 'envelope' ? (response as Envelope) : { success: true, error: null, ...response };

/** The answer of a canary that found everything in reach. */
export const healthyAnswer = (declared: ResponseDeclaration): Answer =>
  declared === 'envelope' ? healthy() : withoutValues(declared, true, null);

/** The answer of a function that failed. `sentence` is for a person and holds no personal data. */
export const failedAnswer = (declared: ResponseDeclaration, sentence: string): Answer =>
  declared === 'envelope' ? failed(sentence) : withoutValues(declared, false, sentence);

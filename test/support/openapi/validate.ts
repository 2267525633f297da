import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { knownDifferences } from './known-differences.ts';

type Json = Record<string, unknown>;
type Operations = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Json | null>>>>>>;

interface Extract {
  readonly paths: Operations;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** The Twilio products whose replies can be validated. */
export type Product = 'verify' | 'lookups' | 'iam';

const { source: _, ...extracts } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'twilio.json'), 'utf8'),
) as Record<Product, Extract> & { readonly source: string };

const hasDifference = (schema: string, property: string, kind: string): boolean =>
  knownDifferences.some(
    (known) =>
      known.schema === schema &&
      known.kind === kind &&
      (known.property === property || known.property === '*'),
  );

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const orNull = (schema: Json): Json => ({ anyOf: [schema, { type: 'null' }] });

/** OpenAPI's `nullable` and references in JSON Schema's words. */
const translated = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(translated);
  if (!isObject(schema)) return schema;
  const { nullable, ...rest } = schema;
  const ref = rest['$ref'];
  if (typeof ref === 'string') return { $ref: `#/$defs/${ref.split('/').at(-1)}` };
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, translated(value)]));
  return nullable === true && 'type' in plain ? orNull(plain) : plain;
};

/** A resource has all of its properties and no others, but for the known differences. */
const strict = (name: string, schema: Json): Json => {
  const described = schema['properties'];
  if (!isObject(described)) return schema;
  const properties = Object.fromEntries(
    Object.entries(described).map(([property, value]) => [
      property,
      hasDifference(name, property, 'nullable') ? orNull(value as Json) : value,
    ]),
  );
  // The packages of a lookup may be incomplete: a failed one has its error_code alone.
  const whole = !name.endsWith('Info');
  const required = Object.keys(properties).filter((property) => !hasDifference(name, property, 'absent'));
  return { ...schema, properties, additionalProperties: false, ...(whole ? { required } : {}) };
};

const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;
const formats: Readonly<Record<string, RegExp | true>> = {
  'date-time': isoDate,
  'date-time-rfc-2822': /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/,
  uri: /^https:\/\/\S+$/,
  'uri-map': true,
  'phone-number': true,
  int32: true,
};

const errorSchema = (): Json => {
  const documented =
    extracts.verify.paths['/v2/Services/{ServiceSid}/Verifications']?.['post']?.['429'] ?? {};
  const schema = strict('error', documented);
  return { ...schema, properties: { ...(schema['properties'] as Json), detail: { type: 'string' } } };
};

/** A reply's schema together with those it refers to. */
const document = (product: Product, schema: Json): Json => ({
  ...(translated(schema) as Json),
  $defs: Object.fromEntries(
    Object.entries(extracts[product].components.schemas).map(([name, described]) => [
      name,
      strict(name, translated(described) as Json),
    ]),
  ),
});

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, formats });
const compiled = new Map<string, ValidateFunction>();

const validator = (key: string, schema: () => Json): ValidateFunction => {
  const known = compiled.get(key) ?? ajv.compile(schema());
  compiled.set(key, known);
  return known;
};

const pattern = (template: string): RegExp => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

/** The documented operation that a request is, as `METHOD /path/{Template}`; undefined where it is none. */
export const operationOf = (product: Product, method: string, pathname: string): string | undefined => {
  const templates = Object.entries(extracts[product].paths)
    .filter(([template, methods]) => pattern(template).test(pathname) && method.toLowerCase() in methods)
    .map(([template]) => template)
    // The fewer parameters, the closer the match: /v2/Attempts/Summary before /v2/Attempts/{Sid}.
    .sort((one, other) => one.split('{').length - other.split('{').length);
  return templates[0] === undefined ? undefined : `${method} ${templates[0]}`;
};

/** Every operation of the extract. */
export const documentedOperations = (): string[] =>
  Object.values(extracts).flatMap(({ paths }) =>
    Object.entries(paths).flatMap(([template, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${template}`),
    ),
  );

/**
 * Holds a reply against Twilio's OpenAPI file and the known differences.
 *
 * @returns what is wrong with it, nothing where it is valid.
 */
export const replyProblems = (
  product: Product,
  method: string,
  pathname: string,
  status: number,
  body: string,
): string[] => {
  const operation = operationOf(product, method, pathname);
  const template = operation?.slice(method.length + 1) ?? '';
  const documented = extracts[product].paths[template]?.[method.toLowerCase()] ?? {};
  if (status >= 400) return schemaProblems('error', errorSchema, body);
  if (!Object.hasOwn(documented, status))
    return [`${method} ${pathname} is not documented to answer ${status}`];
  const schema = documented[status] ?? null;
  if (schema === null) return body === '' ? [] : [`${operation} answers a body`];
  return schemaProblems(`${product} ${operation} ${status}`, () => document(product, schema), body);
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const schemaProblems = (key: string, schema: () => Json, body: string): string[] => {
  const validate = validator(key, schema);
  const value = parsed(body);
  if (value === undefined) return [`${key} is not JSON`];
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${key} ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
};

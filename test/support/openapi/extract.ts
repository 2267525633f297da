import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/**
 * Makes the extract of Twilio's OpenAPI files that the emulator's replies are validated against, from an unpacked
 * npm package `@twilio/cli-core`:
 *
 *     node test/support/openapi/extract.ts node_modules/@twilio/cli-core [--check]
 *
 * With `--check` it writes nothing and exits 1 where the extract at hand differs.
 */

type Json = Record<string, unknown>;

const methods = ['get', 'post', 'delete'];

/** The products the emulator speaks, and which of their paths. */
const products = {
  verify: {
    file: 'twilio_verify_v2.json',
    paths: /^\/v2\/(Services(\/\{(Sid|ServiceSid)\}(\/(Verification|RateLimits).*)?)?|Attempts.*)$/,
  },
  lookups: { file: 'twilio_lookups_v2.json', paths: /^\/v2\/PhoneNumbers\/\{PhoneNumber\}$/ },
  iam: { file: 'twilio_iam_v1.json', paths: /^\/v1\/Keys/ },
};

const child = (value: unknown, ...keys: string[]): Json =>
  keys.reduce<Json>((json, key) => (json[key] ?? {}) as Json, value as Json);

/** Drops what validates nothing; in `properties` every key is a name, so there nothing is dropped. */
const pruned = (value: unknown, names = false): unknown => {
  if (Array.isArray(value)) return value.map((item) => pruned(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key]) =>
      names || !(key.startsWith('x-') || ['description', 'title', 'example', 'default'].includes(key)),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, pruned(item, key === 'properties' && !names)]));
};

const referenced = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/#\/components\/schemas\/([^"]+)/g)].map((match) => match[1] ?? '');

const responses = (operation: Json): Json =>
  Object.fromEntries(
    Object.entries(child(operation, 'responses')).map(([status, response]) => [
      status,
      pruned(child(response, 'content', 'application/json')['schema'] ?? null),
    ]),
  );

const extract = (directory: string, { file, paths: wanted }: { file: string; paths: RegExp }): Json => {
  const source: unknown = JSON.parse(
    readFileSync(path.join(directory, 'src/services/twilio-api', file), 'utf8'),
  );
  const paths = Object.fromEntries(
    Object.entries(child(source, 'paths'))
      .filter(([name]) => wanted.test(name))
      .map(([name, item]) => [
        name,
        Object.fromEntries(
          methods.flatMap((method) => {
            const operation = (item as Json)[method];
            return operation === undefined ? [] : [[method, responses(operation as Json)]];
          }),
        ),
      ]),
  );
  const schemas: Json = {};
  const open = referenced(paths);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (Object.hasOwn(schemas, name)) continue;
    schemas[name] = pruned(child(source, 'components', 'schemas')[name]);
    open.push(...referenced(schemas[name]));
  }
  return { paths, components: { schemas } };
};

const [directory, check] = process.argv.slice(2);
if (directory === undefined) throw new Error('Name the directory of an unpacked @twilio/cli-core');
const { version } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
  version: string;
};
const target = path.join(import.meta.dirname, 'twilio.json');
const made = {
  source: `@twilio/cli-core@${version}`,
  ...Object.fromEntries(
    Object.entries(products).map(([name, product]) => [name, extract(directory, product)]),
  ),
};
if (check === '--check') {
  const { source: _, ...current } = JSON.parse(readFileSync(target, 'utf8')) as Json;
  const { source: __, ...fresh } = made;
  if (!isDeepStrictEqual(current, fresh)) throw new Error(`${target} differs from ${made.source}`);
} else {
  writeFileSync(target, `${JSON.stringify(made, null, 1)}\n`);
}

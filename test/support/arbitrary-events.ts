import fc from 'fast-check';
import { httpApiEvent, restEvent, scheduledEvent } from './lambda-events.ts';

/** Names that mean something to a function, to JavaScript, or to nobody. */
const fieldName = fc.oneof(
  fc.constantFrom(
    ...['to_phone', 'to', 'channel', 'code', 'service_sid', 'sid', 'locale', 'identity', 'client_ip', 'tags'],
    ...[
      'idempotency_key',
      'app_hash',
      'amount',
      'payee',
      'device_ip',
      'template_sid',
      'custom_friendly_name',
    ],
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then', 'canary'],
    ...['source', 'httpMethod', 'requestContext', 'body', 'headers'],
  ),
  fc.string(),
);

/** Deeper than any recursion would survive, as a value that JSON can write. */
const abyss = fc.constantFrom(100, 4_000).map((depth) => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
});

/** Values that are right for some field, nearly right, or nothing of the kind. */
const fieldValue = fc.oneof(
  fc.constantFrom(
    ...[
      '+14155552671',
      ' +1 (415) 555-2671',
      '4155552671',
      '+',
      '+999',
      'ada@example.com',
      'ada@',
      'sms',
      'VOICE',
    ],
    ...[
      'email',
      'pigeon',
      '123456',
      '0',
      `VA${'0'.repeat(32)}`,
      `VE${'0'.repeat(32)}`,
      'en',
      'xx-XX',
      '203.0.113.7',
    ],
    ...['', ' ', '\u0000', '\ud800', '{"a":"b"}', '{', '[[[['],
  ),
  fc.string({ unit: 'binary' }),
  fc.jsonValue(),
  abyss,
  fc.constant('x'.repeat(300_000)),
);

/** An input that a function takes, but for one field at most. */
const nearlyRight = fc
  .tuple(
    fc.constantFrom(
      { to_phone: '+14155552671' },
      { to_phone: 'ada@example.com', channel: 'email' },
      { to: ' +44 20 7946 0958', code: '123456' },
    ),
    fc.dictionary(fieldName, fieldValue, { maxKeys: 1 }),
  )
  .map(([right, other]) => ({ ...right, ...other }));

/** An object that is, or is not, the input of a function. */
const input = fc.oneof(nearlyRight, fc.dictionary(fieldName, fieldValue, { maxKeys: 6 }));

/** A body of a proxy event, as text. */
const bodyText = fc.oneof(
  input.map((value) => JSON.stringify(value)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  abyss.map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '{',
    '"',
    '{"to_phone":"+14155552671"',
    '{"__proto__":{"to_phone":"+14155552671"}}',
    '\uFEFF{}',
  ),
  fc.constant(`{"to_phone":${'['.repeat(4_000)}`),
);

const options = fc.record(
  {
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'post', ''),
    headers: fc.dictionary(
      fc.constantFrom('Content-Type', 'content-encoding', 'Idempotency-Key', '__proto__', 'x'),
      fc.constantFrom('application/json', 'application/json', 'text/plain', '', 'gzip', 'key', 'é'),
    ),
    base64: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** A proxy event of either kind, whole but with any body. */
const wholeEvent = fc
  .tuple(fc.constantFrom(restEvent, httpApiEvent), bodyText, options)
  .map(([event, body, differences]): unknown => event(body, differences));

/** Parts of proxy events in any mixture and with any content. */
const fragments = fc.record(
  {
    httpMethod: fc.oneof(fc.constantFrom('POST', 'GET'), fc.jsonValue()),
    requestContext: fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          http: fc.oneof(
            fc.jsonValue(),
            fc.record({ method: fc.constant('POST'), sourceIp: fc.jsonValue() }),
          ),
          requestId: fc.oneof(fc.string(), fc.jsonValue()),
          identity: fc.jsonValue(),
          authorizer: fc.oneof(fc.jsonValue(), fc.record({ claims: fc.jsonValue(), jwt: fc.jsonValue() })),
        },
        { requiredKeys: [] },
      ),
    ),
    headers: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
    body: fc.oneof(bodyText, fc.jsonValue()),
    isBase64Encoded: fc.jsonValue(),
    source: fc.oneof(fc.constant('aws.events'), fc.jsonValue()),
    canary: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

/** Every place in a JSON value, as the keys that lead there. */
const placesIn = (value: unknown): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [
        [key],
        ...placesIn(inner).map((place) => [key, ...place]),
      ])
    : [];

/** The value with what is at a place replaced. */
const replaced = (value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown => {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
};

/** Real events, one place of which is something else. */
const mutated = (events: readonly unknown[]) =>
  fc
    .constantFrom(...events)
    .chain((event) =>
      fc
        .tuple(
          fc.constantFrom(...placesIn(event)),
          fc.oneof(fc.constantFrom(undefined, null, ''), fieldValue),
        )
        .map(([place, by]) => replaced(event, place, by)),
    );

/**
 * Events of every kind: any JSON, inputs, proxy events with any body, parts of proxy events, and real ones gone wrong.
 *
 * @param real - real events to spoil, beside those that tests write themselves.
 */
export const anyEvent = (real: readonly unknown[]): fc.Arbitrary<unknown> => {
  const body = { to_phone: '+14155552671', channel: 'sms', code: '123456' };
  const written = [
    restEvent(body),
    httpApiEvent(body),
    restEvent(body, { base64: true }),
    scheduledEvent(),
    body,
  ];
  return fc.oneof(fc.jsonValue(), abyss, input, wholeEvent, fragments, mutated([...written, ...real]));
};

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResponseDeclaration } from '../../functions/runtime/response.ts';
import { anyEvent } from '../support/arbitrary-events.ts';
import { expectAnswerOf, expectEnvelope, expectHttpAnswerOf } from '../support/contract.ts';
import { everyFunction } from '../support/function-events.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService();
  // An account without it answers 60204, which is the operator's to fix.
  await service.control('settings', { custom_friendly_name: true });
});
afterAll(() => service.world.close());

const folder = new URL('../../events/', import.meta.url);
const realEvents = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

/** Holds an answer against the contract: a proxy result for a proxy event, the answer alone for all others. */
const expectContract = (response: ResponseDeclaration, answer: unknown) => {
  if (Object.hasOwn(answer as object, 'statusCode')) expectHttpAnswerOf(response, answer);
  else expectAnswerOf(response, answer);
};

test.each(everyFunction)(
  'whatever event comes to %s, it gets an answer as it declares',
  async (name, { response }) => {
    await fc.assert(
      fc.asyncProperty(anyEvent(realEvents), async (event) => {
        service.lines.length = 0;
        // What Lambda hands over was JSON on its way.
        const delivered: unknown = JSON.parse(JSON.stringify(event) ?? 'null');
        expectContract(response, await service.invoke(name, delivered));
        const failures = service.lines.filter(
          ({ fields }) => fields.code === 'misconfigured' || fields.reason === 'unexpected',
        );
        expect(failures).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  },
);

test('events of the largest size get a contract answer', async () => {
  const six = 6 * 1024 * 1024;
  const events = [
    { to_phone: '+'.repeat(six) },
    { ['x'.repeat(six)]: 1 },
    Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`field${index}`, index])),
    { to_phone: '+14155552671', tags: `{"a":"${'b'.repeat(six)}"}` },
    { to_phone: '+14155552671', tags: '['.repeat(six) },
    { to_phone: '+1'.repeat(160), channel: 'email' },
    JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  ];
  for (const event of events) expect(expectEnvelope(await service.start(event))).toBe('failed');
});

test('prototypes stay what they are', async () => {
  const body =
    '{"to_phone":"+14155552671","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
  expect(expectEnvelope(await service.start(JSON.parse(body)))).toBe('failed');
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
});

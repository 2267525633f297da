import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { differenceFrom } from '../../functions/runtime/response-check.ts';
import { entryOf } from '../../infra/bundling/entries.ts';
import { expectHttpAnswerOf } from '../support/contract.ts';
import { eventsFor, everyFunction, httpInput } from '../support/function-events.ts';
import { httpApiEvent, restEvent } from '../support/lambda-events.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.world.close());

test('no two functions have one name', () => {
  expect(new Set(catalog.map(({ name }) => name)).size).toBe(catalog.length);
});

describe.each(everyFunction)('%s', (name, definition) => {
  test('stands in the file of its name, which exports it under that name in camel case', async () => {
    expect(name).toMatch(/^[a-z]+(_[a-z0-9]+)+$/);
    const exported = name.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
    const module: Record<string, unknown> = await import(`../../functions/${name}.ts`);
    expect(module[exported]).toBe(definition);
  });

  test('has an entry that composes the ports it uses and imports no other', () => {
    const source = readFileSync(entryOf(name), 'utf8');
    const imported = [...source.matchAll(/compose\/ports\/(\w+)\.ts/g)].map(([, port]) => port);
    expect(imported).toEqual([...definition.uses].sort());
    expect(source).toContain(`compose({ ${imported.join(', ')} })`);
  });

  test.each(Object.keys(eventsFor(definition)))('answers a %s event as it declares', async (caller) => {
    const result = await service.invoke(name, eventsFor(definition)[caller]);
    const isHttp = caller.startsWith('http');
    if (isHttp) expectHttpAnswerOf(definition.response, result);
    const answer: unknown = isHttp ? JSON.parse((result as { readonly body: string }).body) : result;
    expect(differenceFrom(definition.response, answer)).toBeUndefined();
  });

  test.each([
    ['REST API', restEvent],
    ['HTTP API', httpApiEvent],
  ])('lets in through a %s whom it declares', async (_kind, event) => {
    const outcome = expectHttpAnswerOf(
      definition.response,
      await service.invoke(name, event(httpInput(definition))),
    );
    expect(outcome === 'forbidden').toBe(definition.callers === 'direct');
  });
});

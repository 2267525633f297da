import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Listening } from '../../local/http-server.ts';
import { loadFunctions } from '../../local/server/local-functions.ts';
import { startServer } from '../../local/server/server.ts';
import { startWorld, type World } from '../../local/world.ts';
import { expectEnvelope, expectHttpAnswer } from '../support/contract.ts';
import { emulatorControl } from '../support/emulator-control.ts';
import { postJson, send } from '../support/http-request.ts';
import { unlimited } from '../support/service.ts';

let world: World;
let server: Listening;
const defects: string[] = [];

beforeAll(async () => {
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
  world = await startWorld({ twilio: 'emulator', policy: unlimited });
  const functions = loadFunctions(world.env, (defect) => defects.push(defect));
  server = await startServer({ port: 0, functions, emulatorUrl: world.emulatorUrl });
});

afterAll(async () => {
  await server.close();
  await world.close();
  expect(defects).toEqual([]);
});

const number = (index: number): string => `+1415555${String(index).padStart(4, '0')}`;
const start = (body: object) => postJson(`${server.url}/start_verification`, JSON.stringify(body));
const check = (body: object) => postJson(`${server.url}/check_verification`, JSON.stringify(body));

describe('the HTTP API', () => {
  test('verifies a phone: start, a wrong code, the right code', async () => {
    const to_phone = number(1);
    const started = await start({ to_phone });
    expect(expectHttpAnswer(started)).toBe('ok');
    const [message] = await emulatorControl(world).messages(to_phone);
    const code = message?.code ?? '';
    const wrong = await check({ to_phone, code: code === '1111' ? '2222' : '1111' });
    expect(expectEnvelope(JSON.parse(wrong.body))).toBe('wrong');
    const right = await check({ to_phone, code });
    expect(expectEnvelope(JSON.parse(right.body))).toBe('approved');
    expect(right.headers['X-Request-Id']).not.toBe(started.headers['X-Request-Id']);
  });

  const json = { 'Content-Type': 'application/json' };
  test.each([
    ['a missing field', 'POST', json, '{}', 'invalid_input'],
    ['no body', 'POST', json, '', 'invalid_input'],
    ['half a body', 'POST', json, '{"to_phone"', 'invalid_input'],
    ['bytes that are no text', 'POST', json, Uint8Array.of(0x7b, 0xff, 0x7d), 'invalid_input'],
    ['GET', 'GET', {}, '', 'method'],
    ['DELETE', 'DELETE', {}, '', 'method'],
    ['PUT', 'PUT', json, '{}', 'method'],
    ['plain text', 'POST', { 'Content-Type': 'text/plain' }, '{}', 'media_type'],
    ['a body over 8 KiB', 'POST', json, ' '.repeat(8193), 'too_large'],
    ['a body over 10 MB', 'POST', json, ' '.repeat(10 * 1024 * 1024 + 1), 'too_large'],
  ])("answers %s in the contract's words", async (_, method, headers, body, code) => {
    const answer = await send(`${server.url}/start_verification`, { method, headers }, body);
    expect(expectHttpAnswer(answer)).toBe(code);
  });

  test.each(['/', '/start', '/start_verification/', '/2015-03-31/functions//invocations', '/%', '//', '/..'])(
    'POST %s is answered with the paths that there are',
    async (path) => {
      const answer = await send(server.url, { path, method: 'POST' }, '{}');
      expect(answer).toMatchObject({
        statusCode: 404,
        headers: {
          'Content-Type': 'application/json',
          'Cache-Control': 'no-store',
          'X-Request-Id': expect.stringMatching(/^[\da-f-]{36}$/),
        },
      });
      const envelope: unknown = JSON.parse(answer.body);
      expect(expectEnvelope(envelope)).toBe('failed');
      expect(envelope).toMatchObject({ error: expect.stringContaining('POST /check_verification') });
    },
  );

  test('serves 200 callers at once, each with an answer and a request id of its own', async () => {
    const phones = Array.from({ length: 200 }, (_, index) => number(1000 + index));
    const answers = await Promise.all(phones.map((to_phone) => start({ to_phone })));
    expect(answers.map(expectHttpAnswer)).toEqual(phones.map(() => 'ok'));
    expect(new Set(answers.map(({ headers }) => headers['X-Request-Id'])).size).toBe(200);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(200);
    const reached = await Promise.all(phones.map((phone) => emulatorControl(world).messages(phone)));
    expect(reached.map(({ length }) => length)).toEqual(phones.map(() => 1));
  });

  test('lives on when clients leave in the middle of a body', async () => {
    for (let left = 0; left < 20; left++) {
      const socket = connect(server.port, '127.0.0.1');
      await once(socket, 'connect');
      const head = 'POST /start_verification HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{';
      await new Promise((written) => {
        socket.write(head, written);
      });
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    expect(expectHttpAnswer(await start({}))).toBe('invalid_input');
  });
});

describe('the list of addresses', () => {
  test('is text for curl and a page for a browser, and names the API, Invoke and the emulator', async () => {
    const text = await send(server.url, { headers: { Accept: '*/*' } });
    const page = await send(server.url, { headers: { Accept: 'text/html,*/*;q=0.8' } });
    expect(text.headers['Content-Type']).toBe('text/plain; charset=utf-8');
    expect(page.headers['Content-Type']).toBe('text/html; charset=utf-8');
    for (const { statusCode, body } of [text, page]) {
      expect(statusCode).toBe(200);
      expect(body).toContain(`POST ${server.url}/start_verification`);
      expect(body).toContain('/2015-03-31/functions/NAME/invocations');
      expect(body).toContain(`${world.emulatorUrl}/_emulator/messages`);
    }
  });

  test('is true: its curl line sends a code', async () => {
    const { body } = await send(server.url, {});
    const [, url = '', sent = ''] = /curl -s (\S+) -H \S+ \S+ -d '([^']+)'/.exec(body) ?? [];
    expect(expectHttpAnswer(await postJson(url, sent))).toBe('ok');
    const [, messages = ''] = /curl -s '([^']+)'/.exec(body) ?? [];
    expect(await (await fetch(messages)).json()).toHaveLength(1);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeFor } from '../../functions/compose/all-ports.ts';
import { startWorld, type World } from '../../local/world.ts';
import { expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import { serve, type TestService, unlimited } from '../support/service.ts';

const app = 'https://app.example.com';

let world: World;
let service: TestService;
beforeAll(async () => {
  world = await startWorld({ twilio: 'emulator', policy: unlimited });
  const { corsOrigins } = composeFor([], { ...world.env, CORS_ORIGINS: `${app} https://www.example.com` });
  service = serve(world, () => ({ corsOrigins }));
});
afterAll(() => world.close());

const asked = async (origin: string, body: object): Promise<HttpAnswer> => {
  const headers = { 'Content-Type': 'application/json', Origin: origin };
  return (await service.start(restEvent(body, { headers }))) as HttpAnswer;
};

test.each([
  ['ok', { to_phone: '+14155552671' }],
  ['invalid_input', { to_phone: 'nobody' }],
])('a page of a named origin may read the answer %s', async (code, body) => {
  const answer = await asked(app, body);
  expect(expectHttpAnswer(answer)).toBe(code);
  expect(answer.headers).toMatchObject({ 'Access-Control-Allow-Origin': app, Vary: 'Origin' });
});

test('a page of another origin may not, though its visitor’s request is answered', async () => {
  const answer = await asked('https://evil.example', { to_phone: '+14155552672' });
  expect(expectHttpAnswer(answer)).toBe('ok');
  expect(answer.headers).not.toHaveProperty('Access-Control-Allow-Origin');
});

test('nothing is said of pages where no origins are set', () => {
  expect(composeFor([], world.env).corsOrigins).toEqual([]);
});

import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmulator } from '../../local/emulator/server.ts';
import { accountSid, defaultServiceSid } from '../../local/emulator/sids.ts';
import { type Harness, newestCode, startHarness, startTime } from '../support/openapi/emulator-harness.ts';

const to = '+14155552671';

let world: Harness;
beforeEach(async () => {
  world = await startHarness();
});
afterEach(async () => {
  await world.close();
});

const basic = `Basic ${Buffer.from(`${accountSid}:emulator-token`).toString('base64')}`;

/** A start on the bare wire: what the official client would make of a fault is not the question here. */
const rawStart = () =>
  fetch(`${world.url}/v2/Services/${defaultServiceSid}/Verifications`, {
    method: 'POST',
    headers: { authorization: basic },
    body: new URLSearchParams({ To: to, Channel: 'sms' }),
  });

const fault = async (body: Record<string, unknown>) => {
  const reply = await world.control('POST', 'faults', { path: '/Verifications', ...body });
  expect(reply.status).toBe(200);
};

test('messages are found by recipient, with a plus sign that was encoded or not', async () => {
  await world.start(to);
  await world.start('+34600000000');
  for (const query of [`?to=${to}`, '?to=%2B14155552671']) {
    const reply = await fetch(`${world.url}/_emulator/messages${query}`);
    expect(await reply.json()).toEqual([expect.objectContaining({ to })]);
  }
  expect((await world.control('GET', 'messages')).body).toHaveLength(2);
  expect((await world.control('GET', 'messages?to=%2B1999')).body).toEqual([]);
});

test('a fault with a code answers as Twilio would, for as many requests as it says', async () => {
  await fault({ code: 20429, status: null, times: 2, headers: { 'Retry-After': '7' } });
  for (const _ of [1, 2]) {
    await expect(world.start(to)).rejects.toMatchObject({ status: 429, code: 20429 });
    expect(world.http.lastHeaders['retry-after']).toBe('7');
  }
  expect(await world.start(to)).toMatchObject({ status: 'pending' });
  expect(await world.messages(to)).toHaveLength(1);
});

test('a fault without a code answers a page, or the body it was given', async () => {
  await fault({ status: 503 });
  const page = await rawStart();
  expect(page.status).toBe(503);
  expect(page.headers.get('content-type')).toBe('text/html');
  expect(await page.text()).toContain('<html>');
  await fault({ status: 502, body: '' });
  const empty = await rawStart();
  expect([empty.status, await empty.text()]).toEqual([502, '']);
  expect(await world.messages(to)).toEqual([]);
});

test('a fault after the effect loses the answer, not the message', async () => {
  await fault({ status: 500, after_effect: true });
  expect((await rawStart()).status).toBe(500);
  expect(await world.messages(to)).toHaveLength(1);
});

test('a cut connection before or after the effect', async () => {
  await fault({ drop: true });
  await expect(rawStart()).rejects.toThrow();
  expect(await world.messages(to)).toHaveLength(0);
  await fault({ drop: true, after_effect: true });
  await expect(rawStart()).rejects.toThrow();
  expect(await world.messages(to)).toHaveLength(1);
});

test('a delay alone answers late what would have been answered', async () => {
  await fault({ delay_ms: 5 });
  expect((await rawStart()).status).toBe(201);
  await fault({ delay_ms: 5, after_effect: true });
  expect((await rawStart()).status).toBe(201);
  expect(await world.messages(to)).toHaveLength(2);
});

test('faults match text or a regular expression and a method, and can be listed and cleared', async () => {
  await fault({ path: 'Verifications$', status: 500 });
  await fault({ path: 'Services', method: 'DELETE', status: 500 });
  await fault({ path: '(', status: 500 });
  const { sid } = await world.service.fetch();
  expect(sid).toBe(defaultServiceSid);
  expect((await world.control('GET', 'faults')).body).toEqual([
    expect.objectContaining({ path: 'Verifications$', times: 1 }),
    expect.objectContaining({ path: 'Services', method: 'DELETE' }),
    expect.objectContaining({ path: '(' }),
  ]);
  await expect(world.start(to)).rejects.toMatchObject({ status: 500 });
  expect((await world.control('DELETE', 'faults')).body).toEqual([]);
});

test.each([
  ['faults', { path: 'x' }, 'one of status, code, body, delay_ms and drop is needed'],
  ['faults', { path: 'x', status: 500, tiems: 1 }, 'tiems is not a field here'],
  ['faults', { path: 'x', code: 99_999 }, 'status is needed with a code that the emulator does not know'],
  ['faults', { status: 500 }, /^path: /],
  ['faults', { path: 'x', status: 500, times: 0 }, /^times: /],
  ['clock', { advance_ms: -1 }, /^advance_ms: /],
  ['clock', { advance: 1 }, /advance is not a field here/],
  ['settings', { chanels: [] }, 'chanels is not a field here'],
  ['settings', { ttl_seconds: 0 }, /^ttl_seconds: /],
  ['credentials', { api_key_sid: `SK${'1'.repeat(32)}` }, 'api_key_sid and api_key_secret go together'],
  ['reset', { everything: true }, 'everything is not a field here'],
])('a wrong control request to %s is refused by name: %j', async (path, body, error) => {
  const reply = await world.control('POST', path, body);
  expect(reply).toEqual({ status: 400, body: { error: expect.stringMatching(error) } });
});

test('a control body that is not JSON, an unknown control path and a wrong method are refused', async () => {
  const broken = await fetch(`${world.url}/_emulator/clock`, { method: 'POST', body: '{' });
  expect([broken.status, await broken.json()]).toEqual([400, { error: 'The body is not JSON' }]);
  expect((await world.control('GET', 'nothing')).status).toBe(404);
  expect((await world.control('GET', 'reset')).status).toBe(405);
});

test('requests are recorded with their path and status, control requests are not', async () => {
  await world.start(to);
  await fault({ drop: true });
  await expect(rawStart()).rejects.toThrow();
  const path = `/v2/Services/${defaultServiceSid}/Verifications`;
  const at = new Date(startTime).toISOString();
  expect((await world.control('GET', 'requests')).body).toEqual([
    { method: 'POST', path, status: 201, at },
    { method: 'POST', path, status: null, at },
  ]);
});

test('credentials are added and revoked at run time', async () => {
  const sid = `SK${'1'.repeat(32)}`;
  const fetchService = (user: string, password: string) =>
    world.connect(user, password).verify.v2.services(defaultServiceSid).fetch();
  await world.control('POST', 'credentials', { api_key_sid: sid, api_key_secret: 'second' });
  expect(await fetchService(sid, 'second')).toMatchObject({ sid: defaultServiceSid });
  const { body } = await world.control('POST', 'credentials', {
    auth_token: 'next',
    revoke: [`SK${'0'.repeat(32)}`],
  });
  expect(body).toEqual({ api_key_sids: [sid] });
  await expect(fetchService(`SK${'0'.repeat(32)}`, 'emulator-secret')).rejects.toMatchObject({ code: 20003 });
  await expect(fetchService(accountSid, 'emulator-token')).rejects.toMatchObject({ code: 20003 });
  expect(await fetchService(accountSid, 'next')).toMatchObject({ sid: defaultServiceSid });
});

test('keys are managed over the API by the token or a Main key, and open the account at once', async () => {
  const { newApiKey, getApiKeys, apiKey } = world.client.iam.v1;
  const made = await newApiKey.create({ accountSid, friendlyName: 'rotation' });
  const client = world.connect(made.sid, made.secret);
  expect(await client.verify.v2.services(defaultServiceSid).fetch()).toMatchObject({
    friendlyName: 'Emulator',
  });
  await expect(client.iam.v1.newApiKey.create({ accountSid })).rejects.toMatchObject({ code: 20003 });
  expect((await getApiKeys.list({ accountSid })).map(({ sid }) => sid)).toContain(made.sid);
  expect(await apiKey(made.sid).update({ friendlyName: 'old' })).toMatchObject({ friendlyName: 'old' });
  expect(await apiKey(made.sid).remove()).toBe(true);
  await expect(client.verify.v2.services(defaultServiceSid).fetch()).rejects.toMatchObject({ status: 401 });
  const main = `SK${'2'.repeat(32)}`;
  await world.control('POST', 'credentials', { api_key_sid: main, api_key_secret: 'main', main: true });
  expect(await world.connect(main, 'main').iam.v1.newApiKey.create({ accountSid })).toMatchObject({
    policy: null,
  });
  expect(world.http.problems).toEqual([]);
});

test('a reset forgets everything but the switches of the start', async () => {
  await using emulator = await startWithSwitch();
  const post = (path: string, body: unknown) =>
    fetch(`${emulator.url}/_emulator/${path}`, { method: 'POST', body: JSON.stringify(body) });
  await post('settings', { body_form: 'captured', trial: true });
  await post('clock', { advance_ms: 1000 });
  await post('faults', { path: 'x', status: 500 });
  await post('credentials', { auth_token: 'other' });
  await post('reset', {});
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${emulator.url}/_emulator/${path}`)).json();
  expect(await get('settings')).toMatchObject({ body_form: 'spec', trial: false });
  expect(await get('clock')).toEqual({ now: new Date(startTime).toISOString() });
  expect(await get('faults')).toEqual([]);
  const service = await fetch(`${emulator.url}/v2/Services/${defaultServiceSid}`, {
    headers: { authorization: basic },
  });
  expect(service.status).toBe(200);
});

const startWithSwitch = async () => {
  const emulator = await startEmulator({ clock: () => startTime, switches: { body_form: 'spec' } });
  return { ...emulator, [Symbol.asyncDispose]: () => emulator.close() };
};

test('lookups tell the line type under both paths, and what is wrong with a number', async () => {
  await world.control('POST', 'settings', { landline_prefixes: ['+4420'] });
  const { phoneNumbers } = world.client.lookups.v2;
  const mobile = await phoneNumbers(to).fetch({ fields: 'line_type_intelligence' });
  expect(mobile).toMatchObject({
    valid: true,
    countryCode: 'US',
    nationalFormat: '(415) 555-2671',
    lineTypeIntelligence: { type: 'mobile', carrierName: 'Emulated Network' },
    smsPumpingRisk: null,
  });
  const landline = await phoneNumbers('+442079460958').fetch({ fields: 'line_type_intelligence,sim_swap' });
  expect(landline).toMatchObject({
    lineTypeIntelligence: { type: 'landline' },
    simSwap: { errorCode: 60606 },
  });
  expect(await phoneNumbers('+141555526711').fetch()).toMatchObject({
    valid: false,
    validationErrors: ['TOO_LONG'],
    countryCode: null,
  });
  expect(await phoneNumbers('2079460958').fetch({ countryCode: 'GB' })).toMatchObject({
    phoneNumber: '+442079460958',
  });
  const unprefixed = await fetch(`${world.url}/v2/PhoneNumbers/+14155552671`, {
    headers: { authorization: basic },
  });
  expect(await unprefixed.json()).toMatchObject({ phone_number: to, valid: true });
  expect(world.http.problems).toEqual([]);
});

test('a port that is taken is refused in one sentence', async () => {
  const port = Number(new URL(world.url).port);
  await expect(startEmulator({ port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken; choose another with --port`,
  );
});

test('closing frees the port at once, with connections open and a delayed answer waiting', async () => {
  const emulator = await startEmulator();
  const idle = connect(emulator.port, '127.0.0.1');
  const closed = new Promise((resolve) => idle.once('close', resolve));
  idle.on('error', () => undefined);
  await fetch(`${emulator.url}/_emulator/faults`, {
    method: 'POST',
    body: JSON.stringify({ path: 'Services', delay_ms: 600_000 }),
  });
  const waiting = expect(fetch(`${emulator.url}/v2/Services`)).rejects.toThrow();
  const received = async (): Promise<number> =>
    ((await (await fetch(`${emulator.url}/_emulator/requests`)).json()) as unknown[]).length;
  while ((await received()) === 0);
  await emulator.close();
  await Promise.all([closed, waiting]);
  const again = createServer().listen(emulator.port, '127.0.0.1');
  await new Promise((resolve) => again.once('listening', resolve));
  expect(again.listening).toBe(true);
  again.close();
});

test('a code is sent again until it is used, then another one is made', async () => {
  await world.start(to);
  const first = await newestCode(world, to);
  await world.check(to, first);
  // One in a million is the same: three in a row are not.
  const codes = new Set([first]);
  for (const _ of [1, 2, 3]) {
    await world.start(to);
    const code = await newestCode(world, to);
    codes.add(code);
    await world.check(to, code);
  }
  expect(codes.size).toBeGreaterThan(1);
});

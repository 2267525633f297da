import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { startWorld, type World } from '../../local/world.ts';
import { emulatorControl } from '../support/emulator-control.ts';
import { type FunctionProcess, startFunctions } from '../support/function-process.ts';
import { httpApiEvent, proxyEvents, restEvent, scheduledEvent } from '../support/lambda-events.ts';
import { leaksIn } from '../support/leaks.ts';
import { unlimited } from '../support/service.ts';

const phone = '+14155552671';
const address = 'ada.lovelace@private.example.com';
/** A code that no emulator gives, and a number and an address in places where none belongs. */
const typedCode = 'Kx7Qw2Zr9';
const stray = '+442079460958';

/** Everything that can be told to be noisy, is. */
const noise = {
  AWS_LAMBDA_LOG_LEVEL: 'TRACE',
  POWERTOOLS_LOG_LEVEL: 'TRACE',
  POWERTOOLS_LOGGER_LOG_EVENT: 'true',
  POWERTOOLS_LOGGER_SAMPLE_RATE: '1',
  TWILIO_LOG_LEVEL: 'debug',
  NODE_DEBUG: 'http,https,net,tls,undici,fetch',
};

let world: World;
let emulator: ReturnType<typeof emulatorControl>;
/** What must be nowhere; codes are added as the emulator gives them out. */
const privates = new Set([phone, address, typedCode, stray, 'emulator-secret', 'emulator-token']);

const functions = (): FunctionProcess => startFunctions({ ...world.env, ...noise });
const aws = () => ({ region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

/** Codes of ten digits, so that none is found by chance. */
const lengthenCodes = async () => {
  const response = await fetch(`${world.emulatorUrl}/v2/Services/VA${'0'.repeat(32)}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`SK${'0'.repeat(32)}:emulator-secret`).toString('base64')}`,
    },
    body: new URLSearchParams({ CodeLength: '10' }),
  });
  expect(response.status).toBe(200);
};

beforeAll(async () => {
  world = await startWorld({ twilio: 'emulator', policy: unlimited });
  emulator = emulatorControl(world);
  await lengthenCodes();
  const secrets = new SecretsManagerClient({ ...aws(), endpoint: world.secrets.url });
  const { SecretString = '{}' } = await secrets.send(
    new GetSecretValueCommand({ SecretId: 'verify/destination-key' }),
  );
  privates.add(JSON.parse(SecretString).current);
});
afterAll(() => world.close());

/** A code for every recipient, for every kind of caller: sent, mistyped, and approved. */
const successes = async ({ invoke }: FunctionProcess): Promise<unknown[]> => {
  const answers: unknown[] = [];
  const direct = ['direct', (body: unknown) => body] as const;
  for (const [, event] of [...proxyEvents, direct])
    for (const [to_phone, channel] of [
      [phone, 'sms'],
      [address, 'email'],
    ] as const) {
      answers.push(await invoke('start_verification', event({ to_phone, channel, tags: { owner: stray } })));
      answers.push(await invoke('check_verification', event({ to_phone, code: typedCode })));
      const code = (await emulator.messages(to_phone)).at(-1)?.code ?? '';
      expect(code).toMatch(/^\d{10}$/);
      privates.add(code);
      answers.push(await invoke('check_verification', event({ to_phone, code })));
    }
  for (const { name } of catalog)
    for (const event of [{ canary: true, to: stray }, scheduledEvent()])
      answers.push(await invoke(name, event));
  return answers;
};

/** Inputs that hold a number, an address or a code where it does not belong. */
const oddInputs = [
  { to_phone: phone.slice(1) },
  { to_phone: `${phone}9999999` },
  { to_phone: address },
  { to_phone: phone, channel: 'email' },
  { to_phone: phone, channel: stray },
  { to_phone: phone, to: stray },
  { to_phone: phone, [stray]: stray },
  { to_phone: phone, [typedCode]: 1 },
  { to_phone: phone, [address]: 1 },
  { to_phone: { [phone]: [address] } },
  { to_phone: [phone, stray] },
  { to_phone: phone, code: `${typedCode}-${typedCode}` },
  { to_phone: phone, code: Number(phone) },
  { to_phone: phone, service_sid: stray },
  { to_phone: phone, service_sid: 'VAffffffffffffffffffffffffffffffff', code: typedCode },
  { to_phone: phone, locale: stray, tags: `{"${stray}": ${phone}}` },
  { to_phone: phone, identity: stray, client_ip: stray, idempotency_key: address },
  { to_phone: phone, custom_friendly_name: stray },
];

/** Requests that fail before any input is read. */
const oddRequests = [
  restEvent(`{"to_phone": "${phone}", ${address}`),
  restEvent(`${phone}`),
  restEvent(`to_phone=${encodeURIComponent(phone)}`, { headers: { 'Content-Type': `text/${stray}` } }),
  restEvent({ to_phone: phone }, { method: 'GET' }),
  restEvent({ to_phone: phone, locale: 'x'.repeat(9_000) }),
  httpApiEvent({ to_phone: phone }, { headers: { [stray]: stray, 'Idempotency-Key': stray } }),
  { ...restEvent(null), path: `/start_verification/${phone}`, queryStringParameters: { to: phone } },
  restEvent({ to_phone: phone }, { authorizer: { principalId: stray }, ip: stray }),
];

const refusals = async ({ invoke }: FunctionProcess): Promise<unknown[]> => {
  const answers: unknown[] = [];
  const events = [...oddInputs, ...oddInputs.map((input) => restEvent(input)), ...oddRequests];
  for (const event of events) for (const { name } of catalog) answers.push(await invoke(name, event));
  return answers;
};

/** Twilio's failures, each of which repeats the number as Twilio does. */
const faults = [
  { status: 400, code: 60200, message: `Invalid parameter \`To\`: ${phone}` },
  { status: 400, code: 99_999, message: `Never heard of ${phone}` },
  { status: 401, code: 20003, message: `Authenticate with emulator-secret for ${phone}` },
  { status: 403, code: 60410, message: `${phone} is blocked` },
  { status: 429, code: 60203, message: `Max send attempts reached for ${phone}` },
  { status: 500, body: `<html>${phone} ${address}</html>` },
  { status: 503, body: phone },
  { status: 201, body: `{"to":"${phone}"}` },
  { status: 201, body: `{"to":"${phone}",` },
  { drop: true },
  { drop: true, after_effect: true },
];

const failures = async ({ invoke }: FunctionProcess): Promise<unknown[]> => {
  const answers: unknown[] = [];
  const input = { to_phone: phone, code: typedCode };
  for (const fault of faults)
    for (const [name, path, body] of [
      ['start_verification', '/Verifications', { to_phone: phone }],
      ['check_verification', '/VerificationCheck', input],
    ] as const) {
      await emulator.control('faults', { path, times: 3, ...fault });
      answers.push(await invoke(name, restEvent(body)));
      await fetch(`${world.emulatorUrl}/_emulator/faults`, { method: 'DELETE' });
    }
  await emulator.control('faults', { path: '/VerificationCheck', delay_ms: 60_000 });
  answers.push(await invoke('check_verification', restEvent(input), { remaining: 500 }));
  // A message whose second line looks like a line of the stack.
  const trouble = `${phone} ${typedCode}\n    at ${address} (${stray})`;
  answers.push(await invoke('check_verification', restEvent(input), { trouble }));
  answers.push(await invoke('check_verification', input, { trouble }));
  return answers;
};

const storedItems = async (): Promise<unknown> => {
  const client = new DynamoDBClient({ ...aws(), endpoint: world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '' });
  return (await client.send(new ScanCommand({ TableName: world.env['VERIFY_TABLE_NAME'] }))).Items;
};

describe('with every log at its noisiest', () => {
  test('no number, address, code or secret is in any output, reply or stored item', async () => {
    const host = functions();
    const answers = [...(await successes(host)), ...(await refusals(host)), ...(await failures(host))];
    const output = await host.end();
    // The noise is there: Node's own, and a line and metrics for every request.
    expect(output).toMatch(/^(HTTP|NET|UNDICI|FETCH) \d+: /m);
    expect(output.match(/"request_id"/g)).toHaveLength(answers.length);
    expect(output.match(/"CloudWatchMetrics"/g)?.length).toBeGreaterThanOrEqual(2 * answers.length);
    expect(output).toContain('"reason":"unexpected"');
    expect(leaksIn(output, privates)).toEqual([]);
    expect(leaksIn(JSON.stringify(answers), privates)).toEqual([]);
    expect(leaksIn(JSON.stringify(await storedItems()), privates)).toEqual([]);
  });

  test('a leak that was planted is found, in whatever form', async () => {
    const host = functions();
    await host.invoke('start_verification', { to_phone: phone });
    const basic = Buffer.from(`SK${'0'.repeat(32)}:emulator-secret`).toString('base64');
    const planted = [
      `a log line about ${phone}`,
      `POST /v2/Services?To=${encodeURIComponent(phone)}`,
      `{"to":"${phone.slice(1)}"}`,
      `call ${phone.slice(2)} or 415-555-2671`,
      Buffer.from(`{"to_phone":"${phone}"}`).toString('base64'),
      address.toUpperCase(),
      encodeURIComponent(address),
      `Authorization: Basic ${basic}`,
      `code=${typedCode}`,
    ];
    for (const text of planted) {
      expect(leaksIn(text, privates)).not.toEqual([]);
      await host.print(text);
    }
    const output = await host.end();
    for (const text of planted) expect(output).toContain(text);
    expect(leaksIn(output, privates)).toContain(encodeURIComponent(phone));
  });
});

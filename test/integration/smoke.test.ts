import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { type Listening, listen, readBody, send } from '../../local/http-server.ts';
import { smoke } from '../../local/smoke/smoke.ts';
import { type AwsStandIn, startAwsStandIn } from '../support/aws-stand-in.ts';

const policy = JSON.stringify({
  test_numbers: [{ number: '+15005550100', code: '424242', expires: '2999-12-31' }],
});
const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}:live`;

/** The service on this machine, with all that its functions print. */
let service: ChildProcess;
let serviceUrl: string;
let printed = '';
/** Stands before the service as the gateway does, so that a test can break what clients see. */
let gateway: Listening;
let edge: (path: string, headers: IncomingHttpHeaders) => { status: number; headers: object } | undefined;
let parameters: Record<string, string>;
let standIn: AwsStandIn;

const startService = async (): Promise<void> => {
  service = spawn(process.execPath, ['local/commands/start.ts', '--port', '0'], {
    env: { ...process.env, VERIFY_POLICY: policy },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  service.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const [ready] = await once(service.stdout ?? service, 'data');
  serviceUrl = String(ready)
    .trim()
    .replace(/^ready /, '');
};

const startGateway = () =>
  listen(
    createServer(async (request, response) => {
      const body = (await readBody(request, 1024 * 1024)) ?? Buffer.alloc(0);
      const path = String(request.url).replace(/^\/stage\//, '/');
      const refused = edge(path, request.headers);
      if (refused !== undefined) return send(response, refused.status, { ...refused.headers }, '{}');
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(serviceUrl + path, { method: 'POST', headers, body: new Uint8Array(body) });
      const { 'content-length': _, ...kept } = Object.fromEntries(answer.headers);
      send(response, answer.status, kept, await answer.text());
    }),
    0,
  );

beforeAll(async () => {
  await startService();
  gateway = await startGateway();
  standIn = await startAwsStandIn({
    parameters: () => parameters,
    variables: { VERIFY_POLICY: policy },
    printed: () => printed,
    lambdaUrl: serviceUrl,
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: standIn.url,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  healthyStage();
});
afterAll(async () => {
  service.kill('SIGKILL');
  await gateway.close();
  await standIn.close();
});
afterEach(healthyStage);

function healthyStage(): void {
  edge = () => undefined;
  standIn.fault = () => undefined;
  parameters = {
    '/twilio-verify-phone/dev/api-url': `${gateway.url}/stage/`,
    ...Object.fromEntries(catalog.map(({ name }) => [`/twilio-verify-phone/dev/${name}-arn`, arnOf(name)])),
  };
}

/** Runs the smoke test; gives its lines without their durations. */
const run = async (token?: string): Promise<{ passed: boolean; lines: string[] }> => {
  const lines: string[] = [];
  const passed = await smoke({
    stage: 'dev',
    region: 'eu-west-1',
    token: token === undefined ? undefined : { header: 'Authorization', value: token },
    // What the service prints takes a few turns to arrive here.
    looks: 100,
    pause: () => turn(),
    clock: Date.now,
    say: (line) => lines.push(line.replace(/ \(\d+ ms\)$/, '')),
  });
  return { passed, lines };
};

const steps = [
  'stage dev is deployed',
  'the gateway answers',
  'gateway: a start without a number is refused',
  'gateway: a check without a number is refused',
  'gateway: a start answers pending',
  'gateway: the wrong code is refused',
  'gateway: the right code is approved',
  'direct: a start answers pending',
  'direct: the right code is approved',
  ...catalog.map(({ name }) => `direct: ${name} finds all it stands on`),
  'the log line of each request arrives',
  'the metrics of the requests arrive',
];

describe('a stage that works passes each step', () => {
  test('where it is public', async () => {
    expect(await run()).toEqual({ passed: true, lines: steps.map((step) => `ok    ${step}`) });
  });

  test('where it takes signed requests only, for which they are signed', async () => {
    edge = (_path, { authorization }) =>
      /^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/eu-west-1\/execute-api\/aws4_request/.test(
        authorization ?? '',
      )
        ? undefined
        : { status: 403, headers: { 'Verify-Error': 'blocked' } };
    expect(await run()).toMatchObject({ passed: true });
  });

  test('where it takes a token, which it is given', async () => {
    edge = (_path, { authorization }) =>
      authorization === 'Bearer right' ? undefined : { status: 403, headers: { 'Verify-Error': 'blocked' } };
    expect(await run('Bearer right')).toMatchObject({ passed: true });
    expect(await run('Bearer wrong')).toMatchObject({ passed: false });
  });
});

/** Each step, what is broken, and what the step then says. */
const breakages: readonly (readonly [step: string, how: string, broken: () => void, said: string])[] = [
  [
    'stage dev is deployed',
    'a parameter is missing',
    () => void delete parameters['/twilio-verify-phone/dev/api-url'],
    'SSM has no',
  ],
  [
    'stage dev is deployed',
    'a function is not active',
    () => {
      standIn.fault = (operation) => (operation === 'configuration' ? { State: 'Failed' } : undefined);
    },
    'not Active',
  ],
  [
    'stage dev is deployed',
    'the policy has no test number',
    () => {
      const LoggingConfig = { LogGroup: '/logs/x' };
      standIn.fault = (operation) =>
        operation === 'configuration' ? { State: 'Active', LoggingConfig } : undefined;
    },
    'no test number',
  ],
  [
    'the gateway answers',
    'nobody listens there',
    () => {
      parameters['/twilio-verify-phone/dev/api-url'] = 'http://127.0.0.1:9/';
    },
    'it failed with TypeError',
  ],
  [
    'gateway: a start without a number is refused',
    'the edge refuses everybody',
    () => {
      edge = () => ({ status: 403, headers: { 'Verify-Error': 'blocked' } });
    },
    'status_403, Verify-Error blocked',
  ],
  [
    'gateway: a check without a number is refused',
    'a route is missing',
    () => {
      edge = (path) => (path.startsWith('/check') ? { status: 404, headers: {} } : undefined);
    },
    'status_404',
  ],
  [
    'direct: a start answers pending',
    'the function throws',
    () => {
      standIn.fault = (operation) => (operation === 'invocations' ? { errorType: 'Error' } : undefined);
    },
    'the envelope is not the one',
  ],
  [
    'the log line of each request arrives',
    'lines are lost',
    () => {
      standIn.fault = (operation) => (operation === 'FilterLogEvents' ? { events: [] } : undefined);
    },
    'did not arrive',
  ],
  [
    'the metrics of the requests arrive',
    'metrics bear another name',
    () => {
      standIn.fault = (operation) => (operation === 'GetMetricStatistics' ? { Datapoints: [] } : undefined);
    },
    'did not arrive',
  ],
];

describe('a stage that does not work fails at the step that shows it', () => {
  test.each(breakages)('%s: %s', async (step, _how, breakIt, said) => {
    breakIt();
    const { passed, lines } = await run();
    expect(passed).toBe(false);
    expect(lines.slice(0, -1)).toEqual(steps.slice(0, steps.indexOf(step)).map((held) => `ok    ${held}`));
    expect(lines.at(-1)).toMatch(new RegExp(`^FAIL {2}${step}: .*${said}`));
    expect(lines.join()).not.toMatch(/15005550100|424242/);
  });
});

describe('npm run smoke', () => {
  const command = async (args: readonly string[]) => {
    const child = spawn(process.execPath, ['local/commands/smoke.ts', ...args], {
      env: { ...process.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      out.stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      out.stderr += chunk.toString();
    });
    const [code] = await once(child, 'close');
    return { code, ...out };
  };

  test('ends with 0 where all holds', async () => {
    const { code, stdout } = await command(['--stage', 'dev', '--region', 'eu-west-1']);
    expect(stdout.trim().split('\n')).toHaveLength(steps.length);
    expect(code).toBe(0);
  });

  test('ends with 1 where something does not', async () => {
    const ended = await command(['--stage', 'nowhere', '--region', 'eu-west-1', '--wait', '0']);
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining('FAIL  stage nowhere') });
  });

  test.each([[[]], [['--stage', 'dev', '--wait', 'long']], [['--nope']]])(
    'ends with 2 and how it is used for %j',
    async (args) => {
      expect(await command(args)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('--'),
      });
    },
  );
});

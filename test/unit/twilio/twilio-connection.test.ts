import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loopbackCertificate } from '../../support/loopback-certificate.ts';
import {
  bytes,
  json,
  type Reaction,
  type Script,
  type ScriptedServer,
  silence,
  startScriptedServer,
  twilioError,
} from '../../support/scripted-server.ts';
import { gateway, personal, refusalFrom, startRequest } from '../../support/twilio-gateway.ts';

const sid = `VE${'a'.repeat(32)}`;
const sent = json(201, { sid, status: 'pending' });
/** The bytes of an answer with this SID, to be put together with others. */
const answer = (answeredSid: string, headers = ''): string => {
  const body = JSON.stringify({ sid: answeredSid, status: 'pending' });
  return `HTTP/1.1 201 Created\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
};

const servers: ScriptedServer[] = [];
const sockets: net.Socket[] = [];
const serve = async (reactions: readonly Reaction[], script: Partial<Script> = {}) => {
  const onConnection = (socket: net.Socket) => void sockets.push(socket);
  const server = await startScriptedServer({ reactions, onConnection, ...script });
  servers.push(server);
  return server;
};
afterEach(async () => {
  sockets.length = 0;
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Lets Node take a connection back after an answer: a request in the very same moment would open another. */
const handedBack = () => new Promise((resolve) => setImmediate(resolve));
const connectionsOf = ({ requests }: ScriptedServer) => requests.map(({ connection }) => connection);

describe('a connection that is kept', () => {
  it.each([
    ['the server closed while it idled', sent],
    ['the server said it would close', bytes(answer(sid, 'Connection: close\r\n'))],
    ['the server keeps for a second only', bytes(answer(sid, 'Keep-Alive: timeout=1\r\n'))],
  ])('is not used again where %s', async (_name, reaction) => {
    const server = await serve([reaction, sent]);
    const twilio = gateway(server.url);
    await twilio.start(startRequest);
    await handedBack();
    const [socket] = sockets;
    if (reaction === sent) socket?.end();
    if (socket?.closed === false) await once(socket, 'close');
    await twilio.start(startRequest);
    expect(connectionsOf(server)).toEqual([1, 2]);
  });

  it('never answers with what came before it was asked', async () => {
    const unasked = `VE${'b'.repeat(32)}`;
    const server = await serve([bytes(answer(sid) + answer(unasked)), sent]);
    const twilio = gateway(server.url);
    expect(await twilio.start(startRequest)).toMatchObject({ sid });
    await handedBack();
    expect(await twilio.start(startRequest)).toMatchObject({ sid });
  });

  it('is not used again after a call whose time was over', async () => {
    const server = await serve([silence, sent]);
    const twilio = gateway(server.url, { timing: { wholeMs: 1_000 } });
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(over.signal);
    const call = refusalFrom(twilio.start(startRequest));
    await vi.waitUntil(() => server.requests.length === 1);
    over.abort();
    expect((await call).code).toBe('upstream_timeout');
    if (sockets[0]?.closed === false) await once(sockets[0], 'close');
    await twilio.start(startRequest);
    vi.restoreAllMocks();
    expect(connectionsOf(server)).toEqual([1, 2]);
  });

  it('is used again after an answer in pieces, and after hints that went before it', async () => {
    const chunked =
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `5\r\n{"sid\r\n${(3 + sid.length + 2).toString(16)}\r\n":"${sid}"}\r\n0\r\n\r\n`;
    const server = await serve([bytes(chunked), sent]);
    const twilio = gateway(server.url);
    for (let call = 0; call < 2; call += 1) {
      expect(await twilio.start(startRequest)).toMatchObject({ sid });
      await handedBack();
    }
    expect(connectionsOf(server)).toEqual([1, 1]);
  });
});

describe('a request', () => {
  it.each([
    ['closes its half', (socket) => socket.end()],
    [
      'wants to speak another protocol',
      bytes('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
    ['sends a head without an end', bytes(`HTTP/1.1 201 Created\r\nX: ${'x'.repeat(20_000)}`)],
  ] satisfies [string, Reaction][])('to a server that %s may have had effect', async (_name, reaction) => {
    const server = await serve([reaction]);
    expect(await refusalFrom(gateway(server.url).start(startRequest))).toMatchObject({
      code: 'upstream_error',
      details: { reason: 'twilio_cut', effect: 'unknown' },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('waits for its connection no longer than the whole time', async () => {
    const server = await serve([sent], { onConnection: () => {} });
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(over.signal);
    const timing = { connectMs: 3_600_000 };
    const call = refusalFrom(gateway(server.url.replace('http:', 'https:'), { timing }).start(startRequest));
    await vi.waitUntil(() => server.connections() === 1);
    over.abort();
    expect((await call).code).toBe('upstream_timeout');
    vi.restoreAllMocks();
    expect(server.requests).toHaveLength(0);
  });

  it('is not repeated once the whole time is over, whatever the clock says', async () => {
    const server = await serve([twilioError(429, 20429), sent]);
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(over.signal);
    const timing = { pause: async () => over.abort() };
    const error = await refusalFrom(gateway(server.url, { timing }).start(startRequest));
    vi.restoreAllMocks();
    expect(error.code).toBe('upstream_timeout');
    expect(server.requests).toHaveLength(1);
  });

  it('reads headers in any case', async () => {
    const { url } = await serve([twilioError(429, 60203, '', { 'RETRY-AFTER': '7' })]);
    expect((await refusalFrom(gateway(url).start(startRequest))).details.retryAfter).toBe(7);
  });
});

describe('a process of its own', () => {
  it('is not held open by idle connections, and prints nothing of a request even where Node is told to print all', async () => {
    const server = await serve([sent], { secure: true });
    const folder = mkdtempSync(join(tmpdir(), 'authority-'));
    const authority = join(folder, 'ca.pem');
    writeFileSync(authority, loopbackCertificate.cert);
    const module = JSON.stringify(new URL('../../../functions/adapters/twilio-verify.ts', import.meta.url));
    const { number, password } = personal;
    const secret = { accountSid: 'AC', username: 'SK', password, services: [] };
    const program = `
      import { setImmediate } from 'node:timers/promises';
      const { createTwilioVerify } = await import(${module});
      const secrets = { current: async () => (${JSON.stringify(secret)}) };
      const twilio = createTwilioVerify({ secrets, baseUrl: '${server.url}', fallbackChannels: [], clock: () => 0 });
      await twilio.start({ service: 'VA', destination: '${number}', channel: 'sms' });
      await setImmediate();
      console.log(JSON.stringify(process.getActiveResourcesInfo()));`;
    const env = { NODE_EXTRA_CA_CERTS: authority, NODE_DEBUG: 'http,https,net,tls,stream,undici,fetch' };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { env: { PATH: process.env['PATH'], ...env }, maxBuffer: 16 * 1024 * 1024 },
    );
    rmSync(folder, { recursive: true });
    const holding: string[] = JSON.parse(stdout);
    expect(holding.filter((resource) => /TCP|TLS|Timeout/.test(resource))).toEqual([]);
    expect(stderr).toContain('HTTPS');
    for (const secretText of [number.slice(1), password, 'Authorization', 'Basic'])
      expect(stderr).not.toContain(secretText);
  });
});

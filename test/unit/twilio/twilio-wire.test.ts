import dns from 'node:dns';
import type net from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTwilioHttp } from '../../../functions/adapters/twilio-http-client.ts';
import { type ErrorCode, errorCatalogue } from '../../../functions/runtime/errors.ts';
import { twilioErrorTable } from '../../../functions/verify/twilio-error-table.ts';
import { loopbackCertificate } from '../../support/loopback-certificate.ts';
import {
  bytes,
  cut,
  json,
  type Reaction,
  reply,
  type Script,
  type ScriptedServer,
  silence,
  startScriptedServer,
  twilioError,
} from '../../support/scripted-server.ts';
import {
  checkRequest,
  gateway,
  personal,
  refusalFrom,
  secretWith,
  service,
  startRequest,
} from '../../support/twilio-gateway.ts';

const sid = `VE${'a'.repeat(32)}`;
const pending = { sid, status: 'pending', valid: false, date_created: '2026-01-02T03:04:05Z' };
const sent = json(201, pending);
const approved = json(200, { ...pending, status: 'approved', valid: true });

const servers: ScriptedServer[] = [];
const serve = async (reactions: readonly Reaction[], script: Partial<Script> = {}) => {
  const server = await startScriptedServer({ reactions, ...script });
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Lets Node take a connection back after an answer: a request in the very same moment would open another. */
const handedBack = () => new Promise((resolve) => setImmediate(resolve));

const freePort = async (): Promise<number> => {
  const server = await startScriptedServer({ reactions: [] });
  await server.close();
  return server.port;
};

describe('a start', () => {
  it('asks as Twilio documents it', async () => {
    const server = await serve([sent]);
    await gateway(`${server.url}/prefix`).start({
      ...startRequest,
      locale: 'pt-BR',
      appHash: 'abc/def+ghi',
      customFriendlyName: 'Ä & Co',
      templateSid: `HJ${'1'.repeat(32)}`,
      amount: '€ 5',
      payee: 'Shop',
      deviceIp: '192.0.2.1',
      tags: { a: 'b' },
    });
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: `/prefix/v2/Services/${service}/Verifications` });
    expect(request?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from(`SK${'0'.repeat(32)}:${personal.password}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^twilio-node\//),
    });
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      To: personal.number,
      Channel: 'sms',
      Locale: 'pt-BR',
      AppHash: 'abc/def+ghi',
      CustomFriendlyName: 'Ä & Co',
      TemplateSid: `HJ${'1'.repeat(32)}`,
      Amount: '€ 5',
      Payee: 'Shop',
      DeviceIp: '192.0.2.1',
      Tags: '{"a":"b"}',
    });
  });

  it('leaves out what was not given', async () => {
    const server = await serve([sent]);
    await gateway(server.url).start({ ...startRequest, locale: undefined, tags: undefined });
    expect(Object.fromEntries(server.requests[0]?.form ?? [])).toEqual({
      To: personal.number,
      Channel: 'sms',
    });
  });

  it('tells when the verification was first started', async () => {
    const { url } = await serve([sent, json(201, { ...pending, date_created: 'soon' })]);
    const twilio = gateway(url);
    expect(await twilio.start(startRequest)).toEqual({ sid, createdAt: Date.UTC(2026, 0, 2, 3, 4, 5) });
    expect(await twilio.start(startRequest)).toEqual({ sid, createdAt: 1_000 });
  });

  it.each([
    ['60200', twilioError(400, 60200, 'Invalid parameter: Locale')],
    ['404', twilioError(404, 20404)],
    ['60331', twilioError(400, 60331)],
  ])('is repeated once without a locale that Twilio refuses with %s', async (_name, refused) => {
    const server = await serve([refused, sent]);
    expect(await gateway(server.url).start({ ...startRequest, locale: 'xx' })).toMatchObject({ sid });
    expect(server.requests.map(({ form }) => form.get('Locale'))).toEqual(['xx', null]);
  });

  it('is not repeated for a refused locale that it did not name, nor twice', async () => {
    const server = await serve([twilioError(404, 20404)]);
    const error = await refusalFrom(gateway(server.url).start(startRequest));
    expect(error.code).toBe('misconfigured');
    expect(server.requests).toHaveLength(1);
    await refusalFrom(gateway(server.url).start({ ...startRequest, locale: 'xx' }));
    expect(server.requests).toHaveLength(3);
  });

  it('names the channels that are left for the destination', async () => {
    const { url } = await serve([twilioError(403, 60205)]);
    const sentence = async (request: Partial<typeof startRequest>) =>
      (await refusalFrom(gateway(url).start({ ...startRequest, ...request }))).details.sentence;
    expect(await sentence({})).toMatch(/: call$/);
    expect(await sentence({ channel: 'call' })).toMatch(/another number/);
  });
});

describe('a check', () => {
  it('asks as Twilio documents it and tells right from wrong', async () => {
    const server = await serve([approved, json(200, pending)]);
    const twilio = gateway(server.url);
    expect(await twilio.check({ ...checkRequest, amount: '5', payee: 'Shop' })).toEqual({
      sid,
      approved: true,
    });
    expect(await twilio.check(checkRequest)).toEqual({ sid, approved: false });
    expect(server.requests[0]?.path).toBe(`/v2/Services/${service}/VerificationCheck`);
    expect(Object.fromEntries(server.requests[0]?.form ?? [])).toEqual({
      To: personal.number,
      Code: personal.code,
      Amount: '5',
      Payee: 'Shop',
    });
  });

  it.each([
    ['max_attempts_reached', 'max_attempts'],
    ['canceled', 'no_verification'],
    ['expired', 'no_verification'],
  ])('of a verification that is %s is %s', async (status, error) => {
    const { url } = await serve([json(200, { ...pending, status })]);
    expect((await refusalFrom(gateway(url).check(checkRequest))).code).toBe(error);
  });
});

describe('what the SDK gives to send', () => {
  it('is encoded as its own client does', async () => {
    const server = await serve([json(200, {})]);
    const client = createTwilioHttp({ baseUrl: server.url, clock: () => 0 })();
    const at = new Date(0);
    await client.request({
      method: 'post',
      uri: 'https://lookups.twilio.com/v2/PhoneNumbers',
      headers: {},
      params: { Fields: ['a', 'b&c'], at, left: undefined },
      data: { list: [1, 2], flag: false, none: null, at, left: undefined },
    });
    const [request] = server.requests;
    expect(request?.path).toBe(
      '/lookups/v2/PhoneNumbers?Fields=a&Fields=b%26c&at=1970-01-01T00%3A00%3A00.000Z',
    );
    expect(request?.form.toString()).toBe('list=1&list=2&flag=false&none=&at=1970-01-01T00%3A00%3A00.000Z');
  });
});

describe('a probe', () => {
  it('fetches the service, and again after a 503', async () => {
    const server = await serve([reply(503, '<html>'), json(200, { sid: service })]);
    await gateway(server.url).probe(service);
    expect(server.requests.map(({ method, path }) => [method, path])).toEqual(
      Array(2).fill(['GET', `/v2/Services/${service}`]),
    );
  });
});

describe('an error of Twilio', () => {
  it('is classed over the wire as the table says, for every code', async () => {
    const rows = twilioErrorTable.map(({ codes, error, status }) => ({
      code: typeof codes === 'number' ? codes : codes[0],
      error: error as ErrorCode,
      status: status ?? 400,
    }));
    const answers = rows.map(({ code, status }) => twilioError(status, code, `To ${personal.number}`));
    // 20429 is asked three times, at once, which takes another connection.
    const server = await serve(
      rows.flatMap(({ code }, index) =>
        Array<Reaction>(code === 20429 ? 3 : 1).fill(answers[index] ?? silence),
      ),
    );
    const twilio = gateway(server.url);
    for (const { code, error } of rows) {
      await handedBack();
      const thrown = await refusalFrom(twilio.check(checkRequest));
      expect(thrown).toMatchObject({ code: error, details: { reason: `twilio_${code}` } });
    }
    expect(server.requests).toHaveLength(rows.length + 2);
    expect(server.connections()).toBeLessThanOrEqual(3);
  });

  it.each([
    ['HTML', 503, '<html>Unavailable</html>', 'upstream_unavailable'],
    ['an empty body', 500, '', 'upstream_error'],
    ['a list', 502, '[]', 'upstream_error'],
    ['null', 504, 'null', 'upstream_timeout'],
    ['a code that is text', 400, '{"code":"14155552671"}', 'upstream_error'],
    ['a code as long as a number', 400, '{"code":14155552671}', 'upstream_error'],
    ['a redirect', 307, '', 'upstream_error'],
  ])('with %s is classed by its status and not repeated', async (_name, status, body, error) => {
    const server = await serve([reply(status, body, { Location: 'http://127.0.0.1:9/' })]);
    expect(await refusalFrom(gateway(server.url).start(startRequest))).toMatchObject({
      code: error,
      details: {
        reason: `twilio_unknown_${status}`,
        effect: status >= 400 && status < 500 ? 'none' : 'unknown',
      },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('with a body that never ends is classed by its status, without waiting for more than anybody would read', async () => {
    const endless = bytes(`HTTP/1.1 500 Error\r\nContent-Length: 999999999\r\n\r\n${'x'.repeat(100_000)}`);
    const { url } = await serve([endless]);
    expect((await refusalFrom(gateway(url).start(startRequest))).details.reason).toBe('twilio_unknown_500');
  });

  it.each([
    ['seconds', '7', 7],
    ['broken seconds', '6.2', 7],
    ['a date', 'Thu, 01 Jan 1970 00:00:31 GMT', 30],
    ['a date gone by', 'Thu, 01 Jan 1970 00:00:00 GMT', 1],
    ['nonsense', 'later, 5', 600],
    ['more than a day', personal.number.slice(1), 86_400],
  ])('keeps a Retry-After in %s', async (_name, header, seconds) => {
    const { url } = await serve([twilioError(429, 60203, '', { 'Retry-After': header })]);
    expect((await refusalFrom(gateway(url).start(startRequest))).details.retryAfter).toBe(seconds);
  });

  it('tells the operator which request to ask Twilio about', async () => {
    const id = `RQ${'b'.repeat(32)}`;
    const { url } = await serve([twilioError(500, 20500, '', { 'Twilio-Request-Id': id })]);
    expect((await refusalFrom(gateway(url).start(startRequest))).details.fix).toContain(id);
  });
});

describe('a 421', () => {
  it('is asked again, once and over another connection, since it says that nothing was done', async () => {
    const server = await serve([reply(421, '')]);
    await refusalFrom(gateway(server.url).start(startRequest));
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});

describe('a success that cannot be read', () => {
  it.each([
    ['HTML', '<html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no sid', '{"status":"pending"}'],
    ['a sid of something else', JSON.stringify({ ...pending, sid: service })],
    ['a sid that is none', JSON.stringify({ ...pending, sid: { a: 1 } })],
  ])('(%s) may have had effect, and is not repeated', async (_name, body) => {
    const server = await serve([reply(201, body)]);
    expect(await refusalFrom(gateway(server.url).start(startRequest))).toMatchObject({
      code: 'upstream_error',
      details: { reason: 'twilio_unreadable', effect: 'unknown' },
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a connection', () => {
  const cutError = { code: 'upstream_error', details: { reason: 'twilio_cut', effect: 'unknown' } };

  it.each([
    ['before an answer', cut],
    ['by a server that answers nonsense', bytes('garbage\r\n\r\n')],
    [
      'in the middle of the body',
      (socket) => socket.end('HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"sid"'),
    ],
    [
      'in the middle of an error',
      (socket) => socket.end('HTTP/1.1 429 Slow down\r\nContent-Length: 500\r\n\r\n{"code"'),
    ],
    ['in the middle of the head', (socket) => socket.end('HTTP/1.1 201 Cre')],
  ] satisfies [string, Reaction][])(
    'cut %s may have had effect, and is not repeated',
    async (_name, reaction) => {
      const server = await serve([reaction]);
      expect(await refusalFrom(gateway(server.url).start(startRequest))).toMatchObject(cutError);
      expect(server.requests).toHaveLength(1);
    },
  );

  it('that was kept alive and is cut under the next request is not repeated', async () => {
    const server = await serve([sent, cut, sent]);
    const twilio = gateway(server.url);
    await twilio.start(startRequest);
    await handedBack();
    expect(await refusalFrom(twilio.start(startRequest))).toMatchObject(cutError);
    await twilio.start(startRequest);
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it('that idled too long by the clock is not used again', async () => {
    const server = await serve([sent]);
    let now = 0;
    const twilio = gateway(server.url, { clock: () => now });
    for (const idle of [0, 4_000, 4_001, 3_600_000]) {
      now += idle;
      await twilio.start(startRequest);
      await handedBack();
    }
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2, 3]);
  });

  it('that is refused is tried again, and nothing was sent', async () => {
    const port = await freePort();
    let server: ScriptedServer | undefined;
    const pauses: number[] = [];
    const pause = async (ms: number) => {
      pauses.push(ms);
      if (pauses.length === 2) server = await serve([sent], { port });
    };
    const timing = { pause, random: () => 0.999 };
    await gateway(`http://127.0.0.1:${port}`, { timing }).start(startRequest);
    expect(server?.requests).toHaveLength(1);
    expect(pauses).toEqual([99, 199]);
  });

  it.each([
    ['refused', '127.0.0.1'],
    ['refused at every address', 'localhost'],
  ])('that stays %s is unavailable, and nothing was sent', async (_name, host) => {
    const pause = vi.fn(async () => {});
    const twilio = gateway(`http://${host}:${await freePort()}`, { timing: { pause } });
    expect(await refusalFrom(twilio.start(startRequest))).toMatchObject({
      code: 'upstream_unavailable',
      details: { reason: 'twilio_connect', effect: 'none', retryAfter: 5 },
    });
    expect(pause).toHaveBeenCalledTimes(2);
  });

  it.each([
    [undefined, undefined, 'verify.twilio.com'],
    ['ie1', undefined, 'verify.ie1.twilio.com'],
    ['ie1', 'dublin', 'verify.dublin.ie1.twilio.com'],
  ])(
    'for region %s and edge %s goes to Twilio itself; nothing is sent where that has no address',
    async (region, edge, host) => {
      const lookup = vi
        .spyOn(dns, 'lookup')
        .mockImplementation(((_name: string, _options: object, done: (error: Error) => void) =>
          done(Object.assign(new Error(`no address ${host}`), { code: 'ENOTFOUND' }))) as never);
      const error = await refusalFrom(gateway('', { region, edge }).start(startRequest));
      expect(new Set(lookup.mock.calls.map(([name]) => name))).toEqual(new Set([host]));
      lookup.mockRestore();
      expect(error).toMatchObject({ code: 'upstream_unavailable', details: { effect: 'none' } });
    },
  );

  it('to an IPv6 address is made without asking for a name', async () => {
    const port = await freePort();
    const lookup = vi.spyOn(dns, 'lookup');
    const error = await refusalFrom(gateway(`http://[::1]:${port}`).start(startRequest));
    expect(lookup).not.toHaveBeenCalled();
    lookup.mockRestore();
    expect(error.code).toBe('upstream_unavailable');
  });

  it('that does not finish its handshake in time is given up, and nothing was sent', async () => {
    const server = await serve([sent], { onConnection: () => {} });
    const timing = { connectMs: 20 };
    const error = await refusalFrom(
      gateway(server.url.replace('http:', 'https:'), { timing }).start(startRequest),
    );
    expect(error).toMatchObject({ code: 'upstream_unavailable', details: { effect: 'none' } });
    expect(server.connections()).toBe(3);
    expect(server.requests).toHaveLength(0);
  });

  it('that is cut during its handshake is tried again', async () => {
    const server = await serve([sent], { onConnection: (socket) => socket.resetAndDestroy() });
    const error = await refusalFrom(gateway(server.url.replace('http:', 'https:')).start(startRequest));
    expect(error).toMatchObject({ code: 'upstream_unavailable', details: { effect: 'none' } });
    expect(server.connections()).toBe(3);
  });
});

describe('over TLS', () => {
  it('a certificate that nobody vouches for is refused before anything is sent', async () => {
    const server = await serve([sent], { secure: true });
    const error = await refusalFrom(gateway(server.url).start(startRequest));
    expect(error).toMatchObject({ code: 'upstream_unavailable', details: { effect: 'none' } });
    expect(server.requests).toHaveLength(0);
  });

  describe('with a trusted certificate', () => {
    beforeAll(() => {
      const trusted = tls.getCACertificates('default');
      tls.setDefaultCACertificates([...trusted, loopbackCertificate.cert]);
      return () => tls.setDefaultCACertificates(trusted);
    });

    it.each([
      ['127.0.0.1', false],
      ['localhost', 'localhost'],
    ])('%s is asked by its name, and the session kept for a reconnect', async (host, name) => {
      const names: unknown[] = [];
      const onConnection = (socket: net.Socket) => names.push((socket as tls.TLSSocket).servername);
      const server = await serve([sent], { secure: true, onConnection });
      let now = 0;
      const twilio = gateway(`https://${host}:${server.port}`, { clock: () => now });
      const watch = vi.spyOn(tls, 'connect');
      for (now of [0, 10_000]) await twilio.start(startRequest);
      const last = watch.mock.results.at(-1)?.value as tls.TLSSocket;
      expect(last.isSessionReused()).toBe(true);
      watch.mockRestore();
      expect(names).toEqual([name, name]);
      expect(server.requests.map(({ connection }) => connection)).toEqual([1, 2]);
    });

    it('a certificate for another name is refused before anything is sent', async () => {
      const server = await serve([sent], { secure: true });
      const error = await refusalFrom(gateway(`https://127.0.0.2:${server.port}`).start(startRequest));
      expect(error).toMatchObject({ code: 'upstream_unavailable', details: { effect: 'none' } });
      expect(server.requests).toHaveLength(0);
    });
  });
});

describe('the whole time', () => {
  const timing = { wholeMs: 30 };
  it.each([
    ['the head', silence],
    ['the body', bytes('HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"sid"')],
    ['the body of an error', bytes('HTTP/1.1 500 Error\r\nContent-Length: 500\r\n\r\n{"code"')],
  ])('ends a wait for %s, and nobody knows whether it had effect', async (_name, reaction) => {
    const server = await serve([reaction]);
    expect(await refusalFrom(gateway(server.url, { timing }).start(startRequest))).toMatchObject({
      code: 'upstream_timeout',
      details: { reason: 'twilio_timeout', effect: 'unknown' },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('is shared by the repeats that belong to one call', async () => {
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(over.signal);
    const server = await serve([twilioError(400, 60200, 'Invalid parameter: Locale'), () => over.abort()]);
    const call = gateway(server.url).start({ ...startRequest, locale: 'xx' });
    expect((await refusalFrom(call)).code).toBe('upstream_timeout');
    expect(AbortSignal.timeout).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
    expect(server.requests).toHaveLength(2);
  });

  it('leaves no retry to a connection that could not stand in time', async () => {
    const pause = vi.fn(async () => {});
    const tight = { pause, wholeMs: 1_000, connectMs: 1_000 };
    await refusalFrom(gateway(`http://127.0.0.1:${await freePort()}`, { timing: tight }).start(startRequest));
    expect(pause).not.toHaveBeenCalled();
  });
});

describe('a 429', () => {
  it.each([
    ['20429', twilioError(429, 20429)],
    ['no code', reply(429, '<html>')],
  ])('with %s is asked again, at most twice', async (_name, refused) => {
    const pauses: number[] = [];
    const timing = { random: () => 0.5, pause: async (ms: number) => void pauses.push(ms) };
    const server = await serve([refused, refused, sent, refused]);
    const twilio = gateway(server.url, { timing });
    expect(await twilio.start(startRequest)).toMatchObject({ sid });
    expect(await refusalFrom(twilio.start(startRequest))).toMatchObject({
      code: 'throttled',
      details: { retryAfter: 1, effect: 'none' },
    });
    expect(server.requests).toHaveLength(6);
    expect(pauses).toEqual([50, 100, 50, 100]);
  });

  it.each([60202, 60203, 60212, 25109])('with %i is never asked again', async (code) => {
    const server = await serve([twilioError(429, code, '', { 'Retry-After': '1' })]);
    await refusalFrom(gateway(server.url).start(startRequest));
    expect(server.requests).toHaveLength(1);
  });

  it('waits as long as Twilio asks where that fits the whole time, else leaves the wait to the caller', async () => {
    const pauses: number[] = [];
    const timing = { pause: async (ms: number) => void pauses.push(ms) };
    const asking = (seconds: string) => twilioError(429, 20429, '', { 'Retry-After': seconds });
    const server = await serve([asking('2'), sent, asking('5')]);
    const twilio = gateway(server.url, { timing });
    await twilio.start(startRequest);
    expect((await refusalFrom(twilio.start(startRequest))).details.retryAfter).toBe(5);
    expect(pauses).toEqual([2_000]);
    expect(server.requests).toHaveLength(3);
  });
});

describe('a credential that Twilio refuses', () => {
  const authenticated = (password: string): Reaction => {
    const right = `Basic ${Buffer.from(`SK${'0'.repeat(32)}:${password}`).toString('base64')}`;
    return (socket, request) =>
      (request.headers['authorization'] === right ? sent : twilioError(401, 20003))(socket, request);
  };

  it('is replaced once, for calls made at the same time too', async () => {
    const server = await serve([authenticated('new')]);
    const [old, renewed] = [secretWith('old'), secretWith('new')];
    let held = old;
    const replacementOf = vi.fn(async () => {
      held = renewed;
      return renewed;
    });
    const twilio = gateway(server.url, { secrets: { current: async () => held, replacementOf } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => twilio.start(startRequest)));
    expect(answers).toHaveLength(20);
    expect(replacementOf.mock.calls).toEqual(Array(20).fill([old]));
    expect(server.requests).toHaveLength(40);
  });

  it('and that was not replaced, or replaced by another wrong one, is for the operator to fix', async () => {
    const server = await serve([authenticated('right')]);
    const replacements = [undefined, secretWith('wrong too')];
    for (const replacement of replacements) {
      const secrets = { current: async () => secretWith('wrong'), replacementOf: async () => replacement };
      expect(await refusalFrom(gateway(server.url, { secrets }).check(checkRequest))).toMatchObject({
        code: 'misconfigured',
        details: { reason: 'twilio_20003', effect: 'none' },
      });
    }
    expect(server.requests).toHaveLength(3);
  });

  it.each([60603, 60604])('is not to blame for a 401 with %i', async (code) => {
    const replacementOf = vi.fn(async () => undefined);
    const { url } = await serve([twilioError(401, code)]);
    const secrets = { current: async () => secretWith('right'), replacementOf };
    expect((await refusalFrom(gateway(url, { secrets }).start(startRequest))).code).toBe('misconfigured');
    expect(replacementOf).not.toHaveBeenCalled();
  });
});

describe('whatever Twilio answers', () => {
  it('is a legal result or a legal error, and one request', async () => {
    let reaction: Reaction = silence;
    const server = await serve([(socket, request) => reaction(socket, request)]);
    const twilio = gateway(server.url);
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc
        .record({ code: fc.oneof(fc.integer(), fc.constantFrom(60200, 20404, 60202)), message: fc.string() })
        .map((error) => JSON.stringify(error)),
      fc
        .record(
          {
            sid: fc.constantFrom(sid, '', personal.number),
            status: fc.constantFrom('approved', 'pending', 'canceled', personal.number),
            date_created: fc.oneof(fc.jsonValue(), fc.constant('2026-01-02T03:04:05Z')),
          },
          { requiredKeys: [] },
        )
        .map((success) => JSON.stringify(success)),
    );
    const header = fc.string().map((text) => text.replace(/[^ -~]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 200, max: 599 }), body, header, async (status, text, after) => {
        // 421 and 429 are asked again, and 204, 205 and 304 have no body.
        fc.pre(![204, 205, 304, 421, 429].includes(status));
        reaction = reply(status, text, { 'Retry-After': after, 'Twilio-Request-Id': after });
        const before = server.requests.length;
        const result = await twilio.check(checkRequest).catch((thrown: unknown) => thrown);
        if (result instanceof Error) {
          const error = await refusalFrom(Promise.reject(result));
          expect(errorCatalogue).toHaveProperty(error.code);
        } else expect(result).toEqual({ sid, approved: expect.any(Boolean) });
        expect(server.requests.length - before).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  it('prints nothing, however noisily the SDK is set', async () => {
    vi.stubEnv('TWILIO_LOG_LEVEL', 'debug');
    vi.stubEnv('DEBUG', '*');
    const writes = [
      vi.spyOn(process.stdout, 'write').mockReturnValue(true),
      vi.spyOn(process.stderr, 'write').mockReturnValue(true),
      vi.spyOn(console, 'log'),
    ];
    const { url } = await serve([sent, twilioError(400, 60200, 'Invalid parameter `To`: +1'), cut]);
    const twilio = gateway(url);
    await twilio.start(startRequest);
    await twilio.check(checkRequest).catch(() => {});
    await twilio.check(checkRequest).catch(() => {});
    const counts = writes.map((write) => write.mock.calls.length);
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    expect(counts).toEqual([0, 0, 0]);
  });
});

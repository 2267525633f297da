import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { createTwilioVerify } from '../../../functions/adapters/twilio-verify.ts';
import { bundleOptions } from '../../../infra/bundling/bundle.ts';
import { twilioDeadModules } from '../../../infra/twilio-dead-modules.ts';
import {
  cut,
  json,
  type Reaction,
  reply,
  type ScriptedServer,
  startScriptedServer,
  twilioError,
} from '../../support/scripted-server.ts';
import { checkRequest, secretWith, service, startRequest } from '../../support/twilio-gateway.ts';

const sid = `VE${'a'.repeat(32)}`;
const sent = json(201, { sid, status: 'pending' });
const packagesOf = ({ inputs }: Metafile): Set<string> =>
  new Set(
    Object.keys(inputs).flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  );

const entryPoints = ['functions/adapters/twilio-verify.ts'];

describe('the bundled gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twilio-bundle-'));
  let module: { createTwilioVerify: typeof createTwilioVerify };
  let bundled: Metafile;
  let server: ScriptedServer;
  let reactions: readonly Reaction[];

  beforeAll(async () => {
    const outfile = join(folder, 'gateway.mjs');
    const { outExtension, ...options } = bundleOptions;
    bundled = (await build({ ...options, entryPoints, outfile, metafile: true })).metafile;
    module = await import(/* @vite-ignore */ pathToFileURL(outfile).href);
    server = await startScriptedServer({
      reactions: [
        (socket, request) => {
          const [next, ...rest] = reactions;
          reactions = rest;
          next?.(socket, request);
        },
      ],
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const bundledGateway = (answers: readonly Reaction[], baseUrl = server.url) => {
    reactions = answers;
    return module.createTwilioVerify({
      secrets: { current: async () => secretWith('old'), replacementOf: async () => secretWith('new') },
      baseUrl,
      region: 'ie1',
      edge: 'dublin',
      fallbackChannels: [],
      clock: () => 0,
      timing: { pause: async () => {} },
    });
  };

  it('starts, checks and probes without the modules that were taken out', async () => {
    const twilio = bundledGateway([
      twilioError(401, 20003),
      twilioError(429, 20429),
      twilioError(400, 60200, 'Invalid parameter: Locale'),
      sent,
      json(200, { sid, status: 'approved' }),
      reply(503, '<html>'),
      json(200, { sid: service }),
    ]);
    expect(await twilio.start({ ...startRequest, locale: 'xx', tags: { a: 'b' } })).toMatchObject({ sid });
    expect(await twilio.check(checkRequest)).toEqual({ sid, approved: true });
    await twilio.probe(service);
    expect(reactions).toEqual([]);
  });

  it.each([
    ['an error of Twilio', 'twilio_60203', twilioError(429, 60203)],
    ['an error that is not JSON', 'twilio_unknown_500', reply(500, '<html>')],
    ['a success that is not JSON', 'twilio_unreadable', reply(201, '<html>')],
    ['a cut connection', 'twilio_cut', cut],
  ])('fails with %s as it does unbundled', async (_name, reason, answer) => {
    await expect(bundledGateway([answer]).start(startRequest)).rejects.toMatchObject({ details: { reason } });
  });

  it('fails to connect as it does unbundled', async () => {
    const gone = await startScriptedServer({ reactions: [] });
    await gone.close();
    await expect(bundledGateway([], gone.url).start(startRequest)).rejects.toMatchObject({
      details: { reason: 'twilio_connect' },
    });
  });

  it('holds of other packages nothing but the Twilio SDK and dayjs', () => {
    expect(packagesOf(bundled)).toEqual(new Set(['twilio', 'dayjs']));
    const code = Object.entries(bundled.outputs).filter(([path]) => path.endsWith('.mjs'));
    expect(code.map(([, { bytes }]) => bytes < 200_000)).toEqual([true]);
  });

  it('would hold every module of the list if it were not taken out', async () => {
    const { alias, ...whole } = bundleOptions;
    const { metafile } = await build({ ...whole, entryPoints, outdir: folder, write: false, metafile: true });
    expect([...packagesOf(metafile)]).toEqual(expect.arrayContaining([...twilioDeadModules]));
  });
});

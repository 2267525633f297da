// How far a warm request goes through functions/. Alone: `node local/run.mjs test/bench/way.ts`.
import { startWorld } from '../../local/world.ts';
import { messageFrom, startProcess } from '../e2e/bundle-process.ts';
import { emulatorControl } from '../support/emulator-control.ts';
import { table } from './table.ts';
import type { Way } from './way-host.ts';

type HostMessage = { readonly to_phone: string } | { readonly ways: readonly Way[] };

/**
 * What a warm start and a warm check enter of `functions/`, unbundled, over the embedded world.
 *
 * @throws Error where one of them does not succeed.
 */
const waysOfWarmRequests = async (): Promise<readonly Way[]> => {
  const world = await startWorld({ twilio: 'emulator', policy: {} });
  const host = startProcess(new URL('way-host.ts', import.meta.url), [], {
    PATH: process.env['PATH'],
    ...world.env,
  });
  try {
    for (;;) {
      const message = (await messageFrom(host)) as HostMessage;
      if ('ways' in message) return message.ways;
      host.send((await emulatorControl(world).messages(message.to_phone)).at(-1)?.code ?? '');
    }
  } finally {
    host.kill();
    await world.close();
  }
};

/** How long the way of a warm request is, as a table: what a reader of the code must walk through. */
export const wayTable = async (): Promise<string> => {
  const ways = await waysOfWarmRequests();
  const rows = [
    {
      measure: 'files entered by a warm request',
      values: ways.map(({ files }) => files),
      digits: 0,
      goal: 40,
    },
    { measure: 'functions entered', values: ways.map(({ functions }) => functions), digits: 0, goal: 170 },
  ];
  return table(rows, ['start', 'check'], ways.length);
};

/** How to read the table. */
export const wayLegend = `
Counted by V8's precise coverage of functions/ while one request of a warm container is answered, module bodies apart.`;

if (import.meta.main) process.stdout.write(`${await wayTable()}\n${wayLegend}\n`);

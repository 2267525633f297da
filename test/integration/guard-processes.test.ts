import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbEngines, type RunningEngine } from '../support/guard-engines.ts';

const racer = fileURLToPath(new URL('../support/guard-racer.ts', import.meta.url));
const processes = 4;
const each = 125;

interface Report {
  readonly tally: Readonly<Record<string, number>>;
  /** Messages that this process had sent. */
  readonly sends: number;
}

const startRacer = async (args: readonly string[]) => {
  const child = spawn(process.execPath, [racer, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return async (): Promise<Report> => {
    child.stdin.write('go\n');
    const { value } = await lines.next();
    await once(child, 'exit');
    return JSON.parse(value ?? 'null') as Report;
  };
};

for (const engine of dynamoDbEngines) {
  const why = engine.missing === undefined ? '' : ` (skipped: ${engine.missing})`;

  describe.skipIf(engine.missing !== undefined)(
    `The guard in ${processes} processes over ${engine.name}${why}`,
    () => {
      let running: RunningEngine;
      beforeAll(async () => {
        running = await engine.start();
      });
      afterAll(() => running?.close());

      const race = async (who: 'same' | 'all') => {
        const args = [running.url, `${each}`, `${randomInt(1_000_000, 9_999_999)}`, who];
        const racers = await Promise.all(Array.from({ length: processes }, () => startRacer(args)));
        const reports = await Promise.all(racers.map((go) => go()));
        const sum = (kind: string) => reports.reduce((total, { tally }) => total + (tally[kind] ?? 0), 0);
        return {
          sends: reports.reduce((total, { sends }) => total + sends, 0),
          sent: sum('sent'),
          replayed: sum('replayed'),
          throttled: sum('throttled'),
        };
      };

      test('sends one message for 500 identical starts, and answers all', async () => {
        expect(await race('same')).toEqual({ sends: 1, sent: 1, replayed: 499, throttled: 0 });
      });

      test('sends exactly three messages for 500 callers without a cooldown', async () => {
        expect(await race('all')).toMatchObject({ sends: 3, sent: 3, replayed: 0, throttled: 497 });
      });
    },
  );
}

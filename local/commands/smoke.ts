import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from '../job/command-error.ts';
import { smoke } from '../smoke/smoke.ts';
import { readSmokeArguments, smokeUsage } from '../smoke/smoke-arguments.ts';

/** Between two looks for logs and metrics, in seconds. */
const interval = 5;

const run = async (): Promise<boolean> => {
  const asked = readSmokeArguments(process.argv.slice(2));
  if (asked === undefined) {
    process.stdout.write(`${smokeUsage}\n`);
    return true;
  }
  const { VERIFY_SMOKE_TOKEN: token, VERIFY_SMOKE_TOKEN_HEADER: header } = process.env;
  return smoke({
    stage: asked.stage,
    region: asked.region,
    token: token ? { header: header || 'Authorization', value: token } : undefined,
    looks: 1 + Math.floor(asked.wait / interval),
    pause: () => pause(interval * 1_000),
    clock: Date.now,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
};

try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof CommandError ? error.message : 'The smoke test itself failed'}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}

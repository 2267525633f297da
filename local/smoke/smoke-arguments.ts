import { parseArgs } from 'node:util';
import { wrong } from '../job/command-error.ts';

/** How `npm run smoke` is called. */
export const smokeUsage = `Usage:
  npm run smoke -- --stage STAGE [--region REGION] [--wait SECONDS]
Proves that a deployed stage works: through the gateway, by direct invoke, and that its logs and metrics arrive, for
which it waits so long at most (300 unless said). AWS credentials, region and endpoints are read as by every AWS SDK; a
token for a stage that asks for one is read from VERIFY_SMOKE_TOKEN, the header it goes into from
VERIFY_SMOKE_TOKEN_HEADER (Authorization unless said). The stage needs a test number in its policy. Sends no message.`;

/** What `npm run smoke` was asked to do. */
export interface SmokeArguments {
  readonly stage: string;
  /** Undefined where the SDK's own settings decide. */
  readonly region: string | undefined;
  /** Seconds. */
  readonly wait: number;
}

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        stage: { type: 'string' },
        region: { type: 'string' },
        wait: { type: 'string', default: '300' },
      },
    }).values;
  } catch {
    throw wrong(`An argument is not understood.\n${smokeUsage}`);
  }
};

/**
 * Reads the command line of `npm run smoke`.
 *
 * @returns undefined where help was asked for.
 * @throws CommandError where it is not understood.
 */
export const readSmokeArguments = (argv: readonly string[]): SmokeArguments | undefined => {
  const { help, stage, region, wait } = parsed(argv);
  if (help) return undefined;
  if (stage === undefined) throw wrong(`--stage is missing.\n${smokeUsage}`);
  if (!/^\d{1,4}$/.test(wait)) throw wrong('--wait must be whole seconds, 0 to 9999');
  return { stage, region, wait: Number(wait) };
};

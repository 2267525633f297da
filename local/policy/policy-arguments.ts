import { parseArgs } from 'node:util';
import { wrong } from '../job/command-error.ts';

/** How `npm run policy` is called. */
export const policyUsage = `Usage:
  npm run policy -- show                                     the whole policy as it holds now, with its defaults
  npm run policy -- docs                                     writes docs/policy.md and docs/settings.md from their schemas
  npm run policy -- dry-run LOG [--policy FILE] [--json]     who would have been refused under another policy
LOG is the log of the functions, a JSON object on each line. FILE holds what differs from the policy that "show" prints.`;

/** What `npm run policy` was asked to do. */
export type PolicyArguments =
  | { readonly command: 'help' | 'show' | 'docs' }
  | {
      readonly command: 'dry-run';
      readonly log: string;
      readonly policy: string | undefined;
      readonly json: boolean;
    };

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        policy: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch {
    throw wrong(`An argument is not understood.\n${policyUsage}`);
  }
};

/**
 * Reads the command line of `npm run policy`.
 *
 * @throws CommandError where it is not understood.
 */
export const readPolicyArguments = (argv: readonly string[]): PolicyArguments => {
  const {
    values: { help, json, policy },
    positionals: [command, log, ...more],
  } = parsed(argv);
  if (help) return { command: 'help' };
  if (command === 'dry-run' && log !== undefined && more.length === 0) return { command, log, policy, json };
  const alone = log === undefined && policy === undefined && !json;
  if ((command === 'show' || command === 'docs') && alone) return { command };
  throw wrong(policyUsage);
};

import { readFile, writeFile } from 'node:fs/promises';
import { type Policy, parsePolicy } from '../../functions/guard/policy/policy.ts';
import { isRecord } from '../../functions/runtime/inputs.ts';
import { CommandError, wrong } from '../job/command-error.ts';
import { readDecisions } from '../policy/decision-file.ts';
import { dryRun } from '../policy/dry-run.ts';
import { dryRunTable } from '../policy/dry-run-table.ts';
import { type PolicyArguments, policyUsage, readPolicyArguments } from '../policy/policy-arguments.ts';
import { policyDocs } from '../policy/policy-docs.ts';
import { settingsDocs } from '../policy/settings-docs.ts';
import { mergePolicies, readPolicy } from '../settings.ts';

const docsFolder = new URL('../../docs/', import.meta.url);

/** The policy of this machine, with what a file says laid over it. */
const policyWith = async (file: string | undefined): Promise<Policy> => {
  const policy = await readPolicy(process.env).catch((error: Error) => {
    throw wrong(error.message);
  });
  if (file === undefined) return parsePolicy(policy);
  const text = await readFile(file, 'utf8').catch(() => {
    throw wrong(`${file} can't be read`);
  });
  try {
    const over: unknown = JSON.parse(text);
    return parsePolicy(isRecord(over) ? mergePolicies(policy, over) : over);
  } catch (error) {
    throw wrong(`${file}: ${error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message}`);
  }
};

const run = async (asked: PolicyArguments): Promise<string> => {
  switch (asked.command) {
    case 'help':
      return `${policyUsage}\n`;
    case 'show':
      return `${JSON.stringify(await policyWith(undefined), null, 2)}\n`;
    case 'docs':
      await writeFile(new URL('policy.md', docsFolder), policyDocs());
      await writeFile(new URL('settings.md', docsFolder), settingsDocs());
      return '';
    case 'dry-run': {
      const policy = await policyWith(asked.policy);
      const found = await dryRun(await readDecisions(asked.log), policy);
      return asked.json ? `${JSON.stringify(found)}\n` : dryRunTable(found);
    }
  }
};

try {
  process.stdout.write(await run(readPolicyArguments(process.argv.slice(2))));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}

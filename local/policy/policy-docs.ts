import { parsePolicy, policySchema } from '../../functions/guard/policy/policy.ts';
import { schemaTable } from './schema-table.ts';

/** The policy's page for people: every key, what it means and its default, out of the schema alone. */
export const policyDocs = (): string =>
  [
    '# The policy',
    '',
    'Written by `npm run policy -- docs` from the schema that the functions read it with: change it there.',
    '',
    'The policy is one JSON object, in `cdk.json` under the context key `verify`; `VERIFY_POLICY` in the environment',
    'is merged over it, key by key, by the commands of this project. What is left out has its default; a key that',
    'is not below is refused by name. `npm run policy -- show` prints the whole of it as it holds now.',
    '',
    ...schemaTable(policySchema.entries, parsePolicy({})),
    '',
  ].join('\n');

import * as v from 'valibot';
import { settingsSchema } from '../../infra/settings.ts';
import { schemaTable } from './schema-table.ts';

/** The page about the settings of a deployment, out of their schema alone. */
export const settingsDocs = (): string =>
  [
    '# The settings of a deployment',
    '',
    'Written by `npm run policy -- docs` from the schema that the stack reads them with: change it there.',
    '',
    'A setting is a key of `context` in `cdk.json`, beside the policy of the functions, which is the key `verify` and has',
    '[its own page](policy.md). `-c KEY=VALUE` behind `npm run synth --` or `npm run deploy --` overrides it; objects and',
    'lists are given there as JSON. What is left out has its default, which is the safe one; a key or a value that is',
    'wrong, and a deployment that would be unsafe, is refused with a sentence.',
    '',
    ...schemaTable(settingsSchema.entries, v.parse(settingsSchema, {})),
    '',
  ].join('\n');

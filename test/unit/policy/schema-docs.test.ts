import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { policyDocs } from '../../../local/policy/policy-docs.ts';
import { schemaTable } from '../../../local/policy/schema-table.ts';
import { settingsDocs } from '../../../local/policy/settings-docs.ts';

describe.each([
  ['docs/policy.md', policyDocs],
  ['docs/settings.md', settingsDocs],
])('%s', (file, docs) => {
  it('is what "npm run policy -- docs" writes', () => {
    expect(readFileSync(file, 'utf8')).toBe(docs());
  });
});

describe('the table of a schema', () => {
  const { entries } = v.strictObject({
    named: v.optional(v.pipe(v.number(), v.description('Seconds | minutes')), 5),
    list: v.pipe(
      v.array(v.strictObject({ must: v.pipe(v.string(), v.description('Given')) })),
      v.description('Several'),
    ),
    group: v.optional(
      v.pipe(
        v.unknown(),
        v.strictObject({ may: v.optional(v.pipe(v.string(), v.description('Maybe'))) }),
        v.description('Together'),
      ),
      {},
    ),
    kind: v.optional(
      v.pipe(
        v.variant('mode', [
          v.strictObject({ mode: v.literal('a') }),
          v.strictObject({ mode: v.literal('b'), by: v.pipe(v.number(), v.description('Only of b')) }),
        ]),
        v.description('One of several'),
      ),
      { mode: 'a' },
    ),
  });

  it('goes into groups, lists and variants, and says what a key is where it is left out', () => {
    expect(schemaTable(entries, { named: 5, group: {}, kind: { mode: 'a' } }).slice(2)).toEqual([
      '| `named` | Seconds \\| minutes | `5` |',
      '| `list` | Several | required |',
      '| `list[].must` | Given | required |',
      '| `group` | Together | as below |',
      '| `group.may` | Maybe | not set |',
      '| `kind` | One of several | `{"mode":"a"}` |',
      '| `kind.by` | Only of b | required |',
    ]);
  });

  it('can’t leave a key without its meaning', () => {
    const bare = v.strictObject({ some: v.strictObject({ key: v.number() }) });
    expect(() => schemaTable(bare.entries, {})).toThrow('The key some.key has no description');
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { costPage } from '../bench/cost-page.ts';

test('docs/cost.md says what is counted now; npm run cost writes it anew', async () => {
  expect(readFileSync('docs/cost.md', 'utf8')).toBe(await costPage());
});

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every test that the threat model names is there', () => {
  const named = [...readFileSync('docs/threat-model.md', 'utf8').matchAll(/`(test\/[^`]+)`/g)].map(
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

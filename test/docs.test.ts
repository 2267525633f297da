import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const pages = ['README.md', ...globSync('docs/**/*.md'), ...globSync('local/**/*.md')];

/** The files that a page names in code, from the root, and those that it links to, from where it stands. */
const named = (page: string): string[] => {
  const text = readFileSync(page, 'utf8');
  const inCode = text.matchAll(/`((?:docs|events|functions|infra|local|test)\/[\w./-]+\.\w+)`/g);
  const linked = text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
  return [
    ...[...inCode].map(([, file = '']) => file),
    ...[...linked].map(([, file = '']) => path.join(path.dirname(page), file)),
  ];
};

test.each(pages)('%s names and links to files that there are', (page) => {
  expect(named(page).filter((file) => !existsSync(file))).toEqual([]);
});

test('every claim of the threat model names its test', () => {
  expect(named('docs/threat-model.md').length).toBeGreaterThan(20);
});

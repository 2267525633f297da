import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import renovate from '../renovate.json' with { type: 'json' };

const read = (file: string): string => readFileSync(file, 'utf8');

const pages = [...globSync('*.md'), ...globSync('docs/**/*.md'), ...globSync('local/**/*.md')];

/** The files that a page names in code, from the root, and those that it links to, from where it stands. */
const named = (page: string): string[] => {
  const text = read(page);
  const inCode = text.matchAll(/`((?:docs|events|functions|infra|local|test)\/[\w./-]+\.\w+)`/g);
  const linked = text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
  return [
    ...[...inCode].map(([, file = '']) => file.replace('NAME', 'check_verification')),
    ...[...linked].map(([, file = '']) => path.join(path.dirname(page), file)),
  ];
};

test.each(pages)('%s names and links to files that there are', (page) => {
  expect(named(page).filter((file) => !existsSync(file))).toEqual([]);
});

test('every claim of the threat model names its test', () => {
  expect(named('docs/threat-model.md').length).toBeGreaterThan(20);
});

test('the README lists every command', () => {
  const table = read('README.md').split('## Commands')[1]?.split('\n## ')[0] ?? '';
  expect(
    Object.keys(packageJson.scripts).filter((name) => !new RegExp(`\`(npm (run )?)?${name}\\b`).test(table)),
  ).toEqual([]);
});

describe('the index of decisions', () => {
  const files = globSync('docs/decisions/0*.md').sort();

  it('lists every page once, with the title, date and status that the page has', () => {
    const rows = files.map((file) => {
      const [, number, title] = /^# (\d{4}): (.+)$/m.exec(read(file)) ?? [];
      const [, status, date] = /^Status: (.+)\. Date: (\d{4}-\d\d-\d\d)\.$/m.exec(read(file)) ?? [];
      return `| ${number} | [${title}](${path.basename(file)}) | ${date} | ${status} |`;
    });
    expect(read('docs/decisions/README.md').match(/^\| \d.*$/gm)).toEqual(rows);
  });

  it('gives every page a number of its own', () => {
    const numbers = files.map((file) => path.basename(file).slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(files.map((file) => read(file).slice(2, 6))).toEqual(numbers);
  });
});

describe('the tasks in CONTRIBUTING.md', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| ([^|]+) \| (\d+) \| (.+) \|$/gm)].map(
    ([, task = '', count, where = '']) => ({
      task,
      count: Number(count),
      places: [...where.matchAll(/`([^`]+)` \(`([^`]+)`\)/g)].map(([, file = '', marker = '']) => ({
        file: file.replace('NAME', 'check_verification'),
        marker,
      })),
    }),
  );

  it('are ten', () => {
    expect(rows).toHaveLength(10);
  });

  it.each(rows)('$task: $count files hold what the row says', ({ count, places }) => {
    expect(places).toHaveLength(count);
    expect(places.filter(({ file, marker }) => !read(file).includes(marker))).toEqual([]);
  });
});

test('Renovate finds every tool that a step of CI pins', () => {
  const patterns = renovate.customManagers.flatMap(({ matchStrings }) => matchStrings);
  const lines = globSync('.ci/steps/*').flatMap((file) => read(file).split('\n'));
  const pinned = lines.flatMap((line) => line.match(/(@v?|==)\d+(\.\d+)+/g) ?? []);
  const found = lines.flatMap((line) =>
    patterns.flatMap((pattern) => line.match(new RegExp(pattern, 'g')) ?? []),
  );
  expect(pinned.length).toBeGreaterThan(8);
  expect(found).toHaveLength(pinned.length);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Entry {
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
}

const entries: Readonly<Record<string, Entry>> = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
).packages;

// The programs of two development tools for other systems than CI's. The registry that the lock file was written from
// has none of them, so that it knows no hash either (`npm view NAME@VERSION dist.integrity` is how to look). Without the
// entries npm would not install the tools on those systems at all.
const systemsWithoutHash: Readonly<Record<string, readonly string[]>> = {
  '@biomejs/cli-': [
    'android-arm64',
    'android-x64',
    'darwin-arm64',
    'darwin-x64',
    'linux-arm64-musl',
    'linux-x64-musl',
    'win32-arm64',
    'win32-x64',
  ],
  '@oxc-parser/binding-': [
    'android-arm-eabi',
    'android-arm64',
    'darwin-arm64',
    'darwin-x64',
    'freebsd-x64',
    'linux-arm-gnueabihf',
    'linux-arm-musleabihf',
    'linux-ppc64-gnu',
    'linux-riscv64-gnu',
    'linux-riscv64-musl',
    'linux-s390x-gnu',
    'openharmony-arm64',
    'win32-arm64-msvc',
    'win32-ia32-msvc',
    'win32-x64-msvc',
  ],
};

const withoutHash = Object.entries(systemsWithoutHash).flatMap(([tool, systems]) =>
  systems.map((system) => `node_modules/${tool}${system}`),
);

/** The package in whose archive a bundled one lies. */
const bundlerOf = (folder: string): string => folder.slice(0, folder.lastIndexOf('/node_modules/'));

const isHashed = (folder: string): boolean => {
  const { integrity = '', inBundle } = entries[folder] ?? {};
  return inBundle ? isHashed(bundlerOf(folder)) : /^sha512-[\w+/]{86}==$/.test(integrity);
};

test('the lock file holds the hash of every package, or of the one that brings it along', () => {
  const folders = Object.keys(entries).filter((folder) => folder !== '');
  expect(folders.length).toBeGreaterThan(200);
  expect(folders.filter((folder) => !isHashed(folder)).toSorted()).toEqual(withoutHash.toSorted());
});

test.each(withoutHash)('%s, which has none, is for developers on one other system', (folder) => {
  expect(entries[folder]).toMatchObject({ dev: true, optional: true, os: [expect.any(String)] });
});

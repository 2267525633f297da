import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands in for bundling where only the template counts: a folder, removed when the process ends, of entries without code. */
export const emptyBundles = (entries: readonly string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const entry of entries) {
    mkdirSync(join(folder, entry));
    writeFileSync(join(folder, entry, 'index.mjs'), `// ${entry}`);
  }
  return folder;
};

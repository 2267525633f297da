import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives a run of the tests a temporary folder, gone when it ends: workers end without their exit handlers, and leave
 * files behind. In it lies a compile cache that all processes share, for many tests start the same programs.
 */
export const setup = (): void => {
  const folder = mkdtempSync(join(tmpdir(), 'tests-'));
  process.env['TMPDIR'] = folder;
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compile-cache');
  // A worker writes to the cache as it ends, which is after vitest's own teardown.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
};

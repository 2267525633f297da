import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));

const steps = [
  { what: 'Lint and format', command: 'biome ci .' },
  // By its path, because typescript-6 brings a program of the same name.
  { what: 'Types', command: 'node node_modules/typescript/bin/tsc -p .' },
  { what: 'Dead code', command: 'knip' },
  { what: 'Import rules', command: 'node local/commands/import-rules.ts' },
  { what: 'House rules', command: 'vitest run test/architecture.test.ts' },
];

const passes = (command: string): boolean => {
  const { status } = spawnSync(command, {
    cwd: root,
    stdio: 'inherit',
    shell: true,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` },
  });
  return status === 0;
};

const results = steps.map(({ what, command }) => {
  process.stdout.write(`\n== ${what}: ${command}\n`);
  return { what, passed: passes(command) };
});
process.stdout.write('\n');
for (const { what, passed } of results) process.stdout.write(`${passed ? 'PASS' : 'FAIL'}  ${what}\n`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

// What a deployment would change. Everything after npm run diff -- goes to cdk diff: with credentials it compares with
// what is deployed; with --template FILE, or --offline for the last synthesis in cdk.out, it asks nobody.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, wrong } from '../job/command-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The last synthesis, kept aside from the one that the comparison makes. */
const lastTemplate = (scratch: string): string => {
  const folder = join(root, 'cdk.out');
  let files: string[] = [];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
  } catch {
    // Never synthesized.
  }
  const [file, ...more] = files;
  if (file === undefined || more.length > 0)
    throw wrong('cdk.out must hold one template: run npm run synth first, or give --template FILE');
  copyFileSync(join(folder, file), join(scratch, file));
  return join(scratch, file);
};

const run = (args: readonly string[], scratch: string): number => {
  const offline = args.includes('--offline');
  const rest = args.filter((word) => word !== '--offline');
  const compared = offline ? ['--template', lastTemplate(scratch)] : [];
  const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
  const { status } = spawnSync(
    process.execPath,
    [cdk, 'diff', '--output', join(scratch, 'cdk.out'), ...compared, ...rest],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0 && !offline && !args.includes('--template'))
    process.stderr.write('Without AWS: npm run diff -- --offline, or --template FILE\n');
  return status ?? 1;
};

const scratch = mkdtempSync(join(tmpdir(), 'diff-'));
try {
  process.exitCode = run(process.argv.slice(2), scratch);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'unknown error'}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { templateOf } from '../infra/synth.ts';

const scratch = mkdtempSync(join(tmpdir(), 'diff-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs the command without any account. */
const diff = (...args: string[]) => {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    HOME: scratch,
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_COLOR: '1',
  };
  const options = { env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['local/commands/diff.ts', ...args],
    options,
  );
  return { status, said: stdout + stderr };
};

test('compares with a template, without AWS, and can fail on what would be destroyed', () => {
  const { Resources, ...rest } = templateOf();
  const [table] = Object.entries(Resources).find(([, { Type }]) => Type === 'AWS::DynamoDB::Table') ?? [''];
  const more = { Extra: { Type: 'AWS::SQS::Queue', Properties: {} } };
  const others = Object.fromEntries(Object.entries(Resources).filter(([id]) => id !== table));
  const file = join(scratch, 'before.json');
  writeFileSync(file, JSON.stringify({ ...rest, Resources: { ...others, ...more } }));
  const { status, said } = diff('--template', file, '--fail-on', 'destructive');
  expect(said).toMatch(/\[\+\] AWS::DynamoDB::Table/);
  expect(said).toMatch(/\[-\] AWS::SQS::Queue/);
  expect(status).toBe(1);
});

test('says what can be done without AWS where there is no account', () => {
  const { status, said } = diff();
  expect(status).toBe(1);
  expect(said).toContain('npm run diff -- --offline');
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { createAbuseWorld } from '../../support/abuse-guard-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run policy', () => {
  const command = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, ['local/commands/policy.ts', ...args], (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  const log = join(folder, 'command.log');
  const policy = join(folder, 'policy.json');
  beforeAll(async () => {
    const world = createAbuseWorld();
    await world.start('+447400123456');
    writeFileSync(log, world.lines.join('\n'));
    writeFileSync(policy, '{ "sending": "off" }');
  });

  it('shows the whole policy', async () => {
    const { code, stdout } = await command('show');
    expect(code).toBe(0);
    expect(parsePolicy(JSON.parse(stdout))).toEqual(JSON.parse(stdout));
  });

  it('runs dry over a log, for people and for machines', async () => {
    const people = await command('dry-run', log, '--policy', policy);
    expect(people).toMatchObject({ code: 0, stdout: expect.stringContaining('refused now  rule_off') });
    const machines = await command('dry-run', log, '--json', '--policy', policy);
    expect(JSON.parse(machines.stdout)).toMatchObject({ decisions: 1, refused_now: 1 });
    expect(JSON.parse((await command('dry-run', log, '--json')).stdout)).toMatchObject({ changes: [] });
  });

  it.each([
    [[], 'Usage:'],
    [['dry-run'], 'Usage:'],
    [['show', '--json'], 'Usage:'],
    [['dry-run', log, '--wrong'], 'Usage:'],
    [['dry-run', join(folder, 'none.log')], "can't be read"],
    [['dry-run', log, '--policy', `${log}.none`], "can't be read"],
    [['dry-run', log, '--policy', join(import.meta.dirname, 'policy-command.test.ts')], 'it is not JSON'],
  ])('ends with 2 and a sentence when called as %j', async (args, sentence) => {
    const { code, stderr, stdout } = await command(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
  });

  it('names the key of a policy file that is wrong', async () => {
    writeFileSync(join(folder, 'wrong.json'), '{ "sendin": "off" }');
    const { code, stderr } = await command('dry-run', log, '--policy', join(folder, 'wrong.json'));
    expect([code, stderr]).toEqual([2, expect.stringContaining('sendin: ')]);
  });
});

import { readFileSync } from 'node:fs';
import { RootConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../infra/settings.ts';
import { synth, templateOf } from './synth.ts';

const cdk = JSON.parse(readFileSync('cdk.json', 'utf8'));

const settingsOf = (context: Readonly<Record<string, unknown>>) => {
  const { node } = new RootConstruct();
  for (const [key, value] of Object.entries(context)) node.setContext(key, value);
  return readSettings(node);
};

describe('a wrong setting is refused by name', () => {
  it.each([
    [
      'an unknown key of the policy',
      { verify: { rate_limits: { send_per_too: 3 } } },
      'rate_limits.send_per_too',
    ],
    ['a wrong value in the policy', { verify: { default_channel: 'pigeon' } }, 'default_channel'],
    ['a policy that is not JSON', { verify: '{"channels":' }, 'verify'],
    [
      'a policy too large for a function',
      { verify: { deny_prefixes: Array(400).fill('+8835100') } },
      '3000 bytes',
    ],
    ['a stage with capitals', { stage: 'Prod' }, 'stage'],
    ['a canary neither on nor off', { canary: 'maybe' }, 'canary'],
    ['an edge that is not a name', { twilio_edge: 'https://dublin' }, 'twilio_edge'],
    ['a setting that does not exist', { shiftng: 'all_at_once' }, 'shiftng'],
    ['an unknown way to shift', { shifting: 'slowly' }, 'shifting'],
    ['a part of an execution', { reserved_concurrency: '1.5' }, 'reserved_concurrency'],
    ['a reader that is everybody', { secret_readers: ['*'] }, 'secret_readers'],
  ])('%s', (_case, context, named) => {
    expect(() => settingsOf(context)).toThrow(named);
  });
});

describe('test numbers', () => {
  const verify = { test_numbers: [{ number: '+15005550100', code: '424242', expires: '2999-12-31' }] };

  it.each(['prod', 'staging'])('stop the stage %s unless they are acknowledged', (stage) => {
    expect(() => settingsOf({ stage, verify })).toThrow('acknowledge_test_numbers');
    expect(settingsOf({ stage, verify, acknowledge_test_numbers: 'true' })).toMatchObject({ stage });
  });

  it('do not stop dev', () => {
    expect(settingsOf({ verify, stage: 'dev' })).toMatchObject({ stage: 'dev' });
  });
});

describe('settings', () => {
  it('are production with canaries where nothing is said', () => {
    expect(settingsOf({})).toMatchObject({
      stage: 'prod',
      canary: true,
      acknowledge_test_numbers: false,
      policy: '{}',
      access: { mode: 'public' },
      callers: { roles: [], accounts: [] },
      cors_origins: [],
      waf: { enabled: true, count: [] },
    });
  });

  it('are read from the words of the command line too', () => {
    const settings = settingsOf({ canary: 'false', stage: 'dev', verify: '{"default_channel":"call"}' });
    expect(settings).toMatchObject({ stage: 'dev', canary: false, policy: '{"default_channel":"call"}' });
  });
});

describe('the app', () => {
  it('stops at a wrong setting with one sentence and no stack trace', () => {
    const { status, stderr, template } = synth({ verify: { default_channel: 'pigeon' } });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('default_channel')]);
    expect(template).toBeUndefined();
  });

  it('synthesizes as cdk.json stands, without an account', () => {
    expect(synth(cdk.context)).toMatchObject({ status: 0, stderr: '' });
  });

  it('gives the template that the tests read, which do not run it in a process of its own', () => {
    const context = { stage: 'dev', twilio_region: 'ie1', rotation: { twilio_days: 30 } };
    expect(synth(context).template).toEqual(templateOf(context));
  });

  it('reports to nobody', () => {
    expect(cdk).toMatchObject({
      versionReporting: false,
      notices: false,
      context: { 'cli-telemetry': false },
    });
  });
});

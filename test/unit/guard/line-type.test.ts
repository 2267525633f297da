import { describe, expect, test } from 'vitest';
import { LineRule, type LineRuleParts } from '../../../functions/guard/rules/line-type.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { hashedRequest } from '../../support/hashed-request.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const number = hashedRequest('+15005550006');
const now = Date.UTC(2026, 10, 21);

/** The rule over a Lookup that knows one type, with what it asked and what it failed with. */
const ruleOver = (
  type: string,
  change: Partial<LineRuleParts> = {},
  denied: readonly 'nonFixedVoip'[] = [],
) => {
  const asked: string[] = [];
  const failures: string[] = [];
  const time = { now };
  const rule = new LineRule({
    lookup: {
      typeOf: async (to) => {
        asked.push(to);
        return type;
      },
    },
    store: createMemoryStore(),
    policy: {
      channels: ['sms', 'call'],
      lookup: { mode: 'on', deny_types: [...denied], cache_seconds: 60 },
    },
    clock: () => time.now,
    onFailure: (reason) => void failures.push(reason),
    ...change,
  });
  return { rule, asked, failures, time };
};

describe('the rule on lines', () => {
  test('lets a mobile pass and names a call for a landline', async () => {
    expect(await ruleOver('mobile').rule.refuse(number, 'sms')).toBeUndefined();
    expect(await ruleOver('landline').rule.refuse(number, 'sms')).toEqual({
      code: 'channel_unavailable',
      reason: 'landline',
      sentence: 'This number takes no text messages; use the channel call',
    });
  });

  test('names no call where calls are off', async () => {
    const lookup = { mode: 'on', deny_types: [], cache_seconds: 60 } as const;
    const { rule } = ruleOver('landline', {
      policy: { channels: ['sms'], lookup: { ...lookup, deny_types: [] } },
    });
    expect((await rule.refuse(number, 'sms'))?.sentence).toBe(
      'This number takes no text messages; use a mobile number',
    );
  });

  test('refuses the types that the policy denies, and no other', async () => {
    const denied = { code: 'blocked', reason: 'rule_line_type' };
    expect(await ruleOver('nonFixedVoip', {}, ['nonFixedVoip']).rule.refuse(number, 'sms')).toEqual(denied);
    expect(await ruleOver('nonFixedVoip').rule.refuse(number, 'sms')).toBeUndefined();
    expect(await ruleOver('fixedVoip', {}, ['nonFixedVoip']).rule.refuse(number, 'sms')).toBeUndefined();
  });

  test('asks on SMS alone, and once while it remembers', async () => {
    const { asked, rule, time } = ruleOver('landline');
    expect(await rule.refuse(number, 'call')).toBeUndefined();
    expect(asked).toEqual([]);
    await rule.refuse(number, 'sms');
    time.now += 59_000;
    expect((await rule.refuse(number, 'sms'))?.code).toBe('channel_unavailable');
    expect(asked).toEqual(['+15005550006']);
    time.now += 1_000;
    await rule.refuse(number, 'sms');
    expect(asked).toHaveLength(2);
  });

  test('lets a number pass whose type cannot be learnt, and says why', async () => {
    const failing = (thrown: unknown) =>
      ruleOver('landline', { lookup: { typeOf: () => Promise.reject(thrown) } });
    const known = failing(new RunError('upstream_error', { reason: 'lookup_60600' }));
    expect(await known.rule.refuse(number, 'sms')).toBeUndefined();
    expect(known.failures).toEqual(['lookup_60600']);
    const unknown = failing(new TypeError('lookup'));
    expect(await unknown.rule.refuse(number, 'sms')).toBeUndefined();
    expect(unknown.failures).toEqual(['unknown']);
  });
});

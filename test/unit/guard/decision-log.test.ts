import { describe, expect, test } from 'vitest';
import { readDecision, reasonOf } from '../../../functions/guard/decision-log.ts';
import { RunError } from '../../../functions/runtime/errors.ts';

describe('the reason of a decision', () => {
  test.each([
    ['the one that was given', new RunError('blocked', { reason: 'rule_country' }), 'rule_country'],
    ['the code where none was', new RunError('blocked', {}), 'blocked'],
    ['nothing of a bug', new TypeError('+15005550006'), 'unexpected'],
    ['nothing of what is no error', '+15005550006', 'unexpected'],
  ])('is %s', (_what, thrown, reason) => {
    expect(reasonOf(thrown)).toBe(reason);
  });
});

describe('a line', () => {
  test('that holds no object is refused with a sentence', () => {
    expect(() => readDecision('"guard_decision" 5')).toThrow(/^it: /);
  });

  test('that holds a bare number in the place of a hash is refused', () => {
    const decision = { function: 'start_verification', at: 0, country: null, number_type: null };
    const line = JSON.stringify({
      event: 'guard_decision',
      decision: { ...decision, is_email: false, to: 15005550006 },
    });
    expect(() => readDecision(line)).toThrow('decision.to: must be a hash');
  });
});

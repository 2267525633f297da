import { describe, expect, test } from 'vitest';
import { composeFor } from '../../../functions/compose/all-ports.ts';
import { Environment, variablesOf } from '../../../functions/compose/environment.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { needsOf, type Ports } from '../../../functions/service/ports.ts';
import { everyFunction } from '../../support/function-events.ts';

const fixOf = (
  values: Readonly<Record<string, string>>,
  uses: readonly (keyof Ports)[],
): string | undefined => {
  try {
    composeFor(uses, values).ports();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof RunError)) throw thrown;
    expect(thrown.code).toBe('misconfigured');
    return thrown.details.fix;
  }
};

describe('a function', () => {
  test('that uses nothing is composed without any variable', () => {
    expect(composeFor([], {}).ports()).toEqual({});
  });

  test('that reads the policy alone needs no secret and no table', () => {
    expect(composeFor(['policy'], {}).ports().policy.default_channel).toBe('sms');
  });

  test.each([
    [['store'], 'VERIFY_TABLE_NAME'],
    [['services'], 'TWILIO_SECRET_ID'],
    [['verify', 'store'], 'TWILIO_SECRET_ID, VERIFY_TABLE_NAME'],
    [['guard'], 'TWILIO_SECRET_ID, DESTINATION_KEY_SECRET_ID, VERIFY_TABLE_NAME'],
  ] as const)('that uses %j is told all that its environment lacks', (uses, missing) => {
    expect(fixOf({}, uses)).toBe(`The environment lacks ${missing}`);
    const empty = Object.fromEntries(missing.split(', ').map((name) => [name, '']));
    expect(fixOf(empty, uses)).toBe(`The environment lacks ${missing}`);
  });

  test('is told of a policy that is wrong', () => {
    expect(fixOf({ VERIFY_POLICY: '{' }, ['policy'])).toBe('VERIFY_POLICY: It is not JSON');
    expect(fixOf({ VERIFY_POLICY: '{"channels":1}' }, ['policy'])).toMatch(/^VERIFY_POLICY: .*channels/);
  });
});

describe('the variables of a reader', () => {
  test('are its own and no other', () => {
    expect(variablesOf(['rotation'])).toEqual(['POWERTOOLS_SERVICE_NAME']);
    expect(variablesOf(['policy'])).toEqual(['VERIFY_POLICY']);
  });

  test.each(everyFunction)(
    '%s reads a secret or the table exactly where it needs them',
    (_name, definition) => {
      const read = variablesOf(definition.uses);
      const { secrets, table } = needsOf(definition);
      expect(read.includes('VERIFY_TABLE_NAME')).toBe(table);
      expect(read.includes('TWILIO_SECRET_ID')).toBe(secrets.includes('twilio'));
      expect(read.includes('DESTINATION_KEY_SECRET_ID')).toBe(secrets.includes('destination_key'));
    },
  );
});

test('an empty variable counts as left out', () => {
  const environment = new Environment({ TWILIO_EDGE: '' });
  expect(environment.optional('TWILIO_EDGE')).toBeUndefined();
  expect(() => environment.required('TWILIO_EDGE')).toThrow(RunError);
});

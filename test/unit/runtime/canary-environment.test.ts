import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { composeGatewayCanary } from '../../../functions/compose/gateway-canary.ts';

const good = {
  VERIFY_API_URL: 'https://api.example.com/prod/',
  CANARY_ACCESS: 'public',
  CANARY_TEST_NUMBERS: '[]',
  AWS_SECRET_ACCESS_KEY: 'a credential of the role',
};
const numbers = '[{"number":"+15005550006","code":"73519062"}]';

test.each([
  ['an address that is missing', { VERIFY_API_URL: undefined }, 'VERIFY_API_URL'],
  ['test numbers that are half', { CANARY_TEST_NUMBERS: numbers }, 'CANARY_TEST_NUMBERS'],
  ['test numbers that are no JSON', { CANARY_TEST_NUMBERS: `${numbers},` }, 'CANARY_TEST_NUMBERS'],
])('the canary does not start with %s, and says its name and nothing more', (_what, wrong, name) => {
  let thrown: unknown;
  try {
    composeGatewayCanary({ ...good, ...wrong });
  } catch (error) {
    thrown = error;
  }
  // As Lambda writes it: with everything that hangs on the error.
  const written = inspect(thrown, { depth: null, showHidden: true });
  expect(written).toContain(name);
  expect(written).not.toMatch(/credential|5550006|73519062/);
});

test('the canary starts with what the stack writes', () => {
  expect(composeGatewayCanary(good)).toBeTypeOf('function');
});

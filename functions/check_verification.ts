import { defineFunction } from './runtime/define-function.ts';
import { approved, wrongCode } from './runtime/envelope.ts';
import { optionalText, precondition, requiredText } from './runtime/inputs.ts';
import {
  amount,
  checkedDestination,
  clientIp,
  identity,
  payee,
  serviceSid,
  toPhone,
} from './service/fields.ts';
import type { Ports } from './service/ports.ts';
import { probeAll } from './service/probe.ts';

const input = {
  to_phone: toPhone,
  code: requiredText({
    description: 'The code that the user received',
    shape: '4 to 10 letters or digits',
    pattern: /^[A-Za-z0-9]{4,10}$/,
  }),
  service_sid: serviceSid,
  sid: optionalText({
    description: 'The sid that the start returned: binds the check to that start',
    shape: 'VE and 32 hexadecimal digits',
    pattern: /^VE[0-9a-fA-F]{32}$/,
  }),
  identity,
  client_ip: clientIp,
  amount,
  payee,
} as const;

/** Judges the code that a start sent. */
export const checkVerification = defineFunction<Ports>()({
  name: 'check_verification',
  description: 'Checks a verification code',
  callers: 'all',
  reserves: 'check',
  uses: ['guard', 'policy', 'services', 'store', 'verify'],
  input,
  response: 'envelope',
  failure: 'Verification check failed',

  async steps({ input, caller, guard, policy, services, verify }) {
    const { amount, code, payee, sid } = input;
    precondition(
      sid !== undefined || !policy.require_sid_on_check,
      'sid',
      'is required; give the sid that the start returned',
    );
    const destination = checkedDestination(input.to_phone, policy);
    const service = await services.resolve(input.service_sid);
    const test = guard.testNumber(destination);
    if (test !== undefined) return { response: code === test.code ? approved(test.sid) : wrongCode() };
    const { approvedSid, hints } = await guard.check(
      { function: 'check_verification', service, destination, caller, code, sid },
      () => verify.check({ service, destination, code, amount, payee }),
    );
    return { response: approvedSid === null ? wrongCode() : approved(approvedSid), hints };
  },

  canary: probeAll,
});

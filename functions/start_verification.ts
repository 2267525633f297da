import { defineFunction } from './runtime/define-function.ts';
import { sent } from './runtime/envelope.ts';
import { optionalMap, optionalText, precondition } from './runtime/inputs.ts';
import {
  amount,
  clientIp,
  destinationFor,
  enabledChannel,
  identity,
  payee,
  serviceSid,
  toPhone,
} from './service/fields.ts';
import type { Ports } from './service/ports.ts';
import { probeAll } from './service/probe.ts';

const input = {
  to_phone: toPhone,
  channel: optionalText({
    description: 'How the code travels: sms, call (or voice), email, whatsapp, rcs; policy may enable others',
    shape: 'the name of a channel, such as sms',
    filters: ['trim', 'lower'],
    maxLength: 16,
  }),
  service_sid: serviceSid,
  locale: optionalText({
    description: 'The language of the message; one that Twilio does not speak is left out',
    shape: 'a language tag such as en or pt-BR',
    pattern: /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}$/,
  }),
  identity,
  client_ip: clientIp,
  idempotency_key: optionalText({
    description: 'Makes a repeated start one start; also read from the Idempotency-Key header',
    shape: '1 to 255 letters, digits or . _ : - characters',
    pattern: /^[A-Za-z0-9._:-]+$/,
  }),
  app_hash: optionalText({
    description: "The Android app's hash for SMS autofill",
    shape: '11 characters, as the SMS Retriever API makes them',
    pattern: /^[A-Za-z0-9+/]{11}$/,
  }),
  custom_friendly_name: optionalText({
    description: "Replaces the service's name in the message, where Twilio has enabled that",
    shape: 'at most 30 characters',
    maxLength: 30,
  }),
  template_sid: optionalText({
    description: 'The message template to use',
    shape: 'HJ and 32 hexadecimal digits',
    pattern: /^HJ[0-9a-fA-F]{32}$/,
  }),
  amount,
  payee,
  device_ip: optionalText({
    description: "The public address of the user's device, for the auto and sna channels",
    shape: 'an IPv4 or IPv6 address',
    maxLength: 45,
    pattern: clientIp.pattern,
  }),
  tags: optionalMap({
    description: "Pairs that Twilio repeats in the verification's events; no personal data",
    shape: 'an object of at most 10 pairs of text, each at most 128 characters',
    maxPairs: 10,
    maxLength: 128,
  }),
} as const;

/** Sends a code through Twilio Verify, or sends the same code again while the verification is pending. */
export const startVerification = defineFunction<Ports>()({
  name: 'start_verification',
  description: 'Sends a verification code to a phone number or an e-mail address',
  callers: 'all',
  reserves: 'send',
  uses: ['guard', 'policy', 'services', 'store', 'verify'],
  input,
  response: 'envelope',
  failure: 'Verification could not be started',

  async steps({ input, caller, guard, policy, services, verify }) {
    const channel = enabledChannel(input.channel, policy);
    const destination = destinationFor(input.to_phone, channel, policy);
    precondition(
      input.app_hash === undefined || channel === 'sms',
      'app_hash',
      'goes with the sms channel only',
    );
    const service = await services.resolve(input.service_sid);
    const test = guard.testNumber(destination);
    if (test !== undefined) return { response: sent(test.sid) };
    const request = {
      service,
      destination,
      channel,
      locale: input.locale ?? policy.default_locale ?? undefined,
      appHash: input.app_hash,
      customFriendlyName: input.custom_friendly_name,
      templateSid: input.template_sid,
      amount: input.amount,
      payee: input.payee,
      deviceIp: input.device_ip,
      tags: input.tags,
    };
    const idempotencyKey = input.idempotency_key;
    const { sid, hints } = await guard.start(
      {
        function: 'start_verification',
        service,
        destination,
        channel,
        caller,
        idempotencyKey,
        payload: JSON.stringify(request),
      },
      () => verify.start(request),
    );
    return { response: sent(sid), hints };
  },

  canary: probeAll,
});

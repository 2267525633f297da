import { IP_REGEX } from 'valibot';
import type { Policy } from '../guard/policy/policy.ts';
import { invalidField, optionalText, precondition, requiredText } from '../runtime/inputs.ts';
import { type Channel, channelOf, reachesAddresses } from '../verify/channel.ts';
import { type Destination, emailDestination, phoneDestination } from '../verify/destination.ts';

/** Where the code goes. Which of the two forms holds depends on the channel, so the steps check it. */
export const toPhone = requiredText({
  description: 'The phone number, or the e-mail address when the channel is email; "to" is an alias',
  shape: 'a phone number with its country code, or an e-mail address for the email channel',
  alias: 'to',
  maxLength: 320,
});

/** The Verify service. */
export const serviceSid = optionalText({
  description: 'The Verify service; may be left out where the deployment configures one',
  shape: 'VA and 32 hexadecimal digits',
  pattern: /^VA[0-9a-fA-F]{32}$/,
});

/** On whose behalf a trusted caller asks. */
export const identity = optionalText({
  description: 'On whose behalf a direct caller asks; over HTTP the authorizer says it',
  shape: 'text of at most 128 characters',
  maxLength: 128,
  source: 'direct',
});

/** The client address that a trusted caller passes on. */
export const clientIp = optionalText({
  description: "The end user's address, from a direct caller; over HTTP the gateway says it",
  shape: 'an IPv4 or IPv6 address',
  pattern: IP_REGEX,
  source: 'direct',
});

/** The amount of a payment that PSD2 binds the code to. */
export const amount = optionalText({
  description: 'The amount of the payment, for a PSD2 service',
  shape: 'text of at most 64 characters',
  maxLength: 64,
});

/** The payee of a payment that PSD2 binds the code to. */
export const payee = optionalText({
  description: 'The payee of the payment, for a PSD2 service',
  shape: 'text of at most 64 characters',
  maxLength: 64,
});

/**
 * The channel to use: the one asked for, else the policy's default.
 *
 * @throws RunError `invalid_input` where it is unknown or not enabled; the sentence lists those that are.
 */
export const enabledChannel = (word: string | undefined, policy: Policy): Channel => {
  const channel = word === undefined ? policy.default_channel : channelOf(word);
  precondition(
    channel !== undefined && policy.channels.includes(channel),
    'channel',
    `must be one of ${policy.channels.join(', ')}`,
  );
  return channel;
};

/**
 * The destination in its one form.
 *
 * @throws RunError `invalid_input` where the text is not a number, or not an e-mail address on a channel that reaches those.
 */
export const destinationFor = (text: string, channel: Channel, policy: Policy): Destination => {
  if (reachesAddresses(channel)) {
    const address = emailDestination(text);
    precondition(
      address !== undefined,
      'to_phone',
      `must be an e-mail address, because channel is ${channel}`,
    );
    return address;
  }
  const number = phoneDestination(text, policy.default_country);
  if (number === undefined) throw invalidField('to_phone', phoneFix(text, policy));
  return number;
};

const phoneFix = (text: string, policy: Policy): string => {
  const channel = policy.channels.find(reachesAddresses);
  if (text.includes('@') && channel !== undefined) return `is an e-mail address; set channel to ${channel}`;
  return policy.default_country === null
    ? 'must be a phone number with a plus sign and its country code'
    : 'must be a phone number';
};

/** The destination of a check, which names no channel: an e-mail address has an @, a number has none. */
export const checkedDestination = (text: string, policy: Policy): Destination => {
  if (!text.includes('@')) return destinationFor(text, 'sms', policy);
  const address = emailDestination(text);
  precondition(address !== undefined, 'to_phone', 'must be a whole e-mail address or a phone number');
  return address;
};

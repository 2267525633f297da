import { isIP } from 'node:net';
import { jsonObject } from './api.ts';
import { carriers, type Settings } from './control/settings.ts';
import {
  callingCodeOf,
  countryOf,
  isEmail,
  isLandline,
  isPhoneNumber,
  startsWithAny,
} from './destinations.ts';
import { failure, invalidParameter } from './failures.ts';
import { isOn } from './services.ts';
import { isSid } from './sids.ts';
import type { Service } from './state.ts';

/** The checked parameters of creating a verification. */
export interface Start {
  readonly to: string;
  /** The channel that will be used; never `auto`. */
  readonly channel: string;
  readonly locale: string;
  readonly customCode: string | null;
  readonly amount: string | null;
  readonly payee: string | null;
  /** Service Rate Limit names to the values they count. */
  readonly rateLimits: Readonly<Record<string, unknown>>;
}

// The locales of Twilio's default templates. Custom templates know more; an account needs them approved first.
const locales = new Set(
  `af ar ca cs da de el en en-GB es fi fr he hi hr hu id it ja ko ms nb nl pl pt pt-BR ro ru sv th tl tr vi zh zh-CN
  zh-HK`.split(/\s+/),
);

const isTags = (text: string): boolean => {
  const pairs = Object.entries(jsonObject(text) ?? { invalid: null });
  const fits = (part: unknown) => typeof part === 'string' && part.length <= 128;
  return pairs.length <= 10 && pairs.every((pair) => pair.every(fits));
};

const isObject = (text: string): boolean => jsonObject(text) !== undefined;

/** Optional parameters that are checked by their form alone; a wrong one is 60200 with its name. */
const optional: Readonly<Record<string, (text: string) => boolean>> = {
  Locale: (text) => locales.has(text),
  CustomCode: (text) => /^[A-Za-z0-9]{4,10}$/.test(text),
  TemplateSid: (text) => isSid('HJ', text),
  ChannelConfiguration: isObject,
  RateLimits: isObject,
  Tags: isTags,
  DeviceIp: (text) => isIP(text) !== 0,
  RiskCheck: (text) => text === 'enable' || text === 'disable',
};

const checkForms = (form: URLSearchParams): void => {
  for (const [name, valid] of Object.entries(optional)) {
    const text = form.get(name);
    if (text !== null && !valid(text)) throw invalidParameter(name);
  }
  const substitutions = form.get('TemplateCustomSubstitutions');
  if (substitutions !== null && !isObject(substitutions)) throw failure(60224);
};

/** The channel that will carry the code. Channels are case-sensitive, and `voice` is none. */
const readChannel = (asked: string | null, { channels }: Settings): string => {
  const carrier = carriers.find((channel) => channel === asked);
  if (carrier !== undefined) return carrier;
  if (asked === 'auto' && channels.includes('auto')) return 'sms';
  // Silent network authentication needs a carrier's agreement with the account.
  if (asked === 'sna') throw failure(60001);
  throw invalidParameter('Channel');
};

const refuseUnavailable = (channel: string, settings: Settings): void => {
  if (!settings.channels.some((enabled) => enabled === channel))
    throw failure(60223, `Delivery channel disabled: ${channel.toUpperCase()}`);
  if (channel === 'email' && !settings.mailer) throw failure(60217);
  if (channel === 'whatsapp' && !settings.whatsapp_sender) throw failure(68008);
};

/** Twilio's words for a number or address that cannot be one; they repeat it. */
export const invalidTo = (to: string): Error => failure(60200, `Invalid parameter \`To\`: ${to}`);

const readTo = (to: string | null, channel: string): string => {
  if (to === null || to === '') throw invalidParameter('To');
  if (!(channel === 'email' ? isEmail(to) : isPhoneNumber(to))) throw invalidTo(to);
  return to;
};

const refuseDisabledFeatures = (
  form: URLSearchParams,
  channel: string,
  service: Service,
  settings: Settings,
) => {
  if (form.has('CustomCode') && !isOn(service, 'custom_code_enabled')) throw failure(60204);
  if (form.has('CustomFriendlyName') && !settings.custom_friendly_name) throw failure(60204);
  if (form.has('CustomMessage')) throw failure(60243);
  if (form.has('AppHash') && channel !== 'sms') throw failure(60602);
  if (!isOn(service, 'psd2_enabled')) return;
  if (channel === 'call') throw failure(60214);
  if (!form.get('Amount') || !form.get('Payee')) throw failure(60206);
};

const refuseBlocked = (form: URLSearchParams, to: string, channel: string, settings: Settings): void => {
  if (channel === 'email' || (channel === 'sms' && form.get('RiskCheck') === 'disable')) return;
  if (settings.geo_blocked_countries.includes(countryOf(to) ?? '')) {
    const scope = `+${callingCodeOf(to)} is blocked for ${channel} channel for all services`;
    throw failure(60605, `The destination phone number has been blocked by Verify Geo-Permissions. ${scope}`);
  }
  if (channel === 'sms' && startsWithAny(to, settings.fraud_blocked_prefixes)) {
    const prefix = `${to.slice(0, -4)}XXXX prefix is blocked for the SMS channel`;
    const reason = 'temporarily blocked by Twilio due to fraudulent activities';
    throw failure(60410, `The destination phone number has been ${reason}. ${prefix}`);
  }
};

const refuseByKind = (to: string, channel: string, service: Service, settings: Settings): void => {
  if (channel === 'sms' && isOn(service, 'skip_sms_to_landlines') && isLandline(settings, to))
    throw failure(60205);
  if (settings.trial && channel !== 'email' && !settings.verified_numbers.includes(to)) throw failure(21608);
};

/**
 * Checks the parameters of a start in Twilio's order: form, features, then where the code would go.
 *
 * @throws TwilioFailure
 */
export const readStart = (form: URLSearchParams, service: Service, settings: Settings): Start => {
  const channel = readChannel(form.get('Channel'), settings);
  const to = readTo(form.get('To'), channel);
  checkForms(form);
  refuseUnavailable(channel, settings);
  refuseDisabledFeatures(form, channel, service, settings);
  refuseBlocked(form, to, channel, settings);
  refuseByKind(to, channel, service, settings);
  return {
    to,
    channel,
    locale: form.get('Locale') ?? 'en',
    customCode: form.get('CustomCode'),
    amount: form.get('Amount'),
    payee: form.get('Payee'),
    rateLimits: jsonObject(form.get('RateLimits') ?? '{}') ?? {},
  };
};

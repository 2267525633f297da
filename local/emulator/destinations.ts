import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { Settings } from './control/settings.ts';

// North American area codes cannot begin with 0 or 1, have 9 in the middle, or end in 11. Exchanges are not judged:
// many tests use the fictional +1 555 123 4567.
const impossibleAreaCode = /^\+1(?:[01]|\d9|\d11)/;

const parsed = (text: string) => {
  const number = parsePhoneNumberFromString(text, { extract: false });
  return number?.isPossible() === true && number.number === text ? number : undefined;
};

/** Whether Twilio would take the text as a phone number: E.164, of a possible length, in an area that can exist. */
export const isPhoneNumber = (text: string): boolean =>
  /^\+[1-9]\d{6,14}$/.test(text) && !impossibleAreaCode.test(text) && parsed(text) !== undefined;

/** Whether the text has the form of an e-mail address. */
export const isEmail = (text: string): boolean => /^[^\s@]{1,64}@[^\s@]+\.[^\s@.]+$/.test(text);

/** The number's country as an ISO 3166 code, the calling code's main country where the number does not tell. */
export const countryOf = (to: string): string | null => {
  const number = parsed(to);
  return number?.country ?? number?.getPossibleCountries()[0] ?? null;
};

/** The number's country calling code, digits only; empty for an e-mail address. */
export const callingCodeOf = (to: string): string => parsed(to)?.countryCallingCode ?? '';

/** Whether the number begins with one of the prefixes. */
export const startsWithAny = (to: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => to.startsWith(prefix));

/** Whether the emulated network takes the number for a landline. */
export const isLandline = (settings: Settings, to: string): boolean =>
  startsWithAny(to, settings.landline_prefixes);

/** The emulated network: the ITU's codes for test networks. */
export const network = { countryCode: '001', networkCode: '01', carrier: 'Emulated Network' } as const;

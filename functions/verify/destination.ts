import { readNumber } from './numbering-plan.ts';

declare const destinationBrand: unique symbol;
/** Where a code goes: an E.164 number or an e-mail address, checked and in one form. A raw string is not one. */
export type Destination = string & { readonly [destinationBrand]: true };

// One @, a domain with a dot, no blanks or control characters: Twilio and the mail server judge the rest.
// Lengths: RFC 5321 §4.5.3.1.
const email =
  /^[^\s@\p{Cc}<>,;:"()[\]\\]{1,64}@(?=[^@]{4,255}$)(?:[\p{L}\p{N}-]{1,63}\.)+[\p{L}\p{N}-]{2,63}$/u;

/** The e-mail address in one form (domain in lower case), or undefined where the text is not one. */
export const emailDestination = (text: string): Destination | undefined => {
  if (!email.test(text)) return undefined;
  const at = text.lastIndexOf('@');
  return `${text.slice(0, at)}@${text.slice(at + 1).toLowerCase()}` as Destination;
};

/** A plus sign and 15 digits; some countries' metadata would let more pass. */
const maxE164 = 16;

// Address books copy numbers with invisible marks of direction around them, East Asian keyboards type wide digits.
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim();

/**
 * The number in E.164, or undefined where it cannot be one. Lengths and calling codes are checked; whether the
 * number is in service is Twilio's to say.
 *
 * @param defaultCountry - ISO 3166 code used for a number written without its calling code; null takes none.
 */
export const phoneDestination = (text: string, defaultCountry: string | null): Destination | undefined => {
  const number = readNumber(plain(text), defaultCountry);
  if (number?.isPossible() !== true || number.ext !== undefined || number.number.length > maxE164)
    return undefined;
  // Each reading takes off one national prefix: read again until nothing changes, so that one phone has one form.
  return number.number === text ? (text as Destination) : phoneDestination(number.number, null);
};

import { brotliDecompressSync } from 'node:zlib';
import {
  type CountryCode,
  isSupportedCountry,
  type MetadataJson,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/core';
import { packedPlan } from './numbering-plan-data.ts';

// The whole plan, with the types of numbers, and without the ways to print a number, which nothing here does.
const [rest = '', ...countries] = brotliDecompressSync(Buffer.from(packedPlan, 'base64'))
  .toString()
  .split('\n');
const plan: MetadataJson = JSON.parse(rest);

// A country is parsed when it is first asked for: of 245, a start needs one to some twenty, and all take 3 ms.
for (const country of countries) {
  const code = country.slice(0, 2);
  const kept = { enumerable: true, configurable: true };
  const get = () => {
    const value = JSON.parse(country.slice(2));
    Object.defineProperty(plan.countries, code, { ...kept, value });
    return value;
  };
  Object.defineProperty(plan.countries, code, { ...kept, get });
}

/** Reads numbers, and remembers the last: a request's number is read where it comes in, and again by the guard. */
class NumberReader {
  #text: string | undefined;
  #defaultCountry: string | null = null;
  #read: PhoneNumber | undefined;

  read(text: string, defaultCountry: string | null): PhoneNumber | undefined {
    if (text !== this.#text || defaultCountry !== this.#defaultCountry) {
      const country = defaultCountry === null ? {} : { defaultCountry: defaultCountry as CountryCode };
      this.#read = parsePhoneNumberFromString(text, { ...country, extract: false }, plan);
      this.#text = text;
      this.#defaultCountry = defaultCountry;
    }
    return this.#read;
  }
}

const reader = new NumberReader();

/**
 * Reads a text that is a phone number as a whole.
 *
 * @param defaultCountry - ISO 3166 code used for a number written without its calling code; null takes none.
 */
export const readNumber = (text: string, defaultCountry: string | null): PhoneNumber | undefined =>
  reader.read(text, defaultCountry);

/** Whether the text is the ISO 3166 code, in capitals, of a country with phone numbers. */
export const isCountry = (code: string): boolean => isSupportedCountry(code as CountryCode, plan);

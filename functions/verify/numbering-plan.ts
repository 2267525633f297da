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
const plan: MetadataJson = JSON.parse(brotliDecompressSync(Buffer.from(packedPlan, 'base64')).toString());

/**
 * Reads a text that is a phone number as a whole.
 *
 * @param defaultCountry - ISO 3166 code used for a number written without its calling code; null takes none.
 */
export const readNumber = (text: string, defaultCountry: string | null): PhoneNumber | undefined =>
  parsePhoneNumberFromString(
    text,
    { ...(defaultCountry === null ? {} : { defaultCountry: defaultCountry as CountryCode }), extract: false },
    plan,
  );

/** Whether the text is the ISO 3166 code, in capitals, of a country with phone numbers. */
export const isCountry = (code: string): boolean => isSupportedCountry(code as CountryCode, plan);

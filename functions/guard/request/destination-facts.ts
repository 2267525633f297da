import { domainToASCII } from 'node:url';
import type { Destination } from '../../verify/destination.ts';
import { readNumber } from '../../verify/numbering-plan.ts';

/** The types of numbers, as libphonenumber names them. */
export const numberTypes = [
  'fixed_line',
  'mobile',
  'fixed_line_or_mobile',
  'premium_rate',
  'toll_free',
  'shared_cost',
  'voip',
  'personal_number',
  'pager',
  'uan',
  'voicemail',
] as const;
type NumberType = (typeof numberTypes)[number];

/** What a destination tells of itself, without a request to any service. */
export interface DestinationFacts {
  readonly destination: Destination;
  /**
   * ISO 3166 code of the region whose ranges hold the number, or the main one of its calling code where none does;
   * null for an e-mail address and for a number of no country (satellite and international services).
   */
  readonly country: string | null;
  /** Null for an e-mail address and for a number in no known range. */
  readonly numberType: NumberType | null;
  /** The domain of an e-mail address in its ASCII form; null for a number. */
  readonly domain: string | null;
}

/** Reads what a destination tells of itself. */
export const destinationFacts = (destination: Destination): DestinationFacts => {
  const at = destination.lastIndexOf('@');
  if (at >= 0) {
    const domain = domainToASCII(destination.slice(at + 1));
    return { destination, country: null, numberType: null, domain };
  }
  const number = readNumber(destination, null);
  const type = number?.getType()?.toLowerCase();
  return {
    destination,
    country: number?.country ?? number?.getPossibleCountries()[0] ?? null,
    numberType: numberTypes.find((known) => known === type) ?? null,
    domain: null,
  };
};

/** A number without its last digits: the range that it was handed out in. Not to be stored or logged unless hashed. */
export const numberPrefix = (number: Destination, dropped: number): string => number.slice(0, -dropped);

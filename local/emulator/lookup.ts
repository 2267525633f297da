import type { CountryCode } from 'libphonenumber-js/min';
import { parsePhoneNumberFromString, validatePhoneNumberLength } from 'libphonenumber-js/min';
import { type Operation, param } from './api.ts';
import type { Settings } from './control/settings.ts';
import { countryOf, isLandline, isPhoneNumber, network, startsWithAny } from './destinations.ts';
import { invalidParameter } from './failures.ts';

const lineType = (to: string, settings: Settings) => ({
  error_code: null,
  mobile_country_code: network.countryCode,
  mobile_network_code: network.networkCode,
  carrier_name: network.carrier,
  type: isLandline(settings, to) ? 'landline' : 'mobile',
});

const pumpingRisk = (to: string, settings: Settings) => {
  const blocked = startsWithAny(to, settings.fraud_blocked_prefixes);
  return {
    carrier_risk_category: blocked ? 'high' : 'low',
    number_blocked: blocked,
    number_blocked_date: null,
    number_blocked_last_3_months: blocked,
    sms_pumping_risk_score: blocked ? 100 : 0,
    error_code: null,
  };
};

/** A package that the account has not enabled: the call succeeds, the package says why it is empty. */
const notEnabled = () => ({ error_code: 60606 });

const packages: Readonly<Record<string, (to: string, settings: Settings) => unknown>> = {
  caller_name: notEnabled,
  sim_swap: notEnabled,
  call_forwarding: notEnabled,
  line_status: notEnabled,
  line_type_intelligence: lineType,
  identity_match: notEnabled,
  reassigned_number: notEnabled,
  sms_pumping_risk: pumpingRisk,
  phone_number_quality_score: notEnabled,
  pre_fill: notEnabled,
};

const validationErrors = { TOO_SHORT: 1, TOO_LONG: 1, INVALID_LENGTH: 1, NOT_A_NUMBER: 1 };

const problemOf = (number: string): string => {
  const problem = validatePhoneNumberLength(number) ?? 'INVALID_BUT_POSSIBLE';
  if (problem === 'INVALID_COUNTRY') return 'INVALID_COUNTRY_CODE';
  return problem in validationErrors ? problem : 'INVALID_BUT_POSSIBLE';
};

/** `GET /v2/PhoneNumbers/{PhoneNumber}`: every package has its key, null where it was not asked for. */
export const lookupNumber: Operation = (request) => {
  const fields = (request.query.get('Fields') ?? '').split(',').filter((field) => field !== '');
  if (fields.some((field) => !Object.hasOwn(packages, field.trim()))) throw invalidParameter('Fields');
  const asked = new Set(fields.map((field) => field.trim()));
  const text = param(request, 'PhoneNumber');
  const country = (request.query.get('CountryCode') ?? 'US') as CountryCode;
  const parsed = parsePhoneNumberFromString(text, { defaultCountry: country, extract: false });
  const number = parsed?.number ?? text;
  const valid = isPhoneNumber(number);
  const results = Object.entries(packages).map(([name, result]) => [
    name,
    valid && asked.has(name) ? result(number, request.state.settings) : null,
  ]);
  return {
    status: 200,
    body: {
      calling_country_code: valid ? parsed?.countryCallingCode : null,
      country_code: valid ? countryOf(number) : null,
      phone_number: number,
      national_format: valid ? parsed?.formatNational() : null,
      valid,
      validation_errors: valid ? [] : [problemOf(number)],
      ...Object.fromEntries(results),
      url: `https://lookups.twilio.com/v2/PhoneNumbers/${number}`,
    },
  };
};

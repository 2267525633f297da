import { isoSeconds, type Operation, page, param } from './api.ts';
import { countryOf, network } from './destinations.ts';
import { invalidParameter, notFound } from './failures.ts';
import { verifyOrigin } from './services.ts';
import { accountSid } from './sids.ts';
import type { Attempt, State } from './state.ts';

const converted = (attempt: Attempt): boolean => attempt.verification.status === 'approved';

const statusOf = ({ verification }: Attempt, now: number): string => {
  if (verification.status === 'approved') return 'confirmed';
  return now < verification.expiresAt ? 'unconfirmed' : 'expired';
};

const delivery = ({ channel, deliveryError }: Attempt) => {
  if (channel === 'call') return { call_status: deliveryError === null ? 'completed' : 'failed' };
  return { message_status: deliveryError === null ? 'delivered' : 'undelivered' };
};

const body = (attempt: Attempt, now: number) => {
  const { sid, verification, channel, time, deliveryError, locale } = attempt;
  return {
    sid,
    account_sid: accountSid,
    service_sid: verification.serviceSid,
    verification_sid: verification.sid,
    date_created: isoSeconds(time),
    date_updated: isoSeconds(converted(attempt) ? verification.updatedAt : time),
    conversion_status: converted(attempt) ? 'converted' : 'unconverted',
    channel,
    price: { value: '0.05', currency: 'usd' },
    channel_data: {
      verification_sid: verification.sid,
      to: verification.to,
      status: statusOf(attempt, now),
      ...delivery(attempt),
      error_code: deliveryError === null ? null : String(deliveryError),
      country: countryOf(verification.to),
      code_length: verification.code.length,
      locale,
      mcc: network.countryCode,
      mnc: network.networkCode,
      carrier: network.carrier,
    },
    url: `${verifyOrigin}/v2/Attempts/${sid}`,
  };
};

const instant = (name: string, text: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalidParameter(name);
  return time;
};

/** The filters of the list and the summary: whether an attempt passes the given value. */
const filters: Readonly<Record<string, (attempt: Attempt, value: string) => boolean>> = {
  DateCreatedAfter: ({ time }, value) => time >= instant('DateCreatedAfter', value),
  DateCreatedBefore: ({ time }, value) => time <= instant('DateCreatedBefore', value),
  'ChannelData.To': ({ verification }, value) => verification.to === value,
  Country: ({ verification }, value) => countryOf(verification.to) === value,
  Channel: ({ channel }, value) => channel === value,
  VerifyServiceSid: ({ verification }, value) => verification.serviceSid === value,
  VerificationSid: ({ verification }, value) => verification.sid === value,
  Status: (attempt, value) => converted(attempt) === (value === 'converted'),
  DestinationPrefix: ({ verification }, value) => verification.to.startsWith(value),
};

const filtered = (state: State, query: URLSearchParams): Attempt[] => {
  const given = Object.entries(filters).flatMap(([name, passes]) => {
    const value = query.get(name);
    return value === null ? [] : [(attempt: Attempt) => passes(attempt, value)];
  });
  return state.attempts.filter((attempt) => given.every((passes) => passes(attempt)));
};

/** `GET /v2/Attempts`, newest first */
export const listAttempts: Operation = (request) => {
  const newestFirst = filtered(request.state, request.query).reverse();
  const now = request.state.now();
  return page(
    request,
    verifyOrigin,
    'attempts',
    newestFirst.map((attempt) => body(attempt, now)),
  );
};

/** `GET /v2/Attempts/{Sid}` */
export const fetchAttempt: Operation = (request) => {
  const attempt = request.state.attempts.find(({ sid }) => sid === param(request, 'Sid'));
  if (attempt === undefined) throw notFound(request.path);
  return { status: 200, body: body(attempt, request.state.now()) };
};

/** `GET /v2/Attempts/Summary` */
export const summarizeAttempts: Operation = ({ state, query }) => {
  const attempts = filtered(state, query);
  const total = attempts.length;
  const confirmed = attempts.filter(converted).length;
  const rate = total === 0 ? 0 : (confirmed / total) * 100;
  return {
    status: 200,
    body: {
      total_attempts: total,
      total_converted: confirmed,
      total_unconverted: total - confirmed,
      conversion_rate_percentage: String(Number(rate.toFixed(9))),
      url: `${verifyOrigin}/v2/Attempts/Summary`,
    },
  };
};

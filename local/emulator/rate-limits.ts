import { type ApiRequest, deleted, isoSeconds, type Operation, page, param, wholeNumber } from './api.ts';
import { failure, invalidParameter, notFound } from './failures.ts';
import { serviceOf, verifyOrigin } from './services.ts';
import { accountSid, newSid } from './sids.ts';
import type { Bucket, RateLimit, State } from './state.ts';

const limitsOf = (request: ApiRequest): RateLimit[] => {
  const { rateLimits } = request.state;
  const { sid } = serviceOf(request);
  const limits = rateLimits.get(sid) ?? [];
  rateLimits.set(sid, limits);
  return limits;
};

const urlOf = (limit: RateLimit): string =>
  `${verifyOrigin}/v2/Services/${limit.serviceSid}/RateLimits/${limit.sid}`;

const dates = (resource: { readonly createdAt: number; readonly updatedAt: number }) => ({
  date_created: isoSeconds(resource.createdAt),
  date_updated: isoSeconds(resource.updatedAt),
});

const limitBody = (limit: RateLimit) => ({
  sid: limit.sid,
  service_sid: limit.serviceSid,
  account_sid: accountSid,
  unique_name: limit.uniqueName,
  description: limit.description,
  ...dates(limit),
  url: urlOf(limit),
  links: { buckets: `${urlOf(limit)}/Buckets` },
});

const bucketBody = (limit: RateLimit, bucket: Bucket) => ({
  sid: bucket.sid,
  rate_limit_sid: limit.sid,
  service_sid: limit.serviceSid,
  account_sid: accountSid,
  max: bucket.max,
  interval: bucket.interval,
  ...dates(bucket),
  url: `${urlOf(limit)}/Buckets/${bucket.sid}`,
});

/** A limit may be named by its SID or its unique name. */
const limitOf = (request: ApiRequest): RateLimit => {
  const name = param(request, 'RateLimitSid');
  const limit = limitsOf(request).find(({ sid, uniqueName }) => sid === name || uniqueName === name);
  if (limit === undefined) throw notFound(request.path);
  return limit;
};

const bucketOf = (request: ApiRequest, limit: RateLimit): Bucket => {
  const bucket = limit.buckets.find(({ sid }) => sid === param(request, 'Sid'));
  if (bucket === undefined) throw notFound(request.path);
  return bucket;
};

/** `POST …/RateLimits` */
export const createRateLimit: Operation = (request) => {
  const limits = limitsOf(request);
  const uniqueName = request.form.get('UniqueName') ?? '';
  if (uniqueName === '') throw invalidParameter('UniqueName');
  if (!/^[\w.-]+$/.test(uniqueName)) throw failure(60209);
  if (limits.some((limit) => limit.uniqueName === uniqueName)) throw failure(60208);
  const now = request.state.now();
  const limit: RateLimit = {
    sid: newSid('RK'),
    serviceSid: param(request, 'ServiceSid'),
    uniqueName,
    createdAt: now,
    updatedAt: now,
    description: request.form.get('Description') ?? '',
    buckets: [],
  };
  limits.push(limit);
  return { status: 201, body: limitBody(limit) };
};

/** `GET …/RateLimits` */
export const listRateLimits: Operation = (request) =>
  page(request, verifyOrigin, 'rate_limits', limitsOf(request).map(limitBody));

/** `GET …/RateLimits/{RateLimitSid}` */
export const fetchRateLimit: Operation = (request) => ({ status: 200, body: limitBody(limitOf(request)) });

/** `POST …/RateLimits/{RateLimitSid}`; the name cannot change. */
export const updateRateLimit: Operation = (request) => {
  const limit = limitOf(request);
  limit.description = request.form.get('Description') ?? limit.description;
  limit.updatedAt = request.state.now();
  return { status: 200, body: limitBody(limit) };
};

/** `DELETE …/RateLimits/{RateLimitSid}` */
export const deleteRateLimit: Operation = (request) => {
  const limits = limitsOf(request);
  limits.splice(limits.indexOf(limitOf(request)), 1);
  return deleted;
};

const positive = (request: ApiRequest, name: string, otherwise: number | undefined): number => {
  const text = request.form.get(name);
  const value = text === null ? otherwise : wholeNumber(text, 1, 1e9);
  if (value === undefined) throw invalidParameter(name);
  return value;
};

const freeInterval = (limit: RateLimit, interval: number, own?: Bucket): void => {
  if (limit.buckets.some((bucket) => bucket !== own && bucket.interval === interval)) throw failure(60211);
};

/** `POST …/RateLimits/{RateLimitSid}/Buckets` */
export const createBucket: Operation = (request) => {
  const limit = limitOf(request);
  const [max, interval] = [positive(request, 'Max', undefined), positive(request, 'Interval', undefined)];
  freeInterval(limit, interval);
  const now = request.state.now();
  const bucket: Bucket = {
    sid: newSid('BL'),
    createdAt: now,
    updatedAt: now,
    max,
    interval,
    counted: new Map(),
  };
  limit.buckets.push(bucket);
  return { status: 201, body: bucketBody(limit, bucket) };
};

/** `GET …/RateLimits/{RateLimitSid}/Buckets` */
export const listBuckets: Operation = (request) => {
  const limit = limitOf(request);
  const rows = limit.buckets.map((bucket) => bucketBody(limit, bucket));
  return page(request, verifyOrigin, 'buckets', rows);
};

/** `GET …/RateLimits/{RateLimitSid}/Buckets/{Sid}` */
export const fetchBucket: Operation = (request) => {
  const limit = limitOf(request);
  return { status: 200, body: bucketBody(limit, bucketOf(request, limit)) };
};

/** `POST …/RateLimits/{RateLimitSid}/Buckets/{Sid}` */
export const updateBucket: Operation = (request) => {
  const limit = limitOf(request);
  const bucket = bucketOf(request, limit);
  const [max, interval] = [
    positive(request, 'Max', bucket.max),
    positive(request, 'Interval', bucket.interval),
  ];
  freeInterval(limit, interval, bucket);
  Object.assign(bucket, { max, interval, updatedAt: request.state.now() });
  return { status: 200, body: bucketBody(limit, bucket) };
};

/** `DELETE …/RateLimits/{RateLimitSid}/Buckets/{Sid}` */
export const deleteBucket: Operation = (request) => {
  const limit = limitOf(request);
  limit.buckets.splice(limit.buckets.indexOf(bucketOf(request, limit)), 1);
  return deleted;
};

/** 20429 as a Service Rate Limit answers it. */
export const rateLimited = (retryAfterSeconds: number, limit: string): Error =>
  failure(20429, undefined, {
    'Retry-After': String(retryAfterSeconds),
    'Twilio-Reached-Rate-Limit': limit,
  });

/**
 * Counts one start against every bucket of the limits it names; names that the service does not have are ignored.
 *
 * @param values - limit name to the value it counts, such as an IP address.
 * @throws TwilioFailure 20429 with `Retry-After` in seconds and the limit's name; then nothing is counted.
 */
export const countAgainstLimits = (
  state: State,
  serviceSid: string,
  values: Readonly<Record<string, unknown>>,
): void => {
  const now = state.now();
  const named = (state.rateLimits.get(serviceSid) ?? []).filter((limit) =>
    Object.hasOwn(values, limit.uniqueName),
  );
  const windows = named.flatMap((limit) =>
    limit.buckets.map((bucket) => {
      const value = String(values[limit.uniqueName]);
      const times = (bucket.counted.get(value) ?? []).filter((time) => time > now - bucket.interval * 1000);
      bucket.counted.set(value, times);
      return { limit, bucket, times };
    }),
  );
  for (const { limit, bucket, times } of windows) {
    const blocking = times.at(-bucket.max);
    if (blocking === undefined) continue;
    throw rateLimited(Math.ceil((blocking + bucket.interval * 1000 - now) / 1000), limit.uniqueName);
  }
  for (const { times } of windows) times.push(now);
};

import type { Operation } from './api.ts';
import { fetchAttempt, listAttempts, summarizeAttempts } from './attempts.ts';
import { checkVerification } from './checks.ts';
import { createKey, deleteKey, fetchKey, listKeys, updateKey } from './credentials.ts';
import { failure, notFound } from './failures.ts';
import { lookupNumber } from './lookup.ts';
import {
  createBucket,
  createRateLimit,
  deleteBucket,
  deleteRateLimit,
  fetchBucket,
  fetchRateLimit,
  listBuckets,
  listRateLimits,
  updateBucket,
  updateRateLimit,
} from './rate-limits.ts';
import { createService, deleteService, fetchService, listServices, updateService } from './services.ts';
import { createVerification, fetchVerification, updateVerification } from './verifications.ts';

type Methods = Readonly<Record<string, Operation>>;

const service = '/v2/Services/{ServiceSid}';
const limit = `${service}/RateLimits/{RateLimitSid}`;

/** Every path of the API, with its methods. The first that matches wins. */
const paths: readonly (readonly [path: string, methods: Methods])[] = [
  ['/v2/Services', { GET: listServices, POST: createService }],
  [service, { GET: fetchService, POST: updateService, DELETE: deleteService }],
  [`${service}/Verifications`, { POST: createVerification }],
  [`${service}/Verifications/{Sid}`, { GET: fetchVerification, POST: updateVerification }],
  [`${service}/VerificationCheck`, { POST: checkVerification }],
  [`${service}/RateLimits`, { GET: listRateLimits, POST: createRateLimit }],
  [limit, { GET: fetchRateLimit, POST: updateRateLimit, DELETE: deleteRateLimit }],
  [`${limit}/Buckets`, { GET: listBuckets, POST: createBucket }],
  [`${limit}/Buckets/{Sid}`, { GET: fetchBucket, POST: updateBucket, DELETE: deleteBucket }],
  ['/v2/Attempts', { GET: listAttempts }],
  ['/v2/Attempts/Summary', { GET: summarizeAttempts }],
  ['/v2/Attempts/{Sid}', { GET: fetchAttempt }],
  ['/v2/PhoneNumbers/{PhoneNumber}', { GET: lookupNumber }],
  ['/v1/Keys', { GET: listKeys, POST: createKey }],
  ['/v1/Keys/{Sid}', { GET: fetchKey, POST: updateKey, DELETE: deleteKey }],
];

const routes = paths.map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  methods,
}));

/** Where a request goes: the operation and the path's decoded parameters. */
export interface Route {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

/** The path as Twilio's own host would see it: `/lookups` and `/iam` stand for the hosts of those products. */
export const withoutHostPrefix = (path: string): string => path.replace(/^\/(?:lookups|iam)(?=\/)/, '');

const decoded = (groups: Readonly<Record<string, string>> | undefined, path: string) => {
  try {
    return Object.fromEntries(
      Object.entries(groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw notFound(path);
  }
};

/**
 * Finds the operation for a path without its host prefix.
 *
 * @throws TwilioFailure 20404 for an unknown path, 20004 for a method that the path does not take.
 */
export const route = (method: string, path: string): Route => {
  for (const { pattern, methods } of routes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const operation = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (operation === undefined) throw failure(20004);
    return { operation, params: decoded(match.groups, path) };
  }
  throw notFound(path);
};

import { randomInt } from 'node:crypto';
import { type ApiRequest, isoSeconds, type Operation, param } from './api.ts';
import type { Settings } from './control/settings.ts';
import { isLandline, isPhoneNumber, network } from './destinations.ts';
import { failure, invalidParameter, notFound } from './failures.ts';
import { magicCode } from './magic-numbers.ts';
import { countAgainstLimits, rateLimited } from './rate-limits.ts';
import { codeLength, isOn, serviceOf, verifyOrigin } from './services.ts';
import { accountSid, isSid, newSid } from './sids.ts';
import { invalidTo, readStart, type Start } from './start-parameters.ts';
import { destinationKey, type Service, type State, type Verification } from './state.ts';

const maxSends = 5;

const attemptBody = (attempt: Verification['attempts'][number], settings: Settings) => {
  const captured = settings.body_form === 'captured';
  const upper = attempt.channel === 'whatsapp' ? attempt.channel : attempt.channel.toUpperCase();
  return {
    attempt_sid: attempt.sid,
    channel: captured ? attempt.channel : upper,
    time: captured ? new Date(attempt.time).toISOString() : isoSeconds(attempt.time),
  };
};

const lookup = (verification: Verification, service: Service, settings: Settings) => {
  if (isOn(service, 'lookup_enabled') && isPhoneNumber(verification.to)) {
    const type = isLandline(settings, verification.to) ? 'landline' : 'mobile';
    const { countryCode, networkCode, carrier } = network;
    const codes = { mobile_country_code: countryCode, mobile_network_code: networkCode };
    return { carrier: { ...codes, type, error_code: null, name: carrier } };
  }
  return settings.body_form === 'captured' ? { carrier: null } : {};
};

const body = (verification: Verification, service: Service, settings: Settings) => ({
  status: verification.status,
  payee: verification.payee,
  date_updated: isoSeconds(verification.updatedAt),
  send_code_attempts: verification.attempts.map((attempt) => attemptBody(attempt, settings)),
  account_sid: accountSid,
  to: verification.to,
  amount: verification.amount,
  valid: verification.status === 'approved',
  lookup: lookup(verification, service, settings),
  url: `${verifyOrigin}/v2/Services/${verification.serviceSid}/Verifications/${verification.sid}`,
  sid: verification.sid,
  date_created: isoSeconds(verification.createdAt),
  service_sid: verification.serviceSid,
  channel: verification.channel,
  // Captures have this key on the sna channel only.
  ...(settings.body_form === 'spec' ? { sna: null } : {}),
});

/** Whether a verification still waits for its code, or would if its checks were not used up. */
export const isLive = (verification: Verification, now: number): boolean =>
  (verification.status === 'pending' || verification.status === 'max_attempts_reached') &&
  now < verification.expiresAt;

/** The live verification of a destination. */
export const liveVerification = (state: State, serviceSid: string, to: string): Verification | undefined => {
  const newest = state.newest.get(destinationKey(serviceSid, to));
  return newest !== undefined && isLive(newest, state.now()) ? newest : undefined;
};

const refuseMagic = ({ to, channel }: Start): void => {
  const code = magicCode('start', to, channel);
  if (code === 60200) throw invalidTo(to);
  if (code === 20429) throw rateLimited(1, 'emulator');
  if (code !== undefined) throw failure(code);
};

const refuseConcurrent = (state: State, last: Verification | undefined): void => {
  const { concurrency_window_ms: window } = state.settings;
  const sentAt = last?.attempts.at(-1)?.time;
  if (sentAt !== undefined && state.now() - sentAt < window) throw failure(60212);
};

/** The verification to send (again), where the limits allow it. */
const pendingFor = (state: State, service: Service, start: Start): Verification => {
  const live = liveVerification(state, service.sid, start.to);
  const exhausted = live?.status === 'max_attempts_reached';
  if (exhausted && state.settings.create_after_max_checks === 'refuse') throw failure(60202);
  if (live !== undefined && !exhausted) {
    if (live.attempts.length >= maxSends) throw failure(60203);
    return live;
  }
  const now = state.now();
  const digits = codeLength(service);
  const verification: Verification = {
    sid: newSid('VE'),
    serviceSid: service.sid,
    to: start.to,
    createdAt: now,
    expiresAt: now + state.settings.ttl_seconds * 1000,
    code: String(randomInt(10 ** digits)).padStart(digits, '0'),
    channel: start.channel,
    status: 'pending',
    updatedAt: now,
    amount: null,
    payee: null,
    wrongChecks: 0,
    attempts: [],
  };
  state.verifications.set(verification.sid, verification);
  state.newest.set(destinationKey(service.sid, start.to), verification);
  return verification;
};

/** The carrier's error where the message will not arrive, else null. A landline takes calls alone. */
const deliveryError = (state: State, { to, channel }: Start): number | null => {
  if (isLandline(state.settings, to) && channel === 'sms') return 30006;
  if (isLandline(state.settings, to) && channel === 'whatsapp') return 63024;
  return magicCode('delivery', to, channel) ?? null;
};

const send = (state: State, verification: Verification, start: Start): void => {
  const time = state.now();
  const { channel, locale } = start;
  verification.channel = channel;
  verification.updatedAt = time;
  verification.code = start.customCode ?? verification.code;
  verification.amount = start.amount;
  verification.payee = start.payee;
  const error = deliveryError(state, start);
  const attempt = { sid: newSid('VL'), verification, channel, locale, time, deliveryError: error };
  verification.attempts.push(attempt);
  state.attempts.push(attempt);
  if (error !== null) return;
  const { to, code, sid, serviceSid } = verification;
  state.messages.push({
    to,
    channel,
    code,
    sid,
    service_sid: serviceSid,
    sent_at: new Date(time).toISOString(),
  });
};

/** `POST …/Verifications`: starts a verification, or sends the same code again while one is pending. */
export const createVerification: Operation = (request) => {
  const { state } = request;
  const service = serviceOf(request);
  const start = readStart(request.form, service, state.settings);
  refuseMagic(start);
  countAgainstLimits(state, service.sid, start.rateLimits);
  refuseConcurrent(state, state.newest.get(destinationKey(service.sid, start.to)));
  const verification = pendingFor(state, service, start);
  send(state, verification, start);
  return { status: 201, body: body(verification, service, state.settings) };
};

/** Finds by SID (a canceled one too) or by destination; approved and expired ones are gone. */
const found = (request: ApiRequest, service: Service): Verification => {
  const { state } = request;
  const name = param(request, 'Sid');
  const verification = isSid('VE', name)
    ? state.verifications.get(name)
    : liveVerification(state, service.sid, name);
  const there =
    verification?.serviceSid === service.sid &&
    (verification.status === 'canceled' || isLive(verification, state.now()));
  if (!there) throw notFound(request.path);
  return verification;
};

/** `GET …/Verifications/{Sid}`, where Sid may also be the destination. */
export const fetchVerification: Operation = (request) => {
  const service = serviceOf(request);
  return { status: 200, body: body(found(request, service), service, request.state.settings) };
};

/** `POST …/Verifications/{Sid}`: ends a live verification, as `approved` or `canceled`. */
export const updateVerification: Operation = (request) => {
  const service = serviceOf(request);
  const verification = found(request, service);
  const status = request.form.get('Status');
  if (status !== 'approved' && status !== 'canceled') throw invalidParameter('Status');
  if (verification.status === 'canceled') throw notFound(request.path);
  verification.status = status;
  verification.updatedAt = request.state.now();
  return { status: 200, body: body(verification, service, request.state.settings) };
};

import { type ApiRequest, isoSeconds, type Operation } from './api.ts';
import { isEmail, isPhoneNumber } from './destinations.ts';
import { failure, invalidParameter, notFound } from './failures.ts';
import { magicCode } from './magic-numbers.ts';
import { isOn, serviceOf } from './services.ts';
import { accountSid, isSid } from './sids.ts';
import { invalidTo } from './start-parameters.ts';
import type { Service, Verification } from './state.ts';
import { isLive, liveVerification } from './verifications.ts';

const maxWrongChecks = 5;

const readForm = ({ form }: ApiRequest) => {
  const [to, sid, code] = [form.get('To'), form.get('VerificationSid'), form.get('Code') ?? ''];
  if (to === null && sid === null) throw failure(60221);
  if (to !== null && !isPhoneNumber(to) && !isEmail(to)) throw invalidTo(to);
  if (sid !== null && !isSid('VE', sid)) throw invalidParameter('VerificationSid');
  if (!/^.{4,10}$/u.test(code)) throw invalidParameter('Code');
  return { to, sid, code };
};

/** The live verification that is asked about, by SID where one is given, else by destination. */
const asked = (
  request: ApiRequest,
  service: Service,
  to: string | null,
  sid: string | null,
): Verification => {
  const { state } = request;
  const verification =
    sid === null ? liveVerification(state, service.sid, to ?? '') : state.verifications.get(sid);
  const matches =
    verification?.serviceSid === service.sid &&
    isLive(verification, state.now()) &&
    (to === null || to.toLowerCase() === verification.to.toLowerCase());
  if (!matches) throw notFound(request.path);
  return verification;
};

const refuseExhausted = (verification: Verification): void => {
  if (magicCode('check', verification.to, verification.channel) === 60202) throw failure(60202);
  if (verification.wrongChecks < maxWrongChecks) return;
  verification.status = 'max_attempts_reached';
  throw failure(60202);
};

/** A payment's code is bound to its amount and payee. */
const paymentMatches = ({ form }: ApiRequest, service: Service, verification: Verification): boolean => {
  if (!isOn(service, 'psd2_enabled')) return true;
  const [amount, payee] = [form.get('Amount'), form.get('Payee')];
  if (!amount || !payee) throw failure(60206);
  return amount === verification.amount && payee === verification.payee;
};

/** `POST …/VerificationCheck`: a wrong code is an answer, five times; the sixth check is 60202. */
export const checkVerification: Operation = (request) => {
  const { state } = request;
  const service = serviceOf(request);
  const { to, sid, code } = readForm(request);
  const verification = asked(request, service, to, sid);
  const matches = paymentMatches(request, service, verification) && code === verification.code;
  refuseExhausted(verification);
  if (matches) verification.status = 'approved';
  else verification.wrongChecks += 1;
  verification.updatedAt = state.now();
  return {
    status: 200,
    body: {
      status: verification.status,
      payee: verification.payee,
      date_updated: isoSeconds(verification.updatedAt),
      account_sid: accountSid,
      to: verification.to,
      amount: verification.amount,
      valid: matches,
      sid: verification.sid,
      date_created: isoSeconds(verification.createdAt),
      service_sid: verification.serviceSid,
      channel: verification.channel,
      ...(state.settings.body_form === 'spec' ? { sna_attempts_error_codes: [] } : {}),
    },
  };
};

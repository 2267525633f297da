import { RunError } from '../../functions/runtime/errors.ts';
import type { Checked, Started } from '../../functions/verify/provider.ts';

/** How a call to the provider ends, where it is not as Twilio would have it. */
export type ProviderFault =
  /** Refused at the door: nothing happened. */
  | 'refused'
  /** It happened, but the answer was lost. */
  | 'lost'
  /** Nothing happened, but nobody knows. */
  | 'vanished';

/** A verification at the provider. */
interface ProviderVerification {
  readonly sid: string;
  readonly createdAt: number;
  readonly code: string;
  sends: number;
  checks: number;
}

/** Twilio as the guard meets it, in memory: one verification per service and destination. */
export interface FakeProvider {
  /** When each message went out, by destination, oldest first. */
  readonly sends: { readonly to: string; readonly at: number }[];
  /** Each code that was judged. */
  readonly guesses: {
    readonly to: string;
    readonly at: number;
    readonly result: 'approved' | 'wrong' | 'gone' | 'max';
  }[];
  start(service: string, to: string, fault?: ProviderFault): Promise<Started>;
  check(service: string, to: string, code: string, fault?: ProviderFault): Promise<Checked>;
  /** The verification that waits for its code. */
  pending(service: string, to: string): ProviderVerification | undefined;
}

const life = 600_000;
const maxSends = 5;
const maxChecks = 5;

const faultOf = (fault: ProviderFault | undefined): RunError | undefined => {
  if (fault === undefined) return undefined;
  return fault === 'refused'
    ? new RunError('channel_unavailable', { reason: 'twilio_60205', effect: 'none', twilio: 'healthy' })
    : new RunError('upstream_timeout', { reason: 'twilio_timeout', effect: 'unknown', twilio: 'failed' });
};

const limited = (code: 'throttled' | 'max_attempts', reason: string) =>
  new RunError(code, {
    reason,
    effect: 'none',
    twilio: 'healthy',
    endsWithVerification: true,
    retryAfter: 600,
  });

/** The provider over a clock; the codes count up from 100000. */
export const createFakeProvider = (clock: () => number): FakeProvider => {
  const verifications = new Map<string, ProviderVerification>();
  const sends: FakeProvider['sends'] = [];
  const guesses: FakeProvider['guesses'] = [];
  let count = 0;
  const pending = (service: string, to: string): ProviderVerification | undefined => {
    const found = verifications.get(`${service} ${to}`);
    return found !== undefined && clock() < found.createdAt + life ? found : undefined;
  };
  const begun = (service: string, to: string): ProviderVerification => {
    count += 1;
    const sid = `VE${count.toString(16).padStart(32, '0')}`;
    const verification = { sid, createdAt: clock(), code: `${99_999 + count}`, sends: 0, checks: 0 };
    verifications.set(`${service} ${to}`, verification);
    return verification;
  };
  const judged = (service: string, to: string, code: string): FakeProvider['guesses'][number]['result'] => {
    const verification = pending(service, to);
    if (verification === undefined) return 'gone';
    if (verification.checks >= maxChecks) return 'max';
    if (verification.code !== code) {
      verification.checks += 1;
      return 'wrong';
    }
    verifications.delete(`${service} ${to}`);
    return 'approved';
  };
  return {
    sends,
    guesses,
    pending,
    async start(service, to, fault) {
      const error = faultOf(fault);
      if (error !== undefined && fault !== 'lost') throw error;
      const verification = pending(service, to) ?? begun(service, to);
      if (verification.checks >= maxChecks) throw limited('max_attempts', 'twilio_60202');
      if (verification.sends >= maxSends) throw limited('max_attempts', 'twilio_60203');
      verification.sends += 1;
      sends.push({ to, at: clock() });
      if (error !== undefined) throw error;
      return { sid: verification.sid, createdAt: verification.createdAt };
    },
    async check(service, to, code, fault) {
      const error = faultOf(fault);
      if (error !== undefined && fault !== 'lost') throw error;
      const sid = pending(service, to)?.sid ?? '';
      const result = judged(service, to, code);
      guesses.push({ to, at: clock(), result });
      if (error !== undefined) throw error;
      if (result === 'gone')
        throw new RunError('no_verification', { reason: 'twilio_20404', effect: 'none', twilio: 'healthy' });
      if (result === 'max') throw limited('max_attempts', 'twilio_60202');
      return { sid, approved: result === 'approved' };
    },
  };
};

import type { KeyedHash } from '../../privacy/keyed-hash.ts';
import type { Clock } from '../../runtime/clock.ts';
import { RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Destination } from '../../verify/destination.ts';
import type { RulesPolicy } from '../policy/rules-policy.ts';
import type { GuardStore } from '../store/store.ts';

/** Tells the types of lines, for a fee. */
export interface LineTypeLookup {
  /**
   * The type of a number's line in Twilio's words, such as `mobile` or `landline`; `unknown` where nobody knows.
   *
   * @throws RunError where it could not be learnt.
   */
  typeOf(number: Destination): Promise<string>;
}

/** What the line rule is made of. */
export interface LineRuleParts {
  readonly lookup: LineTypeLookup;
  readonly store: GuardStore;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  readonly policy: { readonly channels: readonly Channel[]; readonly lookup: RulesPolicy['lookup'] };
  readonly clock: Clock;
  /** Told the reason each time a type could not be learnt and the number passed for that. */
  readonly onFailure: (reason: string) => void;
}

/**
 * The rule on lines: before an SMS, learns the type of the number's line, which is remembered so that one number costs
 * one fee.
 *
 * @returns says why a destination is refused: RunError `channel_unavailable` for a landline, `blocked` for a type that
 *   the policy denies. Never throws: whose type cannot be learnt passes.
 */
export const createLineRule = ({ lookup, store, hash, policy, clock, onFailure }: LineRuleParts) => {
  const { mode, deny_types, cache_seconds } = policy.lookup;

  const knownType = async (number: Destination): Promise<string> => {
    const now = clock();
    const key = `line#${(await hash())('to', number)}`;
    const { version, document } = await store.load(key, now);
    if (typeof document === 'string') return document;
    const type = await lookup.typeOf(number);
    await store.save(key, version, type, now, now + cache_seconds * 1_000);
    return type;
  };

  const refusalOf = (type: string): RunError | undefined => {
    if (type === 'landline')
      return new RunError('channel_unavailable', {
        reason: 'landline',
        sentence: policy.channels.includes('call')
          ? 'This number takes no text messages; use the channel call'
          : 'This number takes no text messages; use a mobile number',
      });
    return deny_types.some((denied) => denied === type)
      ? new RunError('blocked', { reason: 'rule_line_type' })
      : undefined;
  };

  return async (destination: Destination, channel: Channel): Promise<RunError | undefined> => {
    if (mode === 'off' || channel !== 'sms') return undefined;
    try {
      return refusalOf(await knownType(destination));
    } catch (thrown) {
      onFailure((thrown instanceof RunError ? thrown.details.reason : undefined) ?? 'unknown');
      return undefined;
    }
  };
};

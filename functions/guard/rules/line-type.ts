import type { Clock } from '../../runtime/clock.ts';
import { type Refusal, RunError } from '../../runtime/errors.ts';
import { type Channel, channelFacts } from '../../verify/channel.ts';
import type { Destination } from '../../verify/destination.ts';
import type { RulesPolicy } from '../policy/rules-policy.ts';
import type { HashedRequest } from '../request/hashed-request.ts';
import type { GuardStore } from '../store/store.ts';

/** Tells the types of lines, for a fee. */
export interface LineTypeLookup {
  /**
   * The type of a number's line in Twilio's words, such as `mobile` or `landline`; `unknown` where Twilio does not know.
   *
   * @throws RunError where it could not be learnt.
   */
  typeOf(number: Destination): Promise<string>;
}

/** What the line rule stands on. */
export interface LineRuleParts {
  readonly lookup: LineTypeLookup;
  readonly store: GuardStore;
  readonly policy: { readonly channels: readonly Channel[]; readonly lookup: RulesPolicy['lookup'] };
  readonly clock: Clock;
  /** Told the reason each time a type could not be learnt and the number passed for that. */
  readonly onFailure: (reason: string) => void;
}

/** The rule on lines: before an SMS it learns the type of the number's line, and keeps it so that one number costs one fee. */
export class LineRule {
  readonly #parts: LineRuleParts;

  constructor(parts: LineRuleParts) {
    this.#parts = parts;
  }

  /**
   * Says why the type of a line speaks against a channel: `channel_unavailable` for a landline, `blocked` for a type
   * that the policy denies. Never throws: a number whose type cannot be learnt passes.
   */
  async refuse(request: HashedRequest, channel: Channel): Promise<Refusal | undefined> {
    if (!channelFacts[channel].lostOnLandlines) return undefined;
    try {
      return this.#refusalOf(await this.#typeOf(request));
    } catch (thrown) {
      this.#parts.onFailure((thrown instanceof RunError ? thrown.details.reason : undefined) ?? 'unknown');
      return undefined;
    }
  }

  async #typeOf({ asked, hashes }: HashedRequest): Promise<string> {
    const { clock, lookup, policy, store } = this.#parts;
    const now = clock();
    const key = `line#${hashes.to}`;
    const { version, document } = await store.load(key, now);
    if (typeof document === 'string') return document;
    const type = await lookup.typeOf(asked.destination);
    await store.save(key, version, type, now, now + policy.lookup.cache_seconds * 1_000);
    return type;
  }

  #refusalOf(type: string): Refusal | undefined {
    const { channels, lookup } = this.#parts.policy;
    if (type === 'landline')
      return {
        code: 'channel_unavailable',
        reason: 'landline',
        sentence: channels.includes('call')
          ? 'This number takes no text messages; use the channel call'
          : 'This number takes no text messages; use a mobile number',
      };
    return lookup.deny_types.some((denied) => denied === type)
      ? { code: 'blocked', reason: 'rule_line_type' }
      : undefined;
  }
}

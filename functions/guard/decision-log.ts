import * as v from 'valibot';
import type { Hashed } from '../privacy/keyed-hash.ts';
import { RunError } from '../runtime/errors.ts';
import { isRecord } from '../runtime/inputs.ts';
import { channels } from '../verify/channel.ts';
import { numberTypes } from './request/destination-facts.ts';

/** The `event` of a log line that holds a decision, under the key of the same name as the line's second part. */
const decisionEvent = 'guard_decision';

const hashed = v.custom<Hashed>(
  (value) => typeof value === 'string' && /^[\w-]+$/.test(value),
  'must be a hash',
);

const facts = {
  /** The run function that was asked. */
  function: v.pipe(v.string(), v.regex(/^[a-z_]+$/, 'must be the name of a function')),
  /** Milliseconds since the epoch. */
  at: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** ISO 3166 code; null where there is none. */
  country: v.nullable(v.string()),
  number_type: v.nullable(v.picklist(numberTypes)),
  is_email: v.boolean(),
  to: hashed,
  service: hashed,
  /** The number without its last four and its last six digits. */
  prefixes: v.array(hashed),
  by: hashed,
  identity: v.nullable(hashed),
  network: v.nullable(hashed),
  /** Whether the caller was a direct one that named neither identity nor address. */
  trusted: v.boolean(),
  /** Whether the destination was verified before. */
  verified_before: v.boolean(),
  /** A stable token that says why: our limit or rule, or what Twilio answered; null where all went well. */
  reason: v.nullable(v.string()),
  /** What would have refused it, had it not been told to record only. */
  would_refuse: v.nullable(v.string()),
};

const decisionSchema = v.variant('reserves', [
  v.object({
    ...facts,
    reserves: v.literal('send'),
    channel: v.picklist(channels),
    /** `unsent`: let pass, but surely nothing went out; `doubtful`: it may have. */
    outcome: v.picklist(['sent', 'replayed', 'refused', 'unsent', 'doubtful']),
  }),
  v.object({
    ...facts,
    reserves: v.literal('check'),
    /** `unjudged`: let pass, but Twilio said neither right nor wrong. */
    outcome: v.picklist(['approved', 'wrong', 'replayed', 'refused', 'unjudged']),
  }),
]);

/** What the guard decided on one request, and all that decided it: enough to decide again under another policy. */
export type Decision = v.InferOutput<typeof decisionSchema>;
/** A decision on a start. */
export type StartDecision = Extract<Decision, { readonly reserves: 'send' }>;
/** A decision on a check. */
export type CheckDecision = Extract<Decision, { readonly reserves: 'check' }>;

/** What every decision is written down with, but for how it ended. */
export type DecisionFacts = Omit<
  Decision,
  'reserves' | 'channel' | 'outcome' | 'reason' | 'would_refuse' | 'verified_before'
>;

// Lines of before there was `reserves` tell starts by their channel.
const withReserves = (decision: unknown): unknown =>
  isRecord(decision) && decision['reserves'] === undefined
    ? { ...decision, reserves: 'channel' in decision ? 'send' : 'check' }
    : decision;

const line = v.object({
  event: v.literal(decisionEvent),
  decision: v.pipe(v.unknown(), v.transform(withReserves), decisionSchema),
});

/**
 * Reads a line of a function's log; what stands before its JSON, such as the time that `aws logs tail` prints, and
 * keys it does not know are passed over.
 *
 * @returns undefined for a line that holds no decision.
 * @throws Error whose message says what is wrong with a line that should hold one.
 */
export const readDecision = (text: string): Decision | undefined => {
  if (!text.includes(`"${decisionEvent}"`)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.slice(text.indexOf('{')));
  } catch {
    throw new Error('it is not JSON; it may have been cut off');
  }
  const result = v.safeParse(line, parsed);
  if (result.success) return result.output.decision;
  const [issue] = result.issues;
  throw new Error(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
};

/** The token that stands in a decision for what was thrown. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof RunError ? (thrown.details.reason ?? thrown.code) : 'unexpected';

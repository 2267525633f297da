import type { StartDecision } from '../../functions/guard/decision-log.ts';
import type { DestinationState } from '../../functions/guard/limits/destination-state.ts';
import { settled } from '../../functions/guard/limits/send-outcome.ts';
import { decideSend } from '../../functions/guard/limits/send-rules.ts';
import type { DestinationFacts } from '../../functions/guard/rules/destination-facts.ts';
import { refuseByRules } from '../../functions/guard/rules/destination-rules.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { Started } from '../../functions/verify/provider.ts';
import { callerIn } from './replay-limits.ts';
import { passed, type Replayed, type ReplayWorld, refused } from './replay-world.ts';

/** The facts that the rules read; the log holds no number and no domain, which so are on no list. */
const factsIn = ({ country, is_email, number_type, to }: StartDecision): DestinationFacts => ({
  destination: to as string as DestinationFacts['destination'],
  country,
  numberType: number_type,
  domain: is_email ? '' : null,
});

/** The verification that a send began, or the pending verification that it was sent again for. */
const startedBy = (state: DestinationState, { at, service }: StartDecision, id: string): Started => {
  const record = state.records[service];
  return record === undefined || record.sid === null || record.end !== null || at >= record.expiresAt
    ? { sid: id, createdAt: at }
    : { sid: record.sid, createdAt: record.startedAt };
};

/** Pays for a message that its limits admit, and writes it down unless it surely did not go out. */
const send = async (
  world: ReplayWorld,
  decision: StartDecision,
  state: DestinationState,
): Promise<RunError | undefined> => {
  const { at, country, is_email: isEmail, outcome, to } = decision;
  const spent = await world.budget.spend({ country, isEmail }, at).catch((refusal: RunError) => refusal);
  if (spent instanceof RunError) return spent;
  if (outcome === 'unsent') await spent.giveBack();
  else {
    world.limits.take(decision);
    world.keep(to, state);
    world.pumping.sent(decision, at);
    await world.pumping.flush(at);
  }
  return undefined;
};

/** Decides on a start again. */
export const replayStart = async (world: ReplayWorld, decision: StartDecision): Promise<Replayed> => {
  const { at: now, channel, service, to } = decision;
  const { limits, policy, pumping } = world;
  const state = world.stateOf(to);
  const verifiedBefore = decision.verified_before || state.verifiedAt > 0;
  const rule = refuseByRules(factsIn(decision), verifiedBefore, policy);
  if (rule !== undefined) return refused(rule);
  const ask = { id: world.newId(), now, channel, service, caller: callerIn(decision) };
  const verdict = decideSend(state, ask, policy, limits.waits(decision));
  if (verdict.kind === 'refuse') return refused(verdict.error);
  if (verdict.kind !== 'reserve') return passed();
  const { error, trip } = (await pumping.assess(decision, now)).verdict(verifiedBefore);
  const sent = settled(verdict.state, ask, startedBy(state, decision, ask.id), policy);
  const refusal = error ?? (await send(world, decision, sent));
  if (refusal !== undefined) return refused(refusal);
  return passed(trip === undefined ? null : `pumping_${trip.budget}`);
};

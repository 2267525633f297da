import type { StartDecision } from '../../functions/guard/decision-log.ts';
import type { DestinationState } from '../../functions/guard/limits/destination-state.ts';
import { decideSend, settled } from '../../functions/guard/limits/send-rules.ts';
import type { DestinationFacts } from '../../functions/guard/request/destination-facts.ts';
import { rulingsOn } from '../../functions/guard/rules/destination-rules.ts';
import { pumpingReason, pumpingRefusal } from '../../functions/guard/spend/pumping.ts';
import { errorOf } from '../../functions/runtime/errors.ts';
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
): Promise<unknown> => {
  const { at, country, is_email: isEmail, outcome, to } = decision;
  const paid = await world.budget.spend({ country, isEmail }, at);
  if (paid.kind === 'refused') return paid.error;
  if (outcome === 'unsent') await world.budget.giveBack(paid.spent);
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
  const rulings = rulingsOn(factsIn(decision), policy);
  const ruling = verifiedBefore ? rulings.verified : rulings.unverified;
  if (ruling !== undefined) return refused(errorOf(ruling));
  const ask = { id: world.newId(), now, channel, service, caller: callerIn(decision) };
  const verdict = decideSend(state, ask, policy, limits.waits(decision));
  if (verdict.kind === 'refuse') return refused(errorOf(verdict.refusal));
  if (verdict.kind !== 'reserve') return passed();
  const trip = verifiedBefore ? undefined : await pumping.trip(decision, now);
  const pumped = pumpingRefusal(trip, policy.pumping);
  const sent = settled(verdict.state, ask, startedBy(state, decision, ask.id), policy);
  const refusal = pumped === undefined ? await send(world, decision, sent) : errorOf(pumped);
  if (refusal !== undefined) return refused(refusal);
  return passed(trip === undefined ? null : pumpingReason(trip));
};

import type { CheckDecision } from '../../functions/guard/decision-log.ts';
import { decideCheck } from '../../functions/guard/limits/check-rules.ts';
import { withApproval, withoutCheck, withRecord } from '../../functions/guard/limits/destination-state.ts';
import { errorOf } from '../../functions/runtime/errors.ts';
import { callerIn } from './replay-limits.ts';
import { passed, type Replayed, type ReplayWorld, refused } from './replay-world.ts';

/**
 * Decides again on a check that was right, wrong or refused. Whether a refused one was right is not known: it counts as
 * wrong.
 */
export const replayCheck = async (world: ReplayWorld, decision: CheckDecision): Promise<Replayed> => {
  const { at: now, outcome, service, to } = decision;
  const caller = callerIn(decision);
  const id = world.newId();
  const before = world.stateOf(to);
  const ask = { id, now, service, caller, code: id, sid: undefined };
  const verdict = decideCheck(before, ask, world.policy, world.limits.waits(decision));
  if (verdict.kind === 'refuse') return refused(errorOf(verdict.refusal));
  if (verdict.kind !== 'reserve' || outcome === 'unjudged') return passed();
  if (outcome !== 'approved') {
    world.limits.take(decision);
    world.keep(to, verdict.state);
    return passed();
  }
  const state = withApproval(withoutCheck(verdict.state, id), caller, now);
  const record = before.records[service];
  const ended = { end: 'approved', endedAt: now } as const;
  world.keep(to, record === undefined ? state : withRecord(state, service, { ...record, ...ended }));
  world.pumping.approved(decision, now);
  await world.pumping.flush(now);
  return passed();
};

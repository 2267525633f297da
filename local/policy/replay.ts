import type { CheckDecision, Decision, StartDecision } from '../../functions/guard/decision-log.ts';
import type { Policy } from '../../functions/guard/policy/policy.ts';
import { replayCheck } from './replay-check.ts';
import { replayStart } from './replay-start.ts';
import { createReplayWorld, type Replayed } from './replay-world.ts';

// The reasons that a policy has and that the log holds everything for: it has no prefix of a number and no domain.
const decidable =
  /^(?:send_per_|check_per_|resend_|cooldown_|pumping_|daily_budget_|rule_(?:off|country|number_type)$)/;

const isDecidable = (reason: string | null): boolean => decidable.test(reason ?? '');

const targetOf = ({ service, to }: Decision): string => `${service} ${to}`;

const asThen = ({ outcome, reason }: Decision): Replayed => ({
  reason: outcome === 'refused' ? reason : null,
  wouldRefuse: null,
  kept: true,
});

/** Decides again under another policy: to be given a log's decisions one after the other, by their time. */
export const createReplay = (policy: Policy): ((decision: Decision) => Promise<Replayed>) => {
  const world = createReplayWorld(policy);
  /** Where a start that was let pass then is refused. */
  const unsent = new Set<string>();

  const start = async (decision: StartDecision): Promise<Replayed> => {
    const replayed = await replayStart(world, decision);
    if (replayed.reason !== null && decision.outcome !== 'refused') unsent.add(targetOf(decision));
    return replayed;
  };

  const check = async (decision: CheckDecision): Promise<Replayed> => {
    const isKnown = world.stateOf(decision.to).records[decision.service] !== undefined;
    // What is checked was never sent.
    if (!isKnown && unsent.has(targetOf(decision))) return asThen(decision);
    const replayed = await replayCheck(world, decision);
    // That a verification has ended is no policy's doing.
    return replayed.reason === null || isDecidable(replayed.reason) ? replayed : asThen(decision);
  };

  return async (decision) => {
    const { outcome, reason } = decision;
    if (outcome === 'replayed' || (outcome === 'refused' && !isDecidable(reason))) return asThen(decision);
    switch (decision.function) {
      case 'start_verification':
        return await start(decision);
      case 'check_verification':
        return await check(decision);
    }
  };
};

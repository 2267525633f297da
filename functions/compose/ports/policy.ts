import { type Policy, parsePolicy } from '../../guard/policy/policy.ts';
import type { Base } from '../base.ts';
import { misconfigured } from '../environment.ts';

/**
 * The policy.
 *
 * @throws RunError `misconfigured` whose `fix` names the key that is wrong.
 */
export const policy = ({ environment }: Base): Policy => {
  try {
    return parsePolicy(JSON.parse(environment.optional('VERIFY_POLICY') ?? '{}'));
  } catch (thrown) {
    const why =
      thrown instanceof SyntaxError ? 'It is not JSON' : thrown instanceof Error ? thrown.message : '';
    throw misconfigured(`VERIFY_POLICY: ${why}`);
  }
};

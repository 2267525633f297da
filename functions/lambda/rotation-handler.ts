import type { RotationService } from '../compose/rotation.ts';
import { thrownPlace } from '../privacy/thrown-place.ts';
import { readRotationEvent } from '../rotation/rotate.ts';
import { RunError } from '../runtime/errors.ts';

/**
 * The Lambda handler of a rotation: one invocation a step. It throws where the step failed, which is how Secrets Manager learns
 * of it; what it throws names the step and the reason, and nothing else.
 */
export const rotationHandler =
  (name: string, { rotate, log, metrics, clock }: RotationService) =>
  async (event: unknown): Promise<void> => {
    const startedAt = clock();
    let step: string | undefined;
    try {
      const asked = readRotationEvent(event);
      step = asked.Step;
      await rotate(asked);
    } catch (thrown) {
      const { code, details } =
        thrown instanceof RunError
          ? thrown
          : new RunError('misconfigured', { reason: 'unexpected', cause: thrown });
      const { reason, fix, cause } = details;
      log('rotation_failed', {
        function: name,
        step,
        code,
        reason,
        fix,
        duration: clock() - startedAt,
        thrown: thrownPlace(cause),
      });
      metrics({ RotationSuccess: 0 }, { function: name });
      throw new Error(`${step ?? 'The event'} failed: ${reason ?? code}`);
    }
    log('rotation_step_done', { function: name, step, duration: clock() - startedAt });
    if (step === 'finishSecret') metrics({ RotationSuccess: 1 }, { function: name });
  };

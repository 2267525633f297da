import * as v from 'valibot';

const whole = (least: number, most: number, description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most), v.description(description));

const defaults = {
  mode: 'on',
  window_seconds: 30,
  min_failures: 10,
  failure_ratio: 0.5,
  open_seconds: 15,
  max_open_seconds: 120,
} as const;

/** The policy's section on the circuit breaker over Twilio. */
export const breakerPolicy = v.optional(
  v.pipe(
    v.strictObject({
      mode: v.optional(
        v.pipe(v.picklist(['on', 'off']), v.description('Whether calls to a failing Twilio are held back')),
        defaults.mode,
      ),
      window_seconds: v.optional(
        whole(5, 60, 'Seconds over which calls to Twilio are counted'),
        defaults.window_seconds,
      ),
      min_failures: v.optional(
        whole(1, 10_000, 'Failed calls in the window, at least, before the breaker opens'),
        defaults.min_failures,
      ),
      failure_ratio: v.optional(
        v.pipe(
          v.number(),
          v.minValue(0.01),
          v.maxValue(1),
          v.description('Part of all calls in the window, from 0.01 to 1, that must have failed as well'),
        ),
        defaults.failure_ratio,
      ),
      // A container reads the shared state every 5 s, so that shorter openings could pass unnoticed.
      open_seconds: v.optional(
        whole(5, 3_600, 'Seconds for which the breaker stays open before one call probes Twilio'),
        defaults.open_seconds,
      ),
      max_open_seconds: v.optional(
        whole(5, 3_600, 'Seconds up to which that time doubles with each probe that fails'),
        defaults.max_open_seconds,
      ),
    }),
    v.check(
      ({ open_seconds, max_open_seconds }) => open_seconds <= max_open_seconds,
      'open_seconds must not be more than max_open_seconds',
    ),
  ),
  defaults,
);

/** When the circuit breaker opens, and for how long. */
export type BreakerPolicy = v.InferOutput<typeof breakerPolicy>;

import { expect, test } from 'vitest';
import { PartDurations, timedCalls } from '../../../functions/adapters/part-durations.ts';

test('every call of a provider is timed, however it ends, one that is added tomorrow too', async () => {
  let now = 0;
  const durations = new PartDurations(() => now);
  const after = (millis: number) => {
    now += millis;
  };
  const provider = {
    async start(to: string) {
      after(3);
      return `sent to ${to}`;
    },
    async cancel() {
      after(5);
      throw new Error('refused');
    },
  };
  const timed = timedCalls(provider, durations);
  expect(Object.keys(timed)).toEqual(Object.keys(provider));
  expect(await timed.start('somewhere')).toBe('sent to somewhere');
  await expect(timed.cancel()).rejects.toThrow('refused');
  expect(durations.collect()).toEqual({ TwilioDuration: [3, 5] });
  expect(durations.collect()).toEqual({});
});

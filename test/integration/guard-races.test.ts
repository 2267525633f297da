import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { checkThenAct, neverRefused, silentAbout } from '../support/guard-broken-store.ts';
import { dynamoDbEngines, type RunningEngine } from '../support/guard-engines.ts';
import { createGuardFleet, type GuardFleet, tally } from '../support/guard-fleet.ts';
import { direct, http, wrongCode } from '../support/guard-world.ts';

const crowd = Array.from({ length: 500 }, (_, index) => index);
const fifty = crowd.slice(0, 50);
const someone = (index: number) => http(`198.51.${index >> 8}.${index & 255}`, `user ${index}`);
const newNumber = () => `+1500${randomInt(1_000_000, 9_999_999)}`;
const noCooldown = { rate_limits: { resend_cooldown_seconds: 0 } };
const sendsTo = (fleet: GuardFleet, to: string) =>
  fleet.provider.sends.filter((send) => send.to === to).length;

for (const engine of dynamoDbEngines) {
  const why = engine.missing === undefined ? '' : ` (skipped: ${engine.missing})`;

  describe.skipIf(engine.missing !== undefined)(
    `The guard over five instances on ${engine.name}${why}`,
    () => {
      let running: RunningEngine;
      let stores: readonly GuardStore[];
      beforeAll(async () => {
        running = await engine.start();
        stores = Array.from({ length: 5 }, () => running.newStore());
      });
      afterAll(() => running?.close());

      const started = async (to: string, caller = someone(1), policy: unknown = {}): Promise<GuardFleet> => {
        const fleet = createGuardFleet(stores, policy);
        await fleet.starts([{ to, caller }]);
        return fleet;
      };
      const rightCode = (fleet: GuardFleet, to: string) =>
        fleet.provider.pending(`VA${'0'.repeat(32)}`, to)?.code ?? wrongCode;

      test.each([
        ['an identity', http('192.0.2.1', 'ada')],
        ['an address', http('192.0.2.2')],
        ['another Lambda', direct],
      ])('sends one message for 500 identical starts of %s, and answers all', async (_who, caller) => {
        const to = newNumber();
        const fleet = createGuardFleet(stores, {});
        const outcomes = await fleet.starts(crowd.map(() => ({ to, caller })));
        expect(tally(outcomes)).toEqual({ sent: 1, replayed: 499 });
        expect(new Set(outcomes.map(({ sid }) => sid)).size).toBe(1);
        expect(sendsTo(fleet, to)).toBe(1);
      });

      test('sends one message for 500 starts with one idempotency key', async () => {
        const to = newNumber();
        const fleet = createGuardFleet(stores, noCooldown);
        const outcomes = await fleet.starts(crowd.slice(0, 200).map(() => ({ to, key: 'k' })));
        expect(tally(outcomes)).toEqual({ sent: 1, replayed: 199 });
        expect(sendsTo(fleet, to)).toBe(1);
      });

      test('sends one message for 500 callers, and the cooldown refuses the others', async () => {
        const to = newNumber();
        const fleet = createGuardFleet(stores, {});
        const outcomes = await fleet.starts(crowd.map((index) => ({ to, caller: someone(index) })));
        expect(tally(outcomes)).toEqual({ sent: 1, throttled: 499 });
        expect(new Set(outcomes.map(({ limit }) => limit))).toEqual(
          new Set([undefined, 'resend_cooldown_seconds']),
        );
        expect(sendsTo(fleet, to)).toBe(1);
      });

      test.each([
        ['identical starts', () => someone(1)],
        ['callers', someone],
      ])(
        'sends more for 500 %s where nobody is told that the destination was written: the race can fail',
        async (_what, caller) => {
          const to = newNumber();
          // A few are enough to go wrong; were all let through, they would fight over one place for minutes.
          const fleet = createGuardFleet(stores.map(silentAbout(2)), {});
          await fleet.starts(crowd.map((index) => ({ to, caller: caller(index) })));
          expect(sendsTo(fleet, to)).toBeGreaterThan(1);
        },
      );

      const threeOf500 = async (fleet: GuardFleet): Promise<number> => {
        const to = newNumber();
        await fleet.starts(crowd.map((index) => ({ to, caller: someone(index) })));
        return sendsTo(fleet, to);
      };

      test('sends exactly three messages for 500 identities from 500 addresses without a cooldown', async () => {
        expect(await threeOf500(createGuardFleet(stores, noCooldown))).toBe(3);
      });

      test('sends more where nobody is told that the destination was written: the race can fail', async () => {
        expect(await threeOf500(createGuardFleet(stores.map(neverRefused), noCooldown))).toBeGreaterThan(3);
      });

      const fromOne = async (fleet: GuardFleet, caller: (index: number) => ReturnType<typeof http>) => {
        const before = fleet.provider.sends.length;
        await fleet.starts(crowd.map((index) => ({ to: `+15005${100_000 + index}`, caller: caller(index) })));
        return fleet.provider.sends.length - before;
      };
      const fresh = () => `user ${randomInt(1_000_000_000)}`;

      test('sends exactly five messages for one identity, or one address, to 500 numbers', async () => {
        const who = fresh();
        const fleet = createGuardFleet(stores, noCooldown);
        expect(await fromOne(fleet, (index) => http(`198.51.100.${index & 255}`, who))).toBe(5);
        const network = `2001:db8:${randomInt(65_536).toString(16)}:1`;
        expect(await fromOne(fleet, (index) => http(`${network}::${index.toString(16)}`))).toBe(5);
      });

      test('sends more where a place is looked for and then taken: the race can fail', async () => {
        const who = fresh();
        const fleet = createGuardFleet(stores.map(checkThenAct), noCooldown);
        expect(await fromOne(fleet, (index) => http(`198.51.100.${index & 255}`, who))).toBeGreaterThan(5);
      });

      test('spends nothing of 40 callers whom one number refuses', async () => {
        const to = newNumber();
        const callers = crowd.slice(0, 40).map(() => http(`2001:db8:${fresh().slice(5, 9)}::1`, fresh()));
        const fleet = createGuardFleet(stores, { rate_limits: { send_per_ip_per_10m: 0 } });
        await fleet.starts(callers.map((caller) => ({ to, caller })));
        const spent = sendsTo(fleet, to);
        const rest = callers.flatMap((caller, who) =>
          crowd.slice(0, 6).map((index) => ({ to: `+15006${100_000 + who * 10 + index}`, caller })),
        );
        const outcomes = await fleet.starts(rest);
        expect(spent).toBe(1);
        expect(tally(outcomes)).toEqual({ sent: 40 * 5 - spent, throttled: 40 + spent });
      });

      const wrongCodes = (to: string, caller: (index: number) => ReturnType<typeof http>) =>
        fifty.map((index) => ({ to, caller: caller(index), code: `${200_000 + index}` }));

      test.each([
        ['the identity that started', 5, () => someone(1)],
        ['the address that started', 5, () => http('192.0.2.7')],
        ['50 strangers', 2, (index: number) => someone(1_000 + index)],
      ])('lets Twilio judge of 50 wrong codes of %s at most %i', async (_who, most, caller) => {
        const to = newNumber();
        const identity = { ...caller(0), ...(caller(0).identity && { identity: fresh() }) };
        const asker = most === 5 ? () => identity : caller;
        const fleet = await started(to, most === 5 ? identity : someone(1));
        const outcomes = await fleet.checks(wrongCodes(to, asker));
        expect(fleet.provider.guesses.filter((guess) => guess.to === to)).toHaveLength(
          // The cooldown after the third wrong code stops the others as soon as it shows.
          Math.min(most, tally(outcomes)['wrong'] ?? 0),
        );
        expect(tally(outcomes)['wrong']).toBeLessThanOrEqual(most);
        expect(tally(outcomes)['wrong']).toBeGreaterThanOrEqual(2);
      });

      test('lets Twilio judge exactly five of 50 wrong codes where no cooldown stops them', async () => {
        const to = newNumber();
        const policy = { rate_limits: { cooldown_seconds_after_failed_check: [] } };
        const caller = http('192.0.2.8', fresh());
        const fleet = await started(to, caller, policy);
        const outcomes = await fleet.checks(wrongCodes(to, () => caller));
        expect(tally(outcomes)['wrong']).toBe(5);
        expect(fleet.provider.guesses).toHaveLength(5);
      });

      test('lets Twilio judge more where nobody is told that a guess was written: the race can fail', async () => {
        const to = newNumber();
        const policy = {
          rate_limits: { cooldown_seconds_after_failed_check: [], check_per_identity_per_10m: 5 },
        };
        const fleet = createGuardFleet(stores.map(neverRefused), policy);
        const caller = http('192.0.2.9');
        await fleet.starts([{ to, caller }]);
        await fleet.checks(wrongCodes(to, () => caller));
        expect(fleet.provider.guesses.length).toBeGreaterThan(5);
      });

      test.each([
        ['an identity', http('192.0.2.1', `user ${randomInt(1_000_000_000)}`)],
        ['an address', http('192.0.2.11')],
        ['another Lambda', direct],
      ])('approves 50 right codes at once of %s, Twilio one of them', async (_who, caller) => {
        const to = newNumber();
        const fleet = await started(to, caller);
        const code = rightCode(fleet, to);
        const outcomes = await fleet.checks(fifty.map(() => ({ to, caller, code })));
        expect(tally(outcomes)).toEqual({ approved: 50 });
        expect(fleet.provider.guesses.filter(({ result }) => result === 'approved')).toHaveLength(1);
        expect(fleet.provider.guesses.length).toBeLessThanOrEqual(5);
      });

      test('asks Twilio of more than five right codes where nobody is told of a guess: the race can fail', async () => {
        const to = newNumber();
        const fleet = createGuardFleet(stores.map(neverRefused), {});
        await fleet.starts([{ to, caller: direct }]);
        const code = rightCode(fleet, to);
        await fleet.checks(fifty.map(() => ({ to, caller: direct, code })));
        expect(fleet.provider.guesses.length).toBeGreaterThan(5);
      });
    },
  );
}

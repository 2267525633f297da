import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Decision, readDecision } from '../../../functions/guard/decision-log.ts';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { readDecisions } from '../../../local/policy/decision-file.ts';
import { dryRun } from '../../../local/policy/dry-run.ts';
import { dryRunTable } from '../../../local/policy/dry-run-table.ts';

const midnight = Date.UTC(2026, 10, 21);
const minute = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const facts = {
  at: midnight,
  country: 'GB',
  number_type: 'mobile',
  is_email: false,
  to: 'someone',
  service: 'service',
  prefixes: ['block', 'range'],
  by: 'caller',
  identity: null,
  network: null,
  trusted: false,
  verified_before: false,
  reason: null,
  would_refuse: null,
} as const;

/** A decision that was logged, unless it says otherwise a start that went out. */
const decision = (differs: object = {}): object => ({
  ...facts,
  function: 'start_verification',
  channel: 'sms',
  outcome: 'sent',
  ...differs,
});

const check = (differs: object = {}): object =>
  decision({ function: 'check_verification', channel: undefined, outcome: 'wrong', ...differs });

/** A line as Powertools writes it. */
const lineOf = (logged: object): string =>
  JSON.stringify({
    level: 'INFO',
    message: 'The guard decided on a request',
    timestamp: '2026-11-21T00:00:00.000Z',
    service: 'twilio-verify-phone',
    cold_start: true,
    event: 'guard_decision',
    decision: logged,
  });

const decisions = (...all: object[]) =>
  all.map((one, at) => ({ line: at + 1, decision: readDecision(lineOf(one)) as Decision }));

const run = (policy: unknown, ...all: object[]) => dryRun(decisions(...all), parsePolicy(policy));

const noLimits = {
  rate_limits: { send_per_to_per_10m: 0, send_per_to_per_24h: 0, resend_cooldown_seconds: 0 },
};

describe('a line of a log', () => {
  it('that holds a decision is read, whatever else it holds and whatever stands before it', () => {
    const logged = decision();
    const more = JSON.stringify({ ...JSON.parse(lineOf({ ...logged, later: 1 })), xray_trace_id: '1-2' });
    // A line of before functions declared what they reserve.
    expect(readDecision(`2026-11-21T00:00:00 ${more}`)).toEqual({ ...logged, reserves: 'send' });
    expect(readDecision(lineOf(check()))).toMatchObject({ reserves: 'check', outcome: 'wrong' });
  });

  it.each([
    '',
    'START RequestId: 1 Version: $LATEST',
    '{"_aws":{}}',
    '{"event":"request_answered"}',
    '{ not json',
  ])('that holds none is passed over: %s', (text) => {
    expect(readDecision(text)).toBeUndefined();
  });

  it('that should hold one and does not is refused', () => {
    expect(() => readDecision(lineOf(decision()).slice(0, -9))).toThrow('it may have been cut off');
    expect(() => readDecision(lineOf(decision({ outcome: 'wrong' })))).toThrow('decision.outcome: ');
    expect(() => readDecision(lineOf(decision({ at: 'noon' })))).toThrow('decision.at: ');
    expect(() => readDecision(lineOf({ function: 'start_verification' }))).toThrow('decision.');
  });

  it('that holds a number or an address in the place of a hash is refused, and not repeated', () => {
    for (const to of ['+14155552671', 'someone@example.com'])
      expect(() => readDecision(lineOf(decision({ to })))).toThrow(/^decision\.to: must be a hash$/);
  });
});

describe('a dry run', () => {
  it('under the policy that decided finds nothing different', async () => {
    const sends = [0, 1, 2].map((at) => decision({ at: midnight + at * minute }));
    const refused = decision({
      at: midnight + 3 * minute,
      outcome: 'refused',
      reason: 'send_per_to_per_10m',
    });
    const found = await run({}, ...sends, refused, check({ at: midnight + 4 * minute, outcome: 'approved' }));
    expect(found).toEqual({
      decisions: 5,
      from: '2026-11-21T00:00:00.000Z',
      to: '2026-11-21T00:04:00.000Z',
      refused_before: 1,
      refused_now: 1,
      kept: 0,
      changes: [],
    });
  });

  it('says who would be refused by a stricter limit, and who would pass a milder one', async () => {
    const sends = [0, 1, 2].map((at) => decision({ at: midnight + at * minute }));
    const refused = decision({
      at: midnight + 3 * minute,
      outcome: 'refused',
      reason: 'send_per_to_per_10m',
    });
    const stricter = await run({ rate_limits: { send_per_to_per_10m: 2 } }, ...sends, refused);
    expect(stricter.changes).toEqual([
      {
        line: 3,
        at: '2026-11-21T00:02:00.000Z',
        function: 'start_verification',
        to: 'someone',
        country: 'GB',
        difference: 'refused now',
        was: null,
        now: 'send_per_to_per_10m',
      },
    ]);
    const milder = await run({ rate_limits: { send_per_to_per_10m: 4 } }, ...sends, refused);
    expect(milder.changes).toMatchObject([
      { line: 4, difference: 'passes now', was: 'send_per_to_per_10m', now: null },
    ]);
  });

  it('keeps the callers’ own limits apart from each other and from the destination’s', async () => {
    const sends = Array.from({ length: 12 }, (_, at) =>
      decision({ at: midnight + at, to: `to${at}`, by: `ip${at % 2}`, network: `ip${at % 2}` }),
    );
    const found = await run({}, ...sends);
    expect(found.changes.map(({ line, now }) => `${line} ${now}`)).toEqual([
      '11 send_per_ip_per_10m',
      '12 send_per_ip_per_10m',
    ]);
  });

  it('applies the rules on countries and types of numbers, and the kill switch', async () => {
    const sends = [
      decision(),
      decision({ to: 'other', country: 'FR' }),
      decision({ to: 'third', number_type: 'voip' }),
    ];
    const reasons = async (policy: unknown) => (await run(policy, ...sends)).changes.map(({ now }) => now);
    expect(await reasons({ countries: { deny: ['FR'] } })).toEqual(['rule_country']);
    expect(await reasons({ number_types: { deny: ['voip'] } })).toEqual(['rule_number_type']);
    expect(await reasons({ sending: 'off' })).toEqual(['rule_off', 'rule_off', 'rule_off']);
  });

  it('applies the pumping breaker, and in record mode says what it would refuse', async () => {
    const pumped = Array.from({ length: 22 }, (_, at) => decision({ at: midnight + at, to: `to${at}` }));
    const denied = await run({ ...noLimits, pumping: { mode: 'deny' } }, ...pumped);
    expect(denied.changes.map(({ difference, line, now }) => [line, difference, now])).toEqual([
      [21, 'refused now', 'pumping_prefix_day'],
      [22, 'refused now', 'pumping_prefix_day'],
    ]);
    const recorded = await run(noLimits, ...pumped);
    expect(recorded.refused_now).toBe(0);
    expect(recorded.changes.map(({ difference, line }) => [line, difference])).toEqual([
      [21, 'would be refused'],
      [22, 'would be refused'],
    ]);
    const exempt = pumped.map((one) => ({ ...one, verified_before: true }));
    expect((await run({ ...noLimits, pumping: { mode: 'deny' } }, ...exempt)).changes).toEqual([]);
  });

  it('lets approvals make room, as they did then', async () => {
    const traffic = Array.from({ length: 60 }, (_, at) => [
      decision({ at: midnight + 2 * at * minute, to: `to${at}` }),
      check({
        at: midnight + (2 * at + 1) * minute,
        to: `to${at}`,
        outcome: at % 3 === 0 ? 'wrong' : 'approved',
      }),
    ]).flat();
    expect((await run({ pumping: { mode: 'deny' } }, ...traffic)).changes).toEqual([]);
  });

  it('applies daily budgets, which what surely did not go out does not spend', async () => {
    const budget = { ...noLimits, daily_budget: { messages: { total: 2 } } };
    const sends = [decision({ outcome: 'unsent' }), decision(), decision({ to: 'b' }), decision({ to: 'c' })];
    expect((await run(budget, ...sends)).changes).toMatchObject([{ line: 4, now: 'daily_budget_total' }]);
  });

  it('applies the limits on checks', async () => {
    const guesses = [0, 1, 2].map((at) => check({ at: midnight + minute + at * 100 }));
    const strict = { rate_limits: { cooldown_seconds_after_failed_check: [60] } };
    expect((await run(strict, decision(), ...guesses)).changes.map(({ line, now }) => [line, now])).toEqual([
      [3, 'cooldown_seconds_after_failed_check'],
      [4, 'cooldown_seconds_after_failed_check'],
    ]);
    const byIdentity = guesses.map((guess) => ({ ...guess, identity: 'me' }));
    const few = { rate_limits: { check_per_identity_per_10m: 2 } };
    expect((await run(few, decision(), ...byIdentity)).changes).toMatchObject([
      { line: 4, now: 'check_per_identity_per_10m' },
    ]);
  });

  it('takes over what the log alone can’t tell, and says how much', async () => {
    const refused = (reason: string, differs = {}) => decision({ outcome: 'refused', reason, ...differs });
    const found = await run(
      { deny_prefixes: ['+44'] },
      refused('rule_prefix'),
      refused('rule_disposable', { is_email: true, country: null }),
      refused('twilio_60410'),
      check({ outcome: 'refused', reason: 'max_attempts' }),
      decision({ outcome: 'replayed' }),
    );
    expect(found).toMatchObject({ refused_before: 4, refused_now: 4, kept: 5, changes: [] });
  });

  it('does not count what is checked where the start is refused now', async () => {
    const found = await run(
      { countries: { deny: ['GB'] } },
      decision(),
      check({ at: midnight + minute, outcome: 'approved' }),
    );
    expect(found).toMatchObject({ refused_now: 1, kept: 1, changes: [{ now: 'rule_country' }] });
  });
});

describe('the table', () => {
  it('counts by reason and country, the most first, and lists each line', async () => {
    const sends = [
      decision({ to: 'a', country: 'FR' }),
      decision({ to: 'b', at: midnight + 1 }),
      decision({ to: 'c', at: midnight + 2 }),
    ];
    expect(dryRunTable(await run({ sending: 'off' }, ...sends)).split('\n')).toEqual([
      '3 decisions from 2026-11-21T00:00:00.000Z to 2026-11-21T00:00:00.002Z',
      'refused then 0, refused now 3, different 3',
      '',
      '  DIFFERENCE   REASON    COUNTRY  COUNT',
      '  refused now  rule_off  GB       2',
      '  refused now  rule_off  FR       1',
      '',
      '  LINE  TIME                      FUNCTION            DESTINATION  DIFFERENCE   REASON',
      '  1     2026-11-21T00:00:00.000Z  start_verification  a            refused now  rule_off',
      '  2     2026-11-21T00:00:00.001Z  start_verification  b            refused now  rule_off',
      '  3     2026-11-21T00:00:00.002Z  start_verification  c            refused now  rule_off',
      '',
    ]);
  });
});

describe('a log file', () => {
  const fileOf = (name: string, ...lines: string[]): string => {
    const file = join(folder, name);
    writeFileSync(file, lines.join('\r\n'));
    return file;
  };

  it('is read in the order of time, each decision with its line', async () => {
    const file = fileOf('mixed.log', 'START', lineOf(decision({ at: 2 })), '', lineOf(decision({ at: 1 })));
    const read = await readDecisions(file);
    expect(read.map(({ decision: { at }, line }) => [at, line])).toEqual([
      [1, 4],
      [2, 2],
    ]);
  });

  it('that is wrong is refused with the line', async () => {
    const file = fileOf('wrong.log', lineOf(decision()), lineOf(decision({ outcome: 'lost' })));
    await expect(readDecisions(file)).rejects.toThrow(`${file}:2: decision.outcome: `);
  });

  it('that is empty or missing is refused', async () => {
    await expect(readDecisions(fileOf('empty.log', 'hello'))).rejects.toThrow('holds no decision');
    await expect(readDecisions(join(folder, 'none.log'))).rejects.toThrow("can't be read (ENOENT)");
  });
});

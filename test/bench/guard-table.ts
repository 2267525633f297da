import { mock } from 'node:test';
import type { Bill } from '../support/table-meter.ts';
import { callers, type GuardCost, guardCosts, type Memory, ourBurst, windowRequests } from './guard-cost.ts';
import { type PeerCost, peerCost } from './guard-peer.ts';
import { type Row, table } from './table.ts';

// US dollars per million request units: DynamoDB's on-demand list price, standard table class, us-east-1, since
// 2024-11-01 (https://aws.amazon.com/dynamodb/pricing/on-demand/).
const dollarsPerMillion = { writeUnits: 0.625, readUnits: 0.125 } as const;

const dollars = ({ readUnits, writeUnits }: Bill): number =>
  readUnits * dollarsPerMillion.readUnits + writeUnits * dollarsPerMillion.writeUnits;

type Goals = Partial<Record<keyof Bill, number>>;

const measures = {
  requests: 'requests',
  before: 'round trips before Twilio',
  after: 'round trips after',
  readUnits: 'read units',
  writeUnits: 'write units',
} as const satisfies Record<keyof Bill, string>;

/** A row a measure. */
const rowsOf = (name: string, bills: readonly Bill[], goals: Goals): Row[] =>
  (Object.keys(measures) as (keyof Bill)[]).map((key) => ({
    measure: `${name}: ${measures[key]}`,
    values: bills.map((bill) => bill[key]),
    digits: key.endsWith('Units') ? 1 : 0,
    ...(goals[key] === undefined ? {} : { goal: goals[key] }),
  }));

const verificationDollars = ({ start, approved }: GuardCost): number => dollars(start) + dollars(approved);

/** Runs with a clock that stands still until it is moved. */
const withClock = async <T>(run: (at: (seconds: number) => void) => Promise<T>): Promise<T> => {
  const startedAt = Date.now();
  mock.timers.enable({ apis: ['Date'], now: startedAt });
  try {
    return await run((seconds) => mock.timers.setTime(startedAt + seconds * 1_000));
  } finally {
    mock.timers.reset();
  }
};

const roundTrips = { before: 2, after: 1 } as const;

const costRows = (costs: readonly GuardCost[], { starts }: PeerCost): Row[] => [
  // The peer asks everything before, and knows no checks.
  ...rowsOf('start', [...costs.map(({ start }) => start), ...starts.slice(0, 2)], {
    ...roundTrips,
    writeUnits: 6,
  }),
  ...rowsOf(
    'wrong check',
    costs.map(({ wrong }) => wrong),
    { ...roundTrips, writeUnits: 3 },
  ),
  ...rowsOf(
    'approved check',
    costs.map(({ approved }) => approved),
    { ...roundTrips, writeUnits: 5 },
  ),
  { measure: 'US dollars per million verifications', values: costs.map(verificationDollars), digits: 2 },
];

/** What the guard asks of DynamoDB, by caller, beside `rate-limiter-flexible` under the same limits, as tables. */
export const guardTables = async (): Promise<string> => {
  const peer = await withClock(peerCost);
  const burst = await withClock(ourBurst);
  const peerRequests = peer.starts.reduce((sum, { requests }) => sum + requests, 0);
  const windowRow = {
    measure: 'requests of the 3 starts in 10 min',
    values: [...(await withClock(windowRequests)), peerRequests, peerRequests],
    digits: 0,
    goal: peerRequests - 1,
  };
  const ours = Object.keys(callers);
  const burstRow = {
    measure: 'boundary burst: sends in 10 min',
    values: [...ours.map(() => burst), peer.burst, peer.burst],
    digits: 0,
    goal: 3,
  };
  const tableOf = async (memory: Memory, more: readonly Row[]) =>
    table(
      [...costRows(await guardCosts(memory), peer), ...more],
      [...ours, 'peer, first start', 'peer, next start'],
      ours.length,
    );
  return `DynamoDB, warm container:\n\n${await tableOf('warm', [windowRow, burstRow])}

DynamoDB, each request to a fresh container:\n\n${await tableOf('fresh', [])}`;
};

/** How to read the tables. */
export const guardLegend = `
Each verification is of a number and prefix never seen before, under the default policy. A warm container has just
served another number, so counts due soon may still be kept back; a country's always are, for two seconds. A
verification is a start and an approved check, at $${dollarsPerMillion.writeUnits} per million write units and $${dollarsPerMillion.readUnits} per million read units
(us-east-1, on demand).
peer: rate-limiter-flexible, a limiter each for a destination's 10 minutes and 24 hours, an address and an identity;
the goal of a window's requests is one fewer than its own, and ours count for the pumping breaker too. Boundary burst:
1 start at 0 s, 2 at 590 s, 3 at 601 s; counted is what got through from 590 s on, our cooldown off. AWS charges a
failed conditional write like a successful one; the embedded table does not, so the units, ours and the peer's, hold
none of them (the requests do).`;

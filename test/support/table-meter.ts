import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What requests cost since they were last read; units are DynamoDB's read and write request units. */
export interface Bill {
  /** Requests one after the other, before and after the provider was asked; those at the same time count as one. */
  before: number;
  after: number;
  requests: number;
  readUnits: number;
  writeUnits: number;
}

const emptyBill = (): Bill => ({ before: 0, after: 0, requests: 0, readUnits: 0, writeUnits: 0 });

interface Consumed {
  readonly CapacityUnits?: number;
}

const unitsOf = (consumed: Consumed | Consumed[] = {}): number =>
  [consumed].flat().reduce((sum, { CapacityUnits = Number.NaN }) => sum + CapacityUnits, 0);

/** Counts what a client asks of the table. */
export interface TableMeter {
  /** Tells the meter that Twilio is asked now: what follows comes after. */
  providerAsked(): void;
  /**
   * What was counted since the last reading.
   *
   * @throws Error where a request is still on its way, which nobody would wait for.
   */
  read(): Bill;
}

/**
 * Counts what a client asks of the table, by what the table itself says it consumed. A failed condition counts as a
 * request but has no units here: the SDK throws it without them, and dynalite charges none.
 */
export const metered = (client: DynamoDBClient): TableMeter => {
  let bill = emptyBill();
  let running = 0;
  let asked = false;
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
        bill.requests += 1;
        if (running === 0) bill[asked ? 'after' : 'before'] += 1;
        running += 1;
        try {
          const answer = await next(args);
          const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: Consumed | Consumed[] };
          bill[commandName.includes('Get') ? 'readUnits' : 'writeUnits'] += unitsOf(ConsumedCapacity);
          return answer;
        } finally {
          running -= 1;
        }
      },
    { step: 'initialize' },
  );
  return {
    providerAsked: () => {
      asked = true;
    },
    read: (): Bill => {
      if (running > 0) throw new Error('A request to the table is still on its way');
      const read = bill;
      bill = emptyBill();
      asked = false;
      return read;
    },
  };
};

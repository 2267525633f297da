import { createDynamoDbClient, DynamoDbStore } from '../../adapters/dynamodb-store.ts';
import { timeRequests } from '../../adapters/timed.ts';
import type { GuardStore } from '../../guard/store/store.ts';
import type { Base } from '../base.ts';

/** The guard's table. */
export const store = ({ clock, durations, environment }: Base): GuardStore => {
  const client = timeRequests(createDynamoDbClient(), clock, (millis) =>
    durations.took('StoreDuration', millis),
  );
  return new DynamoDbStore(client, environment.required('VERIFY_TABLE_NAME'));
};

import { createDynamoDbClient, DynamoDbStore } from '../../adapters/dynamodb-store.ts';
import { timeRequests } from '../../adapters/part-durations.ts';
import type { GuardStore } from '../../guard/store/store.ts';
import type { Base } from '../base.ts';

/** The guard's table. */
export const store = (base: Base): GuardStore =>
  new DynamoDbStore(
    timeRequests(createDynamoDbClient(), base.durations),
    base.environment.required('VERIFY_TABLE_NAME'),
  );

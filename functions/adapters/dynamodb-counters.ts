import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Counters } from '../guard/store/store.ts';
import { epochSeconds } from '../runtime/clock.ts';
import type { Item } from './dynamodb-places.ts';

/** The counters of an item: its attributes that are numbers, but for the expiry. */
export const countersOf = (item: Item | undefined): Counters =>
  Object.fromEntries(
    Object.entries(item ?? {}).flatMap(([name, { N: number }]) =>
      number === undefined || name === 'expires_at' ? [] : [[name, Number(number)]],
    ),
  );

/** The write that adds to counters where none of them would then hold more than it may. */
export const adding = (amounts: Counters, most: Counters, expiresAt: number) => {
  const names = Object.keys(amounts);
  const limited = names.flatMap((name, at) => {
    const room = most[name] === undefined ? undefined : most[name] - (amounts[name] ?? 0);
    return room === undefined ? [] : [{ at, room }];
  });
  return {
    UpdateExpression: `SET expires_at = :expires ADD ${names.map((_, at) => `#n${at} :a${at}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#n${at}`, name])),
    ExpressionAttributeValues: {
      ':expires': { N: epochSeconds(expiresAt).toString() },
      ...Object.fromEntries(
        Object.values(amounts).map((amount, at) => [`:a${at}`, { N: amount.toString() }]),
      ),
      ...Object.fromEntries(limited.map(({ at, room }) => [`:r${at}`, { N: room.toString() }])),
    },
    ...(limited.length > 0 ? { ConditionExpression: limited.map(hasRoom).join(' AND ') } : {}),
    ReturnValues: 'ALL_NEW',
  } satisfies Partial<UpdateItemCommandInput>;
};

// A counter that is not there holds nothing.
const hasRoom = ({ at, room }: { at: number; room: number }): string =>
  room >= 0 ? `(attribute_not_exists(#n${at}) OR #n${at} <= :r${at})` : `#n${at} <= :r${at}`;

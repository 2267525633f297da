import type { PutItemCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { type Places, placeOf, timeText } from '../guard/store/places.ts';
import type { TakeRequest } from '../guard/store/store.ts';
import { epochSeconds } from '../runtime/clock.ts';

/** An item of the table as the SDK gives it. */
export type Item = Readonly<Record<string, { S?: string | undefined; N?: string | undefined }>>;

/** The version of an item, which every write raises. */
export const versionOf = (item: Item | undefined): number => Number(item?.['version']?.N ?? 0);

/** The condition that an item is as it was read. */
export const unchanged = 'version = :version';

/** The most places that one expression can compare: DynamoDB takes 300 operators in it. */
export const maxCompared = 50;

// Stands for a place that is not taken: sorts before every time, and holds no purpose.
const none = '0';

/** The places of an item: attributes p0, p1, … newest first. */
export const placesOf = (item: Item | undefined): Places => {
  const places: string[] = [];
  const place = () => item?.[`p${places.length}`]?.S ?? none;
  while (place() !== none) places.push(place());
  return places;
};

// Shifting all by one in a single write needs no reading first. The oldest goes first, so that the result is the
// same on an engine that applies the list in order.
const shift = (limit: number): string => {
  let moves = '';
  for (let to = limit - 1; to > 0; to -= 1) moves += `p${to} = if_not_exists(p${to - 1}, :none), `;
  return `${moves}p0 = :place`;
};

/** The condition that the oldest place has left the window and none is shared. */
const hasRoom = (limit: number): string => {
  const oldest = `p${limit - 1}`;
  let condition = `(attribute_not_exists(${oldest}) OR ${oldest} <= :free)`;
  for (let at = 0; at < limit; at += 1)
    condition += ` AND NOT (p${at} > :same AND contains(p${at}, :purpose))`;
  return condition;
};

/** When an item whose newest place was taken now may be swept. */
export const expiryOf = (now: number, window: number): string =>
  epochSeconds(now + window + 1_000).toString();

/** The write that takes a place if the oldest one has left the window and the purpose holds none. */
export const taking = ({ now, limit, window, purpose, sameFor, holder }: TakeRequest) =>
  ({
    UpdateExpression: `SET ${shift(limit)}, expires_at = :expires ADD version :one`,
    ConditionExpression: hasRoom(limit),
    ExpressionAttributeValues: {
      ':place': { S: placeOf(now, purpose, holder) },
      ...(limit > 1 ? { ':none': { S: none } } : {}),
      ':purpose': { S: `|${purpose}|` },
      // A place's text goes on after its time, so one taken in this very millisecond sorts after the bare time.
      ':free': { S: timeText(now - window + 1) },
      ':same': { S: timeText(now - sameFor + 1) },
      ':expires': { N: expiryOf(now, window) },
      ':one': { N: '1' },
    },
  }) satisfies Partial<UpdateItemCommandInput>;

/** The write that gives back the newest place, if it is the holder's alone. */
export const givingBack = (limit: number, holder: string) =>
  ({
    UpdateExpression: `SET ${Array.from(
      { length: limit },
      (_, at) => `p${at} = if_not_exists(p${at + 1}, :none)`,
    ).join(', ')} ADD version :one`,
    ConditionExpression: 'contains(p0, :holder) AND NOT contains(p0, :others)',
    ExpressionAttributeValues: {
      ':none': { S: none },
      ':holder': { S: `|${holder}` },
      ':others': { S: ',' },
      ':one': { N: '1' },
    },
  }) satisfies Partial<UpdateItemCommandInput>;

/** The write that replaces the places of an item, if no other request has written it. */
export const replacing = (
  key: string,
  item: Item | undefined,
  places: Places,
  expiresAt = item?.['expires_at']?.N ?? '0',
) =>
  ({
    Item: {
      pk: { S: key },
      version: { N: (versionOf(item) + 1).toString() },
      expires_at: { N: expiresAt },
      ...Object.fromEntries(places.map((place, index) => [`p${index}`, { S: place }])),
    },
    ...(item === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: unchanged,
          ExpressionAttributeValues: { ':version': { N: versionOf(item).toString() } },
        }),
  }) satisfies Partial<PutItemCommandInput>;

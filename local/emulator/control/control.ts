import * as v from 'valibot';
import { isRecord } from '../api.ts';
import { addKey } from '../credentials.ts';
import { isSid } from '../sids.ts';
import type { State } from '../state.ts';
import { faultSchema } from './faults.ts';
import { settingsPatch } from './settings.ts';

/** A request on the control side. */
export interface ControlRequest {
  readonly state: State;
  readonly query: URLSearchParams;
  /** The parsed JSON body; undefined where there is none. */
  readonly body: unknown;
  /** Starts anew, with the switches the emulator was started with. */
  readonly reset: () => void;
}

/** A mistake in a control request; its message is the reply's `error`. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
  }
}

/** A null stands for a field that was left out. */
const withoutNulls = (body: unknown): unknown =>
  isRecord(body) ? Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) : body;

const read = <S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> => {
  const result = v.safeParse(schema, withoutNulls(body));
  if (result.success) return result.output;
  const sentences = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    if (path === null) return issue.message;
    return issue.expected === 'never' ? `${path} is not a field here` : `${path}: ${issue.message}`;
  });
  throw new ControlError(400, sentences.join('; '));
};

const sid = v.pipe(
  v.string(),
  v.check((text) => isSid('SK', text), 'must be SK and 32 hexadecimal digits'),
);
const secret = v.pipe(v.string(), v.minLength(1));

const credentialsSchema = v.pipe(
  v.strictObject({
    /** The account's auth token from now on. */
    auth_token: v.optional(secret),
    /** A key that is valid from now on; replaces one with this SID. */
    api_key_sid: v.optional(sid),
    api_key_secret: v.optional(secret),
    /** Whether that key may manage keys. */
    main: v.optional(v.boolean(), false),
    /** Keys that are refused from now on. */
    revoke: v.optional(v.array(sid), []),
  }),
  v.check(
    (body) => (body.api_key_sid === undefined) === (body.api_key_secret === undefined),
    'api_key_sid and api_key_secret go together',
  ),
);

const accepted = (state: State) => ({ api_key_sids: [...state.credentials.keys.keys()] });

const changeCredentials = ({ state, body }: ControlRequest): unknown => {
  const change = read(credentialsSchema, body);
  const { credentials } = state;
  credentials.authToken = change.auth_token ?? credentials.authToken;
  for (const revoked of change.revoke) credentials.keys.delete(revoked);
  if (change.api_key_sid !== undefined && change.api_key_secret !== undefined)
    addKey(credentials, change.api_key_sid, change.api_key_secret, change.main, state.now());
  return accepted(state);
};

/** The number as it was meant: a plus sign that was not encoded arrives as a space. */
const recipient = (to: string): string => to.replace(/^ /, '+').toLowerCase();

const listMessages = ({ state, query }: ControlRequest): unknown => {
  const to = query.get('to');
  return to === null
    ? state.messages
    : state.messages.filter((message) => message.to.toLowerCase() === recipient(to));
};

const addFault = ({ state, body }: ControlRequest): unknown => {
  state.faults.push(read(faultSchema, body));
  return state.faults;
};

const clearFaults = ({ state }: ControlRequest): unknown => {
  state.faults.length = 0;
  return state.faults;
};

const clockSchema = v.strictObject({
  advance_ms: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e13)),
});

const advanceClock = ({ state, body }: ControlRequest): unknown => {
  state.advancedBy += read(clockSchema, body).advance_ms;
  return tellTime(state);
};

const tellTime = (state: State): unknown => ({ now: new Date(state.now()).toISOString() });

const changeSettings = ({ state, body }: ControlRequest): unknown =>
  Object.assign(state.settings, read(settingsPatch, body));

const resetAll = ({ body, reset }: ControlRequest): unknown => {
  read(v.optional(v.strictObject({})), body);
  reset();
  return {};
};

type Handler = (request: ControlRequest) => unknown;

const paths: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/_emulator/messages': { GET: listMessages },
  '/_emulator/requests': { GET: ({ state }) => state.requests },
  '/_emulator/faults': { GET: ({ state }) => state.faults, POST: addFault, DELETE: clearFaults },
  '/_emulator/clock': { GET: ({ state }) => tellTime(state), POST: advanceClock },
  '/_emulator/settings': { GET: ({ state }) => state.settings, POST: changeSettings },
  '/_emulator/credentials': { GET: ({ state }) => accepted(state), POST: changeCredentials },
  '/_emulator/reset': { POST: resetAll },
};

/**
 * Answers a control request; needs no credentials.
 *
 * @returns the JSON body of the 200.
 * @throws ControlError 400, 404 or 405.
 */
export const control = (method: string, path: string, request: ControlRequest): unknown => {
  const methods = Object.hasOwn(paths, path) ? paths[path] : undefined;
  if (methods === undefined)
    throw new ControlError(404, `Unknown control path; there are ${Object.keys(paths).join(', ')}`);
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler === undefined) throw new ControlError(405, `Use ${Object.keys(methods).join(' or ')}`);
  return handler(request);
};

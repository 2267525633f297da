import { randomBytes } from 'node:crypto';
import { type ApiRequest, deleted, jsonObject, type Operation, page, param } from './api.ts';
import { failure, invalidParameter, notFound } from './failures.ts';
import { accountSid, newSid } from './sids.ts';
import type { Credentials, Key } from './state.ts';

/** The API key that exists from the start. */
export const defaultKeySid = `SK${'0'.repeat(32)}`;
/** Its secret. */
export const defaultKeySecret = 'emulator-secret';
/** The account's auth token at the start. */
export const defaultAuthToken = 'emulator-token';

/** Makes a standard or Main key valid at once, in the place of an older one with this SID. */
export const addKey = (
  credentials: Credentials,
  sid: string,
  secret: string,
  main: boolean,
  now = 0,
): void => {
  const dates = { createdAt: now, updatedAt: now };
  credentials.keys.set(sid, { sid, secret, main, ...dates, friendlyName: 'emulator', policy: null });
};

/** The fixed credentials of the embedded world. */
export const initialCredentials = (): Credentials => {
  const credentials: Credentials = { authToken: defaultAuthToken, keys: new Map() };
  addKey(credentials, defaultKeySid, defaultKeySecret, false);
  return credentials;
};

/**
 * Checks a Basic `Authorization` header.
 *
 * @returns whether the credential may manage keys.
 * @throws TwilioFailure 20003
 */
export const authenticate = (credentials: Credentials, header: string | undefined): { main: boolean } => {
  const encoded = /^Basic (\S+)$/i.exec(header ?? '')?.[1] ?? '';
  const pair = Buffer.from(encoded, 'base64').toString();
  const colon = pair.indexOf(':');
  const [user, password] = [pair.slice(0, Math.max(colon, 0)), pair.slice(colon + 1)];
  if (user === accountSid && password === credentials.authToken) return { main: true };
  const key = credentials.keys.get(user);
  if (key === undefined || key.secret !== password) throw failure(20003);
  return { main: key.main };
};

const rfc2822 = (time: number): string => new Date(time).toUTCString().replace('GMT', '+0000');

const body = (key: Key) => ({
  sid: key.sid,
  friendly_name: key.friendlyName,
  date_created: rfc2822(key.createdAt),
  date_updated: rfc2822(key.updatedAt),
});

// A key cannot manage keys, not even itself, unless it is a Main key.
const managing =
  (operation: Operation): Operation =>
  (request) => {
    if (!request.main) throw failure(20003);
    return operation(request);
  };

const ownAccount = (sid: string | null): void => {
  if (sid !== accountSid) throw invalidParameter('AccountSid');
};

const found = (request: ApiRequest): Key => {
  const key = request.state.credentials.keys.get(param(request, 'Sid'));
  if (key === undefined) throw notFound(request.path);
  return key;
};

const friendlyName = (request: ApiRequest, otherwise: string): string => {
  const name = request.form.get('FriendlyName') ?? otherwise;
  if (name.length > 64) throw invalidParameter('FriendlyName');
  return name;
};

const policy = (request: ApiRequest, otherwise: unknown): unknown => {
  const text = request.form.get('Policy');
  const given = text === null ? otherwise : jsonObject(text);
  if (given === undefined) throw invalidParameter('Policy');
  return given;
};

/** `POST /v1/Keys`; the secret is in this reply only. */
export const createKey = managing((request) => {
  ownAccount(request.form.get('AccountSid'));
  const restricted = request.form.get('KeyType') === 'restricted';
  const now = request.state.now();
  const key: Key = {
    sid: newSid('SK'),
    secret: randomBytes(16).toString('hex'),
    main: false,
    createdAt: now,
    updatedAt: now,
    friendlyName: friendlyName(request, ''),
    policy: restricted ? policy(request, { allow: [] }) : null,
  };
  request.state.credentials.keys.set(key.sid, key);
  return { status: 201, body: { ...body(key), secret: key.secret, policy: key.policy } };
});

/** `GET /v1/Keys?AccountSid=` */
export const listKeys = managing((request) => {
  ownAccount(request.query.get('AccountSid'));
  const keys = [...request.state.credentials.keys.values()];
  const rows = keys.map((key) => ({ ...body(key), flags: ['rest_api', 'signing'] }));
  return page(request, 'https://iam.twilio.com', 'keys', rows);
});

/** `GET /v1/Keys/{Sid}` */
export const fetchKey = managing((request) => {
  const key = found(request);
  return { status: 200, body: { ...body(key), policy: key.policy } };
});

/** `POST /v1/Keys/{Sid}` */
export const updateKey = managing((request) => {
  const key = found(request);
  key.friendlyName = friendlyName(request, key.friendlyName);
  key.policy = policy(request, key.policy);
  key.updatedAt = request.state.now();
  return { status: 200, body: { ...body(key), policy: key.policy } };
});

/** `DELETE /v1/Keys/{Sid}`: the key is refused from now on. */
export const deleteKey = managing((request) => {
  request.state.credentials.keys.delete(found(request).sid);
  return deleted;
});

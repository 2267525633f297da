import { RunError } from '../runtime/errors.ts';
import { type InputDeclarations, isRecord } from '../runtime/inputs.ts';
import type { RunRequest } from '../runtime/run-function.ts';

/** The largest body that is read, in bytes. */
export const maxBodyBytes = 8 * 1024;

/** A Lambda event, told apart by its shape: who asks, and how to read what they ask for. */
export interface LambdaRequest extends RunRequest {
  /** The gateway's id of the request; undefined where there is no gateway. */
  readonly requestId: string | undefined;
  /** The origin of the web page that asks; undefined where no page does. */
  readonly origin: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json => (isRecord(value) ? value : {});
const words = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

type Headers = ReadonlyMap<string, string | undefined>;

/** The headers by their names in lower case; of one that is there twice, the first. */
const headersOf = (event: Json): Headers => {
  const headers = new Map<string, string | undefined>();
  for (const [name, value] of Object.entries(record(event['headers']))) {
    const key = name.toLowerCase();
    if (!headers.has(key)) headers.set(key, words(value));
  }
  return headers;
};

/** Who signed: the users of a Cognito identity pool share one ARN, so their own id comes first. */
const signer = (signed: Json): string | undefined =>
  words(signed['cognitoIdentityId']) ??
  words(record(signed['cognitoIdentity'])['identityId']) ??
  words(signed['userArn']);

/** What the authorizer vouches for: a REST authorizer's principal or claims, or an HTTP API's JWT, Lambda or IAM one. */
const authorizedIdentity = (context: Json): string | undefined => {
  const authorizer = record(context['authorizer']);
  // Our own authorizer says it here, and says nothing ('') of a token that tells of an app only, not of a user.
  if (typeof authorizer['identity'] === 'string') return words(authorizer['identity']);
  return (
    words(authorizer['principalId']) ??
    words(record(authorizer['claims'])['sub']) ??
    words(record(record(authorizer['jwt'])['claims'])['sub']) ??
    words(record(authorizer['lambda'])['principalId']) ??
    signer(record(authorizer['iam'])) ??
    signer(record(context['identity']))
  );
};

const json = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;

const parsedBody = ({ body, isBase64Encoded }: Json): unknown => {
  const bytes = Buffer.from(
    typeof body === 'string' ? body : '',
    isBase64Encoded === true ? 'base64' : 'utf8',
  );
  if (bytes.byteLength > maxBodyBytes) throw new RunError('too_large');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
};

/** The header is a way to give the field; a body that says otherwise is refused. */
const withIdempotencyKey = (input: Json, key: string): Json => {
  const said = input['idempotency_key'];
  const same = typeof said === 'string' && said.trim() === key.trim();
  if (said !== undefined && said !== null && !same)
    throw new RunError('invalid_input', {
      sentence: 'idempotency_key must be the same as the Idempotency-Key header; give one of them',
    });
  return { ...input, idempotency_key: key };
};

const httpInput = (
  event: Json,
  headers: Headers,
  method: unknown,
  declarations: InputDeclarations,
): unknown => {
  if (method !== 'POST') throw new RunError('method');
  const type = headers.get('content-type');
  const encoding = headers.get('content-encoding') ?? 'identity';
  if ((type !== undefined && !json.test(type)) || encoding !== 'identity') throw new RunError('media_type');
  const input = parsedBody(event);
  if (!isRecord(input)) throw new RunError('invalid_input', { sentence: 'The body must be a JSON object' });
  // Clients may send the header with every POST; a function without the field passes over it.
  const key = headers.get('idempotency-key');
  return key !== undefined && Object.hasOwn(declarations, 'idempotency_key')
    ? withIdempotencyKey(input, key)
    : input;
};

// It goes into a header and the log, so it must look like one.
const requestIdShape = /^[\w=+/-]{1,64}$/;

/** What differs between the two proxy events: a REST API's, and an HTTP API's or a function URL's. */
interface HttpFacts {
  readonly method: unknown;
  readonly ip: unknown;
  /** Whether IAM vouches for who signed. */
  readonly signed: boolean;
}

const httpRequest = (event: Json, context: Json, { method, ip, signed }: HttpFacts): LambdaRequest => {
  const headers = headersOf(event);
  const id = words(context['requestId']);
  return {
    caller: { kind: 'http', ip: words(ip), identity: authorizedIdentity(context), signed },
    requestId: id !== undefined && requestIdShape.test(id) ? id : undefined,
    origin: headers.get('origin'),
    input: (declarations) => httpInput(event, headers, method, declarations),
  };
};

/** Tells the three kinds of caller apart; anything that is neither a proxy event nor a schedule is a direct input. */
export const readLambdaEvent = (event: unknown): LambdaRequest => {
  const fields = record(event);
  const context = record(fields['requestContext']);
  const http = context['http'];
  if (isRecord(http)) {
    const signed = isRecord(record(context['authorizer'])['iam']);
    return httpRequest(fields, context, { method: http['method'], ip: http['sourceIp'], signed });
  }
  if (isRecord(fields['requestContext']) && 'httpMethod' in fields) {
    const { sourceIp: ip, userArn } = record(context['identity']);
    return httpRequest(fields, context, {
      method: fields['httpMethod'],
      ip,
      signed: words(userArn) !== undefined,
    });
  }
  const scheduled = fields['canary'] === true || fields['source'] === 'aws.events';
  return {
    caller: { kind: scheduled ? 'canary' : 'direct' },
    requestId: undefined,
    origin: undefined,
    input: () => event,
  };
};

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, readBody, send } from '../../local/http-server.ts';
import { type Asked, lineOf } from './iam-policy.ts';

/** Stands before DynamoDB and Secrets Manager as AWS's authorization does, and knows everything that was asked of them. */
export interface IamFront {
  /** The variables that lead a function to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Each request and what it needed beside, once each, by `lineOf`. */
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
}

/** What an IAM front is made of. */
export interface IamFrontOptions {
  /** The environment of the embedded world, whose two services it stands before. */
  readonly world: Readonly<Record<string, string>>;
  /** The logical ID of what the world calls by this name. */
  readonly logicalId: (name: string) => string;
  /** A request and whatever else must be allowed for it. */
  readonly needed: (asked: Asked) => readonly Asked[];
  readonly allows: (asked: Asked) => boolean;
}

/** How a service names itself on the wire, in IAM and in the variable of the SDK. */
const services = [
  { target: 'DynamoDB_20120810', iam: 'dynamodb', variable: 'AWS_ENDPOINT_URL_DYNAMODB' },
  { target: 'secretsmanager', iam: 'secretsmanager', variable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER' },
] as const;

interface Body {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly SecretId?: string;
}

/** The names of what a request touches; a request that touches nothing of its own is on `*`. */
const touched = ({ TableName, RequestItems, SecretId }: Body): string[] => {
  const names = [TableName, SecretId, ...Object.keys(RequestItems ?? {})].filter(
    (name) => name !== undefined,
  );
  return names.length > 0 ? names : ['*'];
};

const deny = (response: ServerResponse, { action, resource }: Asked): void => {
  const why = `User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
  const __type = action.startsWith('dynamodb')
    ? 'com.amazon.coral.service#AccessDeniedException'
    : 'AccessDeniedException';
  send(
    response,
    400,
    { 'Content-Type': 'application/x-amz-json-1.0' },
    JSON.stringify({ __type, Message: why }),
  );
};

/** The headers that the local services read. */
const forwarded = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

const forward = async (
  request: IncomingMessage,
  body: Buffer,
  origin: string,
  response: ServerResponse,
): Promise<void> => {
  const headers = Object.fromEntries(forwarded.map((name) => [name, String(request.headers[name])]));
  const answer = await fetch(origin, { method: 'POST', headers, body });
  send(response, answer.status, { 'Content-Type': 'application/x-amz-json-1.0' }, await answer.text());
};

/** Starts an IAM front on a port of 127.0.0.1. */
export const startIamFront = async ({
  world,
  logicalId,
  needed,
  allows,
}: IamFrontOptions): Promise<IamFront> => {
  const asked = new Set<string>();
  const server = createServer(async (request, response) => {
    const [target, operation] = String(request.headers['x-amz-target']).split('.');
    const body = (await readBody(request, 16 * 1024 * 1024)) ?? Buffer.alloc(0);
    const service = services.find((known) => known.target === target);
    if (service === undefined) {
      response.destroy();
      return;
    }
    const wanted = touched(JSON.parse(body.toString('utf8'))).flatMap((name) =>
      needed({ action: `${service.iam}:${operation}`, resource: name === '*' ? name : logicalId(name) }),
    );
    for (const one of wanted) asked.add(lineOf({ ...one, via: one.context?.['kms:ViaService'] }));
    const denied = wanted.find((one) => !allows(one));
    if (denied !== undefined) deny(response, denied);
    else await forward(request, body, world[service.variable] ?? '', response);
  });
  const { url, close } = await listen(server, 0);
  return { env: Object.fromEntries(services.map(({ variable }) => [variable, url])), asked, close };
};

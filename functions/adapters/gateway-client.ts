import { randomUUID } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { GatewayAnswer } from '../canary/gateway-answer.ts';

// More than the gateway's own 29 seconds, whose answer is to be seen.
const usualPatience = 32_000;

/** Whose signature a request bears: the keys of the role that Lambda gives its environment. */
interface SigningKeys {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A client of the API. */
export interface GatewayClientOptions {
  /** The address of the stage, with a slash at its end. */
  readonly url: string;
  /** Given where the API takes signed requests only. */
  readonly signWith?: SigningKeys | undefined;
  /** Given where it takes tokens: the header in which an unsigned token is sent. */
  readonly forgeIn?: string | undefined;
  /** Milliseconds for one request, 32,000 unless said; tests have less. */
  readonly patience?: number;
}

const signed = async (
  { region, ...credentials }: SigningKeys,
  { protocol, hostname, port, pathname }: URL,
  headers: Record<string, string>,
  body: string,
): Promise<Record<string, string>> => {
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  const request = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: pathname,
    headers: { ...headers, host: port === '' ? hostname : `${hostname}:${port}` },
    body,
  });
  const { host: _setByFetch, ...rest } = request.headers;
  return rest;
};

// Another one each time: the gateway keeps its verdict on a token. It has the shape of one, so that it reaches whoever judges.
const forgedToken = (): string => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `Bearer ${part({ alg: 'RS256', kid: 'canary' })}.${part({ sub: randomUUID() })}.${part({})}`;
};

/**
 * Posts JSON to the API of a stage.
 *
 * @returns posts to a path; rejects where no answer came (`TypeError`) or none in time (`TimeoutError`).
 */
export const gatewayClient =
  ({ url, signWith, forgeIn, patience = usualPatience }: GatewayClientOptions) =>
  async (path: string, input: object): Promise<GatewayAnswer> => {
    const address = new URL(path, url);
    const body = JSON.stringify(input);
    const plain = {
      'content-type': 'application/json',
      ...(forgeIn !== undefined && { [forgeIn.toLowerCase()]: forgedToken() }),
    };
    const headers = signWith === undefined ? plain : await signed(signWith, address, plain, body);
    const signal = AbortSignal.timeout(patience);
    const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: await response.text(),
    };
  };

import { request as httpRequest, type RequestOptions } from 'node:http';
import type { HttpAnswer } from './contract.ts';

/** The header lines as they were written, names in their own case. */
const headersOf = (raw: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: raw.length / 2 }, (_, pair) => [raw[2 * pair] ?? '', raw[2 * pair + 1] ?? '']),
  );

/** Sends a request as it is, with nothing added that curl would not add, and reads the whole answer. */
export const send = (
  url: string,
  options: RequestOptions,
  body: string | Uint8Array = '',
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          statusCode: response.statusCode ?? 0,
          headers: headersOf(response.rawHeaders),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });

/** Posts a text as JSON. */
export const postJson = (url: string, body: string | Uint8Array): Promise<HttpAnswer> =>
  send(url, { method: 'POST', headers: { 'Content-Type': 'application/json' } }, body);

import twilio from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';
import { operationOf, type Product, replyProblems } from './validate.ts';

const prefixes: Readonly<Record<string, readonly [Product, string]>> = {
  'verify.twilio.com': ['verify', ''],
  'lookups.twilio.com': ['lookups', '/lookups'],
  'iam.twilio.com': ['iam', '/iam'],
};

/** The HTTP client of the official SDK, led to the emulator, with every reply held against Twilio's OpenAPI file. */
export class CheckedClient extends twilio.RequestClient {
  /** Documented operations that answered with success. */
  readonly covered = new Set<string>();
  /** What was wrong with the replies so far. */
  readonly problems: string[] = [];
  /** The headers of the newest reply, failures too. */
  lastHeaders: Readonly<Record<string, string>> = {};
  readonly #origin: string;

  constructor(origin: string) {
    super();
    this.#origin = origin;
  }

  override async request<T>(options: RequestClient.RequestOptions<T>) {
    const uri = new URL(options.uri);
    const [product, prefix] = prefixes[uri.hostname] ?? (['verify', ''] as const);
    const reply = await super.request<T>({
      ...options,
      uri: `${this.#origin}${prefix}${uri.pathname}${uri.search}`,
    });
    const { statusCode, body, headers } = reply;
    this.lastHeaders = { ...(headers as Record<string, string>) };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const method = options.method.toUpperCase();
    this.problems.push(...replyProblems(product, method, uri.pathname, statusCode, text));
    const operation = operationOf(product, method, uri.pathname);
    if (operation !== undefined && statusCode < 300) this.covered.add(operation);
    return reply;
  }
}

import { invalidParameter } from './failures.ts';
import type { State } from './state.ts';

/** A request on the API side, after authentication. */
export interface ApiRequest {
  readonly state: State;
  /** The path as the client sent it, without the prefix that stands for a Twilio host. */
  readonly path: string;
  /** The path's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** Whether the credential may manage keys: the auth token or a Main key. */
  readonly main: boolean;
}

/** What goes back: a JSON body, or none at all where it is left out. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** One operation of the API. @throws TwilioFailure */
export type Operation = (request: ApiRequest) => Reply;

/** The reply of a successful delete. */
export const deleted: Reply = { status: 204 };

/** A path parameter; the router fills in those that its pattern names. */
export const param = (request: ApiRequest, name: string): string => request.params[name] ?? '';

/** The text as a whole number within the range, or undefined. */
export const wholeNumber = (text: string, least: number, most: number): number | undefined => {
  const value = Number(text);
  return /^\d{1,15}$/.test(text) && value >= least && value <= most ? value : undefined;
};

/** Whether the value is a JSON object. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text as a JSON object, or undefined. */
export const jsonObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/**
 * One page of a list, with Twilio's paging links.
 *
 * @param origin - the Twilio host that the links lead to, such as `https://verify.twilio.com`.
 * @throws TwilioFailure 60200 for a page size outside 1 to 1000.
 */
export const page = (request: ApiRequest, origin: string, key: string, items: readonly unknown[]): Reply => {
  const size = wholeNumber(request.query.get('PageSize') ?? '50', 1, 1000);
  const index = wholeNumber(request.query.get('Page') ?? '0', 0, 1e9);
  if (size === undefined) throw invalidParameter('PageSize');
  if (index === undefined) throw invalidParameter('Page');
  const link = (number: number): string => {
    const query = new URLSearchParams(request.query);
    query.delete('PageToken');
    query.set('PageSize', String(size));
    query.set('Page', String(number));
    return `${origin}${request.path}?${query}`;
  };
  const meta = {
    page: index,
    page_size: size,
    first_page_url: link(0),
    previous_page_url: index > 0 ? link(index - 1) : null,
    url: link(index),
    next_page_url: (index + 1) * size < items.length ? link(index + 1) : null,
    key,
  };
  return { status: 200, body: { [key]: items.slice(index * size, (index + 1) * size), meta } };
};

/** ISO 8601 without milliseconds, as Twilio writes a resource's dates. */
export const isoSeconds = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`;

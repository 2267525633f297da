import BaseTwilio from 'twilio/lib/base/BaseTwilio.js';
import * as v from 'valibot';
import type { LineTypeLookup } from '../guard/rules/line-type.ts';
import { RunError } from '../runtime/errors.ts';
import type { TwilioSecrets } from '../verify/credentials.ts';
import type { Destination } from '../verify/destination.ts';
import { refusedBy, TwilioRefusal } from '../verify/twilio-errors.ts';
import { unreadable } from './twilio-exchange.ts';
import { createTwilioHttp, type TwilioHttpOptions } from './twilio-http-client.ts';

/** What the Lookup gateway stands on. */
export interface TwilioLookupOptions extends TwilioHttpOptions {
  readonly secrets: TwilioSecrets;
  /** `TWILIO_REGION`; undefined for the default. */
  readonly region: string | undefined;
  /** `TWILIO_EDGE`; undefined for the default. */
  readonly edge: string | undefined;
}

// In milliseconds: a start waits for the answer and goes on without it.
const impatient = { connectMs: 1_000, wholeMs: 1_500 };

/** The SDK's own errors can hold the number, so only ours are passed on. */
const failureOf = (thrown: unknown): RunError => {
  if (thrown instanceof RunError) return thrown;
  return thrown instanceof TwilioRefusal
    ? refusedBy(thrown, { notFound: 'misconfigured' })
    : new RunError('upstream_unavailable', { reason: 'twilio_lookup', effect: 'none', retryAfter: 5 });
};

const answer = v.object({
  line_type_intelligence: v.object({ type: v.nullish(v.string()), error_code: v.nullish(v.number()) }),
});

/**
 * Twilio Lookup v2's line types through the base client of the official SDK: its Lookup part, for one address, would add
 * 26 kB to the bundle. A credential that Twilio refuses is not renewed here: the send that follows does so.
 */
export const createTwilioLookup = (options: TwilioLookupOptions): LineTypeLookup => {
  const { secrets, region, edge } = options;
  const newHttpClient = createTwilioHttp({ ...options, timing: { ...impatient, ...options.timing } });

  const ask = async (number: Destination): Promise<unknown> => {
    const { username, password, accountSid } = await secrets.current();
    const httpClient = newHttpClient();
    // Empty, not undefined: else the SDK reads the environment by itself.
    const where = { region: region ?? '', edge: edge ?? '' };
    const client = new BaseTwilio.Client(username, password, { accountSid, httpClient, ...where });
    const uri = `https://lookups.twilio.com/v2/PhoneNumbers/${number}`;
    const params = { Fields: 'line_type_intelligence' };
    const { body } = await client.request({ method: 'get', uri, params });
    return body;
  };

  return {
    async typeOf(number) {
      const body = await ask(number).catch((thrown: unknown) => {
        throw failureOf(thrown);
      });
      const { success, output } = v.safeParse(answer, body);
      if (!success) throw unreadable();
      const { type, error_code: problem } = output.line_type_intelligence;
      if (problem != null) throw new RunError('upstream_error', { reason: `lookup_${problem}` });
      return type ?? 'unknown';
    },
  };
};

import * as v from 'valibot';
import { failure, failureBody, isKnown } from '../failures.ts';

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** Whether a fault has an answer of its own; one without only waits or cuts. */
export const answers = (fault: {
  readonly status?: number | undefined;
  readonly code?: number | undefined;
  readonly body?: string | undefined;
}): boolean => (fault.status ?? fault.code ?? fault.body) !== undefined;

/** What `POST /_emulator/faults` takes. */
export const faultSchema = v.pipe(
  v.strictObject({
    /** Text in the request's path, or the source of a regular expression that it matches. */
    path: v.pipe(v.string(), v.minLength(1)),
    method: v.optional(v.picklist(['GET', 'POST', 'DELETE'])),
    status: v.optional(whole(200, 599)),
    /** Twilio's error code: the reply is Twilio's JSON. Without it the reply is an HTML page. */
    code: v.optional(whole(1, 999_999)),
    message: v.optional(v.string()),
    headers: v.optional(v.record(v.string(), v.string()), {}),
    /** Replaces the reply's body; may be empty. */
    body: v.optional(v.string()),
    /** How many requests it concerns. */
    times: v.optional(whole(1, 1_000_000), 1),
    /** Real milliseconds before the reply, or before the cut. */
    delay_ms: v.optional(whole(0, 600_000), 0),
    /** Cuts the connection instead of answering. */
    drop: v.optional(v.boolean(), false),
    /** Lets the request take effect first, as when the answer is lost on its way. */
    after_effect: v.optional(v.boolean(), false),
  }),
  v.check(
    ({ code, status }) => code === undefined || status !== undefined || isKnown(code),
    'status is needed with a code that the emulator does not know',
  ),
  v.check(
    (fault) => fault.drop || fault.delay_ms > 0 || answers(fault),
    'one of status, code, body, delay_ms and drop is needed',
  ),
);

/** A fault that waits for its requests. */
export type Fault = v.InferOutput<typeof faultSchema>;

const matches = (fault: Fault, method: string, path: string): boolean => {
  if (fault.method !== undefined && fault.method !== method) return false;
  if (path.includes(fault.path)) return true;
  try {
    return new RegExp(fault.path).test(path);
  } catch {
    return false; // Not a regular expression: it was meant as plain text.
  }
};

/** Takes the oldest fault for this request, once. */
export const takeFault = (faults: Fault[], method: string, path: string): Fault | undefined => {
  const fault = faults.find((candidate) => matches(candidate, method, path));
  if (fault === undefined) return undefined;
  fault.times -= 1;
  if (fault.times === 0) faults.splice(faults.indexOf(fault), 1);
  return fault;
};

/** The answer of a fault, as raw text: Twilio's JSON for a code, else a page. */
export const faultReply = ({ code, ...fault }: Fault): { status: number; type: string; text: string } => {
  if (code === undefined) {
    const status = fault.status ?? 200;
    const page = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
    return { status, type: 'text/html', text: fault.body ?? page };
  }
  const known = failure(code);
  const status = fault.status ?? known.status;
  const text = fault.body ?? JSON.stringify(failureBody(code, status, fault.message ?? known.message));
  return { status, type: 'application/json', text };
};

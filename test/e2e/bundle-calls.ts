import { readFileSync } from 'node:fs';
import { catalog } from '../../functions/catalog.ts';
import { healthyAnswer } from '../../functions/runtime/response.ts';

type Json = Readonly<Record<string, unknown>>;

/** Gives an event to a function by its name, and gives back what the function returned. */
export type Invoke = (name: string, event: Json) => Promise<unknown>;

/** Each kind of caller with a destination of its own. */
const callers = { 'http-v1': '+14155550101', 'http-v2': '+14155550102', direct: '+14155550103' } as const;

const eventOf = (file: string): Json =>
  JSON.parse(readFileSync(new URL(`../../events/${file}.json`, import.meta.url), 'utf8'));

/** The event with some of its input replaced; the HTTP API's body travels in base64, as its binary types do. */
const withInput = (name: string, caller: keyof typeof callers, input: Json): Json => {
  const event = eventOf(`${name}.${caller}`);
  if (caller === 'direct') return { ...event, ...input };
  const body = JSON.stringify({ ...JSON.parse(String(event['body'])), ...input });
  return caller === 'http-v1'
    ? { ...event, body }
    : { ...event, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
};

/** One line a reply: the status of an HTTP reply and the envelope's exact text, but for the SID, which differs. */
const lineOf = (result: unknown): string => {
  const { statusCode, body } = result as { readonly statusCode?: number; readonly body?: string };
  const reply = statusCode === undefined ? JSON.stringify(result) : `${statusCode} ${body}`;
  return reply.replace(/"VE[0-9a-f]{32}"/, '"VE"');
};

const latestCode = async (emulatorUrl: string, to: string): Promise<string> => {
  const response = await fetch(`${emulatorUrl}/_emulator/messages?to=${encodeURIComponent(to)}`);
  const messages = (await response.json()) as readonly { readonly code: string }[];
  return messages.at(-1)?.code ?? 'none';
};

/**
 * Lets every kind of caller start a verification and check its code, then lets each function's canary run.
 *
 * @returns a line a reply, to compare with {@link expectedCalls}.
 */
export const runCalls = async (invoke: Invoke, emulatorUrl: string): Promise<string[]> => {
  const lines: string[] = [];
  for (const [caller, to_phone] of Object.entries(callers) as [keyof typeof callers, string][]) {
    const call = async (name: string, input: Json) => {
      const result = await invoke(name, withInput(name, caller, input));
      lines.push(`${caller} ${name} ${lineOf(result)}`);
    };
    await call('start_verification', { to_phone });
    await call('check_verification', { to_phone, code: await latestCode(emulatorUrl, to_phone) });
  }
  for (const { name } of catalog)
    for (const [caller, event] of [
      ['canary', { canary: true }],
      ['scheduled', eventOf('scheduled')],
    ] as const)
      lines.push(`${caller} ${name} ${lineOf(await invoke(name, event))}`);
  return lines;
};

const pending = '{"success":true,"sid":"VE","status":"pending","valid":true,"error":null}';
const approved = '{"success":true,"sid":"VE","status":"approved","valid":true,"error":null}';

/** What every caller must get. */
export const expectedCalls: readonly string[] = [
  `http-v1 start_verification 200 ${pending}`,
  `http-v1 check_verification 200 ${approved}`,
  `http-v2 start_verification 200 ${pending}`,
  `http-v2 check_verification 200 ${approved}`,
  `direct start_verification ${pending}`,
  `direct check_verification ${approved}`,
  ...catalog.flatMap(({ name, response }) =>
    ['canary', 'scheduled'].map((caller) => `${caller} ${name} ${JSON.stringify(healthyAnswer(response))}`),
  ),
];

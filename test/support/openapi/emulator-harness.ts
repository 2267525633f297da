import twilio from 'twilio';
import type { Settings } from '../../../local/emulator/control/settings.ts';
import { startEmulator } from '../../../local/emulator/server.ts';
import { accountSid, defaultServiceSid } from '../../../local/emulator/sids.ts';
import type { Message } from '../../../local/emulator/state.ts';
import { CheckedClient } from './checked-client.ts';

/** The time at which every harness starts: a frozen clock that only the control side moves. */
export const startTime = Date.parse('2026-01-02T03:04:05.678Z');

/** An emulator with the official client pointed at it. */
export const startHarness = async (switches: Partial<Settings> = {}) => {
  const emulator = await startEmulator({ clock: () => startTime, switches });
  const http = new CheckedClient(emulator.url);
  const connect = (user: string, password: string) =>
    twilio(user, password, { accountSid, httpClient: http });
  const client = connect(accountSid, 'emulator-token');

  const control = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const reply = await fetch(`${emulator.url}/_emulator/${path}`, init);
    return { status: reply.status, body: (await reply.json()) as unknown };
  };

  return {
    url: emulator.url,
    http,
    client,
    connect,
    control,
    service: client.verify.v2.services(defaultServiceSid),
    start: (to: string, channel = 'sms') =>
      client.verify.v2.services(defaultServiceSid).verifications.create({ to, channel }),
    check: (to: string, code: string) =>
      client.verify.v2.services(defaultServiceSid).verificationChecks.create({ to, code }),
    messages: async (to: string) =>
      (await control('GET', `messages?to=${encodeURIComponent(to)}`)).body as Message[],
    advance: (milliseconds: number) => control('POST', 'clock', { advance_ms: milliseconds }),
    close: () => emulator.close(),
  };
};

/** What {@link startHarness} gives. */
export type Harness = Awaited<ReturnType<typeof startHarness>>;

/** The code of the newest message. */
export const newestCode = async (harness: Harness, to: string): Promise<string> => {
  const newest = (await harness.messages(to)).at(-1);
  if (newest === undefined) throw new Error('No message reached this recipient');
  return newest.code;
};

/** A code of the same length that is surely another. */
export const wrongCode = (code: string): string => code.replace(/^./, code.startsWith('0') ? '1' : '0');

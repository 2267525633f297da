import { isRecord } from '../../functions/runtime/inputs.ts';

/** How long to wait for the list of messages, in milliseconds. */
const timeout = 5_000;

const messagesTo = async (origin: string, to: string): Promise<readonly unknown[]> => {
  // The emulator knows numbers in E.164 only.
  const recipient = to.includes('@') ? to.trim() : to.replace(/[^+\d]/g, '');
  const url = new URL(`/_emulator/messages?to=${encodeURIComponent(recipient)}`, origin);
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout) });
  const messages: unknown = await response.json();
  return Array.isArray(messages) ? messages : [];
};

/**
 * The code of the newest message of a verification that reached an emulated phone or mailbox.
 *
 * @param origin - of the emulator.
 * @param sid - of the verification.
 * @returns undefined where nothing there can be asked, or no message arrived.
 */
export const receivedCode = async (origin: string, to: string, sid: string): Promise<string | undefined> => {
  try {
    const messages = await messagesTo(origin, to);
    const message = messages.findLast((candidate) => isRecord(candidate) && candidate['sid'] === sid);
    return isRecord(message) && typeof message['code'] === 'string' ? message['code'] : undefined;
  } catch {
    return undefined;
  }
};

import { randomBytes } from 'node:crypto';

/** The one account of the emulator. */
export const accountSid = `AC${'0'.repeat(32)}`;

/** The service that exists from the start. */
export const defaultServiceSid = `VA${'0'.repeat(32)}`;

/** A new SID: two letters and 32 hex digits. */
export const newSid = (prefix: string): string => `${prefix}${randomBytes(16).toString('hex')}`;

/** Whether the text is a SID of this kind. */
export const isSid = (prefix: string, text: string): boolean =>
  new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(text);

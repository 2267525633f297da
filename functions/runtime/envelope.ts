/** What every caller gets, on success and on failure: exactly these five keys, in this order. */
export interface Envelope {
  readonly success: boolean;
  /** The `VE…` SID of the verification, where one succeeded. */
  readonly sid: string | null;
  readonly status: 'pending' | 'approved' | null;
  readonly valid: boolean;
  /** A sentence for a person; null on success. */
  readonly error: string | null;
}

/** A code was sent, or an earlier send is answered again. */
export const sent = (sid: string): Envelope => ({
  success: true,
  sid,
  status: 'pending',
  valid: true,
  error: null,
});

/** The code was right. */
export const approved = (sid: string): Envelope => ({
  success: true,
  sid,
  status: 'approved',
  valid: true,
  error: null,
});

/** The code was wrong: a result, not an error. */
export const wrongCode = (): Envelope => ({
  success: true,
  sid: null,
  status: 'pending',
  valid: false,
  error: null,
});

/** A scheduled canary found everything in reach; nothing was sent. */
export const healthy = (): Envelope => ({ success: true, sid: null, status: null, valid: true, error: null });

/** Anything else. `sentence` is for a person and holds no personal data. */
export const failed = (sentence: string): Envelope => ({
  success: false,
  sid: null,
  status: null,
  valid: false,
  error: sentence,
});

/** What a client needs next, so that it hard-codes no timer; sent as `Verify-…` headers. Seconds and counts are whole. */
export interface Hints {
  /** Seconds until a new message may be sent on this channel. */
  readonly nextSend?: number | undefined;
  readonly checksLeft?: number | undefined;
  /** Seconds until the code stops being valid. */
  readonly expiresIn?: number | undefined;
  /** Whether an earlier send is answered again. */
  readonly replayed?: boolean | undefined;
}

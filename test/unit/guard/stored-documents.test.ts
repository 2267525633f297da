import { describe, expect, test } from 'vitest';
import { closedBreaker, readBreaker } from '../../../functions/guard/breaker-state.ts';
import { readState, storedState } from '../../../functions/guard/limits/destination-state.ts';
import { IdempotencyKey } from '../../../functions/guard/limits/idempotency-key.ts';
import { BlockMemory } from '../../../functions/guard/rules/block-memory.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { hashedRequest } from '../../support/hashed-request.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

// What tables hold that version 0.1.0 wrote, to the letter. A later version must read it: a limit that begins anew, or an
// owner who becomes a stranger, is a hole. Never change a document here; add those of a new shape.

const destination = JSON.parse(`{
  "sends": [{ "at": 1767225600000, "id": "4fYb0mQpT2xk", "stranger": true }],
  "guesses": [
    { "at": 1767225660000, "id": "Zk3vN1aWq8Lr", "stranger": false, "counts": true, "code": "code-hash" }
  ],
  "failures": { "known": { "count": 1, "at": 1767225660000 }, "stranger": { "count": 0, "at": 0 } },
  "last": {
    "sms": {
      "at": 1767225600000, "id": "4fYb0mQpT2xk", "by": "ada-hash", "service": "VA00000000000000000000000000000000",
      "state": "sent", "sid": "VE00000000000000000000000000000001"
    }
  },
  "records": {
    "VA00000000000000000000000000000000": {
      "sid": "VE00000000000000000000000000000001", "channel": "sms", "by": ["ada-hash"], "byTrusted": false,
      "startedAt": 1767225600000, "expiresAt": 1767226200000, "checks": 1, "end": null, "endedAt": 0, "code": null
    }
  },
  "known": ["ada-hash", "network-hash"],
  "verifiedAt": 1766620800000
}`);

describe('a document of version 0.1.0', () => {
  test('of a destination is read, with its checks and owners, and written as it was', () => {
    const state = readState(destination);
    expect(state.checks.map(({ id }) => id)).toEqual(['Zk3vN1aWq8Lr']);
    expect(state.failures.owner).toEqual({ count: 1, at: 1_767_225_660_000 });
    expect(state.owners).toEqual(['ada-hash', 'network-hash']);
    expect(storedState(state)).toEqual(destination);
  });

  test('of an idempotency key answers with its start, and refuses another input', async () => {
    const store = createMemoryStore();
    const now = Date.UTC(2026, 0, 1);
    await store.save('key#hash', 0, { payload: 'payload-hash', sid: 'VE1', at: now }, now, now + 60_000);
    const claimWith = (payload: string) =>
      new IdempotencyKey(store, { now: { key: 'key#hash', holds: [] }, before: undefined }, payload).claim(
        now,
      );
    expect(await claimWith('payload-hash')).toEqual({ kind: 'answered', sid: 'VE1' });
    expect(await claimWith('other-hash')).toMatchObject({ kind: 'refuse' });
  });

  test('of what Twilio refuses for a while is recalled', async () => {
    const store = createMemoryStore();
    const now = Date.UTC(2026, 0, 1);
    const hash = createKeyedHash('a key for tests only');
    const request = hashedRequest('+15005550006', hash, now);
    const suppressed = { [hash('suppressed', 'sms +15005550006')]: now + 60_000 };
    const memory = { fraudUntil: 0, suppressed };
    await store.save(`prefix#${hash('prefix', '+1500555')}`, 0, memory, now, now + 60_000);
    expect(await new BlockMemory(store, () => now).recall(request, 'sms')).toMatchObject({
      code: 'blocked',
      reason: 'twilio_21610',
    });
  });

  test('of the circuit breaker is read', () => {
    const open = { until: 1_767_225_615_000, lastsSeconds: 15, probe: null };
    const document = { counts: [[1_767_225_600, 3, 1]], since: 0, open };
    expect(readBreaker(document)).toEqual(document);
    expect(readBreaker({ counts: 'none' })).toEqual(closedBreaker);
  });
});

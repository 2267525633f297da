import { HashedRequest } from '../../functions/guard/request/hashed-request.ts';
import { createKeyedHash, type KeyedHash } from '../../functions/privacy/keyed-hash.ts';
import type { Destination } from '../../functions/verify/destination.ts';
import type { ServiceSid } from '../../functions/verify/provider.ts';

/** A request to a destination as the guard sees it, by default under a key of the test's own and at the epoch. */
export const hashedRequest = (
  to: string,
  hash: KeyedHash = createKeyedHash('a key of at least sixteen characters'),
  at = 0,
): HashedRequest => {
  const asked = {
    function: 'start_verification',
    service: `VA${'0'.repeat(32)}` as ServiceSid,
    destination: to as Destination,
    caller: { kind: 'direct' },
  } as const;
  return new HashedRequest(asked, hash, at);
};

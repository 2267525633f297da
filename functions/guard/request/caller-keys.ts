import ipaddr from 'ipaddr.js';
import type { Hashed, KeyedHash } from '../../privacy/keyed-hash.ts';
import type { Caller } from '../../runtime/define-function.ts';

/**
 * The network that an address counts for: an IPv4 address itself (an IPv4-mapped IPv6 one too), an IPv6 address's
 * /64, which is what one subscriber gets (RFC 6177). Text that is no address counts as one that is missing.
 */
export const networkOf = (address: string | undefined): string => {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
};

/** What the guard knows a caller by, hashed. */
export interface CallerKeys {
  /** Who asks: the identity, else the network, else the direct caller. */
  readonly by: Hashed;
  readonly identity: Hashed | undefined;
  /** Undefined for a direct caller that passes no address on: it answers for its own callers. */
  readonly network: Hashed | undefined;
  /** Whether nothing tells this caller from any other that is trusted to invoke directly. */
  readonly trusted: boolean;
}

/** The hashes that stand for a caller in the table. */
export const callerKeys = (caller: Caller, hash: KeyedHash): CallerKeys => {
  const identity = caller.identity === undefined ? undefined : hash('identity', caller.identity);
  // A missing address over HTTP is one network of its own: all who hide share one budget.
  const hasNetwork = caller.kind === 'http' || caller.ip !== undefined;
  const network = hasNetwork ? hash('network', networkOf(caller.ip)) : undefined;
  const by = identity ?? network;
  return { by: by ?? hash('direct', ''), identity, network, trusted: by === undefined };
};

/** The identity and the network of a caller, as far as it has them: what a destination remembers an owner by. */
export const ownTokens = ({ identity, network }: CallerKeys): readonly Hashed[] => {
  const tokens: Hashed[] = [];
  if (identity !== undefined) tokens.push(identity);
  if (network !== undefined) tokens.push(network);
  return tokens;
};

/** Whether a caller is one of a destination's owners, who have verified it before. Trusted callers count as such. */
export const isOwner = (owners: readonly string[], { identity, network, trusted }: CallerKeys): boolean =>
  trusted ||
  (identity !== undefined && owners.includes(identity)) ||
  (network !== undefined && owners.includes(network));

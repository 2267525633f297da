import { brotliDecompressSync } from 'node:zlib';
import { packedDomains } from './disposable-domain-list.ts';

let unpacked: ReadonlySet<string> | undefined;

/**
 * The domains of providers of throw-away mailboxes, by the npm package `disposable-email-domains-js`. Unpacked at the
 * first call (2 ms), so that only who sends e-mail pays for it.
 */
export const disposableDomains = (): ReadonlySet<string> => {
  unpacked ??= new Set(
    brotliDecompressSync(Buffer.from(packedDomains, 'base64')).toString('latin1').split('\n'),
  );
  return unpacked;
};

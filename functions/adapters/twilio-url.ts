import { RunError } from '../runtime/errors.ts';

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

// Verify keeps its paths; the other products would collide with it on one origin.
const productPaths: Readonly<Record<string, string>> = { lookups: '/lookups', iam: '/iam' };

/**
 * Says where a request goes: to Twilio itself, or to the origin that stands in for it, which may lie under a path.
 *
 * @param baseUrl - `TWILIO_API_BASE_URL`; undefined or empty for Twilio itself.
 * @returns turns an address the SDK made, such as `https://verify.twilio.com/v2/Services`, into the one to ask.
 * @throws RunError `misconfigured` where the base URL is neither https nor on this machine.
 */
export const twilioAddresses = (baseUrl: string | undefined): ((uri: string) => URL) => {
  if (baseUrl === undefined || baseUrl === '') return (uri) => new URL(uri);
  const base = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const safe = base?.protocol === 'https:' || (base?.protocol === 'http:' && loopback.test(base.hostname));
  if (base === undefined || !safe)
    throw new RunError('misconfigured', {
      reason: 'twilio_base_url',
      fix: 'TWILIO_API_BASE_URL must be an https address, or http on a loopback address',
    });
  const root = base.origin + base.pathname.replace(/\/+$/, '');
  return (uri) => {
    const { hostname, pathname, search } = new URL(uri);
    return new URL(root + (productPaths[hostname.split('.')[0] ?? ''] ?? '') + pathname + search);
  };
};

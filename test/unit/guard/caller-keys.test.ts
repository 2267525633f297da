import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callerKeys, networkOf } from '../../../functions/guard/request/caller-keys.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';

const hash = createKeyedHash('a key for tests only');

describe('the network of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['fe80::2%wlan1', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', 'unknown'],
    ['unknown', 'unknown'],
    ['192.0.2.1:443', 'unknown'],
    ['[2001:db8::1]', 'unknown'],
    ['2001:db8::1, 192.0.2.1', 'unknown'],
    ['256.0.0.1', 'unknown'],
    ['test-invoke-source-ip', 'unknown'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test('that is missing is one of its own', () => {
    expect(networkOf(undefined)).toBe('unknown');
  });

  test('is the same for all of a /64 and differs from the next, however it is written', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const written = (groups: readonly number[]) => groups.map((one) => one.toString(16)).join(':');
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 0x2000, max: 0x3fff }), group, group, group),
        fc.tuple(group, group, group, group),
        fc.tuple(group, group, group, group),
        (prefix, one, other) => {
          const [a, b, c, d] = prefix;
          const here = networkOf(written([...prefix, ...one]));
          expect(networkOf(written([...prefix, ...other]).toUpperCase())).toBe(here);
          expect(networkOf(written([a, b, c, (d + 1) % 0x10000, ...one]))).not.toBe(here);
        },
      ),
    );
  });
});

describe('a caller', () => {
  test('is known by identity, else by network', () => {
    const both = callerKeys({ kind: 'http', ip: '192.0.2.1', identity: 'ada' }, hash);
    expect(both.by).toBe(both.identity);
    const address = callerKeys({ kind: 'http', ip: '192.0.2.1' }, hash);
    expect(address).toMatchObject({ by: both.network, identity: undefined, trusted: false });
  });

  test('over HTTP without an address shares one network with all such', () => {
    const hidden = callerKeys({ kind: 'http' }, hash);
    expect(hidden.network).toBe(callerKeys({ kind: 'http', ip: 'nonsense' }, hash).network);
    expect(hidden.trusted).toBe(false);
  });

  test('that invokes directly and says nothing of its user is trusted, and has no network', () => {
    const lambda = callerKeys({ kind: 'direct' }, hash);
    expect(lambda).toMatchObject({ identity: undefined, network: undefined, trusted: true });
    expect(callerKeys({ kind: 'direct', ip: '192.0.2.1' }, hash).trusted).toBe(false);
    expect(callerKeys({ kind: 'direct', identity: 'ada' }, hash).trusted).toBe(false);
  });

  test('is never held in clear, nor is one text the same in two roles', () => {
    const keys = callerKeys({ kind: 'http', ip: '192.0.2.1', identity: '192.0.2.1' }, hash);
    expect(JSON.stringify(keys)).not.toContain('192.0.2.1');
    expect(keys.identity).not.toBe(keys.network);
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleFunctions } from '../../infra/bundling/bundle.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const bundles = bundleFunctions(['authorize_caller']);
const file = join(bundles, 'authorize_caller/index.mjs');
const folder = mkdtempSync(join(tmpdir(), 'authority-'));
const authority = join(folder, 'ca.pem');
writeFileSync(authority, loopbackCertificate.cert);
let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await startTokenIssuer();
});
afterAll(async () => {
  await issuer.close();
  for (const made of [bundles, folder]) rmSync(made, { recursive: true });
});

/** Runs the bundle in a Node of its own, one event after another, and gives all that it printed. */
const authorized = async (tokens: readonly string[], issuers: string): Promise<string> => {
  const source = `
    const { handler } = await import(${JSON.stringify(file)});
    for (const authorizationToken of ${JSON.stringify(tokens)}) {
      const methodArn = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/POST/start_verification';
      console.log(JSON.stringify(await handler({ type: 'TOKEN', authorizationToken, methodArn })));
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], {
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: authority, TOKEN_ISSUERS: issuers },
  });
  return stdout;
};

const configured = () =>
  JSON.stringify([
    { issuer: issuer.issuer, audience: ['app'], audience_claim: 'aud', identity_claim: 'sub' },
  ]);

it('judges tokens by its environment alone, and prints nothing of them', async () => {
  const good = issuer.token();
  const bad = issuer.token(issuer.claims({ aud: 'other' }));
  const stdout = await authorized([`Bearer ${good}`, bad], configured());
  const effects = [...stdout.matchAll(/"Effect":"(\w+)"/g)].map(([, effect]) => effect);
  expect(effects).toEqual(['Allow', 'Deny']);
  const printed = stdout.split('\n').filter((line) => !line.includes('"Effect"'));
  expect(printed.join()).toContain('token_audience');
  expect(printed.join()).not.toContain('user-1');
  for (const part of [good, bad].flatMap((token) => token.split('.'))) expect(stdout).not.toContain(part);
});

it('does not start without issuers, so that no token is judged by half a configuration', async () => {
  await expect(authorized([issuer.token()], '')).rejects.toThrow();
  await expect(authorized([issuer.token()], '[]')).rejects.toThrow('TOKEN_ISSUERS must be the list');
});

it('is small, and holds nothing of Twilio, the table or the AWS SDK', () => {
  const { sources }: { sources: string[] } = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
  expect(statSync(file).size).toBeLessThanOrEqual(100_000);
  expect(sources.filter((source) => /node_modules\/(twilio|@aws-sdk|@smithy)\//.test(source))).toEqual([]);
});

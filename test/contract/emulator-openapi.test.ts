import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountSid, defaultServiceSid } from '../../local/emulator/sids.ts';
import { type Harness, newestCode, startHarness } from '../support/openapi/emulator-harness.ts';
import { documentedOperations, replyProblems } from '../support/openapi/validate.ts';

/** Calls every operation once, with success. */
const tour = async (world: Harness) => {
  const { verify, lookups, iam } = world.client;
  const { services, verificationAttempts, verificationAttemptsSummary } = verify.v2;
  const { sid } = await services.create({ friendlyName: 'Tour', lookupEnabled: true });
  const service = services(sid);
  await services.list();
  await service.update({ codeLength: 4 });
  await service.fetch();
  const limit = await service.rateLimits.create({ uniqueName: 'tour', description: 'a limit' });
  const { buckets } = service.rateLimits(limit.sid);
  const bucket = await buckets.create({ max: 1, interval: 60 });
  await service.rateLimits.list();
  await service.rateLimits(limit.sid).update({ description: 'changed' });
  await service.rateLimits(limit.sid).fetch();
  await buckets(bucket.sid).update({ max: 2 });
  await buckets(bucket.sid).fetch();
  await buckets.list();
  for (const [channel, to] of [
    ['sms', '+14155552671'],
    ['call', '+14155552672'],
    ['whatsapp', '+14155552673'],
    ['email', 'a@example.com'],
  ] as const)
    await service.verifications.create({ to, channel, rateLimits: { tour: to } });
  const code = await newestCode(world, '+14155552671');
  await service.verificationChecks.create({ to: '+14155552671', code });
  await service.verifications('+14155552672').fetch();
  await service.verifications('+14155552672').update({ status: 'canceled' });
  const [attempt] = await verificationAttempts.list();
  await verificationAttempts(attempt?.sid ?? '').fetch();
  await verificationAttemptsSummary().fetch();
  const fields = 'line_type_intelligence,sms_pumping_risk,sim_swap';
  await lookups.v2.phoneNumbers('+14155552671').fetch({ fields });
  await lookups.v2.phoneNumbers('+141555526711').fetch();
  const key = await iam.v1.newApiKey.create({ accountSid, friendlyName: 'tour' });
  await iam.v1.getApiKeys.list({ accountSid });
  await iam.v1.apiKey(key.sid).fetch();
  await iam.v1.apiKey(key.sid).update({ friendlyName: 'changed' });
  await iam.v1.apiKey(key.sid).remove();
  await buckets(bucket.sid).remove();
  await service.rateLimits(limit.sid).remove();
  await service.remove();
};

test.each(['captured', 'spec'] as const)(
  'every documented operation answers as the OpenAPI file says, in the %s form',
  async (form) => {
    const world = await startHarness({ body_form: form });
    await tour(world);
    await world.close();
    expect(world.http.problems).toEqual([]);
    expect([...world.http.covered].sort()).toEqual(documentedOperations().sort());
  },
);

test('the spec form has the keys that captures lack', async () => {
  const world = await startHarness({ body_form: 'spec' });
  const verification = await world.start('+14155552671');
  await world.close();
  expect(verification).toMatchObject({ lookup: {}, sna: null });
  expect(verification.sendCodeAttempts).toEqual([
    expect.objectContaining({ channel: 'SMS', time: '2026-01-02T03:04:05Z' }),
  ]);
});

test.each([
  [201, {}, 'must have required property'],
  [200, {}, 'is not documented to answer 200'],
  [429, { code: '20429' }, 'must be integer'],
  [401, { code: 20003, message: '', more_info: '', status: 401, extra: 1 }, 'additional properties'],
])('the validation itself notices a wrong reply: %i %j', (status, body, problem) => {
  const path = `/v2/Services/VA${'0'.repeat(32)}/Verifications`;
  const problems = replyProblems('verify', 'POST', path, status, JSON.stringify(body));
  expect(problems.join('\n')).toContain(problem);
});

const field = (...likely: string[]) =>
  fc.option(fc.oneof(fc.constantFrom(...likely), fc.string({ unit: 'binary', maxLength: 20 })), {
    nil: undefined,
  });

const anyForm = fc.record({
  To: field('+14155552671', '+15005550202', 'a@example.com', '+19995551234'),
  Channel: field('sms', 'call', 'email', 'whatsapp', 'sna'),
  Code: field('123456', '12'),
  VerificationSid: field(`VE${'0'.repeat(32)}`),
  Locale: field('de', 'xx'),
  Tags: field('{}', '[]', '{"__proto__":"x"}'),
  RateLimits: field('{}', '{"a":{}}'),
  Status: field('approved', 'canceled'),
});

test('whatever is sent, the reply is one that Twilio could give, and never a failure of the emulator', async () => {
  const world = await startHarness();
  const authorization = `Basic ${Buffer.from(`${accountSid}:emulator-token`).toString('base64')}`;
  const segment = fc.oneof(
    fc.constantFrom('Verifications', 'VerificationCheck'),
    fc.webPath().map((path) => `Verifications${path}`),
  );
  await fc.assert(
    fc.asyncProperty(segment, anyForm, async (path, form) => {
      const pathname = `/v2/Services/${defaultServiceSid}/${path}`;
      const given = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const init = { method: 'POST', headers: { authorization }, body: new URLSearchParams(given) };
      const reply = await fetch(world.url + pathname, init);
      const problems = replyProblems('verify', 'POST', pathname, reply.status, await reply.text());
      expect([reply.status < 500, problems]).toEqual([true, []]);
    }),
    { numRuns: 500 },
  );
  await world.close();
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../local/world.ts';
import { startIamFront } from '../support/iam-front.ts';
import {
  allows,
  asText,
  type Grant,
  grantsOf,
  lineOf,
  neededFor,
  referredTo,
  secretDenials,
} from '../support/iam-policy.ts';
import { adminSecretId, flowsIn, running } from '../support/lambda-flows.ts';
import { resourcesOf, templateOf } from './synth.ts';

// Everything that a deployment can have.
const template = templateOf({
  rotation: { twilio_days: 30, destination_days: 92 },
  access: { mode: 'token', issuers: [{ issuer: 'https://issuer.example.com', audience: ['app'] }] },
});

/** Grants that the embedded world cannot ask for, each with the reason; the only ones that no call below proves. */
const unseen: readonly { readonly grant: RegExp; readonly anyResource?: true; readonly why: string }[] = [
  {
    grant: /^logs:(CreateLogStream|PutLogEvents) /,
    why: "Lambda writes what the function prints, as the function's role",
  },
  {
    grant: /^xray:Put\w+ /,
    anyResource: true,
    why: "Lambda's own daemon sends the traces, and X-Ray knows no resources",
  },
  {
    grant: /^sqs:SendMessage |^kms:(Decrypt|GenerateDataKey) \w+ via sqs$/,
    why: 'Lambda puts an event that failed for good into the encrypted queue',
  },
];

/** What one of the stack's Lambdas is in the template, and what it may do. */
interface Deployed {
  readonly entry: string;
  /** The logical ID of its role. */
  readonly role: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly grants: readonly Grant[];
}

const deployed: readonly Deployed[] = [...resourcesOf(template, 'AWS::Lambda::Function').values()].map(
  ({ Properties: { FunctionName, Role, Environment } }) => ({
    entry: FunctionName,
    role: referredTo(Role) ?? '',
    variables: Environment?.Variables ?? {},
    grants: grantsOf(template, referredTo(Role) ?? ''),
  }),
);

const viaOf = ({ condition }: Grant): unknown => condition['StringEquals']?.['kms:ViaService'];
const nameOf = (grant: Grant): string => lineOf({ ...grant, via: viaOf(grant) });
const isUnseen = (grant: Grant): boolean => unseen.some((rule) => rule.grant.test(nameOf(grant)));
const denials = secretDenials(template);

let world: World;
beforeAll(async () => {
  // A check goes on without the table unless it is told not to.
  world = await startWorld({ twilio: 'emulator', policy: { on_store_failure: { check: 'deny' } } });
  const admin = { twilio_account_sid: `AC${'0'.repeat(32)}`, twilio_auth_token: 'emulator-token' };
  world.secrets.put(adminSecretId, JSON.stringify(admin));
});
afterAll(() => world.close());

/** What the template calls by a logical ID, the world by a name: the variables of the functions lead to both. */
const logicalIds = (): ReadonlyMap<string | undefined, string> => {
  const names: Readonly<Record<string, string>> = { ...world.env, TWILIO_ADMIN_SECRET_ID: adminSecretId };
  return new Map(
    deployed.flatMap(({ variables }) =>
      Object.entries(variables).map(([variable, value]) => [names[variable], asText(value)] as const),
    ),
  );
};

/** Runs a Lambda's flow behind a front that knows only these grants. */
const underGrants = async ({ entry, role, variables }: Deployed, grants: readonly Grant[]) => {
  const ids = logicalIds();
  const front = await startIamFront({
    world: world.env,
    logicalId: (name) => ids.get(name) ?? name,
    needed: (asked) => neededFor(template, asked),
    allows: ({ context, ...asked }) =>
      allows([...grants, ...denials], { ...asked, context: { ...context, 'aws:PrincipalArn': role } }),
  });
  const env = {
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, asText(value)])),
    ...world.env,
    TWILIO_ADMIN_SECRET_ID: adminSecretId,
    // Nobody listens there.
    VERIFY_API_URL: 'http://127.0.0.1:9/',
    ...front.env,
  };
  try {
    const answers = await running(entry, env, flowsIn(world)[entry] ?? (async () => []));
    return { answers, asked: [...front.asked].sort() };
  } finally {
    await front.close();
  }
};

describe.each(deployed.map((lambda) => [lambda.entry, lambda] as const))(
  'the role of %s',
  (entry, lambda) => {
    const seen = lambda.grants.filter((grant) => !isUnseen(grant));

    it('is known to this test by what the function does', () => {
      expect(Object.keys(flowsIn(world))).toContain(entry);
    });

    it('names each action and resource', () => {
      const wild = lambda.grants.filter(
        (grant) =>
          grant.action.includes('*') ||
          (grant.resource.includes('*') &&
            !unseen.some((rule) => rule.anyResource && rule.grant.test(nameOf(grant)))),
      );
      expect(wild).toEqual([]);
    });

    it('grants exactly what the function asks for while it does all it ever does', async () => {
      const { answers, asked } = await underGrants(lambda, lambda.grants);
      expect(answers.filter(([wanted, got]) => wanted !== got)).toEqual([]);
      expect(asked).toEqual(seen.map(nameOf).sort());
    });

    it.each(seen.map((grant) => [nameOf(grant), grant] as const))(
      'cannot do without %s',
      async (name, lost) => {
        const { answers } = await underGrants(
          lambda,
          lambda.grants.filter((grant) => grant !== lost),
        );
        const failures = answers.filter(([wanted, got]) => wanted !== got).map(([, got]) => got);
        const store = name.includes('dynamodb') ? 'store_unavailable' : 'misconfigured';
        const failure = entry.startsWith('rotate_') ? 'threw' : store;
        expect(failures).toContain(failure);
        // Beside it only a canary's, which says no more.
        expect([failure, 'failed']).toEqual(expect.arrayContaining(failures));
      },
    );

    if (!seen.some(({ action }) => action.startsWith('secretsmanager:'))) return;
    it('reads no secret whose own policy does not name it, whatever it is granted', async () => {
      const { answers } = await underGrants({ ...lambda, role: 'AnotherRole' }, lambda.grants);
      const failure = entry.startsWith('rotate_') ? 'threw' : 'misconfigured';
      expect(answers.map(([, got]) => got)).toContain(failure);
    });
  },
);

describe('what no call here can prove', () => {
  it.each(unseen.map(({ grant, why }) => [`${grant}`, why, grant] as const))(
    '%s is granted: %s',
    (_name, _why, pattern) => {
      expect(deployed.flatMap(({ grants }) => grants.map(nameOf))).toContainEqual(
        expect.stringMatching(pattern),
      );
    },
  );
});

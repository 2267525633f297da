import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { authorizer } from '../../functions/authorizer/authorizer.ts';
import { catalog } from '../../functions/catalog.ts';
import { composeAuthorizer } from '../../functions/compose/authorizer.ts';
import { composeGatewayCanary } from '../../functions/compose/gateway-canary.ts';
import { lambdaHandler } from '../../functions/lambda/lambda-handler.ts';
import { serviceName } from '../../functions/observability/metric-catalogue.ts';
import { createMetrics } from '../../functions/observability/metrics.ts';
import { rotationSteps } from '../../functions/rotation/rotate.ts';
import { type ErrorCode, RunError } from '../../functions/runtime/errors.ts';
import type { Ports } from '../../functions/service/ports.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { startWorld, type World } from '../../local/world.ts';
import { type Resource, resourcesOf, templateOf } from '../infra/synth.ts';
import { isBreached, isOurs, measureOf, readingsIn } from '../support/alarm-readings.ts';
import { emulatorControl } from '../support/emulator-control.ts';
import { openFrontDoor } from '../support/front-door.ts';
import { lambdaContext } from '../support/lambda-events.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { serve, type TestService, unlimited } from '../support/service.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';

const testNumber = { number: '+15005550100', code: '424242', expires: '2999-12-31', note: 'canary' };
const policy = {
  ...unlimited,
  pumping: { mode: 'record' },
  lookup: { mode: 'on' },
  test_numbers: [testNumber],
};

// What these leave in the table would show in the cases of others: on in their own only.
const breaker = { mode: 'on' };
const budget = (messages: object) => ({ daily_budget: { messages } });
const watched = { ...policy, breaker, ...budget({ total: 10, each_country: 10 }) };
const template = templateOf({
  verify: watched,
  acknowledge_test_numbers: true,
  access: { mode: 'token', issuers: [{ issuer: 'https://login.example.com', audience: ['app'] }] },
  rotation: { twilio_days: 30, destination_days: 120 },
});
const prefix = 'twilio-verify-phone-prod-';
const alarms = new Map(
  [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()].map((alarm): [string, Resource] => [
    alarm.Properties.AlarmName.slice(prefix.length),
    alarm,
  ]),
);
const alarmNamed = (name: string): Resource => {
  const alarm = alarms.get(name);
  if (alarm === undefined) throw new Error(`No alarm named ${name}`);
  return alarm;
};

let world: World;
let emulator: ReturnType<typeof emulatorControl>;
let written: string[];
beforeEach(async () => {
  world = await startWorld({ twilio: 'emulator', policy });
  emulator = emulatorControl(world);
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(text.toString()) > 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await world.close();
});

/** A container of the functions whose metrics go to stdout, as in Lambda. */
const container = (change: Readonly<Record<string, string>> = {}, override: object = {}): TestService =>
  serve(
    {
      ...world,
      env: { ...world.env, VERIFY_POLICY: JSON.stringify({ ...policy, ...override }), ...change },
    },
    ({ metrics }) => ({ metrics }),
  );

let numbers = 0;
const fresh = (): string => {
  numbers += 1;
  return `+1415555${2_000 + numbers}`;
};
const many = (times: number) => Array.from({ length: times });

const start = ({ start: run }: TestService, to_phone = fresh()) => run({ to_phone });
const check = ({ check: run }: TestService, to_phone = fresh()) => run({ to_phone, code: '000000' });
const starts = async (service: TestService, times: number) => {
  for (const _ of many(times)) await start(service);
};
const checks = async (service: TestService, times: number) => {
  for (const _ of many(times)) await check(service);
};
const verified = async (service: TestService) => {
  const to_phone = fresh();
  await start(service, to_phone);
  const [message] = await emulator.messages(to_phone);
  await service.check({ to_phone, code: message?.code });
};

const fault = (path: string, more: object = { code: 20500 }) =>
  emulator.control('faults', { path, times: 1_000, ...more });
const refused = { status: 401, code: 20003 };
const closedPort = 'http://127.0.0.1:9';

/** Runs the gateway's canary once before a container. */
const gatewayCanary = async (service: TestService, path = '') => {
  const door = await openFrontDoor({ start_verification: service.start, check_verification: service.check });
  const canary = composeGatewayCanary({
    VERIFY_API_URL: `${door.url}${path}`,
    CANARY_ACCESS: 'public',
    CANARY_TEST_NUMBERS: JSON.stringify([testNumber]),
  });
  await canary();
  await door.close();
};

/** The authorizer, asked with a good token, while its issuer's keys can be read and while they cannot. */
const authorized = async (mood: 'well' | 'failing', times: number) => {
  const issuer = await startTokenIssuer();
  issuer.feel(mood);
  const { issuer: name, jwksUri: jwks_uri } = issuer;
  const issuers = [{ issuer: name, audience: ['app'], jwks_uri }];
  const trusted = tls.getCACertificates();
  tls.setDefaultCACertificates([...trusted, loopbackCertificate.cert]);
  const judge = authorizer(composeAuthorizer({ TOKEN_ISSUERS: JSON.stringify(issuers) }));
  const event = { authorizationToken: issuer.token(), methodArn: 'arn:aws:execute-api:::api/prod/POST/x' };
  for (const _ of many(times)) await judge(event).catch(() => undefined);
  tls.setDefaultCACertificates(trusted);
  await issuer.close();
};

const rotations = {
  twilio: () => import('../../functions/lambda/rotate_twilio_key.ts'),
  destination: () => import('../../functions/lambda/rotate_destination_key.ts'),
};

/** A rotation's own entry, which reads the environment when it is loaded, called for one step after the other. */
const rotated = async (name: keyof typeof rotations, SecretId: string, steps: readonly string[]) => {
  container();
  vi.resetModules();
  const { handler } = await rotations[name]();
  const ClientRequestToken = world.secrets.rotate(SecretId);
  for (const Step of steps) await handler({ Step, SecretId, ClientRequestToken }).catch(() => undefined);
};

/** What goes on: without a fault, and with one. */
interface Case {
  readonly well: () => Promise<unknown>;
  readonly ill: () => Promise<unknown>;
}

const ordinary = async () => {
  const service = container();
  await verified(service);
  await service.start({ canary: true });
  await service.check({ canary: true });
  await gatewayCanary(service);
};
const when = (ill: () => Promise<unknown>): Case => ({ well: ordinary, ill });
const failing = (path: string, run: (service: TestService, times: number) => Promise<void>, more?: object) =>
  when(async () => {
    await fault(path, more);
    await run(container(), 12);
  });

const idOf = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** A function of this name whose canary takes this long and ends like this, so many times: what its handler emits is real. */
const ending =
  (name: string, { code, times = 1, millis = 1 }: Ending = {}) =>
  async (): Promise<void> => {
    let now = 0;
    const handler = lambdaHandler(
      {
        ...catalog[0],
        name,
        canary: async () => {
          now += millis;
          if (code !== undefined) throw new RunError(code);
        },
      },
      {
        ports: () => ({}) as Ports,
        log: () => undefined,
        metrics: createMetrics(serviceName),
        durations: { collect: () => ({}) },
        clock: () => now,
        corsOrigins: [],
      },
    );
    for (const _ of many(times)) await handler({ canary: true }, lambdaContext());
  };

interface Ending {
  readonly code?: ErrorCode;
  readonly times?: number;
  readonly millis?: number;
}

/** What makes the alarms of any function go off, by what stands behind the function's name in theirs. */
const endings: Readonly<Record<string, Ending>> = {
  Failing: { code: 'store_unavailable', times: 12 },
  UpstreamErrors: { code: 'upstream_error', times: 12 },
  Misconfigured: { code: 'misconfigured' },
  Slow: { millis: 4_100 },
  CanaryFailed: { code: 'upstream_error' },
};

const ofEachFunction = Object.fromEntries(
  catalog.flatMap(({ name }) =>
    Object.entries(endings)
      .map(([kind, end]) => {
        const happens: Case = { well: ending(name), ill: ending(name, end) };
        return [`${idOf(name)}${kind}`, happens] as const;
      })
      .filter(([alarm]) => alarms.has(alarm)),
  ),
);

const cases: Readonly<Record<string, Case>> = {
  ...ofEachFunction,
  StartVerificationFailing: failing('/Verifications', starts),
  StartVerificationUpstreamErrors: failing('/Verifications', starts),
  StartVerificationMisconfigured: failing('/Verifications', starts, refused),
  StartVerificationSlow: when(async () => {
    await fault('/Verifications', { delay_ms: 4_100 });
    await start(container());
  }),
  StartVerificationCanaryFailed: when(async () => {
    await fault('/Services');
    await container().start({ canary: true });
  }),
  CheckVerificationFailing: failing('/VerificationCheck', checks),
  CheckVerificationUpstreamErrors: failing('/VerificationCheck', checks),
  CheckVerificationMisconfigured: failing('/VerificationCheck', checks, refused),
  CheckVerificationSlow: when(async () => {
    await fault('/VerificationCheck', { delay_ms: 4_100 });
    await check(container());
  }),
  CheckVerificationCanaryFailed: when(async () => {
    await container({ TWILIO_SECRET_ID: 'nowhere' }).check({ canary: true });
  }),
  GatewayCanaryFailed: when(() => gatewayCanary(container(), 'nowhere/')),
  StoreStartsDenied: when(() => start(container({ AWS_ENDPOINT_URL_DYNAMODB: closedPort }))),
  UnguardedChecks: when(() => check(container({ AWS_ENDPOINT_URL_DYNAMODB: closedPort }))),
  AuthorizeCallerFailing: { well: () => authorized('well', 12), ill: () => authorized('failing', 12) },
  RotateTwilioKeyFailed: when(() => rotated('twilio', 'verify/twilio', ['createSecret'])),
  RotateDestinationKeyFailed: {
    well: () => rotated('destination', 'verify/destination-key', rotationSteps),
    ill: () => rotated('destination', 'verify/twilio', ['createSecret']),
  },
  BreakerOpen: when(async () => {
    await fault('/Verifications');
    await starts(container({}, { breaker }), 12);
  }),
  Budget50: when(() => starts(container({}, budget({ total: 4 })), 2)),
  Budget80: when(() => starts(container({}, budget({ each_country: 6 })), 6)),
  Budget100: when(() => starts(container({}, budget({ total: 5 })), 6)),
  Pumping: when(async () => {
    const country_hour = { minimum: 1, ratio: 0.1 };
    const attacked = () => container({}, { pumping: { mode: 'record', country_hour } });
    await starts(attacked(), 3);
    // What a container counted is known to one that reads afterwards.
    await start(attacked());
  }),
  TestNumberUse: when(async () => {
    await ordinary();
    await start(container(), testNumber.number);
  }),
  LookupFailures: failing('/lookups', starts),
  StaleSecret: when(async () => {
    const service = container();
    await verified(service);
    await fault('/Verifications', refused);
    world.secrets.failNext(2, 'AccessDeniedException');
    await start(service);
  }),
};

describe('the alarms on metrics of our own', () => {
  test('are those that are made to go off here', () => {
    const thresholds = [...alarms].filter(
      ([, alarm]) => isOurs(alarm) && alarm.Properties.Threshold !== undefined,
    );
    expect(thresholds.map(([name]) => name).sort()).toEqual(Object.keys(cases).sort());
  });

  test.each(Object.entries(cases))('%s', async (name, { well, ill }) => {
    const alarm = alarmNamed(name);
    await well();
    const before = readingsIn(written.join(''));
    expect(before.length).toBeGreaterThan(0);
    expect(isBreached(alarm, before)).toBe(false);
    written.length = 0;
    await ill();
    expect(isBreached(alarm, readingsIn(written.join('')))).toBe(true);
  });
});

describe('the alarms on what is unusual', () => {
  const measured = async (name: string, happens: () => Promise<unknown>): Promise<number | undefined> => {
    written.length = 0;
    await happens();
    return measureOf(alarmNamed(name), readingsIn(written.join('')));
  };

  test('SpendUnusual measures what messages cost', async () => {
    const one = await measured('SpendUnusual', () => starts(container(), 1));
    expect(one).toBeGreaterThan(0);
    expect(await measured('SpendUnusual', () => starts(container(), 5))).toBeCloseTo(5 * (one ?? 0), 9);
  });

  test('SpendUnusual counts a message that may have gone out', async () => {
    await fault('/Verifications', { drop: true, after_effect: true });
    expect(await measured('SpendUnusual', () => starts(container(), 1))).toBeGreaterThan(0);
  });

  test('ConversionUnusual measures how many of the codes are entered', async () => {
    expect(await measured('ConversionUnusual', () => verified(container()))).toBe(100);
    const worse = async () => {
      await verified(container());
      await starts(container(), 3);
    };
    expect(await measured('ConversionUnusual', worse)).toBe(25);
  });

  test('neither is moved by canaries', async () => {
    const canaries = async () => {
      const service = container();
      await service.start({ canary: true });
      await service.check({ canary: true });
      await gatewayCanary(service);
    };
    expect(await measured('SpendUnusual', canaries)).toBe(0);
    expect(await measured('ConversionUnusual', canaries)).toBeUndefined();
  });
});

/** On metrics that AWS makes: none of them can be shown here. */
const notShownHere = [
  'AuthorizeCallerErrors',
  'AuthorizeCallerThrottles',
  'FailureQueue',
  'GatewayErrors',
  'RotateDestinationKeyErrors',
  'RotateDestinationKeyThrottles',
  'RotateTwilioKeyErrors',
  'RotateTwilioKeyThrottles',
  'WafBlocks',
  ...catalog.map(({ name }) => `${idOf(name)}Errors`),
  ...catalog.filter(isForClients).map(({ name }) => `${idOf(name)}Throttles`),
];

test('the alarms that cannot be shown here are these, on metrics of AWS', () => {
  const theirs = [...alarms].filter(([, alarm]) => !isOurs(alarm)).map(([name]) => name);
  expect(theirs.sort()).toEqual([...notShownHere].sort());
});

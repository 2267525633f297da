import { pathToFileURL } from 'node:url';
import { catalog } from '../../functions/catalog.ts';
import { checkVerification } from '../../functions/check_verification.ts';
import { rotationSteps } from '../../functions/rotation/rotate.ts';
import { healthyAnswer } from '../../functions/runtime/response.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';
import { startVerification } from '../../functions/start_verification.ts';
import { entryOf } from '../../infra/bundling/entries.ts';
import type { World } from '../../local/world.ts';
import { type HostAnswer, messageFrom, startBundle } from '../e2e/bundle-process.ts';
import { expectEnvelope, expectHttpAnswer, expectHttpAnswerOf, type HttpAnswer } from './contract.ts';
import { emulatorControl } from './emulator-control.ts';
import { httpInput, signedRestEvent } from './function-events.ts';
import { restEvent } from './lambda-events.ts';

/** Gives an event to a function and gives back what it returned; rejects where it threw. */
export type Invoke = (event: object) => Promise<unknown>;

/** What a Lambda did: what each of its answers must be, and what it was. */
type Answers = readonly (readonly [wanted: string, got: string])[];

/** Lets a Lambda do all that it ever does. */
export type Flow = (invoke: Invoke) => Promise<Answers>;

/** Runs a Lambda entry in a process of its own, as Lambda does, with this environment alone. */
export const running = async <T>(
  entry: string,
  env: Readonly<Record<string, string>>,
  use: (invoke: Invoke) => Promise<T>,
): Promise<T> => {
  const file = pathToFileURL(entryOf(entry)).href;
  const child = startBundle(file, {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    ...env,
  });
  try {
    return await use(async (event) => {
      child.send(event);
      return ((await messageFrom(child)) as HostAnswer).result;
    });
  } finally {
    child.kill();
  }
};

/** The secret of the embedded world that may mint API keys. */
export const adminSecretId = 'verify/twilio-admin';

// A number, an address and a user of its own for each, so that no limit answers for what is broken.
let callers = 0;

const overHttp = async (invoke: Invoke, input: object): Promise<string> => {
  const caller = { ip: `198.51.100.${callers}`, authorizer: { principalId: `user-${callers}` } };
  return expectHttpAnswer((await invoke(restEvent(input, caller))) as HttpAnswer);
};

const isHealthy = async (invoke: Invoke, { response }: ServiceFunction): Promise<string> =>
  JSON.stringify(await invoke({ canary: true })) === JSON.stringify(healthyAnswer(response))
    ? 'healthy'
    : 'failed';

/** Starts a verification of a number that no flow used before. */
const startedNumber = async (world: World): Promise<string> => {
  callers += 1;
  const to_phone = `+1415555${1_000 + callers}`;
  await running('start_verification', world.env, (start) => overHttp(start, { to_phone }));
  return to_phone;
};

/** Whether it asks about a verification that another function started. */
const needsStart = ({ input, reserves, uses }: ServiceFunction): boolean =>
  reserves === 'nothing' && uses.includes('verify') && 'to_phone' in input;

/** What every run function does: its event, where it needs one for a number that was started, and its canary. */
const runFlow =
  (definition: ServiceFunction, world: World): Flow =>
  async (invoke) => {
    const started = needsStart(definition) ? { to_phone: await startedNumber(world) } : {};
    // Over HTTP the answer names the error, and a signature lets in whoever may call directly.
    const answer = await invoke(signedRestEvent({ ...httpInput(definition), ...started }));
    return [
      ['ok', expectHttpAnswerOf(definition.response, answer)],
      ['healthy', await isHealthy(invoke, definition)],
    ];
  };

/** A whole rotation; what it left unfinished is called off. */
const rotation =
  (world: World, secretId: string, renewed?: object): Flow =>
  async (invoke) => {
    // As on its first day: a key that is new may not be rotated yet.
    if (renewed !== undefined) world.secrets.put(secretId, JSON.stringify(renewed));
    const ClientRequestToken = world.secrets.rotate(secretId);
    try {
      for (const Step of rotationSteps) await invoke({ Step, SecretId: secretId, ClientRequestToken });
      return [['rotated', 'rotated']];
    } catch {
      world.secrets.callOff(secretId);
      return [['rotated', 'threw']];
    }
  };

const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/prod/POST/start_verification';

/** The flow of each Lambda entry in a world, by the entry's name. */
export const flowsIn = (world: World): Readonly<Record<string, Flow>> => ({
  ...Object.fromEntries(catalog.map((definition) => [definition.name, runFlow(definition, world)])),
  start_verification: async (invoke) => {
    callers += 1;
    return [
      ['ok', await overHttp(invoke, { to_phone: `+1415555${1_000 + callers}` })],
      ['healthy', await isHealthy(invoke, startVerification)],
    ];
  },
  check_verification: async (invoke) => {
    const to_phone = await startedNumber(world);
    const code = (await emulatorControl(world).messages(to_phone)).at(-1)?.code ?? '';
    return [
      ['ok', await overHttp(invoke, { to_phone, code })],
      ['healthy', await isHealthy(invoke, checkVerification)],
    ];
  },
  rotate_twilio_key: rotation(world, world.env['TWILIO_SECRET_ID'] ?? ''),
  rotate_destination_key: rotation(world, world.env['DESTINATION_KEY_SECRET_ID'] ?? '', {
    current: 'a-key-of-the-test-only-long-enough',
  }),
  // Neither of these asks anything of AWS: the authorizer reads keys of an issuer, the canary posts to the gateway.
  authorize_caller: async (invoke) => {
    const { policyDocument } = (await invoke({ authorizationToken: 'forged', methodArn })) as {
      policyDocument: { Statement: readonly { Effect: string }[] };
    };
    return policyDocument.Statement.map(({ Effect }) => ['Deny', Effect]);
  },
  gateway_canary: async (invoke) => [['failed', expectEnvelope(await invoke({}))]],
});

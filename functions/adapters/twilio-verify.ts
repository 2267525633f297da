import BaseTwilio from 'twilio/lib/base/BaseTwilio.js';
import Domain from 'twilio/lib/base/Domain.js';
import Version from 'twilio/lib/base/Version.js';
import type V2Module from 'twilio/lib/rest/verify/V2.js';
import { VerificationListInstance } from 'twilio/lib/rest/verify/v2/service/verification.js';
import { VerificationCheckListInstance } from 'twilio/lib/rest/verify/v2/service/verificationCheck.js';
import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import { type Channel, reachesAddresses } from '../verify/channel.ts';
import type { TwilioSecret, TwilioSecrets } from '../verify/credentials.ts';
import type { Destination } from '../verify/destination.ts';
import {
  type Checked,
  type CheckRequest,
  type SendOption,
  type ServiceSid,
  type Started,
  type StartRequest,
  sendOptions,
  type VerifyProvider,
} from '../verify/provider.ts';
import { type RefusedOperation, refusedBy, TwilioRefusal } from '../verify/twilio-errors.ts';
import { Unreached } from './twilio-connection.ts';
import { unreadable } from './twilio-exchange.ts';
import { createTwilioHttp, type TwilioHttpOptions } from './twilio-http-client.ts';

/** What the Twilio gateway stands on. */
export interface TwilioVerifyOptions extends TwilioHttpOptions {
  readonly secrets: TwilioSecrets;
  /** `TWILIO_REGION`: a region of Twilio's such as `ie1`; undefined for the default. */
  readonly region: string | undefined;
  /** `TWILIO_EDGE`: an edge location of Twilio's such as `dublin`; undefined for the default. */
  readonly edge: string | undefined;
  /** The channels to suggest, in order, when one cannot reach a destination. */
  readonly fallbackChannels: readonly Channel[];
}

type V2 = V2Module.default;
type Verifications = ReturnType<typeof VerificationListInstance>;
type VerificationChecks = ReturnType<typeof VerificationCheckListInstance>;
type CreateOptions = Parameters<Verifications['create']>[0];
type CheckOptions = Parameters<VerificationChecks['create']>[0];

/** What is used of a Verify service. */
interface ServiceContext {
  readonly verifications: Verifications;
  readonly verificationChecks: VerificationChecks;
  readonly fetch: () => Promise<unknown>;
}

/** The SDK's own way to a service, its class V2, loads every resource of Verify: 110 kB more than the two used here. */
const serviceOf = (
  { accountSid, username, password }: TwilioSecret,
  service: ServiceSid,
  options: BaseTwilio.ClientOpts,
): ServiceContext => {
  const client = new BaseTwilio.Client(username, password, { accountSid, ...options });
  const v2 = new Version.default(new Domain.default(client, 'https://verify.twilio.com'), 'v2') as V2;
  return {
    verifications: VerificationListInstance(v2, service),
    verificationChecks: VerificationCheckListInstance(v2, service),
    fetch: () => v2.fetch({ uri: `/Services/${service}`, method: 'get' }),
  };
};

const optionsOf = (request: StartRequest) =>
  Object.fromEntries(sendOptions.map((option) => [option, request[option]])) as Pick<
    CreateOptions,
    SendOption
  >;

/** An address can only be reached by e-mail, and a number never. */
const alternativesFor = (
  destination: Destination,
  used: Channel,
  fallbackChannels: readonly Channel[],
): readonly Channel[] =>
  fallbackChannels.filter(
    (channel) => channel !== used && reachesAddresses(channel) === destination.includes('@'),
  );

// Other 401s are not about our credential: 60603 and 60604 are SendGrid's.
const credentialRefused = (thrown: unknown): boolean =>
  thrown instanceof TwilioRefusal && thrown.status === 401 && thrown.code === 20003;

// Documented as 404, seen as 60200; 60331 is a language that calls do not speak. Nothing was sent.
const localeRefused = (thrown: unknown): boolean =>
  thrown instanceof TwilioRefusal &&
  (thrown.parameter === 'Locale' || thrown.code === 60331 || thrown.status === 404);

/** The SDK's own errors can hold what it was given, so only ours are passed on. */
const failureOf = (thrown: unknown, operation: RefusedOperation): RunError => {
  if (thrown instanceof RunError) return thrown;
  if (thrown instanceof TwilioRefusal) return refusedBy(thrown, operation);
  if (thrown instanceof Unreached)
    return new RunError('upstream_unavailable', {
      reason: 'twilio_connect',
      effect: 'none',
      twilio: 'failed',
      retryAfter: 5,
    });
  return unreadable();
};

/** @throws RunError `upstream_error` where a success lacks the verification's SID. */
const verificationSid = (sid: unknown): string => {
  if (typeof sid === 'string' && /^VE[0-9a-fA-F]{32}$/.test(sid)) return sid;
  throw unreadable();
};

const startedAs = (verification: { sid: unknown; dateCreated: unknown }, clock: Clock): Started => {
  const { dateCreated, sid } = verification;
  return {
    sid: verificationSid(sid),
    createdAt: dateCreated instanceof Date ? dateCreated.getTime() : clock(),
  };
};

/** @throws RunError where the verification ended in another way than by this code. */
const isApproved = (status: unknown): boolean => {
  if (status === 'approved' || status === 'pending') return status === 'approved';
  const error = status === 'max_attempts_reached' ? 'max_attempts' : 'no_verification';
  throw new RunError(error, {
    reason: 'twilio_ended',
    effect: 'none',
    twilio: 'healthy',
    ...(error === 'max_attempts' ? { retryAfter: 600 } : {}),
  });
};

/** Makes calls to a service with the credential in force, and once more with one that the secret has replaced since. */
class VerifyCalls {
  readonly #secrets: TwilioSecrets;
  readonly #newHttpClient: ReturnType<typeof createTwilioHttp>;
  readonly #where: { readonly region: string; readonly edge: string };

  constructor(options: TwilioVerifyOptions) {
    this.#secrets = options.secrets;
    this.#newHttpClient = createTwilioHttp(options);
    // Empty, not undefined: else the SDK reads the environment by itself.
    this.#where = { region: options.region ?? '', edge: options.edge ?? '' };
  }

  /** @throws RunError for every failure. */
  async make<T>(
    service: ServiceSid,
    operation: RefusedOperation,
    ask: (twilio: ServiceContext) => Promise<T>,
  ): Promise<T> {
    const secret = await this.#secrets.current();
    const client = { httpClient: this.#newHttpClient(), ...this.#where };
    try {
      return await ask(serviceOf(secret, service, client)).catch(async (thrown: unknown) => {
        const replacement = credentialRefused(thrown) ? await this.#secrets.replacementOf(secret) : undefined;
        if (replacement === undefined) throw thrown;
        return ask(serviceOf(replacement, service, client));
      });
    } catch (thrown) {
      throw failureOf(thrown, operation);
    }
  }
}

/**
 * Twilio Verify through the official SDK, of which only the Verify part is loaded.
 *
 * Repeats only what surely sent nothing: a connection that did not come about, a 429 of the account's concurrency,
 * a locale that Twilio does not speak, and a credential (20003) that the secret has replaced since.
 */
export const createTwilioVerify = (options: TwilioVerifyOptions): VerifyProvider => {
  const { fallbackChannels, clock } = options;
  const calls = new VerifyCalls(options);

  return {
    async start(request: StartRequest): Promise<Started> {
      const { service, destination, channel, customFriendlyName, locale, tags } = request;
      const to = { to: destination, channel, tags: tags && JSON.stringify(tags) };
      // Only what is listed: what else the SDK would take (RiskCheck, CustomCode) must never come from a caller.
      const asked = { ...to, ...optionsOf(request) } as CreateOptions;
      const alternatives = alternativesFor(destination, channel, fallbackChannels);
      const verification = await calls.make(
        service,
        { notFound: 'misconfigured', alternatives, named: customFriendlyName !== undefined },
        ({ verifications }) =>
          locale === undefined
            ? verifications.create(asked)
            : verifications.create({ ...asked, locale }).catch((thrown: unknown) => {
                if (localeRefused(thrown)) return verifications.create(asked);
                throw thrown;
              }),
      );
      return startedAs(verification, clock);
    },

    async check({ service, destination, code, amount, payee }: CheckRequest): Promise<Checked> {
      const asked = { to: destination, code, amount, payee } as CheckOptions;
      const checked = await calls.make(service, { notFound: 'no_verification' }, ({ verificationChecks }) =>
        verificationChecks.create(asked),
      );
      return { sid: verificationSid(checked.sid), approved: isApproved(checked.status) };
    },

    async probe(service: ServiceSid): Promise<void> {
      await calls.make(service, { notFound: 'misconfigured' }, (twilio) => twilio.fetch());
    },
  };
};

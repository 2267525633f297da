import { RunError } from '../runtime/errors.ts';
import type { Ports } from '../service/ports.ts';

/** A part of the service that reads variables: a port, every run function, or another Lambda. */
export type Reader =
  | keyof Ports
  | 'run_function'
  | 'authorizer'
  | 'gateway_canary'
  | 'rotation'
  | 'twilio_key_rotation';

interface Variable {
  readonly readBy: readonly Reader[];
  /** Whether its readers can do nothing without it. */
  readonly required: boolean;
}

/** Every variable that the stack writes into the environment of a Lambda. */
const variables = {
  /** The secret with Twilio's credential and services. */
  TWILIO_SECRET_ID: { readBy: ['guard', 'services', 'verify'], required: true },
  /** The secret with the key that destinations are hashed with. */
  DESTINATION_KEY_SECRET_ID: { readBy: ['guard'], required: true },
  /** The guard's table. */
  VERIFY_TABLE_NAME: { readBy: ['guard', 'store'], required: true },
  /** The policy as JSON; its defaults where left out. */
  VERIFY_POLICY: { readBy: ['guard', 'policy', 'verify'], required: false },
  /** A region of Twilio's such as `ie1`. */
  TWILIO_REGION: { readBy: ['guard', 'verify', 'twilio_key_rotation'], required: false },
  /** An edge location of Twilio's such as `dublin`. */
  TWILIO_EDGE: { readBy: ['guard', 'verify', 'twilio_key_rotation'], required: false },
  /** The origin that every call to Twilio goes to in the place of its own; tests write it, the stack does not. */
  TWILIO_API_BASE_URL: { readBy: ['guard', 'verify', 'twilio_key_rotation'], required: false },
  /** The origins of web pages that may read replies, with spaces between. */
  CORS_ORIGINS: { readBy: ['run_function'], required: false },
  /** The dimension `service` of every metric, by which stages that share an account are told apart: Powertools' own. */
  POWERTOOLS_SERVICE_NAME: {
    readBy: ['run_function', 'authorizer', 'gateway_canary', 'rotation'],
    required: false,
  },
  /** The issuers of tokens, as JSON. */
  TOKEN_ISSUERS: { readBy: ['authorizer'], required: true },
  /** The secret whose credential may mint API keys. */
  TWILIO_ADMIN_SECRET_ID: { readBy: ['twilio_key_rotation'], required: true },
  /** The address of the API's stage, with a slash at its end. */
  VERIFY_API_URL: { readBy: ['gateway_canary'], required: true },
  /** How the API is guarded: `public`, `iam` or `token`. */
  CANARY_ACCESS: { readBy: ['gateway_canary'], required: true },
  /** The header that holds a token, where the API is guarded by one. */
  CANARY_TOKEN_HEADER: { readBy: ['gateway_canary'], required: false },
  /** `puzzled` where a start must pass a puzzle of the web ACL, else `plain`. */
  CANARY_START: { readBy: ['gateway_canary'], required: false },
  /** The policy's `test_numbers`, as JSON. */
  CANARY_TEST_NUMBERS: { readBy: ['gateway_canary'], required: true },
} as const satisfies Readonly<Record<string, Variable>>;

/** The name of a variable. */
export type VariableName = keyof typeof variables;

/** A variable that a run function reads, whichever ports it uses. */
export type RunVariable = {
  [N in VariableName]: Extract<
    (typeof variables)[N]['readBy'][number],
    keyof Ports | 'run_function'
  > extends never
    ? never
    : N;
}[VariableName];

const all: Readonly<Record<VariableName, Variable>> = variables;

/** The names of the variables that these readers read, in the order of the schema. */
export const variablesOf = (readers: readonly Reader[]): readonly VariableName[] =>
  (Object.keys(variables) as VariableName[]).filter((name) =>
    all[name].readBy.some((reader) => readers.includes(reader)),
  );

/** The environment of a process, as the contract words it: what is empty counts as left out. */
export class Environment {
  readonly #values: Readonly<Record<string, string | undefined>>;

  constructor(values: Readonly<Record<string, string | undefined>> = process.env) {
    this.#values = values;
  }

  /** The value of a variable; undefined where it is missing or empty. */
  optional(name: VariableName): string | undefined {
    return this.#values[name] || undefined;
  }

  /**
   * The value of a variable.
   *
   * @throws RunError `misconfigured` where it is missing or empty.
   */
  required(name: VariableName): string {
    this.#refuseWithout([name]);
    return this.#values[name] ?? '';
  }

  /**
   * Makes sure that all that these readers cannot do without is there.
   *
   * @throws RunError `misconfigured` whose `fix` names every variable that is missing.
   */
  refuseIncomplete(readers: readonly Reader[]): void {
    this.#refuseWithout(variablesOf(readers).filter((name) => all[name].required));
  }

  #refuseWithout(names: readonly VariableName[]): void {
    const missing = names.filter((name) => this.optional(name) === undefined);
    if (missing.length > 0) throw misconfigured(`The environment lacks ${missing.join(', ')}`);
  }
}

/** The error of an environment that the operator must fix. */
export const misconfigured = (fix: string): RunError =>
  new RunError('misconfigured', { reason: 'environment', fix });

import { wrong } from './command-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const tokenNames = ['twilio_account_sid', 'twilio_auth_token'];
const keyNames = ['twilio_account_sid', 'twilio_api_key_sid', 'twilio_api_key_secret'];
const secretNames = [...new Set([...tokenNames, ...keyNames]), 'service_sid'];

/** A variable, in lower or upper case, or as it is written. */
const variable = (environment: Environment, name: string): string | undefined =>
  [name, name.toLowerCase(), name.toUpperCase()].map((spelled) => environment[spelled]).find(Boolean);

/**
 * The keys of the Twilio secret for `--live`, from the environment.
 *
 * @throws CommandError that names all of them that are missing.
 */
export const liveSecret = (environment: Environment): Readonly<Record<string, string>> => {
  const found = secretNames.flatMap((name) => {
    const value = variable(environment, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const secret = Object.fromEntries(found);
  const missing = (names: readonly string[]) => names.filter((name) => !Object.hasOwn(secret, name));
  if (missing(tokenNames).length === 0 || missing(keyNames).length === 0) return secret;
  throw wrong(
    `--live needs the environment to hold ${missing(tokenNames).join(' and ')}, or instead of an auth token ${keyNames.slice(1).join(' and ')}`,
  );
};

// A name may be a value that was written in the wrong place.
const shown = (name: string): string =>
  /^[A-Za-z_]\w{0,63}$/.test(name) && !/\d{4}/.test(name) ? name : 'one with an unusual name';

/**
 * Makes sure that what a job's `env` names is there before anything runs. Credentials are: the embedded world has its
 * own, and `--live` has checked them.
 *
 * @throws CommandError that names all that are missing.
 */
export const checkNeeds = (env: readonly string[], environment: Environment): void => {
  const missing = env.filter(
    (name) => !secretNames.includes(name.toLowerCase()) && variable(environment, name) === undefined,
  );
  if (missing.length > 0)
    throw wrong(`The job's env names what the environment lacks: ${missing.map(shown).join(', ')}`);
};

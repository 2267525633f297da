import type { Answer } from './envelope.ts';
import type { InputDeclarations, InputOf } from './inputs.ts';

/** Who asks. `ip` and `identity` come from the gateway or, on a direct invoke, from the trusted caller's input. */
export interface Caller {
  readonly kind: 'http' | 'direct' | 'canary';
  readonly ip?: string | undefined;
  readonly identity?: string | undefined;
}

/** Who may call a run function. */
export type Callers =
  /** Mobile clients through the gateway, direct callers, and schedules. */
  | 'all'
  /** Direct callers and signed (IAM) requests: never public, never by token. */
  | 'direct';

/** What a run function takes from the guard before it acts: a place for a message, a place for a check, or nothing. */
type Reserves = 'send' | 'check' | 'nothing';

/**
 * A run function: what goes in, what must hold, what happens, what comes out. It knows no AWS, no HTTP, no environment.
 * Everything that is made for it elsewhere (entry, route, model, grants, alarms, help) is derived from this declaration.
 *
 * @typeParam Ports - all that run functions may be given; `Used` are the names of those that this one asks for.
 */
export interface RunFunction<D extends InputDeclarations, Ports, Used extends keyof Ports = keyof Ports> {
  /** The one name everywhere: the file, the Lambda, the path, the metric dimension. */
  readonly name: string;
  readonly description: string;
  readonly callers: Callers;
  readonly reserves: Reserves;
  /** The ports that it is given. Its grants, secrets and environment are what these need, and no more. */
  readonly uses: readonly Used[];
  readonly input: D;
  /** The sentence for failures that the caller can do nothing about. */
  readonly failure: string;
  /**
   * The steps.
   *
   * @throws RunError for every failure that was foreseen.
   */
  readonly stack: (
    run: Pick<Ports, Used> & { readonly input: InputOf<D>; readonly caller: Caller },
  ) => Promise<Answer>;
  /** Proves that everything the steps need is in reach, and sends nothing. */
  readonly canary: (ports: Pick<Ports, Used>) => Promise<void>;
}

/** Declares a run function whose ports are of this kind: `defineFunction<Ports>()({ … })`. */
export const defineFunction =
  <Ports>() =>
  <D extends InputDeclarations, Used extends keyof Ports>(
    definition: RunFunction<D, Ports, Used>,
  ): RunFunction<D, Ports, Used> =>
    definition;

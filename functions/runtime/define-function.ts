import type { Hints } from './envelope.ts';
import type { InputDeclarations, InputOf } from './inputs.ts';
import type { ResponseDeclaration, ResponseOf } from './response.ts';

/** Who asks. `ip` and `identity` come from the gateway or, on a direct invoke, from the trusted caller's input. */
export interface Caller {
  readonly kind: 'http' | 'direct' | 'canary';
  readonly ip?: string | undefined;
  readonly identity?: string | undefined;
  /** Whether IAM vouches for the signature of an HTTP request; the gateway says so, never a header or the body. */
  readonly signed?: boolean | undefined;
}

/** Who may call a run function. */
export type Callers =
  /** Mobile clients through the gateway, direct callers, and schedules. */
  | 'all'
  /** Direct callers, schedules and signed (IAM) requests: never public, never by token. */
  | 'direct';

/** What a run function takes from the guard before it acts: a place for a message, a place for a check, or nothing. */
type Reserves = 'send' | 'check' | 'nothing';

/**
 * A run function: what goes in, what must hold, what happens, what comes out. It knows no AWS, no HTTP, no environment.
 * Everything that is made for it elsewhere (entry, route, model, grants, alarms, help) is derived from this declaration.
 *
 * @typeParam Ports - all that run functions may be given; `Used` are the names of those that this one asks for.
 */
export interface RunFunction<
  D extends InputDeclarations,
  Ports,
  Used extends keyof Ports = keyof Ports,
  R extends ResponseDeclaration = ResponseDeclaration,
> {
  /** The one name everywhere: the file, the Lambda, the path, the metric dimension. */
  readonly name: string;
  readonly description: string;
  readonly callers: Callers;
  readonly reserves: Reserves;
  /** The ports that it is given. Its grants, secrets and environment are what these need, and no more. */
  readonly uses: readonly Used[];
  readonly input: D;
  /** `envelope`, or the keys that stand behind `success` and `error`. */
  readonly response: R;
  /** The sentence for failures that the caller can do nothing about. */
  readonly failure: string;
  /**
   * What happens, step by step.
   *
   * @returns the envelope, or the values behind `success` and `error`; the hints go to HTTP callers.
   * @throws RunError for every failure that was foreseen.
   */
  steps(
    run: Pick<Ports, Used> & { readonly input: InputOf<D>; readonly caller: Caller },
  ): Promise<{ readonly response: ResponseOf<R>; readonly hints?: Hints }>;
  /** Proves that everything the steps need is in reach, and sends nothing. */
  canary(ports: Pick<Ports, Used>): Promise<void>;
}

/** Declares a run function whose ports are of this kind: `defineFunction<Ports>()({ … })`. */
export const defineFunction =
  <Ports>() =>
  <D extends InputDeclarations, const Used extends keyof Ports, const R extends ResponseDeclaration>(
    definition: RunFunction<D, Ports, Used, R>,
  ): RunFunction<D, Ports, Used, R> =>
    definition;

import type { Answer } from './envelope.ts';
import type { InputDeclarations, InputOf } from './inputs.ts';

/** Who asks. `ip` and `identity` come from the gateway or, on a direct invoke, from the trusted caller's input. */
export interface Caller {
  readonly kind: 'http' | 'direct' | 'canary';
  readonly ip?: string | undefined;
  readonly identity?: string | undefined;
}

/** A run function: what goes in, what must hold, what happens, what comes out. It knows no AWS, no HTTP, no environment. */
export interface RunFunction<D extends InputDeclarations, Ports> {
  /** The one name everywhere: the file, the Lambda, the path, the metric dimension. */
  readonly name: string;
  readonly description: string;
  /** Whether it is for operators: its route then asks for a signed request, whoever may call the others. */
  readonly operation?: boolean;
  readonly input: D;
  /** The keys of the Twilio secret without which it cannot run. */
  readonly env: readonly string[];
  /** The sentence for failures that the caller can do nothing about. */
  readonly failure: string;
  /**
   * The steps.
   *
   * @throws RunError for every failure that was foreseen.
   */
  readonly stack: (run: Ports & { readonly input: InputOf<D>; readonly caller: Caller }) => Promise<Answer>;
  /** Proves that everything the steps need is in reach, and sends nothing. */
  readonly canary: (ports: Ports) => Promise<void>;
}

/** Declares a run function; everything else about it (entry, route, model, help) is derived from the declaration. */
export const defineFunction = <D extends InputDeclarations, Ports>(
  definition: RunFunction<D, Ports>,
): RunFunction<D, Ports> => definition;

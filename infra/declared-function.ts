import type { Callers, RunFunction } from '../functions/runtime/define-function.ts';
import type { InputDeclarations } from '../functions/runtime/inputs.ts';
import type { Ports } from '../functions/service/ports.ts';

/** What the stack reads of a run function's declaration: everything that it deploys for one comes from here. */
export type DeclaredFunction = Pick<
  RunFunction<InputDeclarations, Ports>,
  'name' | 'description' | 'callers' | 'reserves' | 'uses' | 'input'
>;

const forClients: Readonly<Record<Callers, boolean>> = { all: true, direct: false };

/**
 * Whether a function is there for clients, by the setting `access`. Any other is for direct callers and signed requests alone:
 * for colleagues and programs, who see for themselves what became of a request.
 */
export const isForClients = ({ callers }: Pick<DeclaredFunction, 'callers'>): boolean => forClients[callers];

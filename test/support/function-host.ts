import process from 'node:process';
import { catalog } from '../../functions/catalog.ts';
import { composeFor } from '../../functions/compose/all-ports.ts';
import { lambdaHandler } from '../../functions/lambda/lambda-handler.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';
import { lambdaContext } from './lambda-events.ts';

/** What the parent process asks of this one: to invoke a function, or to print a text. */
export type HostRequest =
  | {
      /** The function's name in the catalogue. */
      readonly invoke: string;
      readonly event: unknown;
      /** Milliseconds that the function has left. */
      readonly remaining: number;
      /** Makes something nobody foresaw throw an error with this message. */
      readonly trouble: string | undefined;
    }
  | { readonly print: string };

const functions = new Map(
  catalog.map((definition: ServiceFunction) => [
    definition.name,
    lambdaHandler(definition, composeFor(definition.uses)),
  ]),
);

/** Runs the functions as Lambda does: the parent sends events and gets the answers back. */
process.on('message', async (request: HostRequest) => {
  if ('print' in request) {
    process.stderr.write(`${request.print}\n`, () => process.send?.(null));
    return;
  }
  const { invoke, event, remaining, trouble } = request;
  const context = {
    ...lambdaContext(),
    getRemainingTimeInMillis() {
      if (trouble !== undefined) throw new Error(trouble);
      return remaining;
    },
  };
  process.send?.(await functions.get(invoke)?.(event, context));
});
process.on('disconnect', () => process.exit());

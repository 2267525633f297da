import process from 'node:process';
import { handler as check } from '../../functions/lambda/check_verification.ts';
import { handler as start } from '../../functions/lambda/start_verification.ts';
import { lambdaContext } from './lambda-events.ts';

/** What the parent process asks of this one: to invoke a function, or to print a text. */
export type HostRequest =
  | {
      readonly invoke: 'start' | 'check';
      readonly event: unknown;
      /** Milliseconds that the function has left. */
      readonly remaining: number;
      /** Makes something nobody foresaw throw an error with this message. */
      readonly trouble: string | undefined;
    }
  | { readonly print: string };

const functions = { start, check };

/** Runs the deployed entries as Lambda does: the parent sends events and gets the answers back. */
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
  process.send?.(await functions[invoke](event, context));
});
process.on('disconnect', () => process.exit());

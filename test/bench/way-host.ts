// Walks a warm start and a warm check in a process of its own and counts on the way: the coverage must see every module
// from its loading on. The parent sends the verification's code once the start has answered.
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import process from 'node:process';
import { expectHttpAnswer } from '../support/contract.ts';
import { lambdaContext, restEvent } from '../support/lambda-events.ts';

/** What a request entered on its way. */
export interface Way {
  /** Files of `functions/` that hold a function that was entered. */
  readonly files: number;
  /** Functions of `functions/` that were entered. */
  readonly functions: number;
}

const sources = new URL('../../functions/', import.meta.url).href;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

const { checkVerification } = await import('../../functions/check_verification.ts');
const { composeFor } = await import('../../functions/compose/all-ports.ts');
const { lambdaHandler } = await import('../../functions/lambda/lambda-handler.ts');
const { startVerification } = await import('../../functions/start_verification.ts');

const service = composeFor();
const start = lambdaHandler(startVerification, service);
const check = lambdaHandler(checkVerification, service);

const entered = async (): Promise<Way> => {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const counts = result
    .filter(({ url }) => url.startsWith(sources))
    .map(({ functions }) => functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).length);
  return {
    files: counts.filter((count) => count > 0).length,
    functions: counts.reduce((sum, count) => sum + count, 0),
  };
};

const codeFor = async (to_phone: string): Promise<string> => {
  process.send?.({ to_phone });
  const [code] = await once(process, 'message');
  return code;
};

/** A request from an address of its own; what came before it is not counted. */
const walk = async (handler: typeof start, input: object, ip: string): Promise<Way> => {
  const event = restEvent(input, { ip });
  await session.post('Profiler.takePreciseCoverage');
  const result = await handler(event, lambdaContext());
  const way = await entered();
  const outcome = expectHttpAnswer(result);
  if (outcome !== 'ok') throw new Error(`The request on the way ended as ${outcome}`);
  return way;
};

const verification = async (to_phone: string, ip: string): Promise<readonly [start: Way, check: Way]> => {
  const started = await walk(start, { to_phone }, ip);
  const checked = await walk(check, { to_phone, code: await codeFor(to_phone) }, ip);
  return [started, checked];
};

// The first conversation warms what is made once.
await verification('+14155550101', '203.0.113.7');
process.send?.({ ways: await verification('+14155550102', '203.0.113.8') });
process.disconnect();

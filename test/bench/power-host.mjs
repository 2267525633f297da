// Imports a bundle, says so, and answers `rounds` events once it is told to: the first is what a cold container's first
// caller waits for beyond the import, the others are warm. Reports milliseconds, and the processor's of all warm rounds.
import { once } from 'node:events';

const [file, input, rounds] = process.argv.slice(2);
const { handler } = await import(file);
const told = once(process, 'message');
process.send({ imported: performance.now() });
await told;

const context = { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 15_000 };
const times = [];
let used;
for (let round = 0; round <= Number(rounds); round += 1) {
  // Each round has a destination of its own, so that no limit answers instead of the function.
  const event = { ...JSON.parse(input), to_phone: `+1415555${String(round).padStart(4, '0')}` };
  const startedAt = performance.now();
  const { success } = await handler(event, context);
  times.push(performance.now() - startedAt);
  if (!success) throw new Error('The function did not succeed');
  used ??= process.cpuUsage();
}
const { user, system } = process.cpuUsage(used);
const [first, ...warm] = times;
process.send({ first, warm, processor: (user + system) / 1000 / warm.length });

// Runs a bundle as Lambda does: a process of its own, the module imported once, one event at a time. The parent sends
// events over the process channel and gets back each result, so that what the function prints stays out of the way.
const loading = import(process.argv[2]);

process.on('message', async (event) => {
  const { handler } = await loading;
  const context = { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 15_000 };
  const result = await handler(event, context);
  process.send({ result, peakRssInKiB: process.resourceUsage().maxRSS });
});

// What ends by the signal itself adds nothing to the compile cache of a test run.
process.once('SIGTERM', () => process.exit());

// Times a bundle that is already warm, in a process of its own: each round is one direct invoke and, to tell the
// function's share from the wire's, one bare fetch to the same Twilio. Reports both in milliseconds.
const [file, input, rounds] = process.argv.slice(2);
const { handler } = await import(file);
const url = `${process.env.TWILIO_API_BASE_URL}/v2/Services/VA/Verifications`;
const context = { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 15_000 };

const timed = async (work) => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

const bareFetch = async () => {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ Channel: 'sms' }) });
  await response.json();
};

const invoke = async (round) => {
  // Each round has a destination of its own, so that no limit answers instead of the function.
  const event = { ...JSON.parse(input), to_phone: `+1415555${String(round).padStart(4, '0')}` };
  const { success } = await handler(event, context);
  if (!success) throw new Error('The function did not succeed');
};

const times = { invoke: [], fetch: [] };
for (let round = 0; round < Number(rounds); round += 1) {
  times.invoke.push(await timed(() => invoke(round)));
  times.fetch.push(await timed(bareFetch));
}
process.send(times);

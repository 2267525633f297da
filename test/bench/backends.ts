// The backends of the bench, in a process of their own so that they take no time from what is measured: the embedded
// world's Secrets Manager, and a DynamoDB and a Twilio that answer at once, Twilio after as many milliseconds as the
// argument says.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startWorld } from '../../local/world.ts';
import { startInstantDynamoDb } from './instant-dynamodb.ts';

const delay = Number(process.argv[2] ?? 0);
const sid = `VE${'0'.repeat(32)}`;
const pending = { sid, status: 'pending', valid: false, date_created: new Date().toISOString() };
const approved = { ...pending, status: 'approved', valid: true };

const twilio = createServer((request, response) => {
  const check = request.url?.endsWith('/VerificationCheck') === true;
  const answer = () =>
    response
      .writeHead(check ? 200 : 201, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(check ? approved : pending));
  request.resume().once('end', () => (delay > 0 ? setTimeout(answer, delay) : answer()));
});
twilio.listen(0, '127.0.0.1');
await once(twilio, 'listening');

const { port } = twilio.address() as AddressInfo;
const world = await startWorld({ twilio: { baseUrl: `http://127.0.0.1:${port}` } });
const dynamoDb = await startInstantDynamoDb();
process.send?.({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url });
process.once('disconnect', () => process.exit());

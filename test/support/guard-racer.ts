// One of several processes that race over one table: node guard-racer.ts URL COUNT SEED WHO, where WHO is `same` for
// identical starts and `all` for a caller each. Begins at a line on stdin; answers with one line of JSON.
import { once } from 'node:events';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { engineClient, tableName } from './guard-engines.ts';
import { createGuardFleet, tally } from './guard-fleet.ts';
import { http } from './guard-world.ts';

const [url = '', count = '', seed = '', who = ''] = process.argv.slice(2);
const client = engineClient(url);
const fleet = createGuardFleet([new DynamoDbStore(client, tableName)], {
  rate_limits: { resend_cooldown_seconds: who === 'same' ? 30 : 0 },
});
const to = `+1500${seed}`;
const asked = Array.from({ length: Number(count) }, (_, index) => ({
  to,
  caller:
    who === 'same' ? http('192.0.2.1', 'ada') : http(`2001:db8:${process.pid.toString(16)}:${index}::1`),
}));
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const outcomes = await fleet.starts(asked);
process.stdout.write(`${JSON.stringify({ tally: tally(outcomes), sends: fleet.provider.sends.length })}\n`);
process.stdin.destroy();
client.destroy();

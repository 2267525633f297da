import { parseArgs } from 'node:util';
import { defaultAuthToken, defaultKeySecret, defaultKeySid } from '../emulator/credentials.ts';
import { startEmulator } from '../emulator/server.ts';
import { accountSid, defaultServiceSid } from '../emulator/sids.ts';

const usage = 'Usage: npm run emulator [-- --port 3001]';

const fail = (sentence: string, code: number): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
};

const readPort = (): number => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '3001' } } });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new Error('--port must be a whole number from 0 to 65535');
  return port;
};

const portOrExit = (): number => {
  try {
    return readPort();
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`, 2);
  }
};

const emulator = await startEmulator({ port: portOrExit() }).catch((error: Error) => fail(error.message, 1));
const stop = () => {
  emulator.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

process.stderr.write(`Twilio Verify emulator
  API       ${emulator.url}/v2/Services/…   Lookup ${emulator.url}/lookups/v2/PhoneNumbers/…
  account   ${accountSid}   token  ${defaultAuthToken}
  API key   ${defaultKeySid}   secret ${defaultKeySecret}
  service   ${defaultServiceSid}
  messages  curl '${emulator.url}/_emulator/messages?to=%2B14155552671'
  control   /_emulator/faults, clock, settings, credentials, requests, reset: see local/emulator/README.md
Ctrl-C stops it.
`);
process.stdout.write(`ready ${emulator.url}\n`);

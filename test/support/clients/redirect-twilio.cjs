// Preloaded into twilio-cli (NODE_OPTIONS=--require): leads HTTPS calls for Twilio's hosts to EMULATOR_URL, and
// refuses every other host, so that nothing leaves this machine.
const http = require('node:http');
const https = require('node:https');

const prefixes = { 'verify.twilio.com': '', 'lookups.twilio.com': '/lookups', 'iam.twilio.com': '/iam' };

https.request = (options, callback) => {
  const prefix = prefixes[options.hostname ?? options.host];
  if (prefix === undefined) throw new Error(`no connection to ${options.hostname ?? options.host} here`);
  const { hostname, port } = new URL(process.env.EMULATOR_URL);
  const { method, headers, path } = options;
  return http.request({ hostname, port, method, headers, path: `${prefix}${path}` }, callback);
};

import type { LocalFunction } from './local-functions.ts';

/** A line of the list of addresses: what it is, and where. */
export interface Address {
  readonly what: string;
  readonly where: string;
}

/** A number of the range that North America keeps for fiction. */
const sampleNumber = '+14155550123';

type Served = Pick<LocalFunction, 'name' | 'callers'>;

/** Where a function answers those who may call it; nobody signs requests on this machine. */
const addressOf = (url: string, { name, callers }: Served): Address => {
  switch (callers) {
    case 'all':
      return { what: 'API', where: `POST ${url}/${name}` };
    case 'direct':
      return { what: 'Direct callers', where: `POST ${url}/2015-03-31/functions/${name}/invocations` };
  }
};

/** What there is to see on this machine, in the order in which a newcomer needs it. */
export const addresses = (
  url: string,
  emulatorUrl: string | null,
  functions: readonly Served[],
): readonly Address[] => [
  ...functions.map((served) => addressOf(url, served)),
  {
    what: 'Try it',
    where: `curl -s ${url}/start_verification -H 'Content-Type: application/json' -d '{"to_phone":"${sampleNumber}"}'`,
  },
  ...(emulatorUrl === null
    ? []
    : [
        {
          what: 'See the code',
          where: `curl -s '${emulatorUrl}/_emulator/messages?to=${encodeURIComponent(sampleNumber)}'`,
        },
        { what: 'Twilio emulator', where: emulatorUrl },
      ]),
  { what: 'Lambda Invoke API', where: `POST ${url}/2015-03-31/functions/NAME/invocations` },
  { what: 'AWS SDK Lambda client', where: `endpoint ${url}` },
];

/** The list as plain text, one line each. */
export const asText = (list: readonly Address[]): string => {
  const width = Math.max(...list.map(({ what }) => what.length));
  return list.map(({ what, where }) => `${what.padEnd(width)}  ${where}\n`).join('');
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** The list as a page. */
export const asHtml = (list: readonly Address[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Phone verification on this machine</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem; }
  dt { font-weight: 600; margin-top: 1rem } dd { margin: 0 } code { overflow-wrap: anywhere }
  :root { color-scheme: light dark }
</style>
<h1>Phone verification on this machine</h1>
<dl>
${list.map(({ what, where }) => `<dt>${escaped(what)}</dt><dd><code>${escaped(where)}</code></dd>\n`).join('')}</dl>
</html>
`;

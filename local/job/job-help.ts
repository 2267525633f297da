import { catalog } from '../../functions/catalog.ts';
import type { InputDeclarations } from '../../functions/runtime/inputs.ts';
import type { ResponseDeclaration } from '../../functions/runtime/response.ts';

const usage = `Runs a run job.

npm run job                               sends a code to an emulated phone and checks it
npm run job -- FILE.xs|FILE.json          runs that run job
npm run job -- --main NAME                runs that function, without a file
npm run job -- --parse FILE…              runs nothing; prints what the files hold, one JSON line each

  --main NAME          the function to run in the place of the job's own
  --input.KEY VALUE    sets a field of the input; may be repeated
  --live               uses the real Twilio, with twilio_account_sid and twilio_auth_token
                       (or twilio_api_key_sid and twilio_api_key_secret) from the environment

Prints one JSON answer a line. Exits with 0 when it says success, 1 when not, 2 when a file or an argument
is wrong. TWILIO_API_BASE_URL is used in the place of the emulator that is started otherwise.
`;

const fields = (input: InputDeclarations): string =>
  Object.entries(input)
    .map(
      ([name, { description, required, shape }]) =>
        `  --input.${name}${required ? ' (required)' : ''}: ${shape}\n      ${description}\n`,
    )
    .join('');

const answer = (response: ResponseDeclaration): string =>
  response === 'envelope' ? '' : `  answers: success, error, ${Object.keys(response).join(', ')}\n`;

/** The help of `npm run job`: how to call it, and each function with the fields it declares. */
export const jobHelp = (): string =>
  [
    usage,
    ...catalog.map(
      ({ name, description, input, response }) =>
        `${name}: ${description}\n${fields(input)}${answer(response)}`,
    ),
  ].join('\n');

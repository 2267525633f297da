import { parseArgs } from 'node:util';
import { wrong } from './command-error.ts';

/** What `npm run job` was asked to do. */
export interface JobArguments {
  readonly help: boolean;
  /** Only read the files and say what they hold. */
  readonly parse: boolean;
  /** Use the real Twilio. */
  readonly live: boolean;
  readonly files: readonly string[];
  /** The function to run in the place of the job's own. */
  readonly main: string | undefined;
  /** What is set in the job's input, by field name. */
  readonly input: Readonly<Record<string, string>>;
}

const inputOption = /^--input\.([^=]+)/;

const parsed = (argv: readonly string[]) => {
  const fields = argv.flatMap((argument) => inputOption.exec(argument)?.[1] ?? []);
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        parse: { type: 'boolean', default: false },
        live: { type: 'boolean', default: false },
        main: { type: 'string' },
        ...Object.fromEntries(fields.map((field) => [`input.${field}`, { type: 'string' as const }])),
      },
    });
  } catch (error) {
    const [sentence = ''] = error instanceof Error ? error.message.split('. ') : [];
    // It names the argument, which may hold a number or a code when it was written in the wrong place.
    const safe = /\d/.test(sentence)
      ? 'An argument is not understood'
      : sentence.split('\n')[0]?.replace(/\.$/, '');
    throw wrong(
      `${safe}. See npm run job -- --help; a value that starts with a dash is given as --input.KEY=VALUE`,
    );
  }
};

/**
 * Reads the command line of `npm run job`.
 *
 * @throws CommandError where it is not understood.
 */
export const readJobArguments = (argv: readonly string[]): JobArguments => {
  const { values, positionals: files } = parsed(argv);
  const { help, parse, live, main, ...rest } = values as typeof values & Record<string, string>;
  const input = Object.fromEntries(
    Object.entries(rest).map(([option, value]) => [option.slice('input.'.length), value]),
  );
  if (parse && (live || main !== undefined || Object.keys(input).length > 0))
    throw wrong('--parse runs nothing; it goes with files only');
  if (parse && !help && files.length === 0) throw wrong('--parse needs a file: npm run job -- --parse FILE…');
  if (!parse && files.length > 1)
    throw wrong('One run job can be run at a time; only --parse takes more files');
  return { help, parse, live, files, main, input };
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { wrong } from '../job/command-error.ts';

/** The name of a new function in the forms that files and code want. */
export interface FunctionName {
  /** `hello_phone`: the function's one name everywhere. */
  readonly snake: string;
  /** `helloPhone`: under which its file exports the definition. */
  readonly camel: string;
  /** `hello-phone`: of its test. */
  readonly kebab: string;
}

// Lambda takes 64 characters, of which a stage's name may need some.
const longest = 40;

/**
 * Reads the name of a new function.
 *
 * @param root - the folder of the project.
 * @throws CommandError where it is no name for a function, or taken.
 */
export const readFunctionName = (given: string, root: string): FunctionName => {
  if (!/^[a-z]+(?:_[a-z]+)+$/.test(given))
    throw wrong(
      `${JSON.stringify(given)} is no name for a function; give two words or more, such as hello_phone`,
    );
  if (given.length > longest)
    throw wrong(`The name is longer than ${longest} characters; give a shorter one`);
  if (existsSync(join(root, `functions/lambda/${given}.ts`)))
    throw wrong(`${given} is the name of another Lambda; give another name`);
  const camel = given.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
  return { snake: given, camel, kebab: given.replaceAll('_', '-') };
};

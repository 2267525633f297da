import { printable } from './printable.ts';

/** Something that ends a command: a sentence for a person, and the exit code. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number) {
    super(sentence);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The error of a file or an argument that is wrong: exit code 2. The sentence may repeat a name, whatever is in it. */
export const wrong = (sentence: string): CommandError => new CommandError(printable(sentence), 2);

/** Something that ends a command: a sentence for a person, and the exit code. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number) {
    super(sentence);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The error of a file or an argument that is wrong: exit code 2. */
export const wrong = (sentence: string): CommandError => new CommandError(sentence, 2);

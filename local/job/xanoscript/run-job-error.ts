/** A place in a file. Both count from 1; the column counts UTF-16 code units, as editors and language servers do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A run job that cannot be read. The message says what is wrong and repeats no value of the file. */
export class RunJobError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, { line, column }: Position) {
    super(message);
    this.name = 'RunJobError';
    this.line = line;
    this.column = column;
  }
}

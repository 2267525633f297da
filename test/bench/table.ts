/** A row of the table: what was measured, and the goal where there is one. */
export interface Row {
  readonly measure: string;
  /** A value a program; the last ones may lack where only our functions are measured. */
  readonly values: readonly number[];
  /** Digits behind the point. */
  readonly digits: number;
  /** The most that a function of ours should take. */
  readonly goal?: number;
}

/** Whether every function, the first `functions` values of the row, is within the goal. */
const met = ({ values, goal }: Row, functions: number): string => {
  if (goal === undefined) return '';
  return values.slice(0, functions).every((value) => value <= goal) ? 'yes' : 'NO';
};

/**
 * A Markdown table, its columns padded so that it reads well on a terminal too.
 *
 * @param programs - the column heads, those of our functions first.
 * @param functions - how many of them are ours.
 */
export const table = (rows: readonly Row[], programs: readonly string[], functions: number): string => {
  const lines = [
    ['', ...programs, 'goal', 'met'],
    ...rows.map((row) => [
      row.measure,
      ...programs.map((_, index) => row.values[index]?.toFixed(row.digits) ?? ''),
      row.goal === undefined ? '' : `≤ ${row.goal}`,
      met(row, functions),
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const padded = lines.map((line) =>
    line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  );
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [head = [], ...body] = padded;
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};

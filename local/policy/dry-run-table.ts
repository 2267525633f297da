import type { Change, DryRun } from './dry-run.ts';

/** Rows of text in columns as wide as their widest cell. */
const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
};

const reasonsOf = ({ difference, now, was }: Change): string =>
  difference === 'refused otherwise' ? `${was}, now ${now}` : (now ?? was ?? '');

const summary = (changes: readonly Change[]): readonly string[] => {
  const groups = Map.groupBy(changes, (change) =>
    [change.difference, reasonsOf(change), change.country ?? '-'].join('\t'),
  );
  const rows = [...groups]
    .sort(([one, { length: few }], [other, { length: many }]) => many - few || one.localeCompare(other))
    .map(([group, { length }]) => [...group.split('\t'), length.toString()]);
  return columns([['DIFFERENCE', 'REASON', 'COUNTRY', 'COUNT'], ...rows]);
};

const lines = (changes: readonly Change[]): readonly string[] =>
  columns([
    ['LINE', 'TIME', 'FUNCTION', 'DESTINATION', 'DIFFERENCE', 'REASON'],
    ...changes.map((change) => [
      change.line.toString(),
      change.at,
      change.function,
      change.to,
      change.difference,
      reasonsOf(change),
    ]),
  ]);

/** A dry run as text: how many, a table by reason and country, and each line that differs. */
export const dryRunTable = (run: DryRun): string => {
  const { changes, decisions, from, kept, refused_before: before, refused_now: now, to } = run;
  const counts = [
    `${decisions} decisions from ${from} to ${to}`,
    `refused then ${before}, refused now ${now}, different ${changes.length}`,
  ];
  if (kept > 0) counts.push(`${kept} taken as they were decided then: the log alone can't tell`);
  const tables = changes.length === 0 ? [] : ['', ...summary(changes), '', ...lines(changes)];
  return `${[...counts, ...tables].join('\n')}\n`;
};

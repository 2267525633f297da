import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cruise } from '../local/import-rules/cruise.ts';

/** Sources by their path from the root. */
type Sources = ReadonlyMap<string, string>;

const environment = 'the environment is read in compose/ only';
const time = 'the time is read in runtime/clock.ts only';
const lines = 'lines go through the log catalogue';

/** What a source must not say, outside the files named. */
const textRules: readonly { readonly files: RegExp; readonly never: RegExp; readonly why: string }[] = [
  {
    files: /^functions\/(?!compose\/)/,
    never: /\bprocess\s*(\.|\[)|node:process/,
    why: environment,
  },
  {
    files: /^functions\/(?!runtime\/clock\.ts$)/,
    never: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b/,
    why: time,
  },
  { files: /^functions\//, never: /\bconsole\b/, why: lines },
];

const withoutComments = (source: string): string =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const textViolations = (path: string, source: string): string[] =>
  textRules
    .filter(({ files, never }) => files.test(path) && never.test(withoutComments(source)))
    .map(({ why }) => `${path}: ${why}`);

const nameViolations = (path: string): string[] => {
  const functionFile = /^functions\/(lambda\/)?[^/]+$/.test(path);
  const shape = functionFile
    ? /^[a-z]+([_-][a-z0-9]+)*\.ts$/
    : /^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.(ts|cts|mjs)$/;
  const problems: string[] = [];
  if (!shape.test(basename(path))) problems.push(`${path} is not named in the house's way`);
  if (/(^|\/)(utils?|common|helpers?|shared)\//.test(path))
    problems.push(`${path} is in a folder for anything`);
  if (/(^|\/)index\./.test(path)) problems.push(`${path} is a barrel`);
  return problems;
};

const folders = (sources: Sources): Map<string, string[]> =>
  Map.groupBy(sources.keys(), (path) => dirname(path));

const folderViolations = (sources: Sources): string[] =>
  [...folders(sources)].flatMap(([folder, { length }]) => {
    if (length < 3) return [`${folder} has fewer than 3 files`];
    return length > 20 ? [`${folder} has more than 20 files`] : [];
  });

const linesOf = (source: string): number => source.trimEnd().split('\n').length;

const lengthViolations = (sources: Sources): string[] => {
  const lengths = [...sources.values()].map(linesOf).sort((one, other) => one - other);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return [
    ...[...sources]
      .filter(([, source]) => linesOf(source) > 300)
      .map(([path]) => `${path} has more than 300 lines`),
    ...(median > 70 ? [`half of the files have ${median} lines or more`] : []),
  ];
};

/** Everything but imports in which sources differ from the rules of the house. */
const violations = (sources: Sources): string[] => [
  ...[...sources].flatMap(([path, source]) => [...textViolations(path, source), ...nameViolations(path)]),
  ...lengthViolations(sources),
  ...folderViolations(sources),
];

const house = (): Sources => {
  const files = ['functions', 'infra', 'local'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(c|m)?[jt]s$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));
};

describe('the house', () => {
  it('keeps its own rules', () => {
    expect(violations(house())).toEqual([]);
  });
});

describe('a planted violation is found', () => {
  it.each([
    { path: 'functions/adapters/a.ts', source: "const x = process.env['X'];", problem: environment },
    { path: 'functions/guard/a.ts', source: "import { env } from 'node:process';", problem: environment },
    { path: 'functions/guard/a.ts', source: 'const now = Date.now();', problem: time },
    { path: 'functions/guard/a.ts', source: 'const now = new Date();', problem: time },
    { path: 'functions/lambda/a.ts', source: 'const now = performance.now();', problem: time },
    { path: 'functions/adapters/a.ts', source: "console.log('x');", problem: lines },
    { path: 'infra/utils/a.ts', source: '', problem: 'is in a folder for anything' },
    { path: 'local/shared/a.ts', source: '', problem: 'is in a folder for anything' },
    { path: 'local/index.ts', source: '', problem: 'is a barrel' },
    { path: 'infra/someThing.ts', source: '', problem: "is not named in the house's way" },
    { path: 'functions/guard/some_thing.ts', source: '', problem: "is not named in the house's way" },
    { path: 'infra/a.ts', source: 'x;\n'.repeat(301), problem: 'has more than 300 lines' },
  ])('$path: $problem', ({ path, source, problem }) => {
    expect(violations(new Map([[path, source]]))).toContainEqual(
      expect.stringMatching(new RegExp(`^${path}:? ${problem}$`)),
    );
  });

  const ofFiles = (count: number, source = ''): Sources =>
    new Map(Array.from({ length: count }, (_, index) => [`infra/new/a${index}.ts`, source]));

  it.each([
    { what: 'a folder of two files', sources: ofFiles(2), problem: 'infra/new has fewer than 3 files' },
    { what: 'a folder of 21 files', sources: ofFiles(21), problem: 'infra/new has more than 20 files' },
    {
      what: 'files of 71 lines',
      sources: ofFiles(3, 'x;\n'.repeat(71)),
      problem: 'half of the files have 71 lines or more',
    },
  ])('$what', ({ sources, problem }) => {
    expect(violations(sources)).toEqual([problem]);
  });
});

describe('what is allowed is not found', () => {
  it.each([
    { what: 'the environment in compose', path: 'functions/compose/a.ts', source: 'const x = process.env;' },
    { what: 'the time in the clock', path: 'functions/runtime/clock.ts', source: 'const now = Date.now();' },
    { what: 'a date made from a time', path: 'functions/guard/a.ts', source: 'const x = new Date(clock());' },
    {
      what: 'words in a comment',
      path: 'functions/guard/a.ts',
      source: '/** Never Date.now(). */\n// console is not used\nx;',
    },
  ])('$what', ({ path, source }) => {
    expect([...textViolations(path, source), ...nameViolations(path)]).toEqual([]);
  });
});

const forbidden = [
  { file: 'functions/a_b.ts', source: "import { x } from './adapters/x.ts';", to: 'functions/adapters/x.ts' },
  {
    file: 'functions/a_b.ts',
    source: "import type { Y } from './adapters/y.ts';",
    to: 'functions/adapters/y.ts',
  },
  { file: 'functions/a_b.ts', source: "let z: import('./adapters/z.ts').Z;", to: 'functions/adapters/z.ts' },
  {
    file: 'functions/a_b.ts',
    source: "import '@aws-sdk/client-ssm';",
    to: 'node_modules/@aws-sdk/client-ssm/index.js',
  },
  { file: 'functions/a_b.ts', source: "import { c } from './c_d.ts';", to: 'functions/c_d.ts' },
  {
    file: 'functions/catalog.ts',
    source: "import { x } from './compose/x.ts';",
    to: 'functions/compose/x.ts',
  },
  {
    file: 'functions/runtime/a.ts',
    source: "import { x } from '../guard/x.ts';",
    to: 'functions/guard/x.ts',
  },
  {
    file: 'functions/runtime/a.ts',
    source: "import twilio from 'twilio';",
    to: 'node_modules/twilio/index.js',
  },
  {
    file: 'functions/runtime/b.ts',
    source: "const x = await import('twilio');",
    to: 'node_modules/twilio/index.js',
  },
  {
    file: 'functions/guard/a.ts',
    source: "import {\n  x,\n} from '../adapters/x.ts';",
    to: 'functions/adapters/x.ts',
  },
  { file: 'functions/guard/store/a.ts', source: "import '../spend/x.ts';", to: 'functions/guard/spend/x.ts' },
  { file: 'functions/guard/rules/a.ts', source: "import '../x.ts';", to: 'functions/guard/x.ts' },
  {
    file: 'functions/verify/a.ts',
    source: "import { x } from 'twilio';",
    to: 'node_modules/twilio/index.js',
  },
  {
    file: 'functions/verify/a.ts',
    source: "import 'libphonenumber-js';",
    to: 'node_modules/libphonenumber-js/index.js',
  },
  { file: 'functions/service/a.ts', source: "import 'valibots';", to: 'node_modules/valibots/index.js' },
  { file: 'functions/privacy/a.ts', source: "import '../runtime/x.ts';", to: 'functions/runtime/x.ts' },
  { file: 'functions/observability/a.ts', source: "import '../guard/x.ts';", to: 'functions/guard/x.ts' },
  { file: 'functions/observability/a.ts', source: "import 'node:fs';", to: 'fs' },
  { file: 'functions/adapters/a.ts', source: "export { x } from '../../local/x.ts';", to: 'local/x.ts' },
  { file: 'functions/adapters/a.ts', source: "export * from '../../test/x.ts';", to: 'test/x.ts' },
  { file: 'functions/elsewhere/a.ts', source: "import 'node:fs';", to: 'fs' },
  { file: 'functions/elsewhere/b.ts', source: '', to: 'functions/elsewhere/b.ts' },
  { file: 'infra/a.ts', source: "import '../functions/compose/x.ts';", to: 'functions/compose/x.ts' },
  { file: 'infra/a.ts', source: "import '../functions/a_b.ts';", to: 'functions/a_b.ts' },
  { file: 'local/a.ts', source: "import '../functions/adapters/x.ts';", to: 'functions/adapters/x.ts' },
  { file: 'local/b.ts', source: "import type { C } from './c.ts';", to: 'local/c.ts' },
];

const allowed = [
  { file: 'functions/a_b.ts', source: "import './runtime/inputs.ts';", to: 'functions/runtime/inputs.ts' },
  {
    file: 'functions/adapters/b.ts',
    source: "import '@aws-sdk/client-ssm';",
    to: 'node_modules/@aws-sdk/client-ssm/index.js',
  },
  { file: 'functions/privacy/a.ts', source: "import 'node:crypto';", to: 'crypto' },
  { file: 'infra/a.ts', source: "import '../functions/catalog.ts';", to: 'functions/catalog.ts' },
];

/** The imports that the rules refuse in sources planted in a folder of their own. */
const refusedImports = async (): Promise<{ from: string; to: string }[]> => {
  const root = mkdtempSync(join(tmpdir(), 'planted-'));
  const write = (path: string, text: string) => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: 'a' });
  };
  try {
    for (const { file, source, to } of [...forbidden, ...allowed]) {
      write(file, `${source}\n`);
      if (to.includes('/')) write(to, '');
    }
    write('local/c.ts', "import type { B } from './b.ts';");
    const { output } = await cruise(root, 'json');
    return JSON.parse(String(output)).summary.violations;
  } finally {
    rmSync(root, { recursive: true });
  }
};

describe('an import', () => {
  let refused: { from: string; to: string }[];

  beforeAll(async () => {
    refused = await refusedImports();
  });

  it.each(forbidden)('$file: $source is found', ({ file, to }) => {
    expect(refused).toContainEqual(expect.objectContaining({ from: file, to }));
  });

  it.each(allowed)('$file: $source is not found', ({ file, to }) => {
    expect(refused).not.toContainEqual(expect.objectContaining({ from: file, to }));
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Sources by their path from the root. */
type Sources = ReadonlyMap<string, string>;

/** Who may import what: the first rule whose `files` match a file holds. What is imported is a path or `npm:NAME`. */
const importRules: readonly { readonly files: RegExp; readonly may: readonly RegExp[] }[] = [
  { files: /^functions\/catalog\.ts$/, may: [/^functions\/[a-z]+_[a-z_]+\.ts$/] },
  {
    files: /^functions\/compose\//,
    may: [
      /^functions\/(adapters|authorizer|canary|guard|observability|privacy|rotation|runtime|service|verify)\//,
      /^node:/,
      /^npm:valibot$/,
    ],
  },
  // The run functions: never adapters, SDKs or each other.
  { files: /^functions\/[^/]+$/, may: [/^functions\/(runtime|service|verify)\//] },
  {
    files: /^functions\/lambda\//,
    may: [
      /^functions\/[^/]+$/,
      /^functions\/(authorizer|compose|lambda|observability|privacy|rotation|runtime|service|verify)\//,
      /^npm:(@middy\/core|aws-lambda)$/,
    ],
  },
  { files: /^functions\/runtime\//, may: [/^functions\/runtime\//, /^node:/] },
  {
    files: /^functions\/(guard|verify)\//,
    may: [
      /^functions\/(guard|privacy|runtime|verify)\//,
      /^node:/,
      /^npm:(ipaddr\.js|libphonenumber-js\/core|valibot)$/,
    ],
  },
  {
    files: /^functions\/service\//,
    may: [/^functions\/(guard|runtime|service|verify)\//, /^npm:valibot$/],
  },
  {
    files: /^functions\/authorizer\//,
    may: [/^functions\/(authorizer|observability|privacy|runtime)\//, /^npm:aws-jwt-verify\//],
  },
  { files: /^functions\/canary\//, may: [/^functions\/(canary|guard|observability|runtime)\//] },
  {
    files: /^functions\/rotation\//,
    may: [/^functions\/(guard|privacy|rotation|runtime|verify)\//, /^node:/, /^npm:valibot$/],
  },
  // The only place for an SDK.
  {
    files: /^functions\/adapters\//,
    may: [
      /^functions\/(adapters|canary|guard|observability|privacy|rotation|runtime|verify)\//,
      /^node:/,
      /^npm:/,
    ],
  },
  { files: /^functions\/privacy\//, may: [/^functions\/privacy\//, /^node:/] },
  {
    files: /^functions\/observability\//,
    may: [/^functions\/(observability|privacy)\//, /^npm:@aws-lambda-powertools\//],
  },
  // Bundled in the place of a part of the SDK, it runs in Lambda.
  {
    files: /^infra\/bundling\/lambda-credentials\.ts$/,
    may: [/^npm:(@aws-sdk\/credential-provider-(env|http)|@smithy\/core\/config)$/],
  },
  // infra derives everything from the catalogue. It also holds the policy against its schema before a deployment, and
  // gives the gateway the very envelope, sentences and input declarations, which would else be written twice.
  {
    files: /^infra\//,
    may: [
      /^infra\//,
      /^functions\/(canary\/(canary-steps|gateway-canary)|catalog|guard\/policy\/policy|lambda\/lambda-event|observability\/metric-catalogue|runtime\/(cors|define-function|envelope|errors|inputs)|service\/ports)\.ts$/,
      /^node:/,
      /^npm:(aws-cdk-lib|cdk-nag|constructs|esbuild|valibot)(\/|$)/,
    ],
  },
  // The dry run decides again with the guard's own rules; the page of the settings is written from their schema.
  {
    files: /^local\/policy\//,
    may: [
      /^local\//,
      /^infra\/settings\.ts$/,
      /^functions\/(guard|privacy|runtime|verify)\//,
      /^node:/,
      /^npm:/,
    ],
  },
  // The smoke test asks as the canary does, and holds the answers against the same contract.
  {
    files: /^local\/smoke\//,
    may: [
      /^local\//,
      /^functions\/(adapters\/gateway-client|canary\/gateway-answer|catalog|observability\/metric-catalogue|verify\/destination)\.ts$/,
      /^functions\/(guard|runtime)\//,
      /^node:/,
      /^npm:@aws-sdk\//,
    ],
  },
  {
    files: /^local\//,
    may: [
      /^local\//,
      /^functions\/(catalog|compose\/run-service|guard\/policy\/policy|service\/ports)\.ts$/,
      /^functions\/(lambda|runtime)\//,
      /^node:/,
      /^npm:/,
    ],
  },
];

/** What a source must not say, outside the files named. */
const textRules: readonly { readonly files: RegExp; readonly never: RegExp; readonly why: string }[] = [
  {
    files: /^functions\/(?!compose\/)/,
    never: /\bprocess\s*(\.|\[)|node:process/,
    why: 'the environment is read in compose/ only',
  },
  {
    files: /^functions\/(?!runtime\/clock\.ts$)/,
    never: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b/,
    why: 'the time is read in runtime/clock.ts only',
  },
  { files: /^functions\//, never: /\bconsole\b/, why: 'lines go through the log catalogue' },
];

const withoutComments = (source: string): string =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const specifier = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"]+)['"]/g;

const importsOf = (path: string, source: string): string[] =>
  [...withoutComments(source).matchAll(specifier)].map(([, name = '']) => {
    if (name.startsWith('.')) return join(dirname(path), name);
    return name.startsWith('node:') ? name : `npm:${name}`;
  });

const importViolations = (path: string, source: string): string[] => {
  const rule = importRules.find(({ files }) => files.test(path));
  if (rule === undefined) return [`${path} belongs to no part of the house`];
  return importsOf(path, source)
    .filter((imported) => !rule.may.some((allowed) => allowed.test(imported)))
    .map((imported) => `${path} imports ${imported}`);
};

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

const lengthViolations = (path: string, source: string): string[] =>
  source.trimEnd().split('\n').length > 300 ? [`${path} has more than 300 lines`] : [];

const smallFolders = (sources: Sources): string[] => {
  const folders = Map.groupBy(sources.keys(), (path) => dirname(path));
  return [...folders]
    .filter(([, files]) => files.length < 3)
    .map(([folder]) => `${folder} has fewer than 3 files`);
};

/** Everything in which sources differ from the rules of the house. */
const violations = (sources: Sources): string[] => [
  ...[...sources].flatMap(([path, source]) => [
    ...importViolations(path, source),
    ...textViolations(path, source),
    ...nameViolations(path),
    ...lengthViolations(path, source),
  ]),
  ...smallFolders(sources),
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
    ['functions/a_b.ts', "import { x } from './adapters/x.ts';", 'imports functions/adapters/x.ts'],
    ['functions/a_b.ts', "import type { X } from './adapters/x.ts';", 'imports functions/adapters/x.ts'],
    [
      'functions/a_b.ts',
      "import { x } from '@aws-sdk/client-dynamodb';",
      'imports npm:@aws-sdk/client-dynamodb',
    ],
    [
      'functions/a_b.ts',
      "import { x } from './start_verification.ts';",
      'imports functions/start_verification.ts',
    ],
    ['functions/catalog.ts', "import { x } from './compose/x.ts';", 'imports functions/compose/x.ts'],
    ['functions/runtime/a.ts', "import { x } from '../guard/x.ts';", 'imports functions/guard/x.ts'],
    ['functions/runtime/a.ts', "import twilio from 'twilio';", 'imports npm:twilio'],
    ['functions/runtime/a.ts', "const x = await import('twilio');", 'imports npm:twilio'],
    ['functions/guard/a.ts', "import {\n  x,\n} from '../adapters/x.ts';", 'imports functions/adapters/x.ts'],
    ['functions/verify/a.ts', "import { x } from 'twilio';", 'imports npm:twilio'],
    ['functions/privacy/a.ts', "import { x } from '../runtime/x.ts';", 'imports functions/runtime/x.ts'],
    ['functions/observability/a.ts', "import '../guard/x.ts';", 'imports functions/guard/x.ts'],
    ['functions/adapters/a.ts', "export { x } from '../../local/x.ts';", 'imports local/x.ts'],
    ['infra/a.ts', "import { x } from '../functions/compose/x.ts';", 'imports functions/compose/x.ts'],
    ['infra/a.ts', "import { x } from '../functions/a_b.ts';", 'imports functions/a_b.ts'],
    ['local/a.ts', "import { x } from '../functions/adapters/x.ts';", 'imports functions/adapters/x.ts'],
    ['elsewhere/a.ts', '', 'belongs to no part of the house'],
    ['functions/adapters/a.ts', "const x = process.env['X'];", 'the environment is read in compose/ only'],
    [
      'functions/guard/a.ts',
      "import { env } from 'node:process';",
      'the environment is read in compose/ only',
    ],
    ['functions/guard/a.ts', 'const now = Date.now();', 'the time is read in runtime/clock.ts only'],
    ['functions/guard/a.ts', 'const now = new Date();', 'the time is read in runtime/clock.ts only'],
    ['functions/lambda/a.ts', 'const now = performance.now();', 'the time is read in runtime/clock.ts only'],
    ['functions/adapters/a.ts', "console.log('x');", 'lines go through the log catalogue'],
    ['infra/utils/a.ts', '', 'is in a folder for anything'],
    ['local/shared/a.ts', '', 'is in a folder for anything'],
    ['local/index.ts', '', 'is a barrel'],
    ['infra/someThing.ts', '', "is not named in the house's way"],
    ['functions/guard/some_thing.ts', '', "is not named in the house's way"],
    ['infra/a.ts', 'x;\n'.repeat(301), 'has more than 300 lines'],
  ])('%s: %j', (path, source, problem) => {
    expect(violations(new Map([[path, source]]))).toContainEqual(
      expect.stringMatching(new RegExp(`^${path}:? ${problem}$`)),
    );
  });

  it('a folder of two files', () => {
    expect(
      violations(
        new Map([
          ['infra/new/a.ts', ''],
          ['infra/new/b.ts', ''],
        ]),
      ),
    ).toEqual(['infra/new has fewer than 3 files']);
  });
});

describe('what is allowed is not found', () => {
  it.each([
    ['a run function on the runtime', 'functions/a_b.ts', "import { x } from './runtime/inputs.ts';"],
    ['an SDK in an adapter', 'functions/adapters/a.ts', "import { x } from '@aws-sdk/client-dynamodb';"],
    ['the environment in compose', 'functions/compose/a.ts', 'const x = process.env;'],
    ['the time in the clock', 'functions/runtime/clock.ts', 'const now = Date.now();'],
    ['a date made from a time', 'functions/guard/a.ts', 'const x = new Date(clock());'],
    ['words in a comment', 'functions/guard/a.ts', '/** Never Date.now(). */\n// console is not used\nx;'],
    ['the catalogue in infra', 'infra/a.ts', "import { catalog } from '../functions/catalog.ts';"],
  ])('%s', (_what, path, source) => {
    expect([
      ...importViolations(path, source),
      ...textViolations(path, source),
      ...nameViolations(path),
    ]).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addService, createApp } from '../../infra/create-app.ts';
import { readSettings } from '../../infra/settings.ts';

/** A resource of a CloudFormation template; what its properties hold is for the test that reads them. */
export interface Resource {
  readonly Type: string;
  readonly Properties: ReturnType<typeof JSON.parse>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly UpdatePolicy?: ReturnType<typeof JSON.parse>;
}

/** A CloudFormation template. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** What a run of the CDK app came to. */
export interface Synthesis {
  readonly status: number | null;
  readonly stderr: string;
  /** Absent where the run failed. */
  readonly template: Template | undefined;
  /** Whether CloudFormation refuses to delete the stack. */
  readonly terminationProtection: boolean;
}

/** A run of the CDK app with the same context gives the same template; a test that compares them holds this. */
type Context = Readonly<Record<string, unknown>>;

const root = join(import.meta.dirname, '../..');

/** Calls `use` with a folder of its own, which is gone afterwards. */
const inFolder = <T>(use: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'synth-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const templateIn = (folder: string): { readonly file: string; readonly template: Template | undefined } => {
  const file = readdirSync(folder).find((name) => name.endsWith('.template.json')) ?? '';
  return { file, template: file === '' ? undefined : JSON.parse(readFileSync(join(folder, file), 'utf8')) };
};

/** Runs the CDK app as the CDK's command line does, in a process, with this context, no account and no home. */
export const synth = (context: Context = {}): Synthesis =>
  inFolder((folder) => {
    const { status, stderr } = spawnSync(process.execPath, ['infra/app.ts'], {
      cwd: root,
      encoding: 'utf8',
      env: {
        HOME: '/dev/null',
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        CDK_OUTDIR: folder,
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
    });
    const { file, template } = templateIn(folder);
    const manifest = join(folder, 'manifest.json');
    const artifacts = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).artifacts : {};
    const stack = artifacts[file.replace('.template.json', '')];
    const terminationProtection = stack?.properties.terminationProtection === true;
    return { status, stderr, template, terminationProtection };
  });

const synthesized = (context: Context): Template =>
  inFolder((outdir) => {
    const app = createApp({ context, outdir, autoSynth: false });
    addService(app, readSettings(app.node));
    app.synth();
    // The CDK prints what breaks a rule, and says so in the exit code only.
    if (process.exitCode !== undefined) throw new Error('The app broke a rule; stderr says which');
    const { template } = templateIn(outdir);
    if (template === undefined) throw new Error('The app did not synthesize');
    return template;
  });

const made = new Map<string, Template>();

/**
 * The template of a context that must synthesize; a test may not change it. The process synthesizes each once, with
 * the CDK and its rules loaded once: these take most of the time that a process of the app takes.
 */
export const templateOf = (context: Context = {}): Template => {
  const key = JSON.stringify(context);
  const template = made.get(key) ?? synthesized(context);
  made.set(key, template);
  return template;
};

/** The resources of one type, by logical ID. */
export const resourcesOf = (template: Template, type: string): ReadonlyMap<string, Resource> =>
  new Map(Object.entries(template.Resources).filter(([, resource]) => resource.Type === type));

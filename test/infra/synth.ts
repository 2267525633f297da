import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

const root = join(import.meta.dirname, '../..');

/** Runs the CDK app as the CDK's command line does, with this context, no account and no home. */
export const synth = (context: Readonly<Record<string, unknown>> = {}): Synthesis => {
  const folder = mkdtempSync(join(tmpdir(), 'synth-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, ['infra/app.ts'], {
      cwd: root,
      encoding: 'utf8',
      env: {
        HOME: '/dev/null',
        PATH: process.env['PATH'],
        CDK_OUTDIR: folder,
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
    });
    const file = readdirSync(folder).find((name) => name.endsWith('.template.json'));
    const template = file === undefined ? undefined : JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const manifest = join(folder, 'manifest.json');
    const artifacts = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).artifacts : {};
    const stack = artifacts[file?.replace('.template.json', '') ?? ''];
    const terminationProtection = stack?.properties.terminationProtection === true;
    return { status, stderr, template, terminationProtection };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The template of a run that must succeed. */
export const templateOf = (context: Readonly<Record<string, unknown>> = {}): Template => {
  const { stderr, template } = synth(context);
  if (template === undefined) throw new Error(`The app did not synthesize: ${stderr}`);
  return template;
};

/** The resources of one type, by logical ID. */
export const resourcesOf = (template: Template, type: string): ReadonlyMap<string, Resource> =>
  new Map(Object.entries(template.Resources).filter(([, resource]) => resource.Type === type));

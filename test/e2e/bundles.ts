import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { catalog } from '../../functions/catalog.ts';

/** The bundle of one function, as a synthesized stack would deploy it. */
export interface Bundle {
  /** The function's name in the catalogue. */
  readonly name: string;
  /** The folder that Lambda would unpack. */
  readonly directory: string;
  /** The bundled module. */
  readonly file: string;
  /** What Lambda and the template set in its environment, less what only a deployment resolves. */
  readonly environment: Readonly<Record<string, string>>;
}

interface FunctionResource {
  readonly Type: string;
  readonly Properties: {
    readonly FunctionName?: unknown;
    readonly Handler: string;
    readonly MemorySize: number;
    readonly Code: { readonly S3Key: string };
    readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  };
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Synthesizes the stack into a folder, as `npm run synth` does into `cdk.out`. */
export const synthesize = async (assembly: string): Promise<void> => {
  const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
  await promisify(execFile)(process.execPath, [cdk, 'synth', '--quiet', '--output', assembly], { cwd: root });
};

const functionsOf = (assembly: string): FunctionResource['Properties'][] =>
  readdirSync(assembly)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => JSON.parse(readFileSync(join(assembly, file), 'utf8')))
    .flatMap((template): FunctionResource[] => Object.values(template.Resources))
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => Properties);

// What only a deployment resolves is a reference, an object.
const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';

/**
 * The bundles of a synthesized stack, one a function of the catalogue, found by the template alone.
 *
 * @throws Error where the template lacks a function.
 */
export const bundlesOf = (assembly: string): Bundle[] => {
  const functions = functionsOf(assembly);
  return catalog.map(({ name }) => {
    const properties = functions.find(({ FunctionName }) => FunctionName === name);
    if (properties === undefined) throw new Error(`The template of ${assembly} has no function ${name}`);
    const { Code, Handler, MemorySize, Environment } = properties;
    const directory = resolve(assembly, `asset.${basename(Code.S3Key, '.zip')}`);
    return {
      name,
      directory,
      file: join(directory, `${Handler.split('.')[0]}.mjs`),
      environment: {
        // As Lambda sets them; nothing of this machine's own environment reaches the function but the path.
        PATH: process.env['PATH'] ?? '',
        LAMBDA_TASK_ROOT: directory,
        _HANDLER: Handler,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${MemorySize}`,
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: 'local',
        ...Object.fromEntries(Object.entries(Environment.Variables).filter(isText)),
      },
    };
  });
};

import { registerHooks } from 'node:module';
import type { IReporterOutput, OutputType } from 'dependency-cruiser';
import { importRules } from './rules.ts';

// dependency-cruiser reads a source through the interface of the package `typescript`, which TypeScript 7 has not got.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.replace(/^typescript(?=$|\/package)/, 'typescript-6'), context),
});

/**
 * Holds the imports of all sources, types included, against the rules.
 *
 * @param root - the folder that holds `functions/`, `infra/`, `local/` and `test/`.
 * @param outputType - `err` for people.
 */
export const cruise = async (root: string, outputType: OutputType): Promise<IReporterOutput> => {
  const { cruise: run } = await import('dependency-cruiser');
  return run(['functions', 'infra', 'local', 'test'], {
    baseDir: root,
    parser: 'tsc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.cts', '.js', '.d.ts', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    ruleSet: { forbidden: [...importRules] },
    validate: true,
    outputType,
  });
};

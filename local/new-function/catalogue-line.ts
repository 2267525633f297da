import type { FunctionName } from './function-name.ts';

/**
 * The catalogue with a further function at its end.
 *
 * @param source - of `functions/catalog.ts`.
 * @throws Error where the list is not found in it.
 */
export const withFunction = (source: string, { snake, camel }: FunctionName): string => {
  const list = /export const catalog = \[([^\]]*?),?\s*\] as const;/.exec(source);
  if (list === null)
    throw new Error('functions/catalog.ts holds no list that begins with "export const catalog = ["');
  const [whole, names] = list;
  return `import { ${camel} } from './${snake}.ts';\n${source.replace(whole, `export const catalog = [${names}, ${camel}] as const;`)}`;
};

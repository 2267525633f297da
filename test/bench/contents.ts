import { buildSync } from 'esbuild';
import { bundleOptions } from '../../infra/bundling/bundle.ts';
import { entryOf } from '../../infra/bundling/entries.ts';

/** The package that a source file belongs to; our own sources are named by their folder. */
const ownerOf = (path: string): string =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split('/')[0] ?? path;

/** What the bundle of a function is made of: kB of the minified bundle by package, the largest first. */
export const contentsOf = (name: string): [owner: string, kilobytes: number][] => {
  const { metafile } = buildSync({
    ...bundleOptions,
    entryPoints: [entryOf(name)],
    outdir: '.',
    write: false,
    metafile: true,
  });
  const owners = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const owner = ownerOf(path);
      owners.set(owner, (owners.get(owner) ?? 0) + bytesInOutput / 1000);
    }
  return [...owners].toSorted(([, a], [, b]) => b - a);
};

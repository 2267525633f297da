import type { IForbiddenRuleType } from 'dependency-cruiser';
import { type Room, rooms } from './rooms.ts';

const pattern = (path: string): string =>
  path
    .replaceAll('.', '\\.')
    .replaceAll('*', '[^/]+')
    .replaceAll('{', '(')
    .replaceAll(',', '|')
    .replaceAll('}', ')');

const inHouse = (path: string): string => `^${pattern(path)}${path.endsWith('/') ? '' : '$'}`;

// A package is known by the file that its name leads to, or its types do.
const installed = (name: string): string => `^node_modules/(@types/)?${pattern(name)}(?![\\w-])`;

const ruleOf = ({ files, may, npm = [], node }: Room, index: number): IForbiddenRuleType => ({
  name: `only what ${files} may import`,
  severity: 'error',
  from: { path: inHouse(files), pathNot: rooms.slice(0, index).map((earlier) => inHouse(earlier.files)) },
  to: {
    pathNot: [...may.map(inHouse), ...npm.map(installed)],
    ...(node === true && { dependencyTypesNot: ['core'] }),
  },
});

const everyRoom = rooms.map(({ files }) => inHouse(files));

/** What no import may be, in dependency-cruiser's words. */
export const importRules: readonly IForbiddenRuleType[] = [
  ...rooms.map(ruleOf),
  { name: 'a room for every file', severity: 'error', from: { pathNot: everyRoom }, to: {} },
  // The rule before sees a file by its imports; this one has none, and no file imports it.
  { name: 'a room for every file', severity: 'error', from: { orphan: true, pathNot: everyRoom }, to: {} },
  { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
];

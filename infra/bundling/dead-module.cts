// Stands in a bundle for a module that is imported but must never be used. Importing it is harmless; using it says
// what happened.
const touched = (): never => {
  throw new Error('A module that bundling took out was used; see infra/bundling');
};

// What the import helpers of TypeScript and esbuild look at before anybody uses the module.
const harmless = new Set<string | symbol>(['__esModule', 'length', 'name', 'prototype']);

module.exports = new Proxy(class {}, {
  get: (target, property) => (harmless.has(property) ? Reflect.get(target, property) : touched()),
  apply: touched,
  construct: touched,
});

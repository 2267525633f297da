// Stands in a bundle for `node:https`. An import of it in an ES module makes Node read everything that it exports, and so
// load its fetch too: some 20 ms and 5 MiB of every start.
module.exports = process.getBuiltinModule('node:https');

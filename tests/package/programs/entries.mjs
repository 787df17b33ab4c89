// Imports and requires every entry, and says what each exports.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { name, exports } = require('mcp-oauth-wasm/package.json');
const instantiate = WebAssembly.instantiate;
let instantiated = 0;
WebAssembly.instantiate = /** @type {any} */ (
  (/** @type {any} */ source, /** @type {any} */ imports) => {
    instantiated += 1;
    return instantiate(source, imports);
  }
);

const names = (/** @type {object} */ module) =>
  Object.keys(module)
    .filter((name) => name !== 'module.exports' && name !== '__esModule')
    .sort();

const entries = [];
for (const [path, target] of Object.entries(exports)) {
  // React is the application's own, and not here: tests/browsers/react.test.js has it.
  if (typeof target === 'string' || path === './react') continue;
  const specifier = `${name}${path.slice('.'.length)}`;
  entries.push({ specifier, imported: names(await import(specifier)), required: names(require(specifier)) });
}
console.log(JSON.stringify({ entries, instantiated, wasm: require.resolve(`${name}/wasm`) }));

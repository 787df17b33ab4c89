/** Which bundlers the package is known to go through, with which of its entries. */

/**
 * @typedef {object} Bundled
 * @property {string} bundler
 * @property {'browser' | 'node'} platform
 * @property {'esm' | 'cjs' | 'iife'} format
 * @property {Record<string, string | null>} entries by name; a text is the program by which `init` gets the module that
 *   the entry does not carry
 */

const inlined = { 'mcp-oauth-wasm': null };
const beside = { ...inlined, 'mcp-oauth-wasm/web': null };
const slim = (/** @type {string} */ source) => ({ 'mcp-oauth-wasm/slim': source });

const imported = slim("import wasm from 'mcp-oauth-wasm/wasm'; export default wasm;");
const importedByUrl = slim("import wasm from 'mcp-oauth-wasm/wasm?url'; export default wasm;");
const byUrl = slim("export default new URL('mcp-oauth-wasm/wasm', import.meta.url);");

/** @type {Bundled[]} */
export const bundled = [
  { bundler: 'esbuild', platform: 'browser', format: 'esm', entries: { ...inlined, ...imported } },
  { bundler: 'esbuild', platform: 'browser', format: 'iife', entries: { ...inlined, ...imported } },
  { bundler: 'esbuild', platform: 'node', format: 'esm', entries: { ...beside, ...imported } },
  { bundler: 'esbuild', platform: 'node', format: 'cjs', entries: { ...beside, ...imported } },
  { bundler: 'rollup', platform: 'browser', format: 'esm', entries: { ...inlined, ...imported } },
  { bundler: 'rollup', platform: 'node', format: 'esm', entries: beside },
  { bundler: 'rollup', platform: 'node', format: 'cjs', entries: beside },
  { bundler: 'webpack', platform: 'browser', format: 'esm', entries: { ...beside, ...byUrl } },
  { bundler: 'webpack', platform: 'node', format: 'cjs', entries: beside },
  { bundler: 'vite', platform: 'browser', format: 'esm', entries: { ...beside, ...importedByUrl } },
  { bundler: 'vite dev', platform: 'browser', format: 'esm', entries: { ...beside, ...importedByUrl } },
];

/**
 * The same as rows of the table in the README.
 *
 * @param {Record<string, string>} versions of the bundlers
 */
export function readmeRows(versions) {
  const places = { browser: 'pages', node: 'Node' };
  const entries = ['mcp-oauth-wasm', 'mcp-oauth-wasm/web', 'mcp-oauth-wasm/slim'];
  const row = (/** @type {string} */ bundler, /** @type {string} */ place, /** @type {string[]} */ known) =>
    `| ${bundler} | ${place} | ${entries.map((entry) => (known.includes(entry) ? 'yes' : '–')).join(' | ')} |`;
  const rows = bundled.map(({ bundler, platform, entries }) =>
    row(`${bundler} ${versions[bundler.split(' ')[0] ?? '']}`, places[platform], Object.keys(entries)),
  );
  return [
    ...new Set([...rows, row(`next ${versions.next}`, 'client components, route handlers', entries.slice(0, 2))]),
  ];
}

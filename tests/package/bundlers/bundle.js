// Bundles `main.js` of this working directory into `dist/`, with what its first argument says: an object of JSON.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { argv, cwd, stdin } from 'node:process';

/**
 * @typedef {object} Order
 * @property {string} bundler
 * @property {'browser' | 'node'} platform
 * @property {'esm' | 'cjs' | 'iife'} format
 */

// By a variable, since types are checked where these are not installed.
const load = (/** @type {string} */ name) => import(name);

const folder = cwd();
const dist = join(folder, 'dist');
const entry = join(folder, 'main.js');

/** @type {Record<string, (order: Order) => Promise<unknown>>} */
const bundlers = {
  async esbuild({ platform, format }) {
    const { build } = await load('esbuild');
    await build({
      entryPoints: [entry],
      bundle: true,
      platform,
      format,
      target: 'es2022',
      outfile: join(dist, nameOf(format)),
      loader: { '.wasm': 'binary' },
    });
  },

  async rollup({ platform, format }) {
    const [{ rollup }, { nodeResolve }] = await Promise.all(['rollup', '@rollup/plugin-node-resolve'].map(load));
    const plugins = [
      nodeResolve(platform === 'node' ? { exportConditions: ['node'] } : { browser: true }),
      wasmAsAsset,
    ];
    const onLog = (/** @type {string} */ _level, /** @type {{ message: string }} */ { message }) =>
      console.log(message);
    const bundle = await rollup({ input: entry, plugins, external: /^node:/, onLog });
    await bundle.write({ dir: dist, format, entryFileNames: nameOf(format) });
  },

  async webpack({ platform }) {
    const { default: webpack } = await load('webpack');
    const compiler = webpack({
      context: folder,
      mode: 'production',
      target: platform === 'node' ? 'electron-main' : 'web',
      entry,
      output: { path: dist, filename: nameOf(platform === 'node' ? 'cjs' : 'esm'), publicPath: 'auto' },
    });
    const stats = await new Promise((resolve, reject) => {
      compiler.run((/** @type {unknown} */ error, /** @type {unknown} */ done) =>
        error ? reject(error) : resolve(done),
      );
    });
    if (stats.hasErrors()) throw new Error(stats.toString());
  },

  async vite() {
    const { build } = await load('vite');
    await build({ root: folder, base: './', build: { outDir: dist, emptyOutDir: true } });
  },

  /** Serves until its standard input ends; its last line says where. */
  async 'vite dev'() {
    const { createServer } = await load('vite');
    const server = await createServer({ root: folder, server: { host: '127.0.0.1', port: 0 } });
    await server.listen();
    console.log(server.resolvedUrls.local[0]);
    await new Promise((resolve) => stdin.resume().once('end', resolve));
    await server.close();
  },
};

/** What Rollup's documentation shows for files that are not code. */
const wasmAsAsset = {
  name: 'wasm as an asset',
  /** @this {any} @param {string} id */
  async load(id) {
    if (!id.endsWith('.wasm')) return null;
    const source = await (await load('node:fs/promises')).readFile(id);
    return `export default import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: 'module.wasm', source })};`;
  },
};

/** @param {string} format */
function nameOf(format) {
  return format === 'cjs' ? 'main.cjs' : 'main.js';
}

/** @type {Order} */
const order = JSON.parse(String(argv[2]));
console.log(
  `${order.bundler} ${createRequire(import.meta.url)(`${order.bundler.split(' ')[0]}/package.json`).version}`,
);
await bundlers[order.bundler]?.(order);

// `npm run size`: what a browser downloads, next to other clients bundled the same way.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { filesBelow, root } from '../../scripts/support.js';

/** Gzipped, in bytes. */
const limit = 141_200;
const limited = 'mcp-oauth-wasm/slim';

const peersFolder = join(root, 'tests', 'size');
/** @type {Record<string, string>} */
const versions = JSON.parse(readFileSync(join(peersFolder, 'package.json'), 'utf8')).dependencies;

const wasm = [join(root, 'pkg', 'npm', 'mcp_oauth_wasm_bg.wasm')];

/** @type {{ name: string, covers: string, source: string, folder?: string, files?: string[] }[]} */
const entries = [
  {
    name: limited,
    covers: 'all that a sign-in loads, its .wasm file too',
    source: `export * from "./js/slim.js"`,
    files: wasm,
  },
  {
    name: 'everything there is',
    covers: "also hosts, stores, grants, keys, the doctor, the MCP SDK's interfaces",
    source: filesBelow([join(root, 'js')])
      .filter((file) => /\.js$/.test(file) && !/(index(\.node)?|javascript)\.js$/.test(file))
      .map((file) => `export * from ${JSON.stringify(`./${relative(root, file).replaceAll('\\', '/')}`)}`)
      .join(';'),
    files: wasm,
  },
  {
    name: 'mcp-oauth-wasm',
    covers: 'all of it, the .wasm inlined',
    source: `export * from "./js/index.js"`,
  },
  {
    name: 'mcp-oauth-wasm/javascript',
    covers: 'the same without WebAssembly',
    source: `export * from "./js/javascript.js"`,
  },
  {
    name: '@modelcontextprotocol/client',
    covers: 'auth() and what it calls',
    source: `export { auth } from "@modelcontextprotocol/client"`,
    folder: peersFolder,
  },
  {
    name: '@modelcontextprotocol/sdk',
    covers: 'auth() and what it calls',
    source: `export { auth } from "@modelcontextprotocol/sdk/client/auth.js"`,
    folder: peersFolder,
  },
  {
    name: 'oauth4webapi',
    covers: 'requests and responses; no MCP rules, scopes, storage or retries',
    source: `export {
      resourceDiscoveryRequest, processResourceDiscoveryResponse, discoveryRequest, processDiscoveryResponse,
      dynamicClientRegistrationRequest, processDynamicClientRegistrationResponse,
      generateRandomCodeVerifier, generateRandomState, calculatePKCECodeChallenge, validateAuthResponse,
      authorizationCodeGrantRequest, processAuthorizationCodeResponse, refreshTokenGrantRequest, processRefreshTokenResponse,
      None, ClientSecretBasic, ClientSecretPost
    } from "oauth4webapi"`,
    folder: peersFolder,
  },
];

/** @param {(typeof entries)[number]} entry */
async function measure({ source, folder = root, files = [] }) {
  const bundle = await build({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Node's own modules are imported behind a check, never in a browser.
    external: ['node:*', 'react'],
    write: false,
    logLevel: 'error',
  });
  const downloads = [...bundle.outputFiles.map((file) => file.contents), ...files.map((file) => readFileSync(file))];
  const sum = (/** @type {(bytes: Uint8Array) => number} */ size) =>
    downloads.reduce((total, bytes) => total + size(bytes), 0);
  return {
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes).length),
  };
}

export async function main() {
  const measured = new Map();
  const line = (/** @type {string} */ name, /** @type {unknown[]} */ sizes, /** @type {string} */ covers) =>
    console.log(`${name.padEnd(36)}${sizes.map((size) => `${size}`.padStart(9)).join('')}  ${covers}`);
  line('\nbytes, bundled and minified', ['raw', 'gzip -9', 'brotli'], 'covers');
  for (const entry of entries) {
    const { raw, gzip, brotli } = await measure(entry);
    line([entry.name, versions[entry.name]].join(' '), [raw, gzip, brotli], entry.covers);
    measured.set(entry.name, gzip);
  }
  console.log();
  const size = measured.get(limited);
  const remedy = size > limit ? ' Run this on earlier commits to find what grew.' : '';
  console.log(`${limited}: ${size} bytes gzipped; the limit is ${limit}.${remedy}`);
  return size > limit ? 1 : 0;
}

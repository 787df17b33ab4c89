/** The files of the page, and those of the package that it imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { dataHeaders } from '../../js/hosts/proxy/inspector_proxy.js';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/** Nothing of elsewhere is loaded, nobody frames the page, and text becomes neither script nor style. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** @typedef {{ headers: Record<string, string>, content: Buffer }} Asset */

/**
 * What is served by path: a list, so that no path leads elsewhere.
 *
 * @returns {Map<string, Asset>}
 */
export function assets() {
  const files = ['inspector/page', 'js', 'pkg/npm']
    .flatMap((folder) => readdirSync(join(packageFolder, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && types[extname(entry.name)])
    .map((entry) => join(entry.parentPath, entry.name));
  const served = new Map(files.map((file) => [`/${relative(packageFolder, file).split(sep).join('/')}`, asset(file)]));
  for (const [path, file] of [
    ['/', 'index.html'],
    ['/callback', 'callback.html'],
    ['/favicon.ico', 'icon.svg'],
  ]) {
    const page = served.get(`/inspector/page/${file}`);
    if (page) served.set(String(path), page);
  }
  return served;
}

/** @param {string} file */
function asset(file) {
  return {
    headers: { ...dataHeaders, 'Content-Security-Policy': policy, 'Content-Type': String(types[extname(file)]) },
    content: readFileSync(file),
  };
}

// The command line, from command_line/ to bin/: one file, with the official MCP client in it and the library beside it.

import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, root, UserError } from './support.js';

export const bin = join(root, 'bin', 'mcp-oauth-wasm.js');
const notices = join(root, 'bin', 'THIRD_PARTY_NOTICES.txt');

export async function buildCommandLine() {
  progress('esbuild: the command line');
  const { build } = await import('esbuild');
  rmSync(join(root, 'bin'), { recursive: true, force: true });
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['command_line/main.js'],
    outfile: bin,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // The library is there once, with its WebAssembly module; the package finds itself by its own name.
    external: ['mcp-oauth-wasm', 'mcp-oauth-wasm/*', '../inspector/server.js'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(bin, outputFiles[0]?.contents ?? '');
  chmodSync(bin, 0o755);
  writeFileSync(notices, noticesOf(Object.keys(metafile.inputs)));
}

/**
 * The licenses of the packages whose files are in the bundle.
 *
 * @param {string[]} files below the project folder, with slashes
 */
function noticesOf(files) {
  const packages = new Set(files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
  const notices = [...packages].sort().map((path) => {
    const read = (/** @type {string} */ name) => readFileSync(join(root, path, name), 'utf8').trim();
    const { name, version, license } = JSON.parse(read('package.json'));
    const names = readdirSync(join(root, path)).sort();
    const texts = names.filter((file) => /^(licen[cs]e|notice)/i.test(file));
    if (texts.length === 0 && !names.includes('README.md')) throw new UserError(`${name} has no license file.`);
    return [`${name} ${version} (${license})`, ...texts.map(read)].join('\n\n');
  });
  return `${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

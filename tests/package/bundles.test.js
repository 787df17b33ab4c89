// What the entries are on Node: bundles, made of js/ when the package is made.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { filesBelow, mustRun } from '../../scripts/support.js';
import { installed } from './installed.js';

/** @type {import('./installed.js').Installed} */
let there;
before(async () => {
  there = await installed();
});
after(() => there.remove());

test('a program loads at most ten files before its first answer: each takes it a while', async () => {
  const { metafile } = await build({
    stdin: { contents: "import 'mcp-oauth-wasm';", resolveDir: there.folder },
    absWorkingDir: there.folder,
    bundle: true,
    splitting: true,
    outdir: 'unused',
    write: false,
    platform: 'node',
    format: 'esm',
    metafile: true,
  });
  const loaded = (/** @type {string} */ file, files = new Set()) => {
    if (files.has(file)) return files;
    files.add(file);
    const { imports = [] } = metafile.inputs[file] ?? {};
    for (const { path, kind, external } of imports) if (kind === 'import-statement' && !external) loaded(path, files);
    return files;
  };
  const files = loaded('<stdin>');
  files.delete('<stdin>');
  assert.ok(files.size > 1 && files.size <= 10, `${files.size}: ${[...files].join(' ')}`);
});

test('what several entries share is there once: errors are of one class, whichever entry they come from', async () => {
  const texts = filesBelow([join(there.packageFolder, 'dist')]).map((file) => readFileSync(file, 'utf8'));
  for (const name of ['MisuseError', 'TransportError', 'StorageError'])
    assert.equal(texts.filter((text) => text.includes(`name = "${name}"`)).length, 1, name);
  const program = `
    import { MisuseError } from 'mcp-oauth-wasm';
    import { electronHost } from 'mcp-oauth-wasm/electron';
    import { nodeHost } from 'mcp-oauth-wasm/node';
    const said = [nodeHost, electronHost].map((host) => {
      try {
        host({ privateNetworks: ['none'] });
      } catch (error) {
        return error instanceof MisuseError;
      }
    });
    console.log(JSON.stringify(said));`;
  const args = ['--input-type=module', '--eval', program];
  const said = JSON.parse(await mustRun(process.execPath, args, { cwd: there.folder, output: 'capture' }));
  assert.deepEqual(said, [true, true]);
});

test('a stack says by whose function an error was thrown', async () => {
  const program = `
    const { createAuthorizer } = await import('mcp-oauth-wasm');
    try {
      createAuthorizer({ host: {} });
    } catch (error) {
      console.log(error.stack);
    }`;
  const args = ['--input-type=module', '--eval', program];
  const stack = await mustRun(process.execPath, args, { cwd: there.folder, output: 'capture' });
  assert.match(stack, /^MisuseError: .*\n(.*\n)*\s+at createAuthorizer \(.*mcp-oauth-wasm\/dist\//m);
});

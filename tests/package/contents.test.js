// What is in the tarball. The list is data: `UPDATE=1 npm run test:package -- contents` writes it anew.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesBelow } from '../../scripts/support.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { installed } from './installed.js';
import { installPacked } from './packed.js';

const list = fileURLToPath(new URL('contents.txt', import.meta.url));

/** @type {import('./installed.js').Installed} */
let there;
before(async () => {
  there = await installed();
});
after(() => there.remove());

test('the tarball has the files of the list, and no other', () => {
  // What bundles share has names by its contents.
  const packed = filesBelow([there.packageFolder])
    .map((file) => relative(there.packageFolder, file).split(sep).join('/'))
    .map((file) => file.replace(/^(dist\/shared)\/[A-Z0-9]{8}\.js$/, '$1/*.js'))
    .filter((file, at, all) => all.indexOf(file) === at)
    .sort();
  if (process.env.UPDATE) writeFileSync(list, `${packed.join('\n')}\n`);
  const listed = listedFiles();
  assert.deepEqual(
    packed.filter((file) => !listed.includes(file)),
    [],
    'packed, and not in tests/package/contents.txt',
  );
  assert.deepEqual(
    listed.filter((file) => !packed.includes(file)),
    [],
    'in tests/package/contents.txt, and not packed',
  );
});

/** Types alone. */
const withoutModule = ['core/records', 'hosts/electron/electron_parts', 'stores/keyring_parts'];

test('every module has its types, and none is without its module', () => {
  const files = listedFiles();
  const modules = (/** @type {RegExp} */ pattern) => files.flatMap((file) => pattern.exec(file)?.[1] ?? []);
  assert.deepEqual(
    modules(/^types\/(.+)\.d\.ts$/).filter((name) => !withoutModule.includes(name)),
    modules(/^js\/(.+)\.js$/),
  );
});

test('every entry leads to a file that is there', () => {
  const files = listedFiles();
  const targets = Object.values(there.description.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  assert.deepEqual(
    targets.filter((target) => !files.includes(target.slice('./'.length))),
    [],
  );
});

test('every link of the README to a file leads there', () => {
  const readme = readFileSync(join(there.packageFolder, 'README.md'), 'utf8');
  const targets = [...readme.matchAll(/\]\((?!\w+:)([^)#\s]+)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 10);
  assert.deepEqual(
    targets.filter((target) => !existsSync(join(there.packageFolder, target))),
    [],
  );
});

test('installing it runs no script, and installs nothing else', () => {
  const { description, folder } = there;
  assert.deepEqual(description.dependencies ?? {}, {});
  assert.deepEqual(description.optionalDependencies ?? {}, {});
  const { peerDependencies = {}, peerDependenciesMeta: about = {} } = description;
  assert.deepEqual(
    Object.keys(peerDependencies).filter((name) => !about[name]?.optional),
    [],
  );
  const atInstallation = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];
  assert.deepEqual(
    Object.keys(description.scripts ?? {}).filter((name) => atInstallation.includes(name)),
    [],
  );
  const lock = JSON.parse(readFileSync(`${folder}/node_modules/.package-lock.json`, 'utf8'));
  assert.deepEqual(Object.keys(lock.packages), ['node_modules/mcp-oauth-wasm']);
});

for (const version of ['1.3.0', '2.1.2']) {
  test(`it installs beside @napi-rs/keyring ${version}`, async () => {
    const folder = await temporaryFolder();
    await installPacked(folder, { dependencies: { '@napi-rs/keyring': version } });
    const lock = JSON.parse(readFileSync(`${folder}/node_modules/.package-lock.json`, 'utf8'));
    assert.equal(lock.packages['node_modules/@napi-rs/keyring'].version, version);
    assert.ok(lock.packages['node_modules/mcp-oauth-wasm']);
  });
}

test('what registers the WebAssembly module, and what does its work when it is loaded, is named as a side effect, and nothing else is', () => {
  // Preload scripts export nothing.
  const registering = filesBelow([`${there.packageFolder}/js`, `${there.packageFolder}/dist`]).filter(
    // esbuild numbers functions of the same name.
    (file) => file.endsWith('.cjs') || /^provide\d*\(/m.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(
    registering.map((file) => `./${relative(there.packageFolder, file).split(sep).join('/')}`),
    there.description.sideEffects,
  );
});

function listedFiles() {
  return readFileSync(list, 'utf8').trim().split(/\r?\n/);
}

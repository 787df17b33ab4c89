// A file imports only from files above it: src/lib.rs lists the Rust modules in that order,
// this list the JavaScript ones.
const javascriptOrder = [
  'records.d.ts',
  'errors.js',
  'fit_to_show.js',
  'explain.js',
  'until_aborted.js',
  'wasm.js',
  'grants/grant.js',
  'host.js',
  'dpop_fetch.js',
  'json_web_signature.js',
  'id_token.js',
  'trace.js',
  'revocation.js',
  'grants/obtained.js',
  'functions.js',
  'steps.js',
  'stored.js',
  'effects.js',
  'connection.js',
  'authorizer.js',
  'store/keyed_lock.js',
  'store/memory_store.js',
  'slim.js',
  'index.js',
  'web.js',
  'store/limited_wait.js',
  'store/lock_file.js',
  'store/file_store.js',
  'store/sealed_store.js',
  'redirect.js',
  'pasted_redirect.js',
  'node/default_store_path.js',
  'node/callback_page.js',
  'node/open_browser.js',
  'node/path_of_issuer.js',
  'node/loopback_redirect.js',
  'node/explaining_fetch.js',
  'node/guarded_fetch.js',
  'node.js',
  'browser/explaining_fetch.js',
  'browser/redirect_uri.js',
  'browser/callback_channel.js',
  'browser/popup_redirect.js',
  'browser/page_redirect.js',
  'store/indexed_db_store.js',
  'browser.js',
  'browser_callback.js',
  'electron/electron_parts.d.ts',
  'electron/modules.js',
  'electron/network_fetch.js',
  'electron/open_external.js',
  'electron/scheme_redirect.js',
  'electron/safe_storage_store.js',
  'electron/bridge_messages.js',
  'electron/bridge.js',
  'electron.js',
  'electron_renderer.js',
  'dpop.js',
  'grants/client_credentials.js',
  'grants/jwt_bearer.js',
  'grants/enterprise_managed.js',
  'grants/device_authorization.js',
  'grants/private_key_assertion.js',
  'grants.js',
  'doctor/finding.js',
  'doctor/judge.js',
  'doctor/evidence.js',
  'doctor/recorder.js',
  'doctor/gather.js',
  'doctor/registration_policies.js',
  'doctor/rules/call.js',
  'doctor/rules/protected_resource.js',
  'doctor/rules/documents.js',
  'doctor/rules/authorization_server.js',
  'doctor/rules/scopes.js',
  'doctor/rules/registration.js',
  'doctor/rules/web_pages.js',
  'doctor/examine.js',
  'doctor/rules/probe.js',
  'doctor/probe.js',
  'doctor.js',
  'inspector/words.js',
  'inspector/sequence.js',
  'inspector/scope_matrix.js',
  'inspector/failure.js',
  'inspector/report.js',
  'inspector.js',
  'client_metadata.js',
  'import_session.js',
  'mcp_sdk.js',
  'store/redis_store.js',
  'redis.js',
  'store/keyring_parts.d.ts',
  'store/keyring_store.js',
  'keyring.js',
  'host_test/contract.js',
  'host_test/store_contract.js',
  'host_test/server.js',
  'host_test/fetch_contract.js',
  'host_test/redirect_contract.js',
  'host_test.js',
  'host_test_server.js',
];

const lineLimit = 600;
const stricterLineLimits = { 'src/scope_plan.rs': 515 };

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, extname, join, posix, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesBelow } from '../scripts/support.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} path below the project folder, with slashes */
function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

/**
 * @param {string[]} folders
 * @returns {string[]} paths below the project folder, with slashes
 */
function sourceFiles(folders) {
  return filesBelow(folders.map((folder) => join(root, folder)))
    .map((file) => relative(root, file).replaceAll(sep, '/'))
    .filter((file) => ['.rs', '.js', '.ts'].includes(extname(file)));
}

/**
 * @param {string} source
 * @param {number} index
 */
function lineOf(source, index) {
  return source.slice(0, index).split('\n').length;
}

/**
 * The modules that a Rust file names after `crate::`, or after `super::` where that is the crate:
 * an indented `super` belongs to a module inside the file.
 *
 * @param {string} source
 * @returns {{ module: string, line: number }[]}
 */
function rustImports(source) {
  const code = source.replace(/\/\/.*/g, (comment) => ' '.repeat(comment.length));
  const imports = [];
  for (const match of code.matchAll(/\bcrate::|^(?:pub(?:\([^)]*\))? )?use super::/gm)) {
    const start = match.index + match[0].length;
    for (const { name, index } of firstNames(code, start)) imports.push({ module: name, line: lineOf(code, index) });
  }
  return imports;
}

/**
 * The name at an index, or the first names of each path in the braces that open there.
 *
 * @param {string} code
 * @param {number} start
 */
function firstNames(code, start) {
  const single = /^\w+/.exec(code.slice(start));
  if (single) return [{ name: single[0], index: start }];
  assert.equal(
    code[start],
    '{',
    `cannot read the import at line ${lineOf(code, start)}: ${code.slice(start, start + 40)}`,
  );
  const names = [];
  let depth = 0;
  for (const token of code.slice(start).matchAll(/[{}]|(?<=[{,]\s*)\w+/g)) {
    if (token[0] === '{') depth += 1;
    else if (token[0] === '}') depth -= 1;
    else if (depth === 1) names.push({ name: token[0], index: start + token.index });
    if (depth === 0) break;
  }
  return names;
}

/**
 * The relative imports of a JavaScript file, those of JSDoc types included.
 *
 * @param {string} source
 */
function javascriptImports(source) {
  return [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g)].map((match) => ({
    specifier: /** @type {string} */ (match[1]),
    line: lineOf(source, match.index),
  }));
}

/**
 * @param {string[]} order
 * @param {string} from
 * @param {string} to
 * @param {string} place
 */
function complaint(order, from, to, place) {
  if (!order.includes(to)) return [`${place} imports ${to}, which is not in the order`];
  return order.indexOf(to) < order.indexOf(from) ? [] : [`${place} imports ${to}, which is not above ${from}`];
}

test('a Rust file imports only from modules listed above it in src/lib.rs', () => {
  const order = [...read('src/lib.rs').matchAll(/^(?:pub(?:\([^)]*\))? )?mod (\w+);/gm)].map((match) =>
    String(match[1]),
  );
  const files = sourceFiles(['src']).filter((file) => file !== 'src/lib.rs');
  assert.deepEqual(files.map((file) => file.slice('src/'.length, -'.rs'.length)).sort(), [...order].sort());
  // An exported macro is imported from the crate's root, wherever it is declared.
  const macros = new Map(
    order.flatMap((module) =>
      [...read(`src/${module}.rs`).matchAll(/#\[macro_export\]\s*macro_rules! (\w+)/g)].map((match) => [
        String(match[1]),
        module,
      ]),
    ),
  );
  const complaints = order.flatMap((module) =>
    rustImports(read(`src/${module}.rs`)).flatMap(({ module: name, line }) => {
      const imported = macros.get(name) ?? name;
      return imported === module ? [] : complaint(order, module, imported, `src/${module}.rs:${line}`);
    }),
  );
  assert.deepEqual(complaints, []);
});

test('a JavaScript file imports only from files listed above it', () => {
  const files = sourceFiles(['js']).map((file) => file.slice('js/'.length));
  assert.deepEqual(files.sort(), [...javascriptOrder].sort());
  const complaints = javascriptOrder.flatMap((file) =>
    javascriptImports(read(`js/${file}`)).flatMap(({ specifier, line }) => {
      const imported = posix.join(posix.dirname(file), specifier);
      // Types of a declaration file are imported by the name of the script that it would describe.
      const target = javascriptOrder.includes(imported) ? imported : imported.replace(/\.js$/, '.d.ts');
      return target.startsWith('../pkg/') ? [] : complaint(javascriptOrder, file, target, `js/${file}:${line}`);
    }),
  );
  assert.deepEqual(complaints, []);
});

test('no source file is longer than its limit', () => {
  const generated = ['js/records.d.ts'];
  const files = sourceFiles(['src', 'js', 'inspector', 'command_line', 'scripts', 'tests', 'tools', 'demo']).filter(
    (file) => !generated.includes(file),
  );
  const tooLong = files.flatMap((file) => {
    const limit = new Map(Object.entries(stricterLineLimits)).get(file) ?? lineLimit;
    const lines = read(file).split('\n').length - 1;
    return lines > limit ? [`${file} has ${lines} lines, more than ${limit}`] : [];
  });
  assert.deepEqual(tooLong, []);
});

test('the readers of imports find what they look for', () => {
  const rust = [
    'use crate::error::Refused;',
    'pub(crate) use super::pkce;',
    'use crate::{',
    '    scope::{self, Set}, challenge::Challenge,',
    '    token,',
    '};',
    'fn f() -> crate::url::Url {} // crate::comment',
    'mod tests {',
    '    use super::inner;',
    '}',
  ].join('\n');
  assert.deepEqual(rustImports(rust), [
    { module: 'error', line: 1 },
    { module: 'pkce', line: 2 },
    { module: 'scope', line: 4 },
    { module: 'challenge', line: 4 },
    { module: 'token', line: 5 },
    { module: 'url', line: 7 },
  ]);
  const javascript = [
    'import "./one.js";',
    'export { a } from "./two.js";',
    'const b = await import("./three.js");',
    '/** @type {import("./four.js").Four} */',
    'import assert from "node:assert";',
  ].join('\n');
  assert.deepEqual(javascriptImports(javascript), [
    { specifier: './one.js', line: 1 },
    { specifier: './two.js', line: 2 },
    { specifier: './three.js', line: 3 },
    { specifier: './four.js', line: 4 },
  ]);
  assert.deepEqual(complaint(['a', 'b'], 'b', 'a', 'b:1'), []);
  assert.deepEqual(complaint(['a', 'b'], 'a', 'b', 'a:1'), ['a:1 imports b, which is not above a']);
  assert.deepEqual(complaint(['a', 'b'], 'a', 'c', 'a:1'), ['a:1 imports c, which is not in the order']);
});

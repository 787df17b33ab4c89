// A file uses its own folder and the folders before it; that is the whole rule.
const rustFolders = ['data', 'protocol', 'flow', 'connection', 'web'];
const javascriptFolders = [
  'core',
  'extensions',
  'connection',
  'stores',
  'hosts',
  'adapters',
  'testing',
  'doctor',
  'inspector',
  // The public entries, one small file each.
  '',
];

const lineLimit = 600;
const ownLineLimits = {
  'js/connection/connection.js': 615,
  'src/protocol/scope_plan.rs': 560,
  'tests/random_servers/world.rs': 1100,
};

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
 * @param {string} from the folder of the file that imports
 * @param {string} to the folder of what it imports
 * @param {string} place
 */
function complaint(order, from, to, place) {
  if (!order.includes(to)) return [`${place} imports from ${to}, which is none of the folders`];
  return order.indexOf(to) <= order.indexOf(from) ? [] : [`${place} imports from ${to}, which is not before ${from}`];
}

test('a Rust file imports only from its own folder and those before it', () => {
  // An exported macro is imported from the crate's root, wherever it is declared.
  const macros = ['record', 'string_enum', 'tagged'];
  const files = sourceFiles(['src']).filter((file) => file !== 'src/lib.rs');
  const complaints = files.flatMap((file) => {
    const folder = String(file.split('/')[1]);
    const imported = rustImports(read(file)).filter(({ module }) => !macros.includes(module));
    const ofCrate = imported.filter(({ module }) => rustFolders.includes(module) || !folder);
    return ofCrate.flatMap(({ module, line }) => complaint(rustFolders, folder, module, `${file}:${line}`));
  });
  assert.deepEqual(complaints, []);
});

test('a JavaScript file imports only from its own folder and those before it', () => {
  const folderOf = (/** @type {string} */ file) => (file.includes('/') ? String(file.split('/')[0]) : '');
  const files = sourceFiles(['js']).map((file) => file.slice('js/'.length));
  const complaints = files.flatMap((file) =>
    javascriptImports(read(`js/${file}`)).flatMap(({ specifier, line }) => {
      const target = posix.join(posix.dirname(file), specifier);
      return target.startsWith('../pkg/npm/')
        ? []
        : complaint(javascriptFolders, folderOf(file), folderOf(target), `js/${file}:${line}`);
    }),
  );
  assert.deepEqual(complaints, []);
});

test('no source file is longer than its limit', () => {
  const generated = ['js/core/records.d.ts'];
  const files = sourceFiles(['src', 'js', 'inspector', 'command_line', 'scripts', 'tests', 'tools', 'demo']).filter(
    (file) => !generated.includes(file),
  );
  const tooLong = files.flatMap((file) => {
    const limit = new Map(Object.entries(ownLineLimits)).get(file) ?? lineLimit;
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
  assert.deepEqual(complaint(['a', 'b'], 'a', 'b', 'a:1'), ['a:1 imports from b, which is not before a']);
  assert.deepEqual(complaint(['a', 'b'], 'a', 'c', 'a:1'), ['a:1 imports from c, which is none of the folders']);
});

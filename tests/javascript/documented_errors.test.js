// What functions say of their errors, by `@throws {RefusedError} \`token_refused\``, is held against docs/errors.md and
// against the errors that the vectors show.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, root), 'utf8').replaceAll('\r\n', '\n');

/** The kind of each code, as docs/errors.md has it. */
const kinds = new Map(
  [...read('docs/errors.md').matchAll(/^\| (`.+?`) \| (\w+) \|/gm)].flatMap(([, codes = '', kind = '']) =>
    codesIn(codes).map((code) => [code, kind]),
  ),
);

/** @param {string} text */
function codesIn(text) {
  return [...text.matchAll(/`([a-z0-9]+(?:_[a-z0-9]+)+|aborted)`/g)].map(([, code = '']) => code);
}

/**
 * The codes that the exported functions of a file say they fail with, and with which class.
 *
 * @param {string} file
 */
function documentedErrors(file) {
  return [...read(file).matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/\nexport (?:async )?function (\w+)/g)].flatMap(
    ([, comment = '', name = '']) =>
      comment.split(/^ \* @/m).flatMap((tag) => {
        const [, errorClass, text = ''] = /^throws \{(\w+)Error\} (.*)$/s.exec(tag) ?? [];
        return errorClass ? codesIn(text).map((code) => ({ name, code, kind: errorClass.toLowerCase() })) : [];
      }),
  );
}

const files = [
  'js/connection/authorizer.js',
  'js/connection/functions.js',
  'js/connection/steps.js',
  'js/core/wasm.js',
  'js/hosts/node/loopback_redirect.js',
  'js/hosts/node/open_browser.js',
];
const documented = files.flatMap(documentedErrors);

test('a code is named with its own class', () => {
  assert.deepEqual(
    documented.filter(({ code, kind }) => kinds.get(code) !== kind),
    [],
  );
});

test('every error that a vector shows is among those of its function', () => {
  const shown = readdirSync(new URL('tests/vectors/', root))
    .filter((file) => file.endsWith('.json'))
    .flatMap(
      (file) =>
        /** @type {{ call: string, refuse?: { code?: string } }[]} */ (
          JSON.parse(read(`tests/vectors/${file}`)).vectors
        ),
    )
    .flatMap(({ call, refuse }) => (refuse?.code ? [`${call}: ${refuse.code}`] : []));
  const said = new Set(documented.map(({ name, code }) => `${name}: ${code}`));
  assert.ok(said.size > 50 && shown.length > 400, `${said.size} codes are said, ${shown.length} are shown`);
  assert.deepEqual(
    [...new Set(shown)].filter((one) => !said.has(one)),
    [],
  );
});

// Each patch in tests/weakened removes one check. `npm run test:weakened` applies them all, which takes its time; that they
// can be applied is known at once.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const patches = new URL('weakened/', import.meta.url);
const root = new URL('../', import.meta.url);

/** @param {URL} url */
const read = (url) => readFileSync(url, 'utf8').replaceAll('\r\n', '\n');

/**
 * What a patch wants to be there, hunk by hunk.
 *
 * @param {string} patch
 */
function expected(patch) {
  return patch
    .split(/^diff .*\n/m)
    .slice(1)
    .flatMap((change) => {
      const path = String(/^--- a\/(.+)$/m.exec(change)?.[1]);
      return change
        .split(/^@@.*\n/m)
        .slice(1)
        .map((hunk) => {
          const lines = hunk.split('\n').filter((line) => line.startsWith(' ') || line.startsWith('-'));
          return { path, text: lines.map((line) => line.slice(1)).join('\n') };
        });
    });
}

for (const name of readdirSync(patches).filter((name) => name.endsWith('.patch'))) {
  test(`${name} still finds the check that it removes`, () => {
    const hunks = expected(read(new URL(name, patches)));
    assert.ok(hunks.length > 0);
    for (const { path, text } of hunks) {
      assert.ok(
        read(new URL(path, root)).includes(text),
        `${path} has changed. Make the patch anew, as small as it was:\n${text}`,
      );
    }
  });
}

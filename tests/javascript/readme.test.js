import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startWorld } from './world.js';

const root = new URL('../../', import.meta.url);

test('the example of the README has at most twelve lines, and signs in', async () => {
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const example = /^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
  assert.ok(example.split('\n').length - 1 <= 12, 'it has more than twelve lines');

  const world = await startWorld();
  try {
    const program = replaceOnce(
      replaceOnce(example, 'https://mcp.example.com/mcp', world.server),
      'nodeHost()',
      'nodeHost(globalThis.person)',
    );
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', './tests/javascript/readme_person.js', '--input-type=module', '--eval', program],
      { cwd: fileURLToPath(root), timeout: 60_000 },
    );
    assert.equal(stderr, '');
    assert.match(stdout, /alice@example\.com/);
  } finally {
    await world.close();
  }
});

/**
 * @param {string} text
 * @param {string} what
 * @param {string} replacement
 */
function replaceOnce(text, what, replacement) {
  const parts = text.split(what);
  assert.equal(parts.length, 2, `the example should have ${what} once`);
  return parts.join(replacement);
}

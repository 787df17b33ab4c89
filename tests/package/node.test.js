// The packed package on every Node that it is for, in both of Node's module systems.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mustRun } from '../../scripts/support.js';
import { startWorld } from '../javascript/world.js';
import { ensureNode, supportedNodes } from '../node/nodes.js';
import { createUserAgent } from '../servers/user_agent.js';
import { installed } from './installed.js';

/** @type {import('./installed.js').Installed} */
let there;
/** @type {import('../javascript/world.js').World} */
let world;
before(async () => {
  there = await installed();
  cpSync(fileURLToPath(new URL('programs', import.meta.url)), there.folder, { recursive: true });
  world = await startWorld();
});
after(async () => {
  await world.close();
  there.remove();
});

for (const version of supportedNodes) {
  describe(`Node ${version}`, () => {
    test('imports and requires every entry, which export the same both ways and instantiate nothing', async () => {
      const node = await ensureNode(version, 'This test');
      const said = JSON.parse(
        await mustRun(node, ['--no-warnings', 'entries.mjs'], { cwd: there.folder, output: 'capture' }),
      );
      const code = Object.values(there.description.exports).filter((entry) => typeof entry !== 'string');
      // But that for React.
      assert.equal(said.entries.length, code.length - 1);
      for (const { specifier, imported, required } of said.entries) {
        assert.ok(imported.length > 0, `${specifier} exports nothing`);
        assert.deepEqual(required, imported, specifier);
      }
      assert.equal(said.instantiated, 0);
      assert.equal(said.wasm, join(there.packageFolder, 'pkg', 'npm', 'mcp_oauth_wasm_bg.wasm'));
    });

    for (const program of ['sign_in.mjs', 'sign_in.cjs']) {
      test(`signs in, refreshes and signs out: ${program}`, async () => {
        const said = await signIn(await ensureNode(version, 'This test'), program);
        assert.equal(Number(said.node.split('.')[0]), version);
        assert.match(said.answer, /alice@example\.com/);
        assert.equal(said.again, said.answer);
      });
    }
  });
}

/**
 * Runs the program, with a person at the browser that it opens.
 *
 * @param {string} node
 * @param {string} program
 * @returns {Promise<{ answer: string, again: string, node: string }>}
 */
async function signIn(node, program) {
  const child = spawn(node, [program, world.server], { cwd: there.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const person = createUserAgent();
  let said;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { open, ...others } = JSON.parse(line);
      if (open) await person.browse(open);
      else said = others;
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  const [status] = await ended;
  assert.equal(status, 0, `${program} ended with status ${status}`);
  return /** @type {any} */ (said);
}

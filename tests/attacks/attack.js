/** An attack is a test that plays the attacker's part, and a check that keeps it from succeeding. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';

/** @import { TestContext } from 'node:test' */

const weakened = new URL('../weakened/', import.meta.url);

/** Ends an attack that succeeds in keeping us busy. Those that fail take a hundredth of it. */
const timeout = 20_000;

/** What must notice that a check was removed, as the patches in tests/weakened say. */
const noticing = readdirSync(weakened)
  .filter((name) => name.endsWith('.patch'))
  .flatMap((name) => [
    ...readFileSync(new URL(name, weakened), 'utf8').matchAll(/^Test: javascript tests\/attacks\/(\S+) (.+)$/gm),
  ])
  .map(([, file = '', pattern = '']) => ({ file, pattern }));

/**
 * Registers the attacks of one file. Each must fail, and a patch in tests/weakened must remove the one check without
 * which it succeeds.
 *
 * @param {string} path `import.meta.filename`
 * @returns {(name: string, play: (context: TestContext) => Promise<void>) => void}
 */
export function attacksIn(path) {
  const named = noticing.filter(({ file }) => file === basename(path));
  return (name, play) => {
    test(name, { timeout }, async (context) => {
      await play(context);
      const isShown = named.some(({ pattern }) => new RegExp(pattern).test(name));
      assert.ok(isShown, 'no patch in tests/weakened removes the check that this attack meets');
    });
  };
}

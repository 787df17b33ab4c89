// No test outlives its failure: what runs the tests ends them, with everything that they started.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath, platform } from 'node:process';
import { describe, test } from 'node:test';
import { countTests, nodeTestArguments, run } from '../scripts/support.js';
import { temporaryFolder } from './javascript/temporary_folder.js';

const folder = await temporaryFolder();
const posixOnly = { skip: platform === 'win32' && 'Windows has no process groups' };

describe('a command with a limit', () => {
  for (const [name, script, timedOut] of /** @type {const} */ ([
    ['that does not end is ended, and what it started', 'sleep 100000 & wait', true],
    ['is ended even if it does not want to', "trap '' TERM; sleep 100000", true],
    ['that ends leaves nothing behind', 'sleep 100000 &', false],
  ])) {
    test(name, posixOnly, async () => {
      // It holds the pipe to which this listens: `run` comes to an end only when `sleep` has.
      const ended = await run('sh', ['-c', script], {
        output: 'capture',
        limitMilliseconds: timedOut ? 2_000 : 600_000,
      });
      assert.equal(ended.timedOut, timedOut);
      assert.equal(ended.status === 0, !timedOut);
    });
  }
});

describe('a file of tests', () => {
  const begin = "import { test } from 'node:test'; import { createServer } from 'node:http';\n";
  const serve =
    "await new Promise((resolve) => createServer().listen(0, resolve)); throw new Error('no such program');";

  /** @param {string} source */
  async function runFile(source) {
    const file = join(folder, 'file.test.mjs');
    await writeFile(file, begin + source);
    const variables = { NODE_TEST_CONTEXT: undefined };
    const { status, output } = await run(execPath, nodeTestArguments([file]), {
      output: 'capture',
      env: variables,
      limitMilliseconds: 600_000,
    });
    return { status, ...countTests(output) };
  }

  test('whose set-up fails after a server was started ends, and has failed', async () => {
    for (const source of [serve, `test('one', async () => { ${serve} });`]) {
      assert.deepEqual(await runFile(source), { status: 1, passed: 0, failed: 1, skipped: 0 });
    }
  });

  test('that leaves a server running ends, and has passed', async () => {
    assert.deepEqual(await runFile("test('one', () => void createServer().listen(0));"), {
      status: 0,
      passed: 1,
      failed: 0,
      skipped: 0,
    });
  });
});

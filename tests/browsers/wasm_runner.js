// What Cargo starts for each test program that is to run in a browser: `wasm_runner.js chromium program.wasm …`. The
// runner of wasm-bindgen serves the page with the tests, and the browser is driven as in all other tests: no WebDriver is needed.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { createInterface } from 'node:readline';
import { toolPath } from '../../scripts/setup.js';
import { runProgram, targetFolder } from '../../scripts/support.js';
import { startBrowser } from './browser.js';

/** For all tests of a program. They take a hundredth of it on a machine that does nothing else. */
const timeout = 120_000;

await runProgram(async () => {
  const [name = '', ...args] = argv.slice(2);
  mkdirSync(targetFolder, { recursive: true });
  // The runner does not come to removing its files: it is ended while it serves them.
  const folder = mkdtempSync(join(targetFolder, 'wasm-in-browser-'));
  const runner = spawn(toolPath('wasm-bindgen-test-runner'), args, {
    env: { ...env, TMPDIR: folder, TMP: folder, NO_HEADLESS: '1', WASM_BINDGEN_TEST_ADDRESS: '127.0.0.1:0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => runner.once('close', (code) => resolve(code ?? 1)));
  try {
    for await (const line of createInterface({ input: runner.stdout })) {
      const [, address] = /tests are now available at (http:\S+)/.exec(line) ?? [];
      if (address) return await runPage(name === 'firefox' ? 'firefox' : 'chromium', address);
      console.log(line);
    }
    // A program without tests, say: the runner has told.
    return Number(await ended);
  } finally {
    runner.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * @param {"chromium" | "firefox"} name
 * @param {string} address
 * @returns {Promise<number>} the exit status
 */
async function runPage(name, address) {
  const browser = await startBrowser(name);
  try {
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(address);
    const isOver = await page
      .waitForFunction(() => /^test result: /m.test(document.getElementById('output')?.textContent ?? ''), { timeout })
      .then(
        () => true,
        () => false,
      );
    const output = await page.$eval('#output', (element) => element.textContent);
    console.log(output);
    if (isOver) return /^test result: ok/m.test(output) ? 0 : 1;
    console.error([`The tests did not end in ${timeout / 1000} seconds in ${name}.`, ...errors].join('\n'));
    return 1;
  } finally {
    await browser.close();
  }
}

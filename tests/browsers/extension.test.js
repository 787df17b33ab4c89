// The extension example in Chromium, as people load it: unpacked, built by esbuild from the packed package.

import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nextWindow, patience, signInAt } from './person.js';
import { folder, startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const extension = join(folder, 'extension');

describe('the extension example in chromium', () => {
  /** @type {Stage} */
  let stage;
  let origin = '';
  before(async () => {
    await cp(join(examples, 'extension'), extension, { recursive: true });
    await cp(join(examples, 'browser', 'mcp.js'), join(folder, 'browser', 'mcp.js'));
    await build({
      entryPoints: [join(extension, 'service_worker.js')],
      bundle: true,
      format: 'esm',
      outdir: join(extension, 'dist'),
      logLevel: 'error',
    });
    stage = await startStage('chromium', { extensions: [extension] });
    const worker = await stage.browser.waitForTarget((target) => target.type() === 'service_worker', patience);
    origin = `chrome-extension://${new URL(worker.url()).host}`;
  });
  after(() => stage?.close());

  /** @param {Page} page @param {string} text */
  async function says(page, text) {
    const isSaid = (/** @type {string} */ text) => document.querySelector('[role=status]')?.textContent?.includes(text);
    await page.waitForFunction(isSaid, patience, text).catch(async (cause) => {
      throw new Error(`it says "${await page.$eval('[role=status]', ({ textContent }) => textContent)}"`, { cause });
    });
  }

  /** @param {Page} page */
  const connects = async (page) => (await Promise.all([nextWindow(stage.browser), page.click('#connect')]))[0];

  test('[accepts interop 50] a window that the person closes ends the sign-in; the next press signs in, calls, and signs out', async () => {
    const page = await stage.open('/popup.html', { origin, context: stage.browser.defaultBrowserContext() });
    await page.type('#server', stage.world.server);
    const closed = await connects(page);
    await closed.waitForSelector('input[name=login]', patience);
    await closed.close();
    await says(page, 'callback_aborted');
    await signInAt(await connects(page));
    await says(page, 'whoami');
    await page.click('#signOut');
    await says(page, 'Signed out.');
  });
});

// The browser example, as people use it: the packed package in an empty folder, real browsers, real servers.

import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installPacked } from '../../scripts/packed.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { browserNames, startBrowser } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startSite } from './site.js';

/** @import { Browser, Page } from 'puppeteer-core' */

const example = fileURLToPath(new URL('../../examples/browser', import.meta.url));
const folder = await temporaryFolder();
await installPacked(folder);
await cp(example, folder, { recursive: true, filter: (path) => !/node_modules|package\.json$/.test(path) });

for (const name of browserNames) {
  describe(`the browser example in ${name}`, () => {
    /** @type {Awaited<ReturnType<typeof startWorld>>} */
    let world;
    /** @type {Awaited<ReturnType<typeof startSite>>} */
    let site;
    /** @type {Browser} */
    let browser;

    before(async () => {
      [world, site, browser] = await Promise.all([startWorld(), startSite(folder), startBrowser(name)]);
    });
    after(() => Promise.all([browser?.close(), site?.close(), world?.close()]));
    afterEach(() => {
      site.headers = {};
      site.headersOf = {};
    });

    /** Opens the example, as somebody who was never here. */
    async function open() {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.on('console', (message) => process.env.DEBUG && console.log(message.text()));
      page.on('pageerror', (error) => process.env.DEBUG && console.log(error));
      await page.goto(`${site.origin}/index.html`);
      await page.waitForSelector('#connect:not([disabled])', patience);
      await page.type('#server', world.server);
      return page;
    }

    /** @param {Page} page @param {string} text */
    const says = (page, text) => page.waitForFunction((text) => document.querySelector('#status')?.textContent?.includes(text), patience, text);

    test('signs in in a window, shows the plan and calls a tool', async () => {
      const page = await open();
      const [popup] = await Promise.all([nextWindow(browser), page.click('#connect')]);
      await signInAt(popup);
      await says(page, 'Connected');
      await page.click('#call');
      await says(page, 'Done');
      assert.match(await page.$eval('#result', ({ textContent }) => String(textContent)), /alice@example\.com/);

    });
  });
}

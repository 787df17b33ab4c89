/**
 * What tests in browsers need: the packed package in an empty folder with the browser example and the pages of these tests,
 * on a site; real servers; and a browser.
 */

import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { installPacked } from '../package/packed.js';
import { startBrowser } from './browser.js';
import { patience } from './person.js';
import { startSite } from './site.js';

/** @import { BrowserContext, Page } from 'puppeteer-core' */
/** @import { browserNames, BrowserOptions } from './browser.js' */

/** Where the package is installed, and the example lies beside it. */
export const folder = await temporaryFolder();
await installPacked(folder);
await cp(fileURLToPath(new URL('../../examples/browser', import.meta.url)), folder, {
  recursive: true,
  filter: (path) => !/node_modules|package\.json$/.test(path),
});

/** Pages of these tests alone, such as one that has everything in `lab`. */
const pages = fileURLToPath(new URL('pages', import.meta.url));

/**
 * @param {typeof browserNames[number]} name
 * @param {{ world?: Parameters<typeof startWorld>[0] } & BrowserOptions} [options]
 */
export async function startStage(name, { world: worldOptions, ...browserOptions } = {}) {
  const [world, site, browser] = await Promise.all([
    startWorld(worldOptions),
    startSite(folder, pages),
    startBrowser(name, browserOptions),
  ]);
  return {
    world,
    site,
    browser,
    /** A profile of somebody who was never here. */
    stranger: () => browser.createBrowserContext(),
    /**
     * Opens a page of the site.
     *
     * @param {string} path
     * @param {{ context?: BrowserContext, origin?: string, onText?: (text: string) => void }} [options] default: a
     *   stranger's, and the site's. `onText` is called with what the page logs: to look into a page counts as a click in it
     * @returns {Promise<Page>}
     */
    async open(path, { context, origin = site.origin, onText } = {}) {
      const page = await (context ?? (await browser.createBrowserContext())).newPage();
      if (onText) page.on('console', (message) => onText(message.text()));
      if (process.env.DEBUG_BROWSERS) {
        page.on('console', (message) => console.error(message.text()));
        page.on('pageerror', (error) => console.error(error));
      }
      await page.goto(`${origin}${path}`);
      return page;
    },
    /**
     * Opens a page of the site that has everything in `lab`.
     *
     * @param {{ context?: BrowserContext, origin?: string }} [options]
     */
    async openLab(options) {
      const page = await this.open('/lab.html', options);
      await page.waitForFunction(() => 'lab' in globalThis, patience);
      return page;
    },
    /** The headers of the site as they were. */
    reset() {
      site.headers = {};
      site.headersOf = {};
    },
    async close() {
      await browser.close();
      await Promise.all([site.close(), world.close()]);
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startStage>>} Stage */

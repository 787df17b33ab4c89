/** Real browsers, without a window, with a new profile each. */

import { launch } from 'puppeteer-core';
import { findChrome, findFirefox } from '../../scripts/browser.js';

/** @import { Browser } from 'puppeteer-core' */

/** The browsers that pages are tested in. */
export const browserNames = /** @type {const} */ (['chromium', 'firefox']);

/**
 * Starts a browser. Whoever starts it closes it.
 *
 * @param {typeof browserNames[number]} name
 * @param {{ args?: string[] }} [options] `args`: further switches of Chromium
 * @returns {Promise<Browser>}
 */
export function startBrowser(name, { args = [] } = {}) {
  if (name === 'firefox') return launch({ browser: 'firefox', executablePath: findFirefox(), headless: true });
  const switches = [
    // Containers have no user namespaces for its sandbox; every page that it gets to see here is ours.
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ];
  return launch({ browser: 'chrome', executablePath: findChrome(), headless: true, args: [...switches, ...args] });
}

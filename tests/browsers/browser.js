/** Real browsers, without a window, with a new profile each. */

import { launch } from 'puppeteer-core';
import { findChrome, findFirefox } from '../../scripts/browser.js';

/**
 * @typedef {import('puppeteer-core').Browser} Browser
 * @typedef {import('puppeteer-core').Page} Page
 */

/** The browsers that pages are tested in. */
export const browserNames = /** @type {const} */ (['chromium', 'firefox']);

/** Names that lead to this machine: of a page that is not secure, and of a second site. */
export const hosts = { insecure: 'insecure.test' };

/**
 * What a browser is to be like.
 *
 * @typedef {object} BrowserOptions
 * @property {string[]} [args] further switches of Chromium
 * @property {string[]} [extensions] folders of those that Chromium loads
 * @property {'light' | 'dark'} [scheme] of colours that the person prefers. Default: light
 * @property {boolean} [blocksPopups] whether windows open after a click only, as for people. Default: true
 */

/**
 * Starts a browser. Whoever starts it closes it.
 *
 * @param {typeof browserNames[number]} name
 * @param {BrowserOptions} [options]
 * @returns {Promise<Browser>}
 */
export function startBrowser(name, { args = [], extensions = [], scheme = 'light', blocksPopups = true } = {}) {
  if (name === 'firefox') {
    const preferences = {
      'dom.disable_open_during_load': blocksPopups,
      'network.dns.localDomains': Object.values(hosts).join(','),
      'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1,
    };
    return launch({
      browser: 'firefox',
      executablePath: findFirefox(),
      headless: true,
      extraPrefsFirefox: preferences,
    });
  }
  const switches = [
    // Containers have no user namespaces for its sandbox; every page that it gets to see here is ours.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`,
    `--host-resolver-rules=${Object.values(hosts)
      .map((host) => `MAP ${host} 127.0.0.1`)
      .join(',')}`,
  ];
  const ignoreDefaultArgs = blocksPopups ? ['--disable-popup-blocking'] : [];
  return launch({
    browser: 'chrome',
    executablePath: findChrome(),
    headless: true,
    args: [...switches, ...args],
    ignoreDefaultArgs,
    // Chrome takes extensions by no other way.
    pipe: extensions.length > 0,
    enableExtensions: extensions.length > 0 && extensions,
  });
}

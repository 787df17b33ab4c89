/** This package in Chromium, in its inspector and in a plain page: the person signs in at the engine's own pages there. */

/** @import { Browser, Page } from '../browsers/browser.js' */
/** @import { ZooClient } from '../zoo/world.js' */
/** @import { Person } from './person.js' */
/** @import { Engine, EngineSurroundings } from './world.js' */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ensureChrome } from '../../scripts/browser.js';
import { root, targetFolder } from '../../scripts/support.js';
import { startBrowser } from '../browsers/browser.js';
import { startSite } from '../browsers/site.js';
import { openInspector } from '../inspector/page.js';
import { PERSON } from '../servers/user_agent.js';

/** A picture of every page of the engine goes here, and one of the inspector when the person is signed in. */
export const pictures = join(targetFolder, 'engines', 'pictures');

/**
 * @param {EngineSurroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export const startInInspector = async ({ endpoint, engine }) =>
  onlyConnects(engine, async (browser, meanwhile) => {
    const shown = await openInspector(browser, { url: endpoint });
    await shown.press('#run-all');
    await shown.until(async () => {
      if ((await shown.text('#status')).startsWith('Signed in')) return true;
      await meanwhile();
      return false;
    });
    await shown.page.bringToFront();
    await picture(shown.page, `${engine.name}, signed in`);
    if (shown.errors.length > 0) throw new Error(`The inspector's page failed: ${shown.errors.join(' ')}`);
    await shown.close();
  });

const importmap = JSON.stringify({
  imports: {
    'mcp-oauth-wasm': '/js/index.js',
    'mcp-oauth-wasm/browser': '/js/browser.js',
    'mcp-oauth-wasm/browser-callback': '/js/browser_callback.js',
  },
});

/** @param {string} script */
const pageWith = (script) =>
  `<!doctype html><script type="importmap">${importmap}</script><script type="module">${script}</script><button>Sign in</button>`;

/**
 * A page of a web site, which sees of a server's answers what that server lets it see (CORS).
 *
 * @param {EngineSurroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export const startInPage = async ({ endpoint, engine, settings }) =>
  onlyConnects(engine, async (browser, meanwhile) => {
    const site = await startSite(root);
    site.pages['/callback.html'] = pageWith(
      "import { handOverCallback } from 'mcp-oauth-wasm/browser-callback'; handOverCallback();",
    );
    site.pages['/'] = pageWith(`
      import { createAuthorizer } from 'mcp-oauth-wasm';
      import { browserHost } from 'mcp-oauth-wasm/browser';
      const host = browserHost({ redirectUri: '/callback.html' });
      const connection = createAuthorizer({ host, settings: () => (${JSON.stringify(settings)}) }).connection(${JSON.stringify(endpoint)});
      document.querySelector('button').onclick = async () => {
        try {
          await connection.signIn();
          await connection.fetch(${JSON.stringify(endpoint)}, {
            method: 'POST',
            headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
            body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
          });
          globalThis.outcome = {};
        } catch ({ code, message, step }) {
          globalThis.outcome = { code, message, step };
        }
      };
      globalThis.outcome = null;
    `);
    try {
      const page = await browser.newPage();
      await page.goto(site.origin);
      await page.waitForFunction(() => 'outcome' in globalThis);
      await page.click('button');
      /** @type {{ code?: string, message?: string } | null} */
      let outcome = null;
      while (!(outcome = await page.evaluate(() => Reflect.get(globalThis, 'outcome')))) await meanwhile();
      if (outcome.message) throw Object.assign(new Error(outcome.message), outcome);
    } finally {
      await site.close();
    }
  });

/**
 * @param {Engine} engine
 * @param {(browser: Browser, meanwhile: () => Promise<void>) => Promise<void>} connect `meanwhile`: what the person does at
 *   the engine's own pages that are open
 * @returns {Promise<ZooClient>}
 */
async function onlyConnects(engine, connect) {
  const no = async () => {
    throw new Error('The person only signs in.');
  };
  return {
    async connect() {
      await ensureChrome();
      const browser = await startBrowser('chromium', { args: [`--user-agent=${PERSON}`] });
      let page = 0;
      try {
        await connect(browser, async () => {
          for (const window of await browser.pages()) {
            if (
              window.url().startsWith(new URL(engine.issuer).origin) &&
              (await fillIn(window, engine.person, `${engine.name}, page ${page + 1}`))
            )
              page += 1;
          }
          await setTimeout(50);
        });
      } finally {
        await browser.close();
      }
    },
    call: no,
    signIn: no,
    signOut: no,
    refresh: no,
    forget: no,
  };
}

/**
 * @param {Page} window
 * @param {Person} person
 * @param {string} name of the picture
 * @returns {Promise<boolean>} whether it was a page to fill in
 */
async function fillIn(window, person, name) {
  try {
    const field = (/** @type {string} */ of) => window.$(`input[name=${of}]`);
    const button =
      (await window.$('[name=accept]')) ??
      ((await field('password')) && (await window.$('form button:not([type=button]), form input[type=submit]')));
    if (!button) return false;
    for (const of of /** @type {const} */ (['username', 'password'])) await (await field(of))?.type(person[of]);
    await window.bringToFront();
    await picture(window, name);
    await Promise.all([
      window.waitForNavigation().catch(() => {}),
      button.evaluate((element) => /** @type {HTMLElement} */ (element).click()),
    ]);
    return true;
  } catch (error) {
    if (window.isClosed() || /Execution context|detached|Target closed/.test(String(error))) return false;
    throw error;
  }
}

/**
 * @param {Page} page
 * @param {string} name
 */
async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: /** @type {`${string}.png`} */ (join(pictures, `${name}.png`)) });
}

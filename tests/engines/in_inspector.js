/** This package in its inspector's page, in Chromium: the person signs in at the engine's own pages there. */

/** @import { Page } from '../browsers/browser.js' */
/** @import { ZooClient } from '../zoo/world.js' */
/** @import { Person } from './person.js' */
/** @import { EngineSurroundings } from './world.js' */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChrome } from '../../scripts/browser.js';
import { targetFolder } from '../../scripts/support.js';
import { startBrowser } from '../browsers/browser.js';
import { openInspector } from '../inspector/page.js';
import { PERSON } from '../servers/user_agent.js';

/** A picture of every page of the engine goes here, and one of the inspector when the person is signed in. */
export const pictures = join(targetFolder, 'engines', 'pictures');

/**
 * @param {EngineSurroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startInInspector({ endpoint, engine }) {
  const no = async () => {
    throw new Error('The person only presses "Run all".');
  };
  return {
    async connect() {
      await ensureChrome();
      const browser = await startBrowser('chromium', { args: [`--user-agent=${PERSON}`] });
      try {
        const shown = await openInspector(browser, { url: endpoint });
        await shown.press('#run-all');
        let page = 0;
        await shown.until(async () => {
          if ((await shown.text('#status')).startsWith('Signed in')) return true;
          for (const window of await browser.pages()) {
            if (
              window.url().startsWith(new URL(engine.issuer).origin) &&
              (await fillIn(window, engine.person, `${engine.name}, page ${page + 1}`))
            )
              page += 1;
          }
          return false;
        });
        await shown.page.bringToFront();
        await picture(shown.page, `${engine.name}, signed in`);
        if (shown.errors.length > 0) throw new Error(`The inspector's page failed: ${shown.errors.join(' ')}`);
        await shown.close();
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

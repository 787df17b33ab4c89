/** A person in front of a browser: answers the pages of oidc-provider as they come. */

/** @import { Browser, Page } from 'puppeteer-core' */

/** How long anything may take, on a machine that does other things too. */
export const patience = { timeout: 30_000 };

/**
 * The next window that opens. To be called before what opens it.
 *
 * @param {Browser} browser
 * @returns {Promise<Page>}
 */
export async function nextWindow(browser) {
  const target = await new Promise((/** @type {(target: import('puppeteer-core').Target) => void} */ resolve) => browser.once('targetcreated', resolve));
  const page = await target.page();
  if (!page) throw new Error('what opened is no window');
  return page;
}

/**
 * Signs in and consents, until the authorization server sends the page away.
 *
 * @param {Page} page
 * @param {{ login?: string }} [options]
 */
export async function signInAt(page, { login = 'alice' } = {}) {
  await page.waitForSelector('input[name=login]', patience);
  await page.type('input[name=login]', login);
  await page.type('input[name=password]', 'any');
  await submit(page);
  await page.waitForSelector('input[name=prompt][value=consent]', patience);
  await submit(page);
}

/** @param {Page} page */
export async function submit(page) {
  await page.click('button[type=submit]');
}

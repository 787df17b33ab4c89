/** A person in front of a browser: answers the pages of oidc-provider as they come. */

/** @import { Browser, Page, Target } from 'puppeteer-core' */

/** How long anything may take, on a machine that does other things too. */
export const patience = { timeout: 30_000 };

/**
 * The next window that opens. To be called before what opens it.
 *
 * @param {Browser} browser
 * @returns {Promise<Page>}
 */
export function nextWindow(browser) {
  return new Promise((resolve) => {
    const onTarget = async (/** @type {Target} */ target) => {
      const page = target.type() === 'page' ? await target.page() : null;
      if (!page) return;
      browser.off('targetcreated', onTarget);
      resolve(page);
    };
    browser.on('targetcreated', onTarget);
  });
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

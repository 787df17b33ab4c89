/** What a page shows, or why it shows nothing. */

/** @typedef {Awaited<ReturnType<typeof import('../browsers/browser.js').startBrowser>>} Browser */

/**
 * Opens a page and waits until it has text.
 *
 * @param {Browser} browser
 * @param {string} url
 */
export async function textAt(browser, url) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await page.goto(url);
    await page.waitForFunction(() => document.body.innerText.trim(), { timeout: 30_000 });
    return await page.evaluate(() => document.body.innerText);
  } catch (error) {
    throw new Error([`The page at ${url} shows nothing.`, ...complaints].join('\n'), { cause: error });
  } finally {
    await page.close();
  }
}

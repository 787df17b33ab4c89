// The browser example, as people use it: the packed package in an empty folder, real browsers, real servers.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt, submit } from './person.js';
import { startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`the browser example in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage?.close());
    afterEach(() => stage.reset());

    /** Opens the example, as somebody who was never here. */
    async function open() {
      const page = await stage.open('/index.html');
      await idle(page);
      await page.type('#server', stage.world.server);
      return page;
    }

    /** @param {Page} page */
    const idle = (page) => page.waitForSelector('#connect:not([disabled])', patience);

    /** @param {Page} page @param {string} text */
    async function says(page, text) {
      const isSaid = (/** @type {string} */ text) => document.querySelector('#status')?.textContent?.includes(text);
      await page.waitForFunction(isSaid, patience, text).catch(async (cause) => {
        throw new Error(`it says "${await page.$eval('#status', ({ textContent }) => textContent)}", not "${text}"`, {
          cause,
        });
      });
    }

    /** @param {Page} page */
    async function callsTool(page) {
      await says(page, 'Connected');
      await page.click('#call');
      await says(page, 'Done');
      assert.match(await page.$eval('#result', ({ textContent }) => String(textContent)), /alice@example\.com/);
    }

    const signInInWindow = async (/** @type {Page} */ page) => {
      const [popup] = await Promise.all([nextWindow(stage.browser), page.click('#connect')]);
      await signInAt(popup);
      return popup;
    };

    /** @param {Page} page whose window shows nothing any more */
    const isClosed = (page) => page.isClosed() || new Promise((resolve) => page.once('close', () => resolve(true)));

    test('signs in in a window, which closes; shows the plan; calls a tool; stays signed in when it is loaded again', async () => {
      const page = await open();
      const popup = await signInInWindow(page);
      await callsTool(page);
      await isClosed(popup);
      const scopes = await page.$$eval('#scopes tr', (rows) =>
        rows.map((row) => [...row.children].map(({ textContent }) => textContent).slice(0, 5)),
      );
      assert.deepEqual(scopes, [
        ['openid', 'required', 'yes', 'yes', 'yes'],
        ['email', 'required', 'yes', 'yes', 'yes'],
        ['profile', 'optional', 'yes', 'no', 'no'],
        ['offline_access', 'optional', 'yes', 'yes', 'yes'],
      ]);
      await page.reload();
      await callsTool(page);
    });

    test("[refuses interop 50] the authorization server's page is not told its opener, by which it could navigate this one", async () => {
      const page = await open();
      const [popup] = await Promise.all([nextWindow(stage.browser), page.click('#connect')]);
      await popup.waitForSelector('input[name=login]', patience);
      assert.equal(await popup.evaluate(() => window.opener), null);
      await page.click('#cancel');
      await says(page, 'Cancelled');
    });

    test("[accepts interop 50] an opener policy of this page, of the callback's and of the authorization server's cuts nothing", async () => {
      stage.site.headers = { 'cross-origin-opener-policy': 'same-origin' };
      const cut = (/** @type {any} */ context, /** @type {() => Promise<void>} */ next) => {
        context.set('Cross-Origin-Opener-Policy', 'same-origin');
        return next();
      };
      stage.world.authorizationServer.provider.use(cut);
      const page = await open();
      await signInInWindow(page);
      await callsTool(page);
    });

    test('[accepts interop 50] where no window may be opened, the page itself goes to the authorization server, and what waits survives', async () => {
      stage.site.headersOf['/index.html'] = {
        'content-security-policy': 'sandbox allow-scripts allow-same-origin allow-forms',
      };
      const page = await open();
      await page.click('#connect');
      await says(page, 'let no window be opened');
      await page.click('#connect-in-page');
      await signInAt(page);
      await callsTool(page);
      assert.equal(page.url(), `${stage.site.origin}/index.html`, 'the response is no longer in the address bar');
    });

    test('the window and the page itself come back to one page, with one registration', async () => {
      const page = await open();
      const before = stage.world.authorizationServer.requests.length;
      await signInInWindow(page);
      await callsTool(page);
      await page.click('#sign-out');
      await says(page, 'Signed out');
      stage.site.headersOf['/index.html'] = {
        'content-security-policy': 'sandbox allow-scripts allow-same-origin allow-forms',
      };
      await page.reload();
      await idle(page);
      await page.click('#connect');
      await says(page, 'let no window be opened');
      await page.click('#connect-in-page');
      await page.waitForSelector('input[name=prompt][value=consent]', patience);
      await submit(page);
      await callsTool(page);
      const requests = stage.world.authorizationServer.requests.slice(before);
      assert.equal(requests.filter(({ path, method }) => path === '/reg' && method === 'POST').length, 1);
    });

    test('a page that is loaded again while the person signs in, and again after that, is signed in once', async () => {
      stage.site.headersOf['/index.html'] = {
        'content-security-policy': 'sandbox allow-scripts allow-same-origin allow-forms',
      };
      const page = await open();
      await page.click('#connect');
      await says(page, 'let no window be opened');
      await page.click('#connect-in-page');
      await page.waitForSelector('input[name=login]', patience);
      // Back, without an answer, and in again.
      await page.goBack();
      await page.waitForSelector('#connect', patience);
      await page.reload();
      await idle(page);
      await page.click('#connect');
      await says(page, 'let no window be opened');
      await page.click('#connect-in-page');
      await page.waitForSelector('input[name=login]', patience);
      await page.reload();
      const before = stage.world.authorizationServer.requests.length;
      await signInAt(page);
      await callsTool(page);
      await page.reload();
      await callsTool(page);
      const tokenRequests = stage.world.authorizationServer.requests
        .slice(before)
        .filter(({ path, method }) => path === '/token' && method === 'POST');
      assert.equal(tokenRequests.length, 1, 'the code was sent once');
    });

    test('a response that was used already is refused when the person comes back to it, and the session stays', async () => {
      stage.site.headersOf['/index.html'] = {
        'content-security-policy': 'sandbox allow-scripts allow-same-origin allow-forms',
      };
      const page = await open();
      await page.click('#connect');
      await says(page, 'let no window be opened');
      await page.click('#connect-in-page');
      /** @type {string[]} */
      const callbacks = [];
      page.on('request', (request) => {
        if (request.isNavigationRequest() && request.url().includes('code=')) callbacks.push(request.url());
      });
      await signInAt(page);
      await callsTool(page);
      await page.goto(String(callbacks.at(-1)));
      await says(page, 'belongs to no sign-in');
      await page.goto(`${stage.site.origin}/index.html`);
      await callsTool(page);
    });

    test('a person who gives up cancels, and can begin anew', async () => {
      const page = await open();
      const [first] = await Promise.all([nextWindow(stage.browser), page.click('#connect')]);
      await first.waitForSelector('input[name=login]', patience);
      await page.click('#cancel');
      await says(page, 'Cancelled');
      await signInInWindow(page);
      await callsTool(page);
    });
  });
}

// Windows that the browser does not open, and pages that a window cannot reach.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`windows in ${name}`, { timeout: 120_000 }, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage?.close());
    afterEach(() => stage.reset());

    /**
     * Opens the page that signs in by itself, and waits for what it says without touching it.
     *
     * @param {'plain' | 'asks' | 'pastes'} way
     * @param {RegExp} expected
     */
    async function openedAndSaid(way, expected) {
      let hear = (/** @type {string} */ _text) => {};
      const said = new Promise((resolve) => {
        hear = (text) => expected.test(text) && resolve(undefined);
      });
      const address = `/unasked.html?${new URLSearchParams({ server: stage.world.server, way })}`;
      const page = await stage.open(address, { onText: (text) => hear(text) });
      await said;
      return page;
    }

    /** @param {Page} page @param {RegExp} expected */
    async function outcome(page, expected) {
      const isThere = (/** @type {string} */ source) =>
        new RegExp(source).test(document.querySelector('#outcome')?.textContent ?? '');
      await page.waitForFunction(isThere, patience, expected.source).catch(async (cause) => {
        throw new Error(
          `it says "${await page.$eval('#outcome', ({ textContent }) => textContent)}", not ${expected}`,
          { cause },
        );
      });
    }

    test("[refuses interop 50] a page that signs in without a click: the browser's blocker is noticed, before anything is registered", async () => {
      const before = stage.world.authorizationServer.requests.length;
      await openedAndSaid('plain', /popup_blocked/);
      const requests = stage.world.authorizationServer.requests.slice(before);
      assert.deepEqual(
        requests.filter(({ path }) => path === '/reg'),
        [],
      );
    });

    test('[accepts interop 50] a page that signs in without a click asks for one, and goes on', async () => {
      const page = await openedAndSaid('asks', /^blocked$/);
      const [popup] = await Promise.all([nextWindow(stage.browser), page.click('#act')]);
      await signInAt(popup);
      await outcome(page, /alice@example\.com/);
    });

    test('[accepts interop 50] a page in a frame of another site, where channels do not reach the window', async () => {
      stage.site.pages['/frame.html'] =
        `<!doctype html><title>Another site</title><iframe src="${stage.site.origin}/index.html" width="700" height="900"></iframe>`;
      const page = await stage.open('/frame.html', { origin: stage.site.origin.replace('127.0.0.1', 'localhost') });
      const element = await page.waitForSelector('iframe', patience);
      const frame = await element?.contentFrame();
      if (!frame) throw new Error('there is no frame');
      await frame.waitForSelector('#connect:not([disabled])', patience);
      await frame.type('#server', stage.world.server);
      const [popup] = await Promise.all([nextWindow(stage.browser), frame.click('#connect')]);
      await signInAt(popup);
      await frame.waitForFunction(
        () => document.querySelector('#status')?.textContent?.startsWith('Connected'),
        patience,
      );
    });

    test('[accepts interop 50] a page that the window cannot reach is given the address by the person', async () => {
      const page = await openedAndSaid('pastes', /^blocked$/);
      const [popup] = await Promise.all([nextWindow(stage.browser), page.click('#act')]);
      // As where the page at the redirect URI finds nobody: it shows its address, and says what to do with it.
      stage.site.headersOf['/callback.html'] = { 'content-security-policy': "script-src 'none'" };
      const arrived = new Promise((/** @type {(url: string) => void} */ resolve) => {
        popup.on(
          'request',
          (request) =>
            request.isNavigationRequest() && request.url().includes('/callback.html?') && resolve(request.url()),
        );
      });
      await signInAt(popup);
      await page.type('#pasted', await arrived);
      await page.click('#paste');
      await outcome(page, /alice@example\.com/);
    });

    test('the popup redirect keeps the contract of a redirect', async () => {
      const page = await stage.openLab();
      const broken = await page.evaluate(async () => {
        // Not the parent of the page at the redirect URI: it has the channel alone, as a window has.
        const outer = document.createElement('iframe');
        outer.srcdoc = '<title>Between</title>';
        await new Promise((resolve) => {
          outer.onload = resolve;
          document.body.append(outer);
        });
        const between = outer.contentDocument?.body;
        const cases = lab.redirectContract({
          create(open) {
            // In place of a window; the page at the redirect URI is real, and in a frame.
            window.open = () => /** @type {any} */ ({ closed: false, close() {}, location: { replace: open } });
            // A window that is there already is sent on by the page in it.
            new BroadcastChannel('mcp-oauth-wasm callback').onmessage = ({ data }) =>
              data.about === 'next' && open(data.authorizationUrl);
            return lab.popupRedirect({ redirectUri: '/callback.html' });
          },
          visit: (url) =>
            new Promise((resolve) => {
              const frame = document.createElement('iframe');
              frame.src = url;
              frame.onload = () => setTimeout(resolve, 100);
              between?.append(frame);
            }),
        });
        const outcomes = [];
        for (const { name, run } of cases) outcomes.push({ rule: name, ...(await lab.outcome(run)) });
        if (outcomes.length === 0) throw new Error('there are no cases');
        return outcomes.filter(({ message }) => message);
      });
      assert.deepEqual(broken, []);
    });

    test('a window that finds nobody who waits tells the person, and keeps the address', async () => {
      const page = await stage.open('/callback.html?code=c&state=nobodys');
      await page.waitForFunction(() => document.title === 'Nobody has taken this answer', patience);
      assert.match(page.url(), /state=nobodys/);
    });
  });
}

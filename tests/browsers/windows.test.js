// Windows that the browser does not open, and pages that a window cannot reach.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`windows in ${name}`, { timeout: 300_000 }, () => {
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

    /**
     * A page with one button for each server, which signs in there; the outcomes are in `#outcome`.
     *
     * @param {'works' | 'wakes' | 'hangs'} network whether the first request waits longer than a click counts, or for ever
     * @param {string[]} servers
     */
    async function openedWithButtons(network, ...servers) {
      const page = await stage.openLab();
      await page.evaluate(
        (network, servers) => {
          const output = /** @type {HTMLElement} */ (document.getElementById('outcome'));
          let isAwake = network === 'works';
          /** @type {typeof fetch} */
          const slowly = async (input, init) => {
            if (network === 'hangs') await new Promise((_, reject) => init?.signal?.addEventListener('abort', reject));
            if (!isAwake) await new Promise((resolve) => setTimeout(resolve, 7000));
            isAwake = true;
            return fetch(input, init);
          };
          const host = lab.browserHost({ redirectUri: '/callback.html', fetch: slowly });
          const authorizer = lab.createAuthorizer({ host });
          for (const [index, server] of servers.entries()) {
            const connection = authorizer.connection(server, { account: `${index}` });
            const button = document.body.appendChild(document.createElement('button'));
            button.id = `sign-in-${index}`;
            button.onclick = async () => {
              const { code } = await lab.outcome(() => connection.signIn());
              output.textContent += `${index} ${code ?? 'signed in'}.`;
            };
          }
          Object.assign(globalThis, {
            pending: () => authorizer.connection(servers[0] ?? '', { account: '0' }).pending(),
          });
        },
        network,
        servers,
      );
      /** @param {number} index */
      const press = async (index) =>
        (await Promise.all([nextWindow(stage.browser), page.click(`#sign-in-${index}`)]))[0];
      return { page, press };
    }

    test('the window belongs to the click, however long the server takes to wake', async () => {
      const { page, press } = await openedWithButtons('wakes', stage.world.server);
      await signInAt(await press(0));
      await outcome(page, /^0 signed in\.$/);
    });

    test('a window that the person closes while the server is being asked ends the sign-in', async () => {
      const { page, press } = await openedWithButtons('hangs', stage.world.server);
      await (await press(0)).close();
      await outcome(page, /^0 callback_aborted\.$/);
    });

    test("a window that the person closes at the server's page ends the sign-in", async () => {
      const { page, press } = await openedWithButtons('works', stage.world.server);
      const popup = await press(0);
      await popup.waitForSelector('input[name=login]', patience);
      // A person reads before.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await popup.close();
      await outcome(page, /^0 callback_aborted\.$/);
    });

    test('two servers, two clicks: two windows, and each signs in', async () => {
      const { page, press } = await openedWithButtons('wakes', stage.world.server, stage.world.server);
      const windows = [await press(0), await press(1)];
      // A window behind another one may be painted too seldom for whoever waits for its page.
      for (const popup of windows)
        await popup
          .bringToFront()
          .then(() => signInAt(popup))
          .catch(() => {});
      await outcome(page, /0 signed in\./);
      await outcome(page, /1 signed in\./);
    });

    test('who asks twice what a page was loaded for gets the same outcome', async () => {
      const page = await stage.open('/lab.html?code=c&state=s');
      await page.waitForFunction(() => 'lab' in globalThis, patience);
      const { same, calls } = await page.evaluate(async () => {
        let calls = 0;
        const complete = async () => ({ session: {}, endpoint: `${(calls += 1)}` });
        const ask = () => lab.pageRedirect({ redirectUri: '/lab.html' }).complete(/** @type {any} */ ({ complete }));
        const [one, two] = await Promise.all([ask(), ask()]);
        return { same: one !== null && one === two && one === (await ask()), calls };
      });
      assert.deepEqual({ same, calls }, { same: true, calls: 1 });
    });

    test('a window that finds nobody who waits tells the person, and keeps the address', async () => {
      const page = await stage.open('/callback.html?code=c&state=nobodys');
      await page.waitForFunction(() => document.title === 'Nobody has taken this answer', patience);
      assert.match(page.url(), /state=nobodys/);
    });
  });
}

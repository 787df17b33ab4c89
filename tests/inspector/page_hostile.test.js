// Servers that are hostile in what they say, and in where they send the page.

/** @import { Browser } from '../browsers/browser.js' */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { browserNames, startBrowser } from '../browsers/browser.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { openInspector } from './page.js';
import { startScripted } from './scripted_servers.js';

/** Runs where it is taken for HTML or script. A scope may have all of its characters (RFC 6749 §3.3). */
const attack = "<img/src='x'/onerror='window.canary=1'>";
const script = `<script>window.canary=1</script>${attack}`;

for (const name of browserNames) {
  describe(name, () => {
    /** @type {Browser} */
    let browser;
    before(async () => {
      browser = await startBrowser(name);
    });
    after(() => browser?.close());

    /** @param {import('./page.js').InspectorPage} shown */
    async function assertHarmless({ page, errors }) {
      assert.equal(await page.evaluate(() => /** @type {any} */ (window).canary), undefined);
      assert.deepEqual(
        await page.$$eval('img, script', (elements) => elements.map((element) => element.getAttribute('src'))),
        ['/inspector/page/main.js', '/inspector/page/icon.svg'],
      );
      assert.deepEqual(errors, []);
    }

    test('what servers say is text wherever it is shown, and runs nowhere', async (t) => {
      const server = await startScripted({
        scope: `read ${attack.replaceAll('"', '')}`,
        resource: { resource_name: script, scopes_supported: ['read', attack] },
        server: { scopes_supported: ['read', attack, `${attack}2`], op_policy_uri: script },
        registration: {
          status: 201,
          body: { client_id: script.replaceAll(' ', ''), client_name: script, scope: `read ${attack}` },
        },
        tools: [{ name: script, description: script }],
        tool: { body: { jsonrpc: '2.0', id: 3, result: { content: [{ type: 'text', text: script }] } } },
      });
      t.after(server.close);
      const shown = await openInspector(browser, { url: server.endpoint });
      t.after(() => shown.close());
      await shown.runAll();
      await shown.until(async () => (await shown.text('#status')).startsWith('Signed in'));
      await shown.click('.tool-list button');
      await shown.click('#call-tool');
      await shown.until(async () => (await shown.text('#outcome pre').catch(() => '')) === script);
      await shown.click('#catalogue-rows');
      for (const id of await shown.page.$$eval('#sequence .arrow', (arrows) => arrows.map(({ id }) => id))) {
        await shown.click(`#${id}`);
        if (await shown.page.$('#reveal')) await shown.click('#reveal');
      }
      assert.deepEqual((await shown.scopes())[attack], ['yes', 'yes', 'yes', 'yes', 'yes', 'yes']);
      await assertHarmless(shown);
      await shown.picture(`${name}-hostile`);
    });

    test('an error whose description is HTML is shown as it was written', async (t) => {
      const server = await startScripted({ authorization: { error: 'access_denied', error_description: script } });
      t.after(server.close);
      const shown = await openInspector(browser, { url: server.endpoint });
      t.after(() => shown.close());
      await shown.runAll();
      const alert = await shown.alert();
      assert.equal(alert.code, 'authorization_refused');
      assert.ok(alert.all?.includes('<script>window.canary=1</script>'), alert.all);
      await assertHarmless(shown);
    });

    test('the page at the redirect URI shows nothing of the response, and takes it out of the address', async (t) => {
      const shown = await openInspector(browser, {});
      t.after(() => shown.close());
      const window = await browser.newPage();
      await window.goto(
        `${shown.inspector.origin}/callback/3fa2?code=secret&error_description=${encodeURIComponent(script)}`,
      );
      await shown.until(() => window.evaluate(() => location.search === ''));
      assert.ok(!(await window.content()).includes('canary'));
      assert.equal(await window.evaluate(() => /** @type {any} */ (window).canary), undefined);
      await window.close();
    });

    test('a response of another sign-in does not end the one that is awaited', async (t) => {
      const server = await startScripted({ authorization: { code: 'x', state: 'of-another' } });
      t.after(server.close);
      const shown = await openInspector(browser, { url: server.endpoint });
      t.after(() => shown.close());
      await shown.press('#run-all');
      await shown.until(async () => (await browser.pages()).some((window) => window.url().includes('/callback/')));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.match(await shown.text('#status'), /^Sign in at the authorization server/);
    });

    test('a server that no document names is called only if the person agrees', async (t) => {
      /** @type {string[]} */
      const asked = [];
      const other = await listenOnLoopback(
        createServer((request, response) => {
          asked.push(String(request.url));
          response.end('{}');
        }),
      );
      const server = await startScripted({});
      t.after(() => Promise.all([other.close(), server.close()]));
      const shown = await openInspector(browser, { url: server.endpoint });
      t.after(() => shown.close());
      // Whom the person's own settings name, the servers' documents do not.
      await shown.set({ authorizationServerMetadata: { token_endpoint: `${other.origin}/token` }, preflight: false });
      await shown.press('#run-all');
      await shown.until(() => shown.page.$('#question[open]'));
      assert.ok((await shown.text('#question-text')).includes(other.origin));
      assert.deepEqual(asked, []);
      await shown.press('#question button[value=no]');
      const alert = await shown.alert();
      assert.deepEqual([alert.code, alert.Step], ['aborted', 'Token']);
      assert.deepEqual(asked, []);
    });

    test('a page of another origin can neither frame the inspector nor read it', async (t) => {
      const shown = await openInspector(browser, {});
      t.after(() => shown.close());
      const evil = await listenOnLoopback(
        createServer((_request, response) =>
          response
            .setHeader('content-type', 'text/html')
            .end(`<!doctype html><iframe src="${shown.inspector.origin}/"></iframe>`),
        ),
      );
      t.after(evil.close);
      const page = await browser.newPage();
      await page.goto(evil.origin);
      const outcome = await page.evaluate(async (origin) => {
        const tried = async (/** @type {RequestInit} */ init) =>
          fetch(`${origin}/session`, { method: 'POST', body: '{"key":"x"}', ...init }).then(
            () => 'read',
            () => 'refused',
          );
        return [
          await tried({}),
          await tried({ headers: { 'content-type': 'application/json' } }),
          await tried({ headers: { authorization: 'Bearer x' } }),
        ];
      }, shown.inspector.origin);
      assert.deepEqual(outcome, ['refused', 'refused', 'refused']);
      const framed = page.frames().filter((frame) => frame !== page.mainFrame());
      for (const frame of framed) assert.equal(await frame.$('#run-all').catch(() => null), null);
      await page.close();
    });
  });
}

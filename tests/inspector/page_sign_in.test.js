// The page with real servers: oidc-provider and the official SDK's MCP server, in real browsers.

/** @import { Browser } from '../browsers/browser.js' */
/** @import { World } from '../javascript/world.js' */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { browserNames, startBrowser } from '../browsers/browser.js';
import { startWorld } from '../javascript/world.js';
import { startPolicyServer } from '../zoo/policy_server.js';
import { startProtectedResource } from '../zoo/protected_resource.js';
import { openInspector } from './page.js';

for (const name of browserNames) {
  describe(name, () => {
    /** @type {Browser} */
    let browser;
    /** @type {World} */
    let world;
    before(async () => {
      world = await startWorld({
        protectedResource: {
          scopesSupported: ['openid', 'profile', 'email', 'private_metadata'],
          furtherTools: { read_private_notes: ['private_metadata'] },
        },
      });
      browser = await startBrowser(name);
    });
    after(async () => {
      await browser?.close();
      await world?.close();
    });

    test('a sign-in is shown as it happens, its scopes, messages and report; a tool leads to a step-up', async (t) => {
      const shown = await openInspector(browser, { url: world.server });
      t.after(() => shown.close());
      await shown.picture(`${name}-start`);
      await shown.press('#run-all');
      await shown.signInUntil(async () => (await shown.text('#status')).startsWith('Signed in'));
      await shown.picture(`${name}-signed-in`);
      const { openid, profile, private_metadata: withheld } = await shown.scopes();
      assert.deepEqual(openid, ['yes', 'yes', 'yes', 'yes', 'yes', 'yes']);
      assert.deepEqual(profile, ['no', 'yes', 'yes', 'yes', 'no', 'no']);
      assert.deepEqual(withheld, ['no', 'yes', 'yes', 'yes', 'no', 'no']);
      const steps = await shown.page.$$eval('#sequence h3', (titles) => titles.map(({ textContent }) => textContent));
      assert.deepEqual(steps, ['Discover', 'Plan', 'Register', 'Authorize', 'Come back', 'Token', 'Call']);

      // A message at a click: without secrets, until they are wanted.
      const token = await shown.page.$$eval(
        '#sequence .arrow',
        (arrows) => arrows.find(({ textContent }) => textContent?.includes('POST /token'))?.id,
      );
      await shown.click(`#${token}`);
      assert.match(await shown.text('#message'), /"code_verifier": "\[redacted\]"/);
      await shown.click('#reveal');
      await shown.picture(`${name}-message`);
      const verifier = /code_verifier=([\w-]{43})/.exec(await shown.text('#message'))?.[1];
      assert.ok(verifier);

      // The report has what was shown, and none of the secrets.
      await shown.page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async (/** @type {string} */ text) => void Object.assign(window, { copied: text }) },
        });
      });
      await shown.click('#copy-report');
      const copied = () => shown.page.evaluate(() => /** @type {any} */ (window).copied);
      await shown.until(copied);
      const report = await copied();
      assert.ok(
        report.includes('| `openid` | required | yes | yes | yes | yes | yes | yes |') &&
          report.includes('POST /token'),
      );
      assert.ok(!report.includes(verifier));

      // The tool needs more: the page says so, and signs in for it on top.
      await shown.page.$eval('input#tool', (input) => void (input.value = 'read_private_notes'));
      await shown.click('#call-tool');
      const alert = await shown.alert();
      assert.deepEqual(
        [alert.code, alert.Step, alert.Party, alert.Scope?.trim()],
        ['insufficient_scope', 'Call', 'MCP server', 'private_metadata'],
      );
      await shown.picture(`${name}-step-up`);
      await shown.press('#way-on');
      await shown.signInUntil(async () => (await shown.text('#outcome')).includes('read_private_notes: done'));
      assert.deepEqual((await shown.scopes()).private_metadata, ['yes', 'yes', 'yes', 'yes', 'yes', 'yes']);
      assert.deepEqual((await shown.scopes()).openid?.slice(3), ['yes', 'yes', 'yes']);
      assert.deepEqual(shown.errors, []);
    });

    test('what other clients meet: a client without scope is registered after the person agreed, looked at, and deleted', async (t) => {
      const shown = await openInspector(browser, { url: world.server });
      t.after(() => shown.close());
      await shown.click('#step-discover');
      await shown.until(() => shown.page.$('#step-discover.done'));
      const registrations = () =>
        world.authorizationServer.requests.filter(({ method, path }) => method === 'POST' && path === '/reg').length;
      const before = registrations();
      await shown.click('#what-if');
      await shown.until(() => shown.page.$('#question[open]'));
      await shown.picture(`${name}-what-if-question`);
      // The next question comes before the dialog has told that it closed, and has an answer of its own.
      await shown.page.evaluate(() => {
        for (const selector of ['#question button[value=no]', '#what-if']) {
          /** @type {HTMLElement} */ (document.querySelector(selector)).click();
        }
      });
      await shown.until(() => shown.page.$('#question[open]'));
      assert.equal(registrations(), before);
      await shown.click('#agree');
      await shown.until(async () => (await shown.text('#tried')) !== '');
      assert.match(
        await shown.text('#tried'),
        /gotprofile email.*The serverrefused 303: error=invalid_scope.*Cleaned updeleted/s,
      );
      await shown.picture(`${name}-what-if`);
      assert.equal(registrations(), before + 1);
      assert.deepEqual(
        world.authorizationServer.requests
          .filter(({ method }) => method === 'DELETE')
          .map(({ status }) => status)
          .at(-1),
        204,
      );
    });

    test('a client that cannot be deleted is named', async (t) => {
      const policyServer = await startPolicyServer({ lists: 'read write' });
      const { resource, close } = await startProtectedResource({ demands: 'read' }, policyServer.authorizationServer);
      t.after(() => Promise.all([close(), policyServer.close()]));
      const shown = await openInspector(browser, { url: resource.endpoint });
      t.after(() => shown.close());
      await shown.click('#step-discover');
      await shown.until(() => shown.page.$('#step-discover.done'));
      await shown.click('#what-if');
      await shown.click('#agree');
      await shown.until(async () => (await shown.text('#tried')) !== '');
      assert.match(await shown.text('#tried'), /left behind The client client-[\w-]+ is left behind/);
    });

    test('a reload needs no key; the address with its key is good for one page', async (t) => {
      const shown = await openInspector(browser, { url: world.server });
      t.after(() => shown.close());
      assert.equal(await shown.page.evaluate(() => location.href), `${shown.inspector.origin}/`);
      await shown.page.reload();
      await shown.page.waitForSelector('#step-discover[aria-disabled=false]');
      await shown.click('#step-discover');
      await shown.until(() => shown.page.$('#step-discover.done'));
      const other = await browser.newPage();
      await other.goto(shown.inspector.url);
      await shown.until(() => other.$('#alert [role=alert]'));
      assert.match(await other.$eval('#alert', ({ textContent }) => String(textContent)), /used before/);
      await other.close();
      // Whoever had it before may be the thief.
      await shown.click('#step-discover');
      assert.match((await shown.alert()).all ?? '', /shut out/);
    });

    test('step by step, by the keyboard alone', async (t) => {
      const shown = await openInspector(browser, { url: world.server });
      t.after(() => shown.close());
      for (const step of ['discover', 'plan', 'register']) {
        await shown.page.bringToFront();
        await shown.page.focus(`#step-${step}`);
        await shown.page.keyboard.press('Enter');
        await shown.until(() => shown.page.$(`#step-${step}.done`));
        assert.equal(await shown.page.evaluate(() => document.activeElement?.id), `step-${step}`, 'the focus stays');
      }
      const reached = [];
      for (let presses = 0; presses < 12; presses += 1) {
        await shown.page.keyboard.press('Tab');
        reached.push(await shown.page.evaluate(() => document.activeElement?.id));
      }
      assert.ok(
        reached.includes('step-authorize') && reached.some((id) => id?.startsWith('arrow-')),
        reached.join(' '),
      );
    });
  });
}

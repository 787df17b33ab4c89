// What axe finds in the main states of the page, light and dark: nothing.

/** @import { Browser } from '../browsers/browser.js' */
/** @import { InspectorPage } from './page.js' */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { browserNames, startBrowser } from '../browsers/browser.js';
import { openInspector } from './page.js';
import { startScripted } from './scripted_servers.js';

const axe = readFileSync(
  createRequire(new URL('../browsers/package.json', import.meta.url)).resolve('axe-core/axe.min.js'),
  'utf8',
);

/**
 * @param {InspectorPage} shown
 * @param {string} state
 */
async function assertAccessible(shown, state) {
  await shown.page.bringToFront();
  await shown.page.evaluate(axe);
  const found = await shown.page.evaluate(async () => {
    const { violations, passes } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ['violations'] });
    return passes.length < 10
      ? ['axe hardly looked at anything']
      : violations.map(
          (/** @type {any} */ { id, nodes }) =>
            `${id}: ${nodes.map((/** @type {any} */ { target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`,
        );
  });
  await shown.picture(state);
  assert.deepEqual(found, [], state);
}

for (const [name, scheme] of browserNames.flatMap(
  (name) =>
    /** @type {const} */ ([
      [name, 'light'],
      [name, 'dark'],
    ]),
)) {
  const look = `${name}-${scheme}`;
  describe(look, () => {
    /** @type {Browser} */
    let browser;
    before(async () => {
      browser = await startBrowser(name, { scheme });
    });
    after(() => browser.close());

    test('no violation at the start, after a sign-in, in a message, in the dialogs and where it failed', async (t) => {
      const server = await startScripted({
        scope: 'read write',
        resource: { scopes_supported: ['read', 'write', 'admin'] },
        server: { scopes_supported: ['read', 'write', 'admin', 'audit'] },
        tools: [{ name: 'notes' }],
      });
      const broken = await startScripted({ token: { status: 400, body: { error: 'invalid_grant' } } });
      t.after(() => Promise.all([server.close(), broken.close()]));
      const shown = await openInspector(browser, { url: server.endpoint });
      t.after(() => shown.close());
      assert.equal(
        await shown.page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches),
        scheme === 'dark',
      );
      await assertAccessible(shown, `${look}-start`);
      await shown.runAll();
      await shown.until(async () => (await shown.text('#status')).startsWith('Signed in'));
      await shown.until(() => shown.page.$('.finding'));
      await shown.page.$$eval('details', (all) => all.forEach((details) => void (details.open = true)));
      await shown.click('#catalogue-rows');
      await shown.click('#arrow-0-1');
      await assertAccessible(shown, `${look}-signed-in`);
      await shown.click('#reveal');
      await assertAccessible(shown, `${look}-message`);
      await shown.click('#edit-settings');
      await assertAccessible(shown, `${look}-settings`);
      await shown.click('#close-settings');
      await shown.click('#what-if');
      await assertAccessible(shown, `${look}-question`);
      await shown.click('#agree');
      await shown.until(async () => (await shown.text('#tried')) !== '');
      await assertAccessible(shown, `${look}-what-if`);
      await shown.page.$eval('input#endpoint', (input, url) => void (input.value = url), broken.endpoint);
      await shown.runAll();
      await shown.alert();
      await assertAccessible(shown, `${look}-failed`);
    });

    test('no violation on the page at the redirect URI', async (t) => {
      const shown = await openInspector(browser, {});
      t.after(() => shown.close());
      await shown.page.goto(`${shown.inspector.origin}/callback`);
      await assertAccessible(shown, `${look}-callback`);
    });
  });
}

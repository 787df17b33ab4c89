// The example with React, in real browsers with real servers: what a person sees of a sign-in, whatever becomes of it.
// Windows open after a click only, as for people.

import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { folder, startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

const [root, here] = ['../..', '.'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const example = join(folder, 'react');
await cp(join(String(root), 'examples', 'react'), example, {
  recursive: true,
  filter: (path) => !/node_modules|package\.json$/.test(path),
});

/** Says what is shown, and presses the button unasked where the address wants that: to look into a page counts as a click. */
const watcher = `
  import './main.jsx';
  const said = () => console.log('shown: ' + [...document.querySelectorAll('section')].map(({ dataset }) => dataset.status + ' ' + (dataset.code ?? '')));
  new MutationObserver(said).observe(document, { subtree: true, childList: true, attributes: true });
  if (location.hash === '#unasked') setTimeout(() => document.querySelector('input').click(), 500);
`;
await build({
  stdin: { contents: watcher, resolveDir: example },
  outfile: join(example, 'bundle.js'),
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  nodePaths: [join(String(here), 'node_modules'), join(String(root), 'node_modules')],
  logLevel: 'error',
});

for (const name of browserNames) {
  describe(`React in ${name}`, { timeout: 300_000 }, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name, { world: { authorizationServer: { accessTokenSeconds: 2 } } });
    });
    after(() => stage?.close());

    /** @param {{ components?: number, hash?: string }} [options] */
    async function open({ components = 1, hash = '' } = {}) {
      /** @type {string[]} */
      const shown = [];
      const servers = Array(components)
        .fill(`server=${encodeURIComponent(stage.world.server)}`)
        .join('&');
      const onText = (/** @type {string} */ text) => /^shown: /.test(text) && shown.push(text.slice('shown: '.length));
      const page = await stage.open(`/react/index.html?${servers}${hash}`, { onText });
      return { page, shown };
    }

    /** @param {Page} page @param {string} status @param {number} [components] that show it */
    async function shows(page, status, components = 1) {
      await page.waitForFunction(
        (status, components) => document.querySelectorAll(`section[data-status=${status}]`).length === components,
        patience,
        status,
        components,
      );
    }

    /** @param {Page} page @param {string} code */
    const fails = (page, code) => page.waitForSelector(`section[data-status=failed][data-code=${code}]`, patience);

    /** @param {Page} page @param {string} [label] of the button */
    const press = async (page, label = 'Sign in') => {
      const button = await page.waitForSelector(`input[value="${label}"]`, patience);
      return (await Promise.all([nextWindow(stage.browser), button?.click()]))[0];
    };

    /** @param {Page} page @param {number} count */
    const listsTools = (page, count) =>
      page.waitForFunction(
        (count) => document.querySelectorAll('section > p:not([role])').length === count,
        patience,
        count,
      );

    test('two components in StrictMode are one sign-in; both list the tools, and both show that the person signed out', async () => {
      const { page } = await open({ components: 2 });
      const before = stage.world.authorizationServer.requests.length;
      await shows(page, 'idle', 2);
      const popup = await press(page);
      await shows(page, 'waiting', 2);
      await signInAt(popup);
      await shows(page, 'signed-in', 2);
      await listsTools(page, 2);
      const asked = stage.world.authorizationServer.requests.slice(before);
      const times = (/** @type {string} */ path) =>
        asked.filter((request) => request.method !== 'OPTIONS' && request.path === path).length;
      assert.deepEqual([times('/reg'), times('/auth')], [1, 1]);
      await page.click('input[value="Sign out"]');
      await shows(page, 'idle', 2);
    });

    test('the page is loaded again after the token expired: the tools are listed without a window', async () => {
      const { page } = await open();
      await signInAt(await press(page));
      await listsTools(page, 1);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      const pages = (await stage.browser.pages()).length;
      await page.reload();
      await listsTools(page, 1);
      assert.equal((await stage.browser.pages()).length, pages);
    });

    test('a window that is not opened is told, and the next press opens one', async () => {
      const { page, shown } = await open({ hash: '#unasked' });
      while (!shown.includes('failed popup_blocked')) await new Promise((resolve) => setTimeout(resolve, 100));
      assert.match(
        await page.$eval('[role=alert]', ({ textContent }) => String(textContent)),
        /allow this page to open windows/,
      );
      await signInAt(await press(page));
      await shows(page, 'signed-in');
    });

    test('a window that the person closes ends the sign-in, and the next press opens another', async () => {
      const { page } = await open();
      const popup = await press(page);
      await popup.waitForSelector('input[name=login]', patience);
      // A person reads before.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await popup.close();
      await fails(page, 'callback_aborted');
      await signInAt(await press(page));
      await shows(page, 'signed-in');
    });

    test('the person denies access: they are told what that means', async () => {
      const { page } = await open();
      const popup = await press(page);
      await popup.waitForSelector('input[name=login]', patience);
      await popup.click('a[href$=abort]');
      await fails(page, 'authorization_refused');
      assert.match(
        await page.$eval('[role=alert]', ({ textContent }) => String(textContent)),
        /Access was denied.*agree/,
      );
    });

    test('the person cancels, and signs in after all; the page is loaded again in the middle, and they begin anew', async () => {
      const { page } = await open();
      await press(page);
      await shows(page, 'waiting');
      await (await page.waitForSelector('input[value=Cancel]', patience))?.click();
      await shows(page, 'idle');
      await press(page);
      await shows(page, 'waiting');
      await page.reload();
      await shows(page, 'idle');
      await signInAt(await press(page));
      await shows(page, 'signed-in');
    });
  });
}

test('the component of the example is no longer than thirty lines, and none of them is about OAuth', async () => {
  const source = await readFile(join(example, 'server.jsx'), 'utf8');
  assert.ok(source.trim().split('\n').length <= 30);
  assert.doesNotMatch(source, /token|code_challenge/);
});

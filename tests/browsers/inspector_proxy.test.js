// The example of an inspector's page with a proxy, as people use it: servers without a CORS header, real browsers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { installPacked } from '../package/packed.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { browserNames, startBrowser } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startSite } from './site.js';

/** @import { Browser, Page } from 'puppeteer-core' */

const folder = await temporaryFolder();
await installPacked(folder);
await cp(fileURLToPath(new URL('../../examples/inspector-proxy', import.meta.url)), folder, {
  recursive: true,
  filter: (path) => !/node_modules|package\.json$/.test(path),
});

/** Starts the example's server; whoever does ends it. */
async function startExample() {
  // The origin is known before it listens, as that of a real one.
  const free = await listenOnLoopback(createServer());
  await free.close();
  const env = { ...process.env, PORT: new URL(free.origin).port };
  const child = spawn(process.execPath, [join(folder, 'serve.js')], { env });
  const said = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  return { address: String(said[0]).trim(), end: () => void child.kill() };
}

for (const name of browserNames) {
  describe(`an inspector's page with a proxy, in ${name}`, { timeout: 300_000 }, () => {
    /** @type {Awaited<ReturnType<typeof startWorld>>} */
    let world;
    /** @type {Browser} */
    let browser;
    before(async () => {
      const closed = { forWebPages: false };
      world = await startWorld({ authorizationServer: closed, protectedResource: closed });
      browser = await startBrowser(name);
    });
    after(async () => {
      await browser?.close();
      await world?.close();
    });

    /** @param {Page} page @param {RegExp} expected */
    async function connectSays(page, expected) {
      const isThere = (/** @type {string} */ source) =>
        new RegExp(source).test(document.querySelector('#outcome')?.textContent ?? '');
      await page.waitForFunction(isThere, patience, expected.source).catch(async (cause) => {
        throw new Error(`it says "${await page.$eval('#outcome', (output) => output.textContent)}"`, { cause });
      });
    }

    test('[accepts interop 49] it signs in at servers that let no page see an answer, and goes on doing so when it is loaded again', async (t) => {
      const { address, end } = await startExample();
      t.after(end);
      const page = await (await browser.createBrowserContext()).newPage();
      await page.goto(address);
      const kept = [world.server, `${world.issuer}/.well-known/openid-configuration`, `${world.issuer}/reg`];
      for (const url of kept)
        assert.equal(
          await page.evaluate(
            (url) =>
              fetch(url).then(
                ({ type }) => type,
                ({ name }) => name,
              ),
            url,
          ),
          'TypeError',
        );
      await page.type('#server', world.server);
      const [popup] = await Promise.all([nextWindow(browser), page.click('#connect')]);
      await signInAt(popup);
      await connectSays(page, /^200 [^]*whoami/);
      assert.doesNotMatch(page.url(), /key=/);
      // Its store was in memory, so that it registers anew: by the same proxy.
      await page.reload();
      const before = world.authorizationServer.requests.length;
      // Firefox may have kept what was typed before.
      await page.$eval('#server', (input) => /** @type {any} */ (input).select());
      await page.type('#server', world.server);
      await page.click('#connect');
      const registers = () =>
        world.authorizationServer.requests.slice(before).some(({ path, status }) => path === '/reg' && status === 201);
      while (!registers()) await new Promise((resolve) => setTimeout(resolve, 100));
    });

    test('[refuses interop 49] a page that was opened without the key, or with a used one, may send nothing', async (t) => {
      const { address, end } = await startExample();
      t.after(end);
      const first = await (await browser.createBrowserContext()).newPage();
      await first.goto(address);
      await first.waitForFunction(() => sessionStorage.length > 0, patience);
      const before = world.protectedResource.requests.length;
      for (const other of [address.split('#')[0] ?? '', address]) {
        const page = await (await browser.createBrowserContext()).newPage();
        await page.goto(other);
        await page.type('#server', world.server);
        await page.click('#connect');
        await connectSays(page, /^proxy_refused/);
      }
      assert.equal(world.protectedResource.requests.length, before);
    });

    test('[refuses interop 49] a page of another origin gets nothing from the proxy, though it knew the key', async (t) => {
      const { address, end } = await startExample();
      t.after(end);
      const site = await startSite(folder);
      t.after(site.close);
      site.pages['/foreign.html'] = '<!doctype html><title>Foreign</title>';
      const page = await (await browser.createBrowserContext()).newPage();
      await page.goto(`${site.origin}/foreign.html`);
      const { origin, hash } = new URL(address);
      const outcomes = await page.evaluate(
        async (proxy, key) => {
          /** @type {string[]} */
          const outcomes = [];
          for (const mode of /** @type {const} */ (['cors', 'no-cors'])) {
            const headers = { 'content-type': mode === 'cors' ? 'application/json' : 'text/plain' };
            const answer = await fetch(`${proxy}/proxy/session`, {
              method: 'POST',
              mode,
              headers,
              body: JSON.stringify({ key }),
            }).catch(({ name }) => ({ type: name }));
            outcomes.push(answer.type);
          }
          return outcomes;
        },
        origin,
        new URLSearchParams(hash.slice(1)).get('key'),
      );
      // Not seen, or refused before the proxy looked at what it says (and then by CORP not even opaque).
      assert.deepEqual(outcomes, ['TypeError', 'TypeError']);
      const own = await (await browser.createBrowserContext()).newPage();
      await own.goto(address);
      await own.waitForFunction(() => sessionStorage.length > 0, patience);
    });
  });
}

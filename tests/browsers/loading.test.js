// Where the WebAssembly module and a sign-in have to get by with less: content security policies, files, pages without https.

import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createUserAgent } from '../servers/user_agent.js';
import { browserNames, hosts } from './browser.js';
import { patience } from './person.js';
import { folder, startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`loading in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage?.close());
    afterEach(() => stage.reset());

    /**
     * Signs in where no page can be a redirect URI: the person, another program here, pastes the address.
     *
     * @param {Page} page
     */
    async function whoSignsIn(page) {
      await page.exposeFunction('signInElsewhere', createUserAgent().signIn);
      return page.evaluate(async (server) => {
        const { signInElsewhere } = /** @type {{ signInElsewhere: (url: string) => Promise<string> }} */ (
          /** @type {unknown} */ (globalThis)
        );
        const redirect = lab.pastedRedirect({
          redirectUri: 'http://127.0.0.1:8976/callback',
          ask: ({ authorizationUrl }) => signInElsewhere(authorizationUrl),
        });
        const { fetch } = lab
          .createAuthorizer({ host: lab.browserHost({ redirect, store: lab.createMemoryStore() }) })
          .connection(server, { interaction: true });
        return lab.outcome(() => lab.whoAmI(fetch, server));
      }, stage.world.server);
    }

    test("[refuses interop 52] without 'wasm-unsafe-eval' the error names it", async () => {
      stage.site.headersOf['/lab.html'] = { 'content-security-policy': "script-src 'self' 'unsafe-inline'" };
      const page = await stage.openLab();
      const { name, code, message } = await page.evaluate(() => lab.outcome(() => lab.createPkce()));
      assert.deepEqual([name, code], ['IncompatibleError', 'wasm_blocked']);
      assert.match(String(message), /'wasm-unsafe-eval'/);
    });

    test("[accepts interop 52] without 'wasm-unsafe-eval' the module as JavaScript signs in", async () => {
      stage.site.headersOf['/lab.html'] = { 'content-security-policy': "script-src 'self' 'unsafe-inline'" };
      const page = await stage.openLab();
      await page.evaluate(async () => {
        await import(/** @type {any} */ ('/node_modules/mcp-oauth-wasm/js/javascript.js'));
      });
      const outcome = await whoSignsIn(page);
      assert.match(outcome.came ?? JSON.stringify(outcome), /alice@example\.com/);
    });

    test("[accepts interop 52] with 'wasm-unsafe-eval' nothing else is needed", async () => {
      stage.site.headersOf['/lab.html'] = {
        'content-security-policy': "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
      };
      const page = await stage.openLab();
      const { came } = await page.evaluate(() => lab.outcome(() => lab.createPkce()));
      assert.equal(came.codeVerifier.length, 43);
    });

    test('[accepts interop 52] a bundled script in a file signs in, and fetches no file', async () => {
      const pages = fileURLToPath(new URL('pages', import.meta.url));
      await cp(join(pages, 'lab.js'), join(folder, 'lab.js'));
      await build({
        entryPoints: [join(folder, 'lab.js')],
        bundle: true,
        format: 'iife',
        outfile: join(folder, 'bundle.js'),
        logLevel: 'error',
      });
      await writeFile(
        join(folder, 'file.html'),
        '<!doctype html><title>A file</title><script src="bundle.js"></script>',
      );
      const page = await stage.open('', { origin: pathToFileURL(join(folder, 'file.html')).href });
      await page.waitForFunction(() => 'lab' in globalThis, patience);
      assert.match((await whoSignsIn(page)).came ?? '', /alice@example\.com/);
    });

    test('[accepts interop 51] a page without https, and so without `crypto.subtle`, signs in', async () => {
      const page = await stage.openLab({ origin: stage.site.origin.replace('127.0.0.1', hosts.insecure) });
      assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof crypto.subtle]), [false, 'undefined']);
      const outcome = await whoSignsIn(page);
      assert.match(outcome.came ?? JSON.stringify(outcome), /alice@example\.com/);
    });

    test('[refuses interop 51] a page without https has no locks and no encryption, and the store says so', async () => {
      const page = await stage.openLab({ origin: stage.site.origin.replace('127.0.0.1', hosts.insecure) });
      const codes = await page.evaluate(async () => {
        const store = lab.createIndexedDBStore({ encrypted: true });
        const outcomes = [
          await lab.outcome(() => store.read('session')),
          await lab.outcome(() => store.lock('session', async () => 'locked')),
          await lab.outcome(() => store.compareAndSwap('session', null, { a: 'secret' })),
        ];
        return outcomes.map(({ name, code }) => `${name} ${code}`);
      });
      assert.deepEqual(codes, [
        'StorageError store_unavailable',
        'StorageError store_unavailable',
        'IncompatibleError no_web_crypto',
      ]);
    });

    test('[accepts interop 53] importing instantiates nothing; the first uses compile the module once, and not at once', async () => {
      const page = await stage.openLab();
      const seen = await page.evaluate(async () => {
        const calls = /** @type {string[]} */ ([]);
        const original = {
          ...WebAssembly,
          compile: WebAssembly.compile,
          Module: WebAssembly.Module,
          Instance: WebAssembly.Instance,
        };
        WebAssembly.compile = (bytes) => {
          calls.push('compile');
          return original.compile.call(WebAssembly, bytes);
        };
        for (const name of /** @type {const} */ (['Module', 'Instance'])) {
          WebAssembly[name] = /** @type {any} */ (
            new Proxy(original[name], {
              construct(target, given) {
                calls.push(`new ${name}`);
                return Reflect.construct(target, given);
              },
            })
          );
        }
        await Promise.all([lab.createPkce(), lab.createPkce(), lab.init()]);
        return calls;
      });
      assert.deepEqual(seen, ['compile']);
    });

    test('[accepts interop 53] the entry without the module inside takes it from where it is told', async () => {
      const page = await stage.openLab();
      const { came } = await page.evaluate(async () => {
        const slim = await import(/** @type {any} */ ('/node_modules/mcp-oauth-wasm/js/slim.js'));
        return lab.outcome(async () => {
          await slim.init('/node_modules/mcp-oauth-wasm/pkg/npm/mcp_oauth_wasm_bg.wasm');
          return slim.createPkce();
        });
      });
      assert.equal(came.codeVerifier.length, 43);
    });
  });
}

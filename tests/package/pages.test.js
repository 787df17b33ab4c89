// The packed package without a bundler: on a page, in workers of both kinds, in both browsers.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserNames, startBrowser } from '../browsers/browser.js';
import { startSite } from '../browsers/site.js';
import { installed } from './installed.js';
import { textAt } from './page.js';
import { assertKnownResult, writeProgram } from './program.js';

/** @type {import('./installed.js').Installed} */
let there;
/** @type {Awaited<ReturnType<typeof startSite>>} */
let server;
before(async () => {
  there = await installed();
  server = await startSite(there.folder);
});
after(async () => {
  await server.close();
  there.remove();
});

const packageUrl = '/node_modules/mcp-oauth-wasm';

/** How the program is started, by what starts it. @type {Record<string, string>} */
const pages = {
  '<script type="module">': '<script type="module" src="main.js"></script>',
  'a module worker':
    "<script>new Worker('main.js', { type: 'module' }).onmessage = ({ data }) => { document.body.textContent = data; };</script>",
  'a classic worker':
    "<script>new Worker('classic.js').onmessage = ({ data }) => { document.body.textContent = data; };</script>",
};

/** The entries, by the URL of their modules: nobody resolves names here. @type {[name: string, url: string, source?: string][]} */
const entries = [
  ['mcp-oauth-wasm', `${packageUrl}/js/index.js`],
  ['mcp-oauth-wasm/web', `${packageUrl}/js/web.js`],
  ['mcp-oauth-wasm/javascript', `${packageUrl}/js/javascript.js`],
  ['mcp-oauth-wasm/slim', `${packageUrl}/js/slim.js`, `export default '${packageUrl}/pkg/npm/mcp_oauth_wasm_bg.wasm';`],
];

for (const name of browserNames) {
  describe(name, () => {
    /** @type {import('./page.js').Browser} */
    let browser;
    before(async () => {
      browser = await startBrowser(name);
    });
    after(() => browser.close());

    for (const [where, html] of Object.entries(pages)) {
      for (const [entry, url, source] of entries) {
        test(`${where}: ${entry}`, async () => {
          const folder = mkdtempSync(join(there.folder, 'page '));
          writeProgram(folder, url, source);
          writeFileSync(join(folder, 'classic.js'), "import('./main.js');");
          writeFileSync(join(folder, 'index.html'), `<!doctype html><body>${html}</body>`);
          assertKnownResult(
            await textAt(browser, `${server.origin}/${basename(folder)}/index.html`),
            `${name}, ${where}, ${entry}`,
          );
        });
      }
    }
  });
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';
import { root } from '../../scripts/support.js';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { folder, startStage } from './stage.js';

/** @import { Stage } from './stage.js' */

const section = /^### In a browser\n(.*?)^##/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
const [page = '', callback = ''] = [...section.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

test('the example of the README for browsers has at most twelve lines, its callback page included', () => {
  const lines = (page + callback).split('\n').length - 1;
  assert.ok(page.includes('import') && callback.includes('import'), 'both are there');
  assert.ok(lines <= 12, `it has ${lines} lines`);
});

for (const name of browserNames) {
  describe(`the example of the README in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage?.close());

    test('signs in and calls the tool', async () => {
      const { world, site, browser } = stage;
      assert.equal(page.split('https://mcp.example.com/mcp').length, 2, 'the example should have the address once');
      for (const [file, code] of Object.entries({
        'page.js': page.replace('https://mcp.example.com/mcp', world.server),
        'callback-page.js': callback,
      })) {
        await writeFile(join(folder, `readme-${file}`), code);
        // The MCP SDK is the only thing that is not taken from the packed package.
        const entryPoints = [join(folder, `readme-${file}`)];
        const { outputFiles } = await build({
          entryPoints,
          bundle: true,
          format: 'esm',
          write: false,
          nodePaths: [join(root, 'node_modules')],
          conditions: ['browser'],
          logLevel: 'error',
        });
        site.pages[`/bundled-${file}`] = String(outputFiles[0]?.text);
      }
      site.pages['/readme.html'] =
        '<!doctype html><title>README</title><button>Go</button><script type="module" src="/bundled-page.js"></script>';
      site.pages['/callback.html'] =
        '<!doctype html><title>README</title><script type="module" src="/bundled-callback-page.js"></script>';
      const there = await stage.open('/readme.html');
      const logged = new Promise((resolve) => {
        there.on('console', async (message) => {
          const values = await Promise.all(message.args().map((value) => value.jsonValue().catch(() => undefined)));
          if (JSON.stringify(values).includes('content')) resolve(values[0]);
        });
      });
      const [popup] = await Promise.all([nextWindow(browser), there.click('button')]);
      await signInAt(popup);
      assert.match(JSON.stringify(await Promise.race([logged, patienceEnds()])), /alice@example\.com/);
    });
  });
}

async function patienceEnds() {
  await new Promise((resolve) => setTimeout(resolve, patience.timeout).unref());
  return 'nothing was logged';
}

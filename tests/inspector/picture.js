/** `npm run picture`: makes docs/inspector.png: somebody signed in, and a tool needs one scope more. */

import { join } from 'node:path';

import { root } from '../../scripts/support.js';
import { startBrowser } from '../browsers/browser.js';
import { startWorld } from '../javascript/world.js';
import { openInspector } from './page.js';

export async function main() {
  const world = await startWorld({
    protectedResource: {
      scopesSupported: ['openid', 'profile', 'email', 'private_metadata'],
      furtherTools: { read_private_notes: ['private_metadata'] },
    },
  });
  const browser = await startBrowser('chromium');
  try {
    const shown = await openInspector(browser, { url: world.server });
    await shown.page.setViewport({ width: 1280, height: 800, deviceScaleFactor: 1.5 });
    await shown.press('#run-all');
    await shown.signInUntil(async () => (await shown.text('#status')).startsWith('Signed in'));
    await shown.page.$eval('input#tool', (input) => void (input.value = 'read_private_notes'));
    await shown.press('#call-tool');
    await shown.alert();
    await shown.page.bringToFront();
    await shown.page.screenshot({ path: /** @type {`${string}.png`} */ (join(root, 'docs', 'inspector.png')) });
    await shown.close();
  } finally {
    await browser.close();
    await world.close();
  }
}

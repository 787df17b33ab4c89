// Stands in for `electron` where a recipe of docs/electron.md runs: its window shows files of its folder in real Chromium.

import { readFile } from 'node:fs/promises';
import { startBrowser } from '../browsers/browser.js';
import { standIn } from './readme_electron.js';
import { openWindow } from './window.js';

export * from './readme_electron.js';

/** @type {(opened: { page: Awaited<ReturnType<typeof openWindow>>['page'], close: () => Promise<void> }) => void} */
let tell;
/** Resolves with the first window. @type {Promise<Parameters<typeof tell>[0]>} */
export const opened = new Promise((resolve) => (tell = resolve));

/** As Electron has it without any `webPreferences`: context isolation, sandbox, no integration of Node. */
export class BrowserWindow {
  /** @param {string} url of a file */
  async loadURL(url) {
    const browser = await startBrowser('chromium');
    // A page of `file:` loads no modules in Chromium, but does in Electron.
    const inPlace = 'https://main.example/';
    const { page } = await openWindow(browser, standIn, {
      url: `${inPlace}index.html`,
      shownAs: url,
      async serve(asked) {
        const file = new URL(asked.replace(inPlace, ''), url);
        const type = file.pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
        const body = await readFile(file).catch(() => null);
        return new Response(body, { status: body ? 200 : 404, headers: { 'Content-Type': type } });
      },
    });
    tell({ page, close: () => browser.close() });
  }
}

// Stands in for `electron` where the example runs: its windows are pages in real Chromium.

import { startBrowser } from '../browsers/browser.js';
import * as electron from './readme_electron.js';
import { openWindow } from './window.js';

/** @import * as Electron from 'electron' */

export * from './readme_electron.js';

/** @type {((request: Request) => Promise<Response>) | undefined} */
let handler;

/** @type {Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>} */
export const protocol = {
  registerSchemesAsPrivileged() {
    if (electron.app.isReady())
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
  },
  handle(scheme, given) {
    if (scheme !== 'app') throw new Error(`the example has no scheme ${scheme}`);
    handler = async (request) => given(/** @type {any} */ (request));
  },
};

/** @type {(opened: { window: Awaited<ReturnType<typeof openWindow>>, preferences: Electron.WebPreferences, close: () => Promise<void> }) => void} */
let tell;
/** Resolves with the first window. @type {Promise<Parameters<typeof tell>[0]>} */
export const opened = new Promise((resolve) => (tell = resolve));

export class BrowserWindow {
  /** @param {{ webPreferences: Electron.WebPreferences }} options */
  constructor({ webPreferences }) {
    this.preferences = webPreferences;
    /** What the example forbids. @type {string[]} */
    this.forbidden = [];
    this.webContents = {
      setWindowOpenHandler: (/** @type {() => { action: string }} */ decide) => this.forbidden.push(decide().action),
      on: (/** @type {string} */ event, /** @type {(event: { preventDefault(): void }) => void} */ listener) =>
        listener({ preventDefault: () => this.forbidden.push(event) }),
    };
  }

  /** @param {string} url */
  async loadURL(url) {
    const { contextIsolation, sandbox, nodeIntegration } = this.preferences;
    const isSafe =
      contextIsolation === true &&
      sandbox === true &&
      nodeIntegration === false &&
      this.forbidden.join() === 'deny,will-navigate';
    if (!isSafe) throw new Error('the window may do more than it should');
    const browser = await startBrowser('chromium');
    // Plain Chromium knows no schemes of applications: a secure origin takes the place of this one.
    const [own, inPlace] = ['app://main/', 'https://main.example/'];
    const window = await openWindow(browser, /** @type {any} */ (electron.standIn), {
      url: url.replace(own, inPlace),
      shownAs: url,
      serve: async (asked) =>
        asked.startsWith(inPlace)
          ? /** @type {any} */ (handler)(new Request(asked.replace(inPlace, own)))
          : new Response('', { status: 404 }),
    });
    tell({ window, preferences: this.preferences, close: () => browser.close() });
  }
}

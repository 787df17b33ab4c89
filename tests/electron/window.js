/**
 * A window of an application: a page in real Chromium, and its preload scripts in a world of their own beside it, as with
 * context isolation. What Electron does between them and the main process is done by the tests' connection to the browser.
 */

import { readFile } from 'node:fs/promises';
import { MessageChannel } from 'node:worker_threads';
import { mainPort } from './electron.js';

/** @typedef {Awaited<ReturnType<typeof import('../browsers/browser.js').startBrowser>>} Browser */
/** @import { MessagePort } from 'node:worker_threads' */
/** @import { StandIn } from './electron.js' */

/**
 * `require('electron')` of a preload script. Ports become numbers, since nothing else crosses: what is said to a port is told
 * to the main process with its number, and the other way round. Bytes cross as arrays.
 */
const standIn = `
  const ports = new Map();
  const pack = (value) => JSON.stringify(value, (_key, part) => (part instanceof ArrayBuffer ? { bytes: [...new Uint8Array(part)] } : part));
  const unpack = (value) => JSON.parse(value, (_key, part) => (part && Array.isArray(part.bytes) ? new Uint8Array(part.bytes) : part));
  const ipcRenderer = {
    postMessage(channel, message, transferred) {
      const numbers = transferred.map((port) => {
        const number = ports.size;
        ports.set(number, port);
        port.onmessage = ({ data }) => toMain(pack({ port: number, data }));
        port.addEventListener('close', () => toMain(pack({ port: number, closed: true })));
        return number;
      });
      toMain(pack({ channel, message, ports: numbers }));
    },
  };
  globalThis.fromMain = (number, data) => ports.get(number).postMessage(unpack(data));
  // The other world is told by a script of the test's: only functions and plain data cross Electron's own bridge.
  const exposed = new Set();
  const contextBridge = {
    exposeInMainWorld(name) {
      if (exposed.has(name)) throw new Error('Cannot bind an API on top of an existing property on the window object');
      exposed.add(name);
    },
  };
  const require = (name) => ({ electron: { ipcRenderer, contextBridge } })[name];
`;

/**
 * @param {Browser} browser
 * @param {StandIn} electron
 * @param {{ url: string, script?: string, shownAs?: string, preload?: string, partition?: string, serve?: (url: string) => Promise<Response> }} page
 *   `url`: where the tests serve it; `shownAs`: its URL as the main process sees it; `preload`: the file of the application's own
 *   preload script; `partition`: that of its session; `serve`: answers its requests in the network's place
 */
export async function openWindow(
  browser,
  electron,
  { url, script, shownAs = 'app://main/index.html', preload, partition = '', serve },
) {
  const page = await browser.newPage();
  if (serve) {
    await page.setRequestInterception(true);
    page.on('request', async (request) => {
      const response = await serve(request.url());
      request.respond({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()),
      });
    });
  }
  const session = await page.createCDPSession();
  /** @type {Map<number, MessagePort>} */
  const ports = new Map();
  /** Everything that came into the page by the bridge. @type {string[]} */
  const received = [];

  await session.send('Runtime.enable');
  await session.send('Runtime.addBinding', { name: 'toMain', executionContextName: 'preload' });
  session.on('Runtime.bindingCalled', async ({ payload, executionContextId: contextId }) => {
    const {
      failed,
      channel,
      message,
      ports: numbers,
      port,
      data,
      closed,
    } = JSON.parse(payload, (_key, part) =>
      part && Array.isArray(part.bytes) ? new Uint8Array(part.bytes).buffer : part,
    );
    if (failed) return electron.seen.failures.push(failed);
    if (closed) return ports.get(port)?.close();
    if (port !== undefined) return ports.get(port)?.postMessage(data);
    const transferred = numbers.map((/** @type {number} */ number) => {
      const { port1, port2 } = new MessageChannel();
      ports.set(number, port1);
      port1.on('message', (answer) => {
        const packed = JSON.stringify(answer, (_key, part) =>
          part instanceof Uint8Array ? { bytes: [...part] } : part,
        );
        received.push(packed);
        session
          .send('Runtime.evaluate', { contextId, expression: `fromMain(${number}, ${JSON.stringify(packed)})` })
          .catch(() => {});
      });
      return mainPort(port2);
    });
    electron.receive({ url: shownAs }, message, transferred, channel);
  });
  const scripts = await Promise.all(electron.preloadScripts(partition, preload).map((file) => readFile(file, 'utf8')));
  if (scripts.length > 0) {
    // Each within a function, as CommonJS modules are; one that fails is reported, and the others run (lib/sandboxed_renderer/preload.ts).
    const run = (/** @type {string} */ text) =>
      `try { ((require) => { ${text} })(require); } catch (error) { toMain(pack({ failed: error.message })); }`;
    const source = `(() => { ${standIn}\n${scripts.map(run).join('\n')} })();`;
    await session.send('Page.enable');
    await session.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName: 'preload' });
    const exposed = scripts.some((text) => text.includes('mcpOauthWasm'));
    if (exposed)
      await session.send('Page.addScriptToEvaluateOnNewDocument', {
        source: 'globalThis.mcpOauthWasm = Object.freeze({ version: 1 });',
      });
  }
  await page.goto(url);
  if (script) await page.evaluate(script);
  return {
    page,
    received,
    async close() {
      for (const port of ports.values()) port.close();
      await page.close();
    },
  };
}

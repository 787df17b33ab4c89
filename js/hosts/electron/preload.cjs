// A preload script for sandboxed pages: hands the requests of this page, each with its port, to the main process. It is one
// CommonJS file, because such scripts can require nothing but Electron; preload_script.js has its text, for bundled
// applications. See mcp-oauth-wasm/electron-renderer.

// @ts-expect-error: only pages of Electron have it
const { contextBridge, ipcRenderer } = require('electron');

const CHANNEL = 'mcp-oauth-wasm';
const MARK = 'mcpOauthWasm';

// A window may have it twice, as by its session and by a preload script of the application's own.
if (!(MARK in globalThis)) {
  contextBridge.exposeInMainWorld(MARK, { version: 1 });
  Object.defineProperty(globalThis, MARK, { value: true });

  window.addEventListener('message', (event) => {
    // From this page itself: not from a frame within it, nor from another window.
    if (event.source !== window || typeof event.data !== 'object' || event.data?.channel !== CHANNEL) return;
    ipcRenderer.postMessage(CHANNEL, event.data.request, [...event.ports]);
  });
}

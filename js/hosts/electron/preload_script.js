/** The preload script as a file of the application: a bundled main process has no other beside it. */

/** @import { ElectronApp } from './electron_parts.js' */

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { persistently, reported, requireOwn } from '../../stores/file_store.js';

/**
 * Writes it. It stays where it is, since each page that is loaded reads it again, and where nobody else can put another in its
 * place: a folder for temporary files is cleaned while the application runs, and its name free again.
 *
 * @param {ElectronApp} app
 * @returns {Promise<string>} its path; rejects with a `StorageError` (`store_not_private`, `store_unavailable`)
 */
export function writePreloadScript(app) {
  const file = join(app.getPath('userData'), 'mcp-oauth-wasm-preload.cjs');
  return reported(file, async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await requireOwn(file);
    if ((await readFile(file, 'utf8').catch(() => '')) === PRELOAD_SCRIPT) return file;
    // Another instance may be reading it.
    const written = `${file}.${randomUUID()}`;
    await writeFile(written, PRELOAD_SCRIPT, { flag: 'wx', mode: 0o600 });
    await persistently(() => rename(written, file));
    return file;
  });
}

/** What preload.cjs says, without its comments; a test holds the two together. */
export const PRELOAD_SCRIPT = `const { contextBridge, ipcRenderer } = require('electron');

const CHANNEL = 'mcp-oauth-wasm';
const MARK = 'mcpOauthWasm';

if (!(MARK in globalThis)) {
  contextBridge.exposeInMainWorld(MARK, { version: 1 });
  Object.defineProperty(globalThis, MARK, { value: true });

  window.addEventListener('message', (event) => {
    if (event.source !== window || typeof event.data !== 'object' || event.data?.channel !== CHANNEL) return;
    ipcRenderer.postMessage(CHANNEL, event.data.request, [...event.ports]);
  });
}
`;

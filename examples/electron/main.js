// The main process: it signs in, and keeps the tokens. Its one page gets a `fetch`, and nothing else.

import { readFile } from 'node:fs/promises';
import { env } from 'node:process';

import { app, BrowserWindow, protocol } from 'electron';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { createSafeStorageStore, electronHost, serveBridge } from 'mcp-oauth-wasm/electron';

/** The MCP server that the page connects to. */
const server = env.MCP_SERVER ?? 'https://mcp.example.com/mcp';

/** What the page consists of: no other file is served. */
const files = new Map([
  ['/index.html', 'text/html'],
  ['/style.css', 'text/css'],
  ['/bundle.js', 'text/javascript'],
]);

// A scheme of its own gives the page an origin, which `file:` does not.
protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);

/** @param {Request} request */
async function servePage({ url }) {
  const { host, pathname } = new URL(url);
  const type = host === 'main' ? files.get(pathname) : undefined;
  if (!type) return new Response('not found', { status: 404 });
  const contentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return new Response(await readFile(new URL(`page${pathname}`, import.meta.url)), {
    headers: { 'Content-Type': type, 'Content-Security-Policy': contentSecurityPolicy },
  });
}

async function openWindow() {
  const window = new BrowserWindow({
    webPreferences: {
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
    },
  });
  // It shows its own page, and never another.
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  await window.loadURL('app://main/index.html');
}

app.on('window-all-closed', () => app.quit());

app.whenReady().then(async () => {
  // Where Linux has no secret service, this says that plain text will do: for trying it out.
  const store = createSafeStorageStore(undefined, { allowPlainText: env.ALLOW_PLAIN_TEXT === 'yes' });
  const authorizer = createAuthorizer({
    host: electronHost({ store }),
    client: { clientName: 'mcp-oauth-wasm example' },
  });
  const connection = authorizer.connection(server, { interaction: true });
  await serveBridge({
    pages: ['app://main/index.html'],
    connection: (name) => (name === server ? connection : undefined),
  });
  protocol.handle('app', servePage);
  await openWindow();
});

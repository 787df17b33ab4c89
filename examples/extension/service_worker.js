import { createAuthorizer, TransportError } from 'mcp-oauth-wasm';
import { browserHost, createIndexedDBStore, pastedRedirect } from 'mcp-oauth-wasm/browser';
import { mcpClient } from '../browser/mcp.js';

const { identity, runtime } = /** @type {any} */ (globalThis).chrome;

// The browser opens the window, and gives this extension alone the address at which it ends.
const redirect = pastedRedirect({
  redirectUri: identity.getRedirectURL(),
  ask: ({ authorizationUrl }) =>
    identity.launchWebAuthFlow({ url: authorizationUrl, interactive: true }).catch((/** @type {unknown} */ cause) => {
      throw new TransportError({ code: 'callback_aborted', message: 'The window was closed. Sign in again.', cause });
    }),
});
const host = browserHost({ redirect, store: createIndexedDBStore({ encrypted: true }) });
const authorizer = createAuthorizer({ host, client: { clientName: 'Extension example' } });

/** @type {Record<string, (server: string) => Promise<string>>} */
const acts = {
  async connect(server) {
    const mcp = mcpClient(server, authorizer.fetch(server, { interaction: true }));
    await mcp.initialize();
    return (await mcp.listTools()).map((/** @type {{ name: string }} */ { name }) => name).join(', ');
  },
  async signOut(server) {
    return (await authorizer.connection(server).signOut()) ? 'Signed out.' : 'Signed out here.';
  },
};

/** @typedef {(message: { act: string, server: string }, sender: unknown, say: (said: string) => void) => boolean} Listener */

// The popup goes when another window opens; the service worker stays, and finishes the sign-in.
runtime.onMessage.addListener(
  /** @type {Listener} */ ({ act, server }, _sender, say) => {
    acts[act]?.(server).then(say, ({ code, message }) => say(`${code}: ${message}`));
    return true;
  },
);

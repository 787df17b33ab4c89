// A service worker, where a module cannot be imported later (`import()` is disallowed): all that a session can be.

// @ts-expect-error where the site has it
import { browserHost, createMemoryStore, pastedRedirect } from './node_modules/mcp-oauth-wasm/js/browser.js';
// @ts-expect-error where the site has it
import { createDpop } from './node_modules/mcp-oauth-wasm/js/dpop.js';
// @ts-expect-error where the site has it
import { clientCredentials } from './node_modules/mcp-oauth-wasm/js/grants.js';
// @ts-expect-error where the site has it
import { createAuthorizer } from './node_modules/mcp-oauth-wasm/js/index.js';

const call = {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
};

/**
 * @param {{ server: string, scopes: string[], client?: object }} where with a client, as a machine
 * @param {(url: string) => Promise<string>} signIn
 */
async function lifeOfSession({ server, scopes, client }, signIn) {
  const store = createMemoryStore();
  const ask = (/** @type {{ authorizationUrl: string }} */ { authorizationUrl }) => signIn(authorizationUrl);
  const redirect = pastedRedirect({ redirectUri: 'http://127.0.0.1:8976/callback', ask });
  const host = browserHost({ store, dpop: createDpop({ store }), redirect });
  const settings = () => ({ scopes, client, grant: client && clientCredentials() });
  const connection = createAuthorizer({ host, settings }).connection(server, { interaction: true });
  const { status } = await connection.fetch(server, call);
  const { tokens } = await connection.session();
  if (tokens.refreshToken) await connection.refresh();
  const after = await connection.fetch(server, call);
  return {
    statuses: [status, after.status],
    tokenType: tokens.tokenType,
    hasIdToken: tokens.idToken !== undefined,
    revoked: await connection.signOut(),
  };
}

self.addEventListener('message', (/** @type {any} */ { data, ports: [port], waitUntil }) => {
  void waitUntil;
  const signIn = (/** @type {string} */ authorizationUrl) =>
    new Promise((/** @type {(url: string) => void} */ resolve) => {
      port.onmessage = (/** @type {MessageEvent} */ { data: callbackUrl }) => resolve(callbackUrl);
      port.postMessage({ authorizationUrl });
    });
  const fail = (/** @type {any} */ error) => ({ name: error.name, code: error.code, message: error.message });
  lifeOfSession(data, signIn)
    .catch(fail)
    .then((outcome) => port.postMessage({ outcome }));
});

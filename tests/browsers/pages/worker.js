// A module worker: no window, no import map; the same store as its page.

// @ts-expect-error where the site has it
import { browserHost, createIndexedDBStore, createMemoryStore } from './node_modules/mcp-oauth-wasm/js/browser.js';
// @ts-expect-error where the site has it
import { createAuthorizer } from './node_modules/mcp-oauth-wasm/js/index.js';

self.onmessage = async ({ data: { server } }) => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  };
  const call = async (/** @type {any} */ store, interaction = false) => {
    const host = browserHost({ store, redirectUri: '/callback.html' });
    return (await createAuthorizer({ host }).fetch(server, { interaction })(server, init)).text();
  };
  const refusal = (/** @type {any} */ error) => [error.name, error.code];
  postMessage({
    whoAmI: await call(createIndexedDBStore({ encrypted: true })),
    stranger: await call(createMemoryStore()).catch(refusal),
    insistent: await call(createMemoryStore(), true).catch(refusal),
  });
};

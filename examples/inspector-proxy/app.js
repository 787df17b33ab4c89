import { createAuthorizer } from 'mcp-oauth-wasm';
import { browserHost, proxiedFetch } from 'mcp-oauth-wasm/browser';
import { handOverCallback } from 'mcp-oauth-wasm/browser-callback';

/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);

if (!handOverCallback()) {
  const host = browserHost({ redirectUri: './index.html', fetch: proxiedFetch({ proxy: '/proxy' }) });
  const authorizer = createAuthorizer({ client: { clientName: 'Inspector by a proxy' }, host });

  byId('connect-form').addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    const connection = authorizer.connection(byId('server').value, { interaction: true });
    try {
      await connection.signIn();
      const response = await connection.fetch(connection.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      });
      byId('outcome').textContent = `${response.status} ${await response.text()}`;
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      byId('outcome').textContent = `${code}: ${message}`;
    }
  });
}

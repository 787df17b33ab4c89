// The server's half of `proxiedFetch`, as a server of one's own has it. What it shares with the inspector is tested there:
// tests/inspector/server.test.js.

import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { createInspectorProxy } from 'mcp-oauth-wasm/inspector-proxy';
import { listenOnLoopback } from '../servers/loopback.js';

/** @import { InspectorProxy } from 'mcp-oauth-wasm/inspector-proxy' */

/** What was sent, in place of a network. @type {string[]} */
const sent = [];
/** @type {InspectorProxy} */
let proxy;
const server = createServer((request, response) => {
  if (!proxy.answer(request, response)) response.end('the page');
});
/** @type {Awaited<ReturnType<typeof listenOnLoopback>>} */
let site;
before(async () => {
  site = await listenOnLoopback(server);
  proxy = createInspectorProxy({
    origin: site.origin,
    resolve: async (name) => (name === 'inside.example' ? ['10.0.0.5'] : ['203.0.113.7']),
    fetch: async (url) => {
      sent.push(String(url));
      const named = ['https://inside.example', 'http://127.0.0.1:6379', 'https://as.example'];
      return Response.json({ authorization_servers: named });
    },
  });
});
after(() => site.close());

/**
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ status: number | undefined, json: any }>}
 */
function ask(path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const all = { origin: site.origin, 'content-type': 'application/json', ...headers };
    const request = httpRequest(
      `${site.origin}/proxy${path}`,
      { method: 'POST', headers: all, agent: false },
      async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve({ status: response.statusCode, json: JSON.parse(text) });
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
}

const getting = (/** @type {string} */ server, /** @type {string} */ url) => ({
  server,
  url,
  method: 'GET',
  headers: [],
});

test("what is not for the proxy is left to the page's own server", async () => {
  assert.equal(await (await fetch(`${site.origin}/proxyx`)).text(), 'the page');
});

test('[refuses D12] by another host name, from another origin, without the key or the token it does nothing', async () => {
  const other = site.origin.replace('127.0.0.1', 'localhost');
  const { key } = proxy;
  assert.equal((await ask('/session', { key }, { host: new URL(other).host })).status, 421);
  for (const origin of [other, 'https://evil.example', 'null'])
    assert.equal((await ask('/session', { key }, { origin })).status, 403);
  assert.equal((await ask('/session', { key: 'guessed' })).status, 403);
  assert.equal((await ask('/send', getting('https://mcp.example/mcp', 'https://mcp.example/mcp'))).status, 401);
  assert.deepEqual(sent, []);
});

test('[refuses D12] each server under inspection has a word of its own, which leads from a public server to no private address', async () => {
  const { token } = (await ask('/session', { key: proxy.key })).json;
  const call = (/** @type {string} */ path, /** @type {unknown} */ body) =>
    ask(path, body, { authorization: `Bearer ${token}` });
  const [one, two] = ['https://mcp.example/mcp', 'https://other.example/mcp'];
  assert.equal((await call('/send', getting(one, one))).json.code, 'server_not_inspected');
  for (const endpoint of [one, two]) await call('/inspect', { endpoint });
  assert.equal((await call('/send', getting(one, one))).json.status, 200);
  for (const url of ['https://inside.example/', 'http://127.0.0.1:6379/'])
    assert.equal((await call('/send', getting(one, url))).json.code, 'private_address');
  assert.equal((await call('/send', getting(one, 'https://as.example/'))).json.status, 200);
  assert.equal((await call('/send', getting(two, 'https://as.example/'))).json.code, 'target_unconfirmed');
  await call('/confirm', { server: two, origin: 'https://as.example' });
  assert.equal((await call('/send', getting(two, 'https://as.example/'))).json.status, 200);
  assert.equal((await call('/send', getting(one, `${site.origin}/proxy/send`))).json.code, 'target_is_inspector');
  assert.deepEqual(sent, [one, 'https://as.example/', 'https://as.example/']);
});

test('a proxy that others could reach is refused', () => {
  for (const origin of ['https://inspector.example', 'http://192.168.0.7:6274', 'http://127.0.0.1:6274/page', 'x'])
    assert.throws(() => createInspectorProxy({ origin }), { code: 'invalid_argument' });
});

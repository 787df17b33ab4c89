import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callHost } from '../../js/connection/trace.js';
import { call } from '../../js/core/wasm.js';
import { guardedFetch } from '../../js/hosts/node/guarded_fetch.js';
import '../../js/index.js';

/** @type {Record<string, string[]>} */
const names = {
  'mcp.example': ['203.0.113.7'],
  'as.example': ['203.0.113.8', '2001:db8::1'],
  'rebound.example': ['203.0.113.8', '127.0.0.1'],
  'inside.example': ['10.1.2.3'],
  'linked.example': ['fe80::1'],
  'unique.example': ['fd00::1'],
  'mapped.example': ['::ffff:10.0.0.1'],
  'translated.example': ['64:ff9b::7f00:1'],
  'translated-here.example': ['64:ff9b:1::a00:5'],
  'tunnelled.example': ['2002:7f00:1::1'],
  'compatible.example': ['::127.0.0.1'],
  'site.example': ['fec0::1'],
  'translated-public.example': ['64:ff9b::cb00:7108'],
  'loopback6.example': ['::1'],
  localhost: ['127.0.0.1'],
};

const resolve = async (/** @type {string} */ hostname) => names[hostname] ?? Promise.reject(new Error('ENOTFOUND'));
const guarded = guardedFetch(async () => new Response('there'), resolve);

for (const [endpoint, url] of [
  ['https://mcp.example/mcp', 'https://as.example/token'],
  ['https://mcp.example/mcp', 'https://mcp.example/token'],
  ['https://inside.example/mcp', 'https://as.example/token'],
  ['https://inside.example/mcp', 'https://unique.example/token'],
  ['http://127.0.0.1:1/mcp', 'http://localhost:2/token'],
  ['http://127.0.0.1:1/mcp', 'https://inside.example/token'],
  ['https://mcp.example/mcp', 'https://nowhere.example/token'],
  ['https://mcp.example/mcp', 'https://translated-public.example/token'],
  ['https://nowhere.example/mcp', 'https://as.example/token'],
  [undefined, 'https://inside.example/token'],
]) {
  test(`[accepts D12] ${endpoint ?? 'nobody in particular'} may name ${url}`, async () => {
    assert.equal(await (await guarded(String(url), {}, { endpoint })).text(), 'there');
  });
}

for (const [endpoint, url] of [
  ['https://mcp.example/mcp', 'https://rebound.example/token'],
  ['https://mcp.example/mcp', 'https://inside.example/token'],
  ['https://mcp.example/mcp', 'https://linked.example/token'],
  ['https://mcp.example/mcp', 'https://unique.example/token'],
  ['https://mcp.example/mcp', 'https://mapped.example/token'],
  ['https://mcp.example/mcp', 'https://loopback6.example/token'],
  ['https://inside.example/mcp', 'https://loopback6.example/token'],
  ['https://mcp.example/mcp', 'https://translated.example/token'],
  ['https://mcp.example/mcp', 'https://translated-here.example/token'],
  ['https://mcp.example/mcp', 'https://tunnelled.example/token'],
  ['https://mcp.example/mcp', 'https://compatible.example/token'],
  ['https://mcp.example/mcp', 'https://site.example/token'],
  // It is as far away as the furthest of its addresses.
  ['https://rebound.example/mcp', 'https://inside.example/token'],
  ['https://nowhere.example/mcp', 'https://inside.example/token'],
]) {
  test(`[refuses D12] ${endpoint} names ${url}, which is nearer than itself`, async () => {
    await assert.rejects(guarded(String(url), {}, { endpoint }), { code: 'private_address', kind: 'misbehaved' });
  });
}

test('[refuses D12] a document of the MCP server names such a host: the error reaches the caller, with its step', async () => {
  const endpoint = 'https://mcp.example/mcp';
  /** @type {string[]} */
  const sent = [];
  const fetch = guardedFetch(async (url) => {
    sent.push(String(url));
    return Response.json({ resource: endpoint, authorization_servers: ['https://inside.example'] });
  }, resolve);
  await assert.rejects(call('discover', { endpoint }, callHost({ fetch })), {
    code: 'private_address',
    step: 'discover',
  });
  assert.deepEqual(sent, ['https://mcp.example/.well-known/oauth-protected-resource/mcp']);
});

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

/** Bytes that look like chance, and are the same each time. */
function bytes() {
  let state = 20261130;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) & 255;
  };
}

test('[refuses D12] every address in here, in every form that carries one; [accepts D12] all others, in the same forms', async () => {
  const byte = bytes();
  const within = (/** @type {number[]} */ ...start) => [...start, byte(), byte(), byte(), byte()].slice(0, 4);
  const inHere = [
    () => within(127),
    () => within(0),
    () => within(10),
    () => within(169, 254),
    () => within(172, 16 + (byte() & 15)),
    () => within(192, 168),
    () => within(100, 64 + (byte() & 63)),
    () => within(224 + (byte() & 31)),
  ];
  const elsewhere = [
    () => within(8),
    () => within(172, 32),
    () => within(100, 128),
    () => within(203, 0, 113),
    () => within(193),
  ];
  const hex = (/** @type {number[]} */ [a = 0, b = 0, c = 0, d = 0]) => [
    ((a << 8) | b).toString(16),
    ((c << 8) | d).toString(16),
  ];
  /** @type {Record<string, (octets: number[]) => string>} */
  const forms = {
    itself: (octets) => octets.join('.'),
    mapped: (octets) => `::ffff:${octets.join('.')}`,
    'in the middle of others': (octets) => octets.join('.'),
    translated: (octets) => `::ffff:0:${hex(octets).join(':')}`,
    'by NAT64': (octets) => `64:ff9b::${hex(octets).join(':')}`,
    'by 6to4': (octets) => `2002:${hex(octets).join(':')}::1`,
  };
  for (let round = 0; round < 40; round += 1) {
    for (const [form, write] of Object.entries(forms)) {
      for (const [isNear, makers] of /** @type {const} */ ([
        [true, inHere],
        [false, elsewhere],
      ])) {
        for (const make of makers) {
          const address = write(make());
          const found = form === 'in the middle of others' ? ['203.0.113.1', address, '2001:db8::1'] : [address];
          const fetch = guardedFetch(
            async () => new Response('there'),
            async (hostname) => (hostname === 'named.example' ? found : ['203.0.113.7']),
          );
          const asked = fetch('https://named.example/token', {}, { endpoint: 'https://mcp.example/mcp' });
          const outcome = await asked.then(
            () => false,
            ({ code }) => code === 'private_address',
          );
          assert.equal(outcome, isNear, `${form}: ${address}`);
        }
      }
    }
  }
  for (const address of ['fe80::1%eth0', '64:ff9b:1:a00:0:500::', 'fd12:3456::1', 'ff02::1', 'fec0::1']) {
    const fetch = guardedFetch(
      async () => new Response('there'),
      async (hostname) => (hostname === 'named.example' ? [address] : ['203.0.113.7']),
    );
    await assert.rejects(
      fetch('https://named.example/token', {}, { endpoint: 'https://mcp.example/mcp' }),
      { code: 'private_address' },
      address,
    );
  }
});

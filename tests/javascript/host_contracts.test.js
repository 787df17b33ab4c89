// What this package brings for hosts keeps the contracts of the test kit. (The file store, with other processes: file_store.test.js.)

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { fetchContract, hostContract, redirectContract, storeContract } from 'mcp-oauth-wasm/host-test';
import { startFetchTestServer } from 'mcp-oauth-wasm/host-test/server';
import { createMemoryStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { pastedRedirect } from 'mcp-oauth-wasm/pasted-redirect';

/** @import { ContractCase } from 'mcp-oauth-wasm/host-test' */

const server = await startFetchTestServer();
after(server.close);

/** Pastes the addresses to which it is sent. */
function pastingPerson() {
  /** Those that are asked: what is pasted for one of them, the others refuse. @type {Set<(pasted: string) => void>} */
  const asked = new Set();
  return {
    create: (/** @type {(url: string) => void} */ open) =>
      pastedRedirect({
        redirectUri: 'http://127.0.0.1:8976/callback',
        ask({ authorizationUrl, problem }) {
          if (!problem) open(authorizationUrl);
          return new Promise((resolve) => asked.add(resolve));
        },
      }),
    visit: async (/** @type {string} */ url) => {
      const all = [...asked];
      asked.clear();
      for (const paste of all) paste(url);
    },
  };
}

const people = pastingPerson();

/** @type {Record<string, ContractCase[]>} */
const contracts = {
  'the memory store': storeContract({ open: createMemoryStore }),
  "Node's own fetch": fetchContract({ fetch: globalThis.fetch, ...server }),
  "a Node host's fetch": fetchContract({ fetch: nodeHost().fetch, ...server }),
  'the loopback redirect': redirectContract({ create: (open) => loopbackRedirect({ open }) }),
  'the loopback redirect for IPv6': redirectContract({ create: (open) => loopbackRedirect({ open, host: '::1' }) }),
  'the pasted redirect': redirectContract(pastingPerson()),
  'a Node host': hostContract({
    create: (open) => nodeHost({ store: createMemoryStore(), redirect: loopbackRedirect({ open }) }),
    createAnother: ({ store }, open) => nodeHost({ store, redirect: loopbackRedirect({ open }) }),
  }),
  'a host with a pasted redirect': hostContract({
    create: (open) => ({ store: createMemoryStore(), redirect: people.create(open) }),
    visit: people.visit,
  }),
};

for (const [what, cases] of Object.entries(contracts)) {
  describe(what, () => {
    assert.ok(cases.length > 5);
    for (const { name, run } of cases) test(name, run);
  });
}

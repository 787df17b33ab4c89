import assert from 'node:assert/strict';
import { test } from 'node:test';
import 'mcp-oauth-wasm';
import { assertSnapshot, inShort, seen } from '../doctor/snapshots.js';
import { startMcpSdk1_21_0, startMcpSdk1_32 } from './servers/mcp_sdk.js';
import {
  startOidcProvider, startOidcProviderForDevices, startOidcProviderWithMetadataDocuments, startOidcProviderWithProofs,
  startOidcProviderWithPushedRequests,
} from './servers/oidc_provider.js';

/** @type {Record<string, () => Promise<import('./servers/interop_server.js').InteropServer>>} */
const servers = {
  'oidc-provider 9': () => startOidcProvider({ defaultScope: null }),
  'oidc-provider 9, default scope': () => startOidcProvider({ defaultScope: 'profile email' }),
  'oidc-provider 9, pushed requests': startOidcProviderWithPushedRequests,
  'oidc-provider 9, proofs and nonces': startOidcProviderWithProofs,
  'oidc-provider 9, another device': startOidcProviderForDevices,
  'oidc-provider 9, metadata documents': startOidcProviderWithMetadataDocuments,
  'MCP SDK 1.21.0': startMcpSdk1_21_0,
  'MCP SDK 1.32': startMcpSdk1_32,
};

test('doctor says of the servers from npm what it said before', async () => {
  /** @type {Record<string, ReturnType<typeof inShort>>} */
  const all = {};
  for (const [name, start] of Object.entries(servers)) {
    const server = await start();
    try {
      all[name] = inShort(await seen(server.url));
    } finally {
      await server.close();
    }
  }
  assertSnapshot('interop', all);
  const errors = Object.entries(all).filter(([, { examined }]) => examined.some((line) => line.startsWith('error ')));
  assert.deepEqual(errors, [], 'people can sign in at all of these');
});

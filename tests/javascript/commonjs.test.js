import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);

test('CommonJS hosts require the package and its Node host', async () => {
  const { createPkce, createAuthorizer } = require('mcp-oauth-wasm');
  const { nodeHost } = require('mcp-oauth-wasm/node');
  assert.equal(typeof createAuthorizer({ host: nodeHost() }).fetch('https://mcp.example/mcp'), 'function');
  assert.equal((await createPkce()).codeChallengeMethod, 'S256');
});

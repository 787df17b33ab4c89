// examples/rust, built, signs in at real servers, and its MCP client calls a tool. `npm run test:rust-example` builds it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { runProgram } from './program.js';

/** @type {import('../javascript/world.js').World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

test('signs in at a server that it has never met, calls a tool, and needs nobody after a restart', async () => {
  const folder = await temporaryFolder();
  const { lines, trips } = await runProgram('mcp-oauth-driver', [world.server, folder, '--print']);
  assert.match(String(lines), /alice@example\.com/);
  assert.equal(trips.length, 1);
  const { query, client } = world.authorizationServer.requests.find(({ path }) => path === '/auth') ?? assert.fail();
  const registered = String(client?.scope).split(' ');
  assert.deepEqual(
    String(query.scope)
      .split(' ')
      .filter((scope) => !registered.includes(scope)),
    [],
    'it asks for what it registered',
  );

  const again = await runProgram('mcp-oauth-driver', [world.server, folder, '--print']);
  assert.match(String(again.lines), /alice@example\.com/);
  assert.equal(again.trips.length, 0);
});

test('what is not the response that it waits for does not end its wait', async () => {
  /** @type {number[]} */
  const statuses = [];
  const first = async (/** @type {string} */ authorizationUrl) => {
    const redirectUri = String(new URL(authorizationUrl).searchParams.get('redirect_uri'));
    for (const url of [
      `${redirectUri}?code=stray&state=another`,
      redirectUri,
      `${new URL(redirectUri).origin}/favicon.ico`,
    ]) {
      statuses.push((await fetch(url)).status);
    }
  };
  const { lines } = await runProgram('mcp-oauth-driver', [world.server, await temporaryFolder(), '--print'], { first });
  assert.deepEqual(statuses, [404, 404, 404]);
  assert.match(String(lines), /alice@example\.com/);
});

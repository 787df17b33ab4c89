// Whole sign-ins of an application on Electron, by a scheme of its own, at real servers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createAuthorizer } from 'mcp-oauth-wasm';
import { electronHost, schemeRedirect } from 'mcp-oauth-wasm/electron';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { callTool, startWorld } from '../javascript/world.js';
import { createUserAgent } from '../servers/user_agent.js';
import { createElectron } from './electron.js';

/** @import { World } from '../javascript/world.js' */

/** @type {World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

/**
 * A start of the application.
 *
 * @param {string} userData
 * @param {{ follow?: (link: string) => void, key?: { secret: Buffer } }} [options] `follow`: what the system does with the link
 */
function start(userData, { follow, key } = {}) {
  const userAgent = createUserAgent();
  const electron = createElectron({
    userData,
    key,
    browse: async (url) => (follow ?? electron.openLink)(await userAgent.signIn(url)),
  });
  /** @type {Promise<unknown>[]} */
  const completed = [];
  const redirect = schemeRedirect({
    electron,
    scheme: 'com.example.app',
    resume: (link) => completed.push(authorizer.complete(link)),
  });
  const authorizer = createAuthorizer({
    client: { clientName: 'the tests' },
    host: electronHost({ electron, redirect }),
  });
  return { electron, authorizer, completed };
}

test("[accepts A9] a person signs in by a link of the application's scheme", async () => {
  const { electron, authorizer } = start(await temporaryFolder());
  const answer = await callTool(authorizer.fetch(world.server, { interaction: true }), world.server);
  assert.match(await answer.text(), /alice@example\.com/);
  assert.match(electron.seen.opened[0] ?? '', /redirect_uri=com\.example\.app%3A%2Fcallback/);
});

test('a sign-in goes on where the application ended while the person was in the browser, and was started by the link', async (context) => {
  const userData = await temporaryFolder();
  const secret = Buffer.alloc(32, 1);
  const link = await new Promise((/** @type {(link: string) => void} */ resolve) => {
    const { authorizer } = start(userData, { follow: resolve, key: { secret } });
    const gaveUp = new AbortController();
    context.after(() => gaveUp.abort());
    authorizer
      .fetch(world.server, { interaction: true, signal: gaveUp.signal })(world.server)
      .catch(() => {});
  });
  process.argv.push(link);
  context.after(() => process.argv.pop());
  const { authorizer, completed } = start(userData, { key: { secret } });
  while (completed.length === 0) await new Promise(setImmediate);
  await completed[0];
  const answer = await callTool(authorizer.fetch(world.server), world.server);
  assert.match(await answer.text(), /alice@example\.com/);
});

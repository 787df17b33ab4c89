// A client that was registered by hand comes back to the redirect URI that was registered with it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { listenOnLoopback } from '../servers/loopback.js';
import { createScriptedServers } from './scripted_servers.js';

/**
 * Signs in with a client of this redirect URI; the person comes back with a no.
 *
 * @param {string} redirectUri
 * @param {import('mcp-oauth-wasm/node').LoopbackRedirectOptions} [options]
 */
async function signIn(redirectUri, options) {
  const { start } = createScriptedServers();
  /** @type {string[]} */
  const cameBackTo = [];
  const redirect = loopbackRedirect({
    async open(url) {
      const { redirect_uri: uri = '', state = '' } = Object.fromEntries(new URL(url).searchParams);
      cameBackTo.push(uri);
      await fetch(`${uri}?error=access_denied&state=${state}`);
    },
    ...options,
  });
  const settings = { client: { clientId: 'by-hand', redirectUri } };
  const error = await start(settings, { redirect })
    .signIn()
    .catch((reason) => reason);
  await redirect.close?.();
  return { error, cameBackTo };
}

/** A port that was free just now. */
async function freePort() {
  const { origin, close } = await listenOnLoopback(createServer());
  await close();
  return new URL(origin).port;
}

test('[accepts A9, interop 28] without a port, any will do: host and path are as they were registered', async () => {
  for (const registered of ['http://localhost/auth/callback', 'http://127.0.0.1/', 'http://127.0.0.1/callback']) {
    const { error, cameBackTo } = await signIn(registered);
    assert.equal(error.code, 'authorization_refused');
    const [uri = ''] = cameBackTo;
    assert.ok(Number(new URL(uri).port) > 0);
    assert.equal(uri.replace(/:\d+/, ''), registered);
  }
});

test('[accepts A9, interop 28] with a port, it is that one, whatever the options of the redirect say', async () => {
  const registered = `http://localhost:${await freePort()}/oauth/callback`;
  const { error, cameBackTo } = await signIn(registered, { path: '/other' });
  assert.equal(error.code, 'authorization_refused');
  assert.deepEqual(cameBackTo, [registered]);
});

test('[refuses A9] whose port another program has: no browser is opened, and the error says which', async () => {
  const { origin, close } = await listenOnLoopback(createServer());
  const { error, cameBackTo } = await signIn(`${origin}/callback`);
  assert.equal(error.code, 'redirect_not_listed');
  assert.ok(error.message.includes(`${origin}/callback`) && error.message.includes('client.redirectUri'));
  assert.deepEqual(error.details.redirectUris, [`${origin}/callback`]);
  assert.deepEqual(cameBackTo, []);
  await close();
});

test('[refuses A9] that is none: the setting is named before anything is sent', async () => {
  const { error } = await signIn('http://app.example/callback');
  assert.equal(error.code, 'invalid_argument');
  assert.equal(error.details.path, 'settings.client.redirectUri');
});

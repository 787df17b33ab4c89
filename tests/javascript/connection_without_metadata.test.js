// A server of MCP revision 2025-03-26, which publishes no metadata of itself, from its first user to the day on which it
// is brought up to date.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createAuthorizer, createMemoryStore } from 'mcp-oauth-wasm';
import { expire, storedSession } from './world.js';

/** @import { Host } from 'mcp-oauth-wasm' */

const origin = 'https://mcp.example';
const server = `${origin}/mcp`;
const published = {
  '/.well-known/oauth-protected-resource/mcp': { resource: server, authorization_servers: ['https://as.example'] },
};
const endpoints = {
  issuer: 'https://as.example',
  authorization_endpoint: 'https://as.example/authorize',
  token_endpoint: 'https://as.example/token',
  registration_endpoint: 'https://as.example/register',
  code_challenge_methods_supported: ['S256'],
};

describe('a server without metadata', () => {
  /** The documents at the MCP server's origin. @type {Record<string, object>} */
  let documents;
  /** The access token that the MCP server takes. */
  let token = '';
  /** Where forms were sent, and their `resource`. @type {[string, string | null][]} */
  let forms;
  /** Where the person was sent, and the `resource` of the request. @type {[string, string | null][]} */
  let trips;
  /** @type {Host} */
  let host;

  beforeEach(() => {
    documents = {};
    [forms, trips] = [[], []];
    host = {
      store: createMemoryStore(),
      fetch: async (input, init) => answer(new URL(String(input)), init),
      redirect: {
        prepare: async () => ({
          redirectUri: 'http://127.0.0.1:49152/callback',
          acceptsQuery: true,
          async authorize({ authorizationUrl, state }) {
            const { origin, pathname, searchParams } = new URL(authorizationUrl);
            trips.push([origin + pathname, searchParams.get('resource')]);
            const back = new URL(searchParams.get('redirect_uri') ?? '');
            back.searchParams.set('code', 'the-code');
            back.searchParams.set('state', state);
            return back.href;
          },
          close: async () => {},
        }),
      },
    };
  });

  /**
   * @param {URL} url
   * @param {RequestInit} [init]
   */
  function answer({ href, pathname }, init) {
    if (href === server)
      return new Response(null, {
        status: new Headers(init?.headers).get('authorization') === `Bearer ${token}` ? 200 : 401,
      });
    if (pathname === '/register') return Response.json({ client_id: 'the-client' }, { status: 201 });
    if (pathname === '/token') {
      forms.push([href, new URLSearchParams(String(init?.body)).get('resource')]);
      token = `token-${forms.length}`;
      return Response.json({ access_token: token, token_type: 'Bearer', expires_in: 3600, refresh_token: 'for-more' });
    }
    const document = href.startsWith(origin)
      ? documents[pathname]
      : pathname.endsWith('/oauth-authorization-server')
        ? endpoints
        : undefined;
    return document ? Response.json(document) : new Response(null, { status: 404 });
  }

  const connection = () => createAuthorizer({ host }).connection(server, { interaction: true });

  test('[accepts D10] signs people in at its own origin, and hears of no resource, at no time', async () => {
    assert.equal((await connection().fetch(server)).status, 200);
    assert.deepEqual(trips, [[`${origin}/authorize`, null]]);
    await expire(host.store, server);
    assert.equal((await connection().fetch(server)).status, 200);
    assert.deepEqual(forms, [
      [`${origin}/token`, null],
      [`${origin}/token`, null],
    ]);
  });

  test('[accepts D10] that publishes metadata one day is believed, and that there is none is not believed any more', async () => {
    await connection().signIn();
    documents = published;
    await connection().signIn();
    assert.deepEqual(trips[1], ['https://as.example/authorize', server]);

    const session = await storedSession(host.store, server);
    documents = {};
    await assert.rejects(connection().signIn(), { code: 'no_protected_resource_metadata', step: 'discover' });
    assert.equal(trips.length, 2);
    assert.deepEqual(await storedSession(host.store, server), session, 'what was stored is left as it is');
  });

  test('[refuses D10] is an error where the host does not permit it', async () => {
    const settings = () => ({ withoutMetadata: false });
    const { signIn } = createAuthorizer({ host, settings }).connection(server);
    await assert.rejects(signIn(), { code: 'no_protected_resource_metadata' });
    assert.deepEqual([...trips, ...forms], []);
  });
});

// What is kept of an authorization server leads a person to its sign-in page sooner. Whatever it says by then, nothing secret
// may go by it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from 'mcp-oauth-wasm';
import { attacksIn } from './attack.js';
import { callTool, Person, rejectionOf, startAuthorizationServer, startHonestWorld } from './parties.js';

/** @import { TestContext } from 'node:test' */
/** @import { SignedInConnection } from '../../js/connection/authorizer.js' */
/** @import { AuthorizationServerOptions } from './parties.js' */

const attack = attacksIn(import.meta.filename);

/** What the MCP server answers. @param {SignedInConnection} connection */
const call = async ({ fetch, endpoint }) => (await callTool(fetch, endpoint)).json();

const metadataPath = '/.well-known/oauth-authorization-server';

/**
 * A person who was signed in before, at an authorization server that has its token endpoint elsewhere; and what that server
 * says of itself from now on.
 *
 * @param {TestContext} context
 * @param {AuthorizationServerOptions} [options]
 */
async function startWarmWorld(context, options) {
  const world = await startHonestWorld(context, { authorizationServer: options });
  const { internet, authorizationServer, protectedResource, person } = world;
  const elsewhere = await internet.serve('https://tokens.example', {
    '/token': (request) => authorizationServer.routes['/token']?.(request),
  });
  const says = { ...authorizationServer.metadata(), token_endpoint: 'https://tokens.example/token' };
  authorizationServer.routes[metadataPath] = () => ({ body: says });
  const before = person.start().connection(protectedResource.endpoint, { interaction: true });
  assert.deepEqual(await call(before), { login: 'alice' });
  await before.signOut();
  for (const { requests } of [authorizationServer, protectedResource, elsewhere]) requests.splice(0);
  const connection = () => person.start().connection(protectedResource.endpoint, { interaction: true });
  return { ...world, /** Where the token endpoint was. */ elsewhere, says, connection };
}

attack(
  '[refuses D7] a token endpoint that fell into other hands since somebody was here: the code is thrown away',
  async (context) => {
    const { authorizationServer, elsewhere, says, connection, person } = await startWarmWorld(context);
    says.token_endpoint = `${authorizationServer.issuer}/token`;
    assert.deepEqual(await call(connection()), { login: 'alice' });
    assert.deepEqual(elsewhere.requests, []);
    // Once before, once by what was kept, once by what is so now.
    assert.equal(person.trips.length, 3);
  },
);

attack('[refuses D7] a token endpoint that falls into other hands while the person is away', async (context) => {
  const { authorizationServer, elsewhere, says, connection } = await startWarmWorld(context);
  const authorize = authorizationServer.routes['/authorize'];
  authorizationServer.routes['/authorize'] = (request) => {
    says.token_endpoint = `${authorizationServer.issuer}/token`;
    return authorize?.(request);
  };
  assert.deepEqual(await call(connection()), { login: 'alice' });
  assert.deepEqual(elsewhere.requests, []);
});

test('a person who says no at a server that has another token endpoint by now is not asked again by that', async (context) => {
  const { authorizationServer, elsewhere, says, connection, person } = await startWarmWorld(context);
  says.token_endpoint = `${authorizationServer.issuer}/token`;
  const authorize = authorizationServer.routes['/authorize'];
  authorizationServer.routes['/authorize'] = ({ url }) => ({
    status: 302,
    headers: { location: authorizationServer.respond(url.searchParams, { error: 'access_denied' }) },
  });
  assert.equal((await rejectionOf(call(connection()))).code, 'authorization_refused');
  assert.equal(person.trips.length, 2);
  Object.assign(authorizationServer.routes, { '/authorize': authorize });
  await connection().signIn();
  assert.deepEqual([person.trips.length, elsewhere.requests], [3, []]);
});

attack('[refuses A1] a server that has given up S256 since somebody was here', async (context) => {
  const { authorizationServer, elsewhere, says, connection } = await startWarmWorld(context);
  says.code_challenge_methods_supported = ['plain'];
  const error = await rejectionOf(call(connection()));
  assert.equal(error.code, 'no_s256');
  assert.deepEqual([...elsewhere.requests, ...authorizationServer.tokenRequests('authorization_code')], []);
  // It is forgotten: the next one is not even sent.
  const trips = authorizationServer.requests.filter(({ url }) => url.pathname === '/authorize').length;
  await rejectionOf(call(connection()));
  assert.equal(authorizationServer.requests.filter(({ url }) => url.pathname === '/authorize').length, trips);
});

attack('[refuses D7] metadata that names another issuer by now, to get a code of this one', async (context) => {
  const { internet, elsewhere, says, connection } = await startWarmWorld(context);
  const evil = await startAuthorizationServer(internet, 'https://evil.example');
  Object.assign(says, { issuer: evil.issuer, token_endpoint: evil.metadata().token_endpoint });
  const error = await rejectionOf(call(connection()));
  assert.equal(error.code, 'issuer_mismatch');
  assert.deepEqual([...elsewhere.requests, ...evil.requests], []);
});

// More than one check refuses these, so that no patch lets them succeed.
test('[refuses A5] a response without `iss`, by a server that promises it since somebody was here', async (context) => {
  const { authorizationServer, elsewhere, says, connection } = await startWarmWorld(context, { sendsIssuer: false });
  says.authorization_response_iss_parameter_supported = true;
  const error = await rejectionOf(call(connection()));
  assert.equal(error.code, 'response_issuer_mismatch');
  assert.deepEqual([...elsewhere.requests, ...authorizationServer.tokenRequests('authorization_code')], []);
});

attack('[refuses D7] a registration to be widened, whose token would go where the server was', async (context) => {
  const world = await startHonestWorld(context, {});
  const { internet, authorizationServer, protectedResource, person } = world;
  const elsewhere = await internet.serve('https://clients.example', {
    '/register': (request) => authorizationServer.routes['/register']?.(request),
  });
  const says = { ...authorizationServer.metadata(), registration_endpoint: 'https://clients.example/register' };
  authorizationServer.routes[metadataPath] = () => ({ body: says });
  const settings = (/** @type {string} */ scope) => ({
    settings: () => ({
      scopes: [scope],
      initialAccessToken: { issuer: authorizationServer.issuer, token: 'initial-access-token' },
    }),
  });
  const before = person.start(settings('read')).connection(protectedResource.endpoint, { interaction: true });
  await call(before);
  await before.signOut();
  elsewhere.requests.splice(0);
  says.registration_endpoint = `${authorizationServer.issuer}/register`;
  // A window that a click has opened is there once: what is asked anew goes on in it.
  const redirect = /** @type {import('mcp-oauth-wasm').Redirect} */ (person.host.redirect);
  let prepared = 0;
  const prepare = (/** @type {Parameters<typeof redirect.prepare>} */ ...needs) => (
    (prepared += 1), redirect.prepare(...needs)
  );
  person.host.redirect = { prepare };
  const wider = person.start(settings('write')).connection(protectedResource.endpoint, { interaction: true });
  assert.deepEqual(await call(wider), { login: 'alice' });
  assert.deepEqual(elsewhere.requests, []);
  assert.equal(prepared, 1);
});

attack('[refuses D7] a sign-in page that was kept for longer than a month', async (context) => {
  const { authorizationServer, connection, says, person } = await startWarmWorld(context);
  says.authorization_endpoint = `${authorizationServer.issuer}/authorize?now`;
  const { now } = Date;
  context.after(() => {
    Date.now = now;
  });
  Date.now = () => now() + 31 * 86_400_000;
  await call(connection());
  assert.ok(person.trips[1]?.searchParams.has('now'));
  assert.equal(person.trips.length, 2);
});

attack('[refuses D4] a sign-in page that was kept for another resource', async (context) => {
  const { authorizationServer, protectedResource, connection, says, person } = await startWarmWorld(context);
  says.authorization_endpoint = `${authorizationServer.issuer}/authorize?now`;
  const origin = new URL(protectedResource.endpoint).origin;
  const wider = () => ({ body: { resource: origin, authorization_servers: [authorizationServer.issuer] } });
  protectedResource.routes[protectedResource.metadataPath] = wider;
  protectedResource.routes['/.well-known/oauth-protected-resource'] = wider;
  await call(connection());
  assert.ok(person.trips[1]?.searchParams.has('now'));
});

test('[refuses D7] one answer of a server that lies once, to be believed for a month', async (context) => {
  const { internet, authorizationServer, protectedResource } = await startHonestWorld(context);
  const evil = await internet.serve('https://evil.example', { '/authorize': () => ({ status: 200, body: 'Sign in' }) });
  const says = { ...authorizationServer.metadata(), authorization_endpoint: `${evil.origin}/authorize` };
  authorizationServer.routes[metadataPath] = () => ({ body: says });
  const person = new Person(internet, { store: createMemoryStore() });
  const connect = () => person.start().connection(protectedResource.endpoint, { interaction: true });
  await rejectionOf(call(connect()));
  says.authorization_endpoint = authorizationServer.metadata().authorization_endpoint;
  evil.requests.splice(0);
  assert.deepEqual(await call(connect()), { login: 'alice' });
  assert.deepEqual(evil.requests, []);
});

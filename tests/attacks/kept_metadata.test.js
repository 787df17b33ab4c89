// What is kept of an authorization server leads a person to its sign-in page sooner. Whatever it says by then, nothing secret
// may go by it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from 'mcp-oauth-wasm';
import { attacksIn } from './attack.js';
import {
  beginAndEnd,
  callTool,
  onePlace,
  Person,
  rejectionOf,
  startAuthorizationServer,
  startHonestWorld,
} from './parties.js';

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
 * @param {ConstructorParameters<typeof Person>[1]} [host]
 */
async function startWarmWorld(context, options, host) {
  const world = await startHonestWorld(context, { authorizationServer: options, person: host });
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

attack(
  '[refuses D7] one bad answer that puts a page of others in between, for a month of sign-ins',
  async (context) => {
    const { internet, authorizationServer, protectedResource, person } = await startHonestWorld(context);
    const evil = await internet.serve('https://evil.example', {
      '/authorize': ({ url }) => ({
        status: 302,
        headers: { location: `${authorizationServer.issuer}/authorize${url.search}` },
      }),
    });
    const says = { ...authorizationServer.metadata(), authorization_endpoint: `${evil.origin}/authorize` };
    authorizationServer.routes[metadataPath] = () => ({ body: says });
    /** How often their page was seen in a sign-in of its own. */
    const seen = async () => {
      evil.requests.splice(0);
      const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
      assert.deepEqual(await call(connection), { login: 'alice' });
      await connection.signOut();
      return evil.requests.length;
    };
    assert.equal(await seen(), 1);
    says.authorization_endpoint = authorizationServer.metadata().authorization_endpoint;
    // What came through their page is thrown away, and the person is sent once more.
    assert.equal(await seen(), 1);
    assert.equal(person.trips.length, 3);
    assert.equal(await seen(), 0);
  },
);

// A client with which nobody came back is in doubt, which is asked about, so that what was kept is read anew: two checks.
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

attack(
  '[refuses I2] an approval for where a server was: the host is asked once it is known where it is',
  async (context) => {
    /** @type {string[]} */
    const asked = [];
    const world = await startWarmWorld(context, {}, { approve: async ({ reason }) => asked.push(String(reason)) > 0 });
    const { authorizationServer, protectedResource, says, person } = world;
    const connection = person.start().connection(protectedResource.endpoint);
    const question = /** @type {any} */ (await rejectionOf(call(connection)));
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      body: {
        resource: protectedResource.endpoint,
        authorization_servers: [authorizationServer.issuer],
        scopes_supported: ['read', 'more'],
      },
    });
    says.authorization_endpoint = `${authorizationServer.issuer}/authorize?now`;
    await question.resume();
    assert.deepEqual(asked, ['step-up']);
    // The one before is that of the sign-in by which the server was known.
    assert.deepEqual(
      person.trips.slice(1).map(({ searchParams }) => searchParams.has('now')),
      [true],
    );
  },
);

test('[accepts I2] somebody agreed to another server than the one that was kept: they are sent to that one', async (context) => {
  const { internet, authorizationServer, protectedResource, person } = await startWarmWorld(context);
  const other = await startAuthorizationServer(internet, 'https://other.example');
  protectedResource.routes[protectedResource.metadataPath] = () => ({
    body: {
      resource: protectedResource.endpoint,
      authorization_servers: [other.issuer, authorizationServer.issuer],
    },
  });
  const connection = person.start().connection(protectedResource.endpoint);
  const question = /** @type {any} */ (await rejectionOf(call(connection)));
  assert.equal(question.details.issuer, other.issuer);
  await question.resume();
  assert.equal(person.trips.at(-1)?.origin, other.issuer);
});

test('[accepts D7] a server that is busy when the person comes back is asked again, and their code is good', async (context) => {
  const { authorizationServer, says, connection, person } = await startWarmWorld(context);
  const authorize = authorizationServer.routes['/authorize'];
  let busy = 0;
  authorizationServer.routes['/authorize'] = (request) => {
    busy = 2;
    return authorize?.(request);
  };
  authorizationServer.routes[metadataPath] = () => (busy-- > 0 ? { status: 503 } : { body: says });
  assert.deepEqual(await call(connection()), { login: 'alice' });
  assert.equal(person.trips.length, 2);
});

test('[accepts D7] a response that could not be confirmed may be brought again', async (context) => {
  const { authorizationServer, protectedResource, says, person } = await startWarmWorld(
    context,
    {},
    { handsOver: onePlace },
  );
  const { endpoint } = protectedResource;
  const authorizer = person.start();
  authorizationServer.routes[metadataPath] = () => ({ status: 503 });
  const callback = await person.callbackOf(await beginAndEnd(person, endpoint));
  const { setTimeout: later } = globalThis;
  context.after(() => Object.assign(globalThis, { setTimeout: later }));
  // Nobody waits for it here.
  globalThis.setTimeout = /** @type {any} */ (
    (/** @type {any} */ end, /** @type {number} */ time, /** @type {any[]} */ ...rest) =>
      later(end, [1000, 3000, 9000].includes(time) ? 0 : time, ...rest)
  );
  assert.equal((await rejectionOf(authorizer.complete(callback))).code, 'server_unavailable');
  authorizationServer.routes[metadataPath] = () => ({ body: says });
  await authorizer.complete(callback);
  assert.deepEqual(await call(authorizer.connection(endpoint)), { login: 'alice' });
});

test('[accepts D7] a session that cannot be refreshed any more keeps nobody from what is known', async (context) => {
  /** @type {string[]} */
  const told = [];
  const { authorizationServer, protectedResource, person } = await startHonestWorld(context, {
    person: { trace: ({ summary }) => void told.push(summary) },
  });
  const connect = () => person.start().connection(protectedResource.endpoint, { interaction: true });
  await call(connect());
  authorizationServer.issued.clear();
  const token = authorizationServer.routes['/token'];
  authorizationServer.routes['/token'] = (request) =>
    String(request.body).includes('refresh_token')
      ? { status: 400, body: { error: 'invalid_grant' } }
      : /** @type {any} */ (token)(request);
  told.splice(0);
  assert.deepEqual(await call(connect()), { login: 'alice' });
  assert.ok(told.some((summary) => /as found before/.test(summary)));
  assert.equal(person.trips.length, 2);
});

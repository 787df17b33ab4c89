// Tokens, secrets and clients that somebody wants to be sent elsewhere than where they belong.

import assert from 'node:assert/strict';
import { begin, discover, plan } from 'mcp-oauth-wasm';
import { rewrite } from '../javascript/world.js';
import { attacksIn } from './attack.js';
import {
  callTool,
  onePlace,
  rejectionOf,
  startAuthorizationServer,
  startHonestWorld,
  startProtectedResource,
  told,
} from './parties.js';

/** @import { TestContext } from 'node:test' */
/** @import { Store } from 'mcp-oauth-wasm' */

const attack = attacksIn(import.meta.filename);

/**
 * Somebody is signed in at an honest server, and Mallory has servers as well.
 *
 * @param {TestContext} context
 * @param {Parameters<typeof startHonestWorld>[1]} [options]
 */
async function startSignedIn(context, options) {
  const world = await startHonestWorld(context, options);
  const evil = await startAuthorizationServer(world.internet, 'https://evil.example');
  const bait = await startProtectedResource(world.internet, 'https://tools.evil.example/mcp', {
    authorizationServers: [evil],
  });
  const connection = world.person.start().connection(world.protectedResource.endpoint, { interaction: true });
  await connection.signIn();
  return { ...world, evil, bait, connection };
}

attack('[refuses T3] a server that wants the token in the URL, where logs and histories keep it', async (context) => {
  const { connection, protectedResource, authorizationServer } = await startSignedIn(context, {
    protectedResource: {
      metadata: { bearer_methods_supported: ['query'] },
      challenge: 'error="invalid_request", error_description="Send access_token in the query"',
    },
  });
  assert.equal((await callTool(connection.fetch, protectedResource.endpoint)).status, 200);
  for (const { url } of protectedResource.requests) {
    assert.ok(!authorizationServer.secrets.some((secret) => url.href.includes(secret)), url.href);
  }
});

const others = [
  'https://tools.evil.example/mcp',
  'https://mcp.example.evil.example/mcp',
  'https://mcp.example@tools.evil.example/mcp',
  'https://mcp.example:8443/mcp',
  'http://mcp.example/mcp',
  'https://mcp.example./mcp',
  'https://mcp.example/mcp/',
  'https://mcp.example/mcp/../other',
  'https://mcp.example/mcp/%2e%2e/other',
  'https://mcp.example/mcp\\..\\other',
  'https://mcp.example/MCP',
  'https://mcp.example/mcp%2f',
  '//tools.evil.example/mcp',
  'https:tools.evil.example/mcp',
];
attack('[refuses T3] a token is asked for at another URL', async (context) => {
  const { internet, connection, protectedResource, authorizationServer, bait } = await startSignedIn(context);
  protectedResource.routes['*'] = () => ({ body: {} });
  const before = protectedResource.requests.length;
  for (const url of others) {
    const given = URL.canParse(url)
      ? [url, new URL(url), new Request(new URL(url).href.replace('mcp.example@', ''))]
      : [url];
    for (const input of given) await rejectionOf(connection.fetch(input));
    await rejectionOf(connection.headersFor({ method: 'GET', url }));
  }
  assert.equal(protectedResource.requests.length, before);
  assert.deepEqual([internet.strayed, told(bait, authorizationServer.secrets)], [[], []]);
});

attack('[refuses R2] a configured client and its secret are asked for by another issuer', async (context) => {
  const client = { clientId: 'configured', clientSecret: 'configured-client-secret' };
  // Without a secret, the first use binds it, where the settings do not.
  for (const issuer of [undefined, 'https://login.example']) {
    const clientSecret = issuer && client.clientSecret;
    const { internet, person, protectedResource } = await startHonestWorld(context);
    const evil = await startAuthorizationServer(internet, 'https://evil.example');
    const start = () =>
      person
        .start({ settings: () => ({ client: { ...client, clientSecret, issuer } }) })
        .connection(protectedResource.endpoint);
    await rejectionOf(start().signIn());
    const trips = person.trips.length;
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      body: { resource: protectedResource.endpoint, authorization_servers: [evil.issuer] },
    });
    const error = await rejectionOf(start().signIn());
    assert.equal(error.code, 'client_of_other_issuer');
    assert.equal(person.trips.length, trips);
    assert.deepEqual(told(evil, [client.clientId, client.clientSecret]), []);
  }
});

attack(
  '[refuses I2] an MCP server that has fallen into other hands names another issuer, and the person is sent there',
  async (context) => {
    /** @type {string[]} */
    const asked = [];
    const { connection, person, protectedResource, evil } = await startSignedIn(context, {
      person: { approve: async ({ reason, issuer }) => Boolean(asked.push(`${reason} ${issuer}`)) && false },
    });
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      body: { resource: protectedResource.endpoint, authorization_servers: [evil.issuer] },
    });
    protectedResource.routes['/mcp'] = () => ({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    const error = await rejectionOf(connection.signIn());
    assert.equal(error.code, 'not_approved');
    assert.deepEqual(asked, ['issuer-changed https://evil.example']);
    assert.equal(person.trips.length, 1);
    assert.ok(!evil.requests.some(({ url }) => url.pathname === '/register'));
  },
);

/**
 * Puts one record of a store in the place of another.
 *
 * @param {Store} store
 * @param {string} from
 * @param {string} to
 */
async function putInPlace(store, from, to) {
  const [record, there] = await Promise.all([store.read(from), store.read(to)]);
  assert.ok(record, `there is no ${from}`);
  assert.ok(await store.compareAndSwap(to, there?.version ?? null, record.value));
}

attack("[refuses T3] the record of a session is put in the place of another server's", async (context) => {
  const { person, protectedResource, authorizationServer, bait } = await startSignedIn(context);
  await putInPlace(
    person.host.store,
    `session ${protectedResource.endpoint} default`,
    `session ${bait.endpoint} default`,
  );
  const error = await rejectionOf(callTool(person.start().fetch(bait.endpoint), bait.endpoint));
  assert.deepEqual(told(bait, authorizationServer.secrets), []);
  assert.equal(error.code, 'record_invalid');
});

attack("the record of a session is put in the place of another account's", async (context) => {
  const { person, protectedResource } = await startSignedIn(context);
  await putInPlace(
    person.host.store,
    `session ${protectedResource.endpoint} default`,
    `session ${protectedResource.endpoint} work`,
  );
  const error = await rejectionOf(
    callTool(person.start().fetch(protectedResource.endpoint, { account: 'work' }), protectedResource.endpoint),
  );
  assert.equal(error.code, 'record_invalid');
});

attack(
  "[refuses R2] the record of a session has a token endpoint of Mallory's, beside the client of the honest server",
  async (context) => {
    const { person, protectedResource, authorizationServer, evil } = await startSignedIn(context);
    await rewrite(person.host.store, `session ${protectedResource.endpoint} default`, (session) => {
      const server = {
        ...session.discovery.authorizationServer,
        issuer: evil.issuer,
        tokenEndpoint: `${evil.issuer}/token`,
      };
      // Otherwise the record would contradict itself, and be refused for that.
      const resource = { ...session.discovery.protectedResource, authorizationServers: [evil.issuer] };
      return {
        ...session,
        discovery: { ...session.discovery, authorizationServer: server, protectedResource: resource },
      };
    });
    const error = await rejectionOf(person.start().connection(protectedResource.endpoint).refresh());
    assert.deepEqual(told(evil, authorizationServer.secrets), []);
    assert.equal(error.code, 'client_of_other_issuer');
  },
);

attack('[refuses R2] a client of one server is used at another, step by step', async (context) => {
  const { person, connection, bait, evil, authorizationServer } = await startSignedIn(context);
  const {
    host: { fetch },
  } = person;
  const discovery = await discover({ endpoint: bait.endpoint }, { fetch });
  const registration = /** @type {any} */ (await connection.session()).registration;
  const error = await rejectionOf(begin({ discovery, registration, plan: await plan({ discovery }) }, { fetch }));
  assert.equal(error.code, 'client_of_other_issuer');
  assert.deepEqual(told(evil, authorizationServer.secrets), []);
});

attack("[refuses R2] the record of a client is put in the place of another issuer's", async (context) => {
  const {
    person,
    protectedResource,
    authorizationServer: honest,
    evil,
    bait,
  } = await startSignedIn(context, { person: { handsOver: onePlace } });
  const [from, to] = [`clients ${protectedResource.endpoint}`, `clients ${bait.endpoint}`];
  await person.start().connection(bait.endpoint).signIn();
  evil.routes['/authorize'] = ({ url: { searchParams } }) => ({
    status: 302,
    headers: { location: evil.respond(searchParams, { code: 'for-whomever' }) },
  });
  const there = /** @type {any} */ (await person.host.store.read(from));
  await rewrite(person.host.store, to, (record) => ({
    ...record,
    clients: { [evil.issuer]: there.value.clients[honest.issuer] },
  }));
  await person
    .start()
    .connection(bait.endpoint)
    .signIn()
    .catch(() => {});
  assert.deepEqual(told(evil, honest.secrets), []);
});

attack('the record of a session has endpoints without encryption, or that are commands', async (context) => {
  for (const tokenEndpoint of [
    'http://login.example/token',
    'ftp://login.example/token',
    'file:///token',
    'https://mallory@login.example/token',
  ]) {
    const { internet, person, protectedResource } = await startSignedIn(context);
    await rewrite(person.host.store, `session ${protectedResource.endpoint} default`, (session) => ({
      ...session,
      discovery: {
        ...session.discovery,
        authorizationServer: { ...session.discovery.authorizationServer, tokenEndpoint },
      },
    }));
    const error = await rejectionOf(person.start().connection(protectedResource.endpoint).refresh());
    assert.equal(error.code, 'record_invalid', tokenEndpoint);
    assert.deepEqual(internet.strayed, []);
  }
});

// Servers that send elsewhere what was meant for them, or let somebody else speak for them.

import assert from 'node:assert/strict';
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

const attack = attacksIn(import.meta.filename);

const elsewhere = [
  'http://mcp.example/metadata',
  'https://evil.example/metadata',
  '//evil.example/metadata',
  '\\\\evil.example\\metadata',
  'https://mcp.example.evil.example/',
  'https://mcp.example:8443/metadata',
  'https://mcp.example@evil.example/',
  'http://127.0.0.1:9/',
  'https://localhost/',
  'https://10.0.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[::1]/',
  'file:///etc/passwd',
  'data:application/json,{}',
  'javascript:alert(1)',
];

/**
 * A world in which the metadata of the MCP server is what Mallory wants, once it is read from her.
 *
 * @param {TestContext} context
 */
async function startWithMallory(context) {
  const world = await startHonestWorld(context);
  const { internet, protectedResource } = world;
  const evil = await startAuthorizationServer(internet, 'https://evil.example');
  const document = () => ({ body: { resource: protectedResource.endpoint, authorization_servers: [evil.issuer] } });
  evil.routes['/metadata'] = document;
  const signIn = () => world.person.start().connection(protectedResource.endpoint).signIn();
  return { ...world, evil, document, signIn };
}

attack(
  '[refuses D11, D12] a document is redirected to another origin, down to http, or to an address in here',
  async (context) => {
    const { internet, protectedResource, evil, person, signIn } = await startWithMallory(context);
    for (const location of elsewhere) {
      for (const status of [302, 307]) {
        protectedResource.routes[protectedResource.metadataPath] = () => ({ status, headers: { location } });
        const error = await rejectionOf(signIn());
        assert.equal(error.code, 'redirect_refused', location);
      }
    }
    assert.deepEqual([internet.strayed, evil.requests, person.trips], [[], [], []]);
  },
);

attack('[refuses D11] a server on this machine redirects a document to a public one', async (context) => {
  const { internet, evil, person } = await startWithMallory(context);
  const local = await startProtectedResource(internet, '', { authorizationServers: [evil] });
  evil.routes['/metadata'] = () => ({ body: { resource: local.endpoint, authorization_servers: [evil.issuer] } });
  local.routes[local.metadataPath] = () => ({ status: 302, headers: { location: 'https://evil.example/metadata' } });
  const error = await rejectionOf(person.start().connection(local.endpoint).signIn());
  assert.equal(error.code, 'redirect_refused');
  assert.deepEqual([evil.requests, person.trips], [[], []]);
});

attack("[refuses D11] a document is redirected to a user name and a password of Mallory's choice", async (context) => {
  const { protectedResource, document, person, signIn } = await startWithMallory(context);
  protectedResource.routes['/metadata'] = document;
  for (const userinfo of ['mallory', 'mallory:secret', ':secret']) {
    const location = `https://${userinfo}@mcp.example/metadata`;
    protectedResource.routes[protectedResource.metadataPath] = () => ({ status: 302, headers: { location } });
    const error = await rejectionOf(signIn());
    assert.equal(error.code, 'redirect_refused', location);
  }
  assert.deepEqual(person.trips, []);
});

for (const [where, platform] of Object.entries({
  hidesRedirects: 'hides redirects',
  followsAlways: 'follows them, whatever it is told',
})) {
  attack(
    `[refuses D11] a document is redirected to another origin, on a platform that ${platform}`,
    async (context) => {
      const { internet, protectedResource, person, signIn } = await startWithMallory(context);
      Object.assign(internet, { [where]: true });
      protectedResource.routes[protectedResource.metadataPath] = () => ({
        status: 302,
        headers: { location: 'https://evil.example/metadata' },
      });
      const error = await rejectionOf(signIn());
      assert.equal(error.code, 'redirect_refused');
      assert.deepEqual(person.trips, []);
    },
  );
}

attack('[refuses D11] a document is redirected in circles, or for ever', async (context) => {
  const { protectedResource, document, signIn } = await startWithMallory(context);
  let count = 0;
  protectedResource.routes['*'] = protectedResource.routes[protectedResource.metadataPath] = () => {
    count += 1;
    return count < 20 ? { status: 302, headers: { location: `/${count}` } } : document();
  };
  const error = await rejectionOf(signIn());
  assert.equal(error.code, 'redirect_refused');
  // At the one location that the challenge names.
  assert.equal(count, 4);
});

/** Every request that tells a secret: how the server is made to get it, and where. */
const secretRequests = {
  'a code': { path: '/token', make: signInAgain },
  'a refresh token': { path: '/token', make: (/** @type {Used} */ { connection }) => connection.refresh() },
  'a registration': { path: '/register', make: signInElsewhere },
  'a look at a registration': { path: '/register/1', make: comeBackAfterSilence },
  'an update of a registration': { path: '/register/1', make: widen },
  'a pushed authorization request': { path: '/push', make: signInAgain },
  'a revocation': { path: '/revoke', make: (/** @type {Used} */ { connection }) => connection.signOut() },
};

/** @typedef {Awaited<ReturnType<typeof startUsed>>} Used */

/**
 * Somebody has signed in, at a server that offers all that there is.
 *
 * @param {TestContext} context
 * @param {boolean} pushes
 */
async function startUsed(context, pushes) {
  const managed = {
    registration_client_uri: 'https://login.example/register/1',
    registration_access_token: 'registration-access-token',
  };
  const world = await startHonestWorld(context, {
    authorizationServer: {
      metadata: {
        revocation_endpoint: 'https://login.example/revoke',
        ...(pushes && {
          pushed_authorization_request_endpoint: 'https://login.example/push',
          require_pushed_authorization_requests: true,
        }),
      },
      registered: managed,
    },
    person: { handsOver: onePlace },
  });
  const { authorizationServer, protectedResource, person } = world;
  /** @type {URLSearchParams} */
  let pushed;
  authorizationServer.routes['/push'] = ({ form }) => {
    pushed = form;
    return { status: 201, body: { request_uri: 'urn:ietf:params:oauth:request_uri:1', expires_in: 60 } };
  };
  const ordinary = authorizationServer.routes['/authorize'];
  authorizationServer.routes['/authorize'] = (request) =>
    ordinary?.(pushes ? { ...request, url: new URL(`${request.url.origin}/authorize?${pushed}`) } : request);
  authorizationServer.routes['/register/1'] = ({ method, body }) =>
    method === 'GET' ? { body: { client_id: 'x' } } : { body: { client_id: 'x', ...JSON.parse(body) } };
  authorizationServer.routes['/revoke'] = () => ({ body: {} });
  const evil = await startAuthorizationServer(world.internet, 'https://evil.example');
  const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
  await connection.signIn();
  return { ...world, evil, connection };
}

/** @param {Used} used */
function signInAgain({ connection }) {
  return connection.signIn();
}

/** @param {Used} used */
async function signInElsewhere({ internet, person, authorizationServer }) {
  const other = await startProtectedResource(internet, 'https://other.example/mcp', {
    authorizationServers: [authorizationServer],
  });
  return person.start().connection(other.endpoint).signIn();
}

/** @param {Used} used */
async function comeBackAfterSilence({ person, connection }) {
  const { callbackOf } = person;
  person.callbackOf = () => Promise.reject(new Error('the browser was closed'));
  await rejectionOf(connection.signIn());
  person.callbackOf = callbackOf;
  return connection.signIn();
}

/** @param {Used} used */
function widen({ person, protectedResource }) {
  const authorizer = person.start({ settings: () => ({ scopes: ['wider'] }) });
  return authorizer.connection(protectedResource.endpoint).signIn();
}

for (const [what, { path, make }] of Object.entries(secretRequests)) {
  attack(`[refuses D11] ${what} is redirected`, async (context) => {
    for (const location of [
      `https://evil.example${path}`,
      'http://login.example/x',
      'http://127.0.0.1:9/',
      `${path}/again`,
    ]) {
      const used = await startUsed(context, path === '/push');
      const { internet, authorizationServer, evil } = used;
      let times = 0;
      authorizationServer.routes[path] = () => {
        times += 1;
        return { status: 307, headers: { location } };
      };
      await make(used).catch(() => {});
      assert.ok(times > 0, `${what} was never sent`);
      assert.deepEqual([internet.strayed, evil.requests], [[], []], location);
      assert.ok(
        !authorizationServer.requests.some(({ url }) => url.pathname === `${path}/again`),
        'nor within the origin',
      );
    }
  });
}

attack(
  '[refuses D11] tokens come from another origin, on a platform that follows redirects, whatever it is told',
  async (context) => {
    const { internet, evil, authorizationServer, connection } = await startUsed(context, false);
    internet.followsAlways = true;
    evil.routes['/token'] = () => ({ body: { access_token: 'mallorys', token_type: 'Bearer' } });
    authorizationServer.routes['/token'] = () => ({ status: 307, headers: { location: 'https://evil.example/token' } });
    const error = await rejectionOf(connection.refresh());
    assert.equal(error.code, 'redirect_refused');
    assert.notEqual((await connection.session())?.tokens.accessToken, 'mallorys');
  },
);

attack('[refuses T3] an MCP request with its token is redirected', async (context) => {
  const { internet, authorizationServer, protectedResource, evil, connection } = await startUsed(context, false);
  for (const location of ['https://evil.example/mcp', 'http://mcp.example/mcp', 'http://127.0.0.1:9/', '/other']) {
    for (const status of [301, 302, 303, 307, 308]) {
      protectedResource.routes['/mcp'] = () => ({ status, headers: { location } });
      const error = await rejectionOf(callTool(connection.fetch, protectedResource.endpoint));
      assert.equal(error.code, 'redirect_refused');
    }
  }
  assert.deepEqual([internet.strayed, told(evil, authorizationServer.secrets)], [[], []]);
  assert.ok(!protectedResource.requests.some(({ url }) => url.pathname === '/other'));
});

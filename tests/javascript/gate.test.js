// Where requests may lead on a server's word, seen at real sockets. An address of this machine that is declared to be
// nobody's private network stands for the internet here, and all other addresses of it for a private network.

import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, begin, complete, createAuthorizer, discover, grant, refresh, register, unregister } from 'mcp-oauth-wasm';
import { examine, probe } from 'mcp-oauth-wasm/doctor';
import { deviceAuthorization } from 'mcp-oauth-wasm/grants';
import { importSession } from 'mcp-oauth-wasm/import';
import { createMemoryStore, nodeHost, pastedRedirect } from 'mcp-oauth-wasm/node';
import { Agent, EnvHttpProxyAgent, getGlobalDispatcher, ProxyAgent, setGlobalDispatcher } from 'undici';

/** @import { JsonObject, PendingAuthorization, ScopePlan, Session } from 'mcp-oauth-wasm' */

const INTERNET = '127.0.0.1';
const INSIDE = '127.0.0.2';
const stranger = 'https://203.0.113.7/mcp';
const refused = { code: 'private_address', kind: 'misbehaved' };

/** What is answered, by path. @type {Record<string, JsonObject>} */
let documents = {};
/** What arrived, at whichever address. @type {string[]} */
let requests = [];
/** @type {Set<string | undefined>} */
const arrivedAt = new Set();
/** What the name of this machine resolves to, one lookup after the other; the last one stays. @type {string[]} */
let leadsTo = [INTERNET];

const server = createServer((request, response) => {
  request.resume();
  arrivedAt.add(request.socket.localAddress);
  requests.push(`${request.method} ${request.url}`);
  const document = documents[request.url ?? ''];
  response.writeHead(document ? 200 : request.url === '/mcp' ? 401 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(document ?? {}));
});
let port = 0;

before(async () => {
  await new Promise((resolve) => server.listen(0, '0.0.0.0', () => resolve(undefined)));
  port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach((context) => {
  [requests, leadsTo, documents] = [[], [INTERNET], {}];
  arrivedAt.clear();
  const next = () => /** @type {string} */ (leadsTo.length > 1 ? leadsTo.shift() : leadsTo[0]);
  const { mock } = /** @type {import('node:test').TestContext} */ (context);
  mock.method(dns, 'lookup', (/** @type {string} */ _name, /** @type {any} */ options, /** @type {any} */ callback) => {
    const address = next();
    if (options.all) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  });
  mock.method(dns.promises, 'lookup', async () => [{ address: next(), family: 4 }]);
});

/** @param {object} [others] */
const hostOfInternet = (others) =>
  nodeHost({ store: createMemoryStore(), privateNetworks: [`${INTERNET}/32`], ...others });

/** An MCP server of the internet, and an authorization server that it names by the name. */
function servers({ endpoint = `http://${INTERNET}:${port}/mcp`, issuer = `http://localhost:${port}` } = {}) {
  const { origin } = new URL(endpoint);
  documents['/.well-known/oauth-protected-resource/mcp'] = { resource: endpoint, authorization_servers: [issuer] };
  documents['/.well-known/oauth-authorization-server'] = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    code_challenge_methods_supported: ['S256'],
  };
  return { endpoint, issuer, origin };
}

describe('[refuses D12] a name that leads inside, when the connection is made', () => {
  test('it is not connected to', async () => {
    const { endpoint } = servers();
    leadsTo = [INSIDE];
    await assert.rejects(discover({ endpoint }, hostOfInternet()), { ...refused, step: 'discover' });
    assert.deepEqual(requests, ['GET /.well-known/oauth-protected-resource/mcp']);
  });

  test('and one that leads elsewhere is: the same sign-in', async () => {
    const { endpoint, issuer } = servers();
    const discovery = await discover({ endpoint }, hostOfInternet());
    assert.equal(discovery.authorizationServer.issuer, issuer);
  });

  test('on the word of a server that is inside itself, it is', async () => {
    const { endpoint } = servers({ endpoint: `http://${INSIDE}:${port}/mcp` });
    leadsTo = [INSIDE];
    assert.equal((await discover({ endpoint }, hostOfInternet())).endpoint, endpoint);
  });

  test('it is judged by the connection, and not by an answer before (rebinding)', async (context) => {
    const { endpoint } = servers();
    // Over a connection of an earlier test nobody would look anything up.
    const dispatcher = getGlobalDispatcher();
    setGlobalDispatcher(new Agent());
    context.after(() => setGlobalDispatcher(dispatcher));
    // Whoever looks it up twice believes the first answer.
    leadsTo = [INTERNET, INSIDE];
    await discover({ endpoint }, hostOfInternet()).catch(() => {});
    assert.deepEqual(arrivedAt, new Set([INTERNET]));
  });

  test("an MCP server's own name stays where it was: its owner answers another address later, and names a third", async () => {
    const { fetch } = hostOfInternet();
    const endpoint = `http://localhost:${port}/mcp`;
    assert.equal((await fetch(endpoint, {}, { step: 'call', endpoint })).status, 401);
    leadsTo = [INSIDE];
    for (const url of [`http://127.0.0.3:${port}/`, `http://localhost.:${port}/`])
      await assert.rejects(fetch(url, {}, { step: 'token', endpoint }), refused);
    assert.deepEqual(requests, ['GET /mcp']);
  });

  test('connections that were made on the word of a server inside serve nobody else', async () => {
    const { fetch } = hostOfInternet();
    leadsTo = [INSIDE];
    const url = `http://localhost:${port}/token`;
    const inside = await fetch(url, {}, { step: 'token', endpoint: `http://${INSIDE}:${port}/mcp` });
    await inside.text();
    await assert.rejects(fetch(url, {}, { step: 'token', endpoint: `http://${INTERNET}:${port}/mcp` }), refused);
  });

  test('a request of a flow that does not say on whose word it is goes nowhere near', async () => {
    const { fetch } = hostOfInternet();
    leadsTo = [INSIDE];
    await assert.rejects(fetch(`http://localhost:${port}/token`, {}, { step: 'token' }), refused);
    // The program's own word.
    assert.equal((await fetch(`http://localhost:${port}/mcp`)).status, 401);
  });

  test('a network that the host allows', async () => {
    const { endpoint } = servers();
    leadsTo = [INSIDE];
    const host = hostOfInternet({ privateNetworks: [`${INTERNET}/32`, `${INSIDE}/31`] });
    assert.equal((await discover({ endpoint }, host)).endpoint, endpoint);
    for (const network of ['10.0.0.0/33', 'inside', '10.0.0.0/', '10.0.0.0/-1'])
      assert.throws(() => nodeHost({ privateNetworks: [network] }), { code: 'invalid_argument' });
  });

  test('a server that the host allows to name such', async () => {
    const { endpoint } = servers();
    leadsTo = [INSIDE];
    const settings = { allowPrivateAddresses: true };
    assert.equal((await discover({ endpoint, settings }, hostOfInternet())).endpoint, endpoint);
    const evidence = await examine({ endpoint, settings }, hostOfInternet());
    assert.ok(evidence.exchanges.every(({ failure }) => failure === undefined));
  });
});

describe('[refuses D12] the same everywhere', () => {
  /** A session of a server of the internet, whose authorization server is on this machine. */
  const inside = () => {
    const issuer = `https://localhost:${port}`;
    const authorizationServer = {
      issuer,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      registrationEndpoint: `${issuer}/register`,
      authorizationResponseIssParameterSupported: false,
      clientIdMetadataDocumentSupported: false,
    };
    const discovery = {
      endpoint: stranger,
      protectedResource: { resource: stranger, authorizationServers: [issuer], metadataUrl: `${stranger}/metadata` },
      authorizationServer,
    };
    const registration = {
      version: 1,
      kind: /** @type {const} */ ('dynamic'),
      issuer,
      clientId: 'client',
      tokenEndpointAuthMethod: /** @type {const} */ ('none'),
      redirectUri: 'http://127.0.0.1:9/callback',
    };
    const plan = /** @type {ScopePlan} */ ({ version: 1, scopes: [] });
    return { discovery, registration, plan };
  };

  test('steps that were given no host', async () => {
    let connections = 0;
    const count = () => (connections += 1);
    server.on('connection', count);
    const { discovery, registration, plan } = inside();
    const session = /** @type {Session} */ ({
      version: 1,
      grant: 'authorization_code',
      discovery,
      registration,
      plan,
      tokens: { accessToken: 'token', refreshToken: 'refresh', receivedAt: 0 },
    });
    const pending = /** @type {PendingAuthorization} */ (
      /** @type {unknown} */ ({
        ...{ version: 1, discovery, registration, plan, state: 'state', codeVerifier: 'v'.repeat(43), createdAt: 0 },
        attempts: { authorizations: 1, registrations: 0, scopeRegistrations: 0, preflighted: false },
      })
    );
    const callbackUrl = `${registration.redirectUri}?code=code&state=state`;
    /** @type {Record<string, () => Promise<unknown>>} */
    const steps = {
      register: () => register({ discovery, plan, redirectUri: registration.redirectUri }),
      'begin with a look': () => begin({ discovery, registration, plan, settings: { preflight: true } }),
      begin: () => begin({ discovery, registration, plan }),
      complete: () => complete({ pending, callbackUrl }),
      refresh: () => refresh({ session }),
      grant: () => grant({ discovery, registration, plan, grant: 'client_credentials', parameters: {} }),
      ask: () => ask({ endpoint: `${registration.issuer}/keys`, namedBy: stranger }),
    };
    for (const [name, step] of Object.entries(steps)) await assert.rejects(step(), refused, name);
    const managed = {
      ...registration,
      issuer: 'https://203.0.113.7',
      registrationAccessToken: 'management',
      registrationClientUri: `https://localhost:${port}/client`,
    };
    await assert.rejects(unregister({ registration: managed }), refused);
    server.off('connection', count);
    assert.equal(connections, 0);
  });

  test('the doctor and its probe', async () => {
    const { endpoint } = servers();
    leadsTo = [INSIDE];
    const examination = await examine({ endpoint }, hostOfInternet());
    assert.ok(examination.failures.some(({ code }) => code === 'private_address'));
    const { discovery, plan } = inside();
    const { exchanges } = await probe({ discovery, plan });
    assert.ok(exchanges.length > 0 && exchanges.every(({ failure }) => /nearer|private network/.test(failure ?? '')));
    assert.ok(requests.every((request) => !request.includes('register')));
  });

  test('an import', async () => {
    const { endpoint } = servers();
    leadsTo = [INSIDE];
    const host = hostOfInternet();
    const record = { endpoint, tokens: { access_token: 'token' }, clientInformation: { client_id: 'client' } };
    await assert.rejects(importSession({ host }, record), refused);
  });

  test('what another client had stored: a registration is managed beside where it was made, and nowhere else', async () => {
    const { endpoint, issuer } = servers();
    const { origin } = new URL(endpoint);
    for (const [managedAt, kept] of /** @type {const} */ ([
      [`${issuer}/client/1`, true],
      [`${origin}/client/1`, false],
      ['https://elsewhere.example/client/1', false],
      [`${issuer.replace('//', '//localhost@')}9/client/1`, false],
      ['client/1', false],
    ])) {
      const host = hostOfInternet();
      const clientInformation = {
        client_id: 'client',
        registration_access_token: 'management',
        registration_client_uri: managedAt,
      };
      await importSession({ host }, { endpoint, issuer, tokens: { access_token: 'token' }, clientInformation });
      const session = await createAuthorizer({ host }).connection(endpoint).session();
      assert.equal(session?.registration.registrationClientUri, kept ? managedAt : undefined);
      assert.equal(session?.registration.registrationAccessToken, kept ? 'management' : undefined);
    }
  });

  test('what a person is shown to open on another device', async () => {
    const { endpoint, issuer } = servers();
    documents['/.well-known/oauth-authorization-server'] = {
      ...documents['/.well-known/oauth-authorization-server'],
      device_authorization_endpoint: `${issuer}/device`,
    };
    const shown = /** @type {string[]} */ ([]);
    const show = async (/** @type {{ verificationUri: string }} */ { verificationUri }) => (
      shown.push(verificationUri), Promise.reject(new Error('seen'))
    );
    const settings = () => ({ client: { clientId: 'client' }, grant: deviceAuthorization({ show }) });
    for (const [verificationUri, isShown] of /** @type {const} */ ([
      [`${issuer}/enter`, true],
      [`http://${INSIDE}:${port}/enter`, false],
    ])) {
      documents['/device'] = {
        device_code: 'code',
        user_code: 'ABCD',
        verification_uri: verificationUri,
        expires_in: 9,
      };
      shown.length = 0;
      const signIn = createAuthorizer({ host: hostOfInternet(), settings }).connection(endpoint).signIn();
      await assert.rejects(signIn, (/** @type {any} */ error) => (error.code === 'private_address') === !isShown);
      assert.deepEqual(shown, isShown ? [verificationUri] : []);
    }
  });

  test('a window: nobody is sent to where a request would not go', async () => {
    const { endpoint, issuer } = servers();
    documents['/register'] = { client_id: 'client', redirect_uris: ['https://app.example/callback'] };
    const opened = /** @type {string[]} */ ([]);
    const redirect = pastedRedirect({
      redirectUri: 'https://app.example/callback',
      ask: async ({ authorizationUrl }) => (opened.push(authorizationUrl), Promise.reject(new Error('closed'))),
    });
    const host = hostOfInternet({ redirect });
    const signIn = () => createAuthorizer({ host }).connection(endpoint).signIn();
    await assert.rejects(signIn(), (/** @type {any} */ error) => error.code !== 'private_address');
    assert.equal(opened.length, 1);
    opened.length = 0;
    // The endpoints of before are named anew, each by its own name.
    documents['/.well-known/oauth-authorization-server'] = {
      ...documents['/.well-known/oauth-authorization-server'],
      authorization_endpoint: `http://${INSIDE}:${port}/authorize`,
    };
    await assert.rejects(signIn(), refused);
    assert.deepEqual([opened, issuer], [[], issuer]);
  });
});

describe('[accepts D12] whatever the application has made of its way out', () => {
  const before = getGlobalDispatcher();
  after(() => setGlobalDispatcher(before));

  test('its own options of connections stay, and names are judged all the same', async () => {
    const { endpoint } = servers();
    setGlobalDispatcher(new Agent({ connect: { timeout: 1234 } }));
    assert.equal((await discover({ endpoint }, hostOfInternet())).endpoint, endpoint);
    leadsTo = [INSIDE];
    await assert.rejects(discover({ endpoint }, hostOfInternet()), refused);
  });

  test('a proxy may be inside, and looks names up itself; addresses that stand in URLs are judged', async (context) => {
    const proxy = createServer((request, response) => response.end(`by the proxy: ${request.url}`));
    proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    await new Promise((resolve) => proxy.listen(0, () => resolve(undefined)));
    context.after(() => proxy.close());
    const { port: proxyPort } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
    setGlobalDispatcher(new ProxyAgent({ uri: `http://127.0.0.1:${proxyPort}`, proxyTunnel: false }));
    leadsTo = [INSIDE];
    const { fetch } = nodeHost({ store: createMemoryStore() });
    const word = { step: 'token', endpoint: stranger };
    const url = `http://localhost:${port}/token`;
    assert.match(await (await fetch(url, {}, word)).text(), /by the proxy/);
    await assert.rejects(fetch(`http://${INSIDE}:${port}/token`, {}, word), refused);
  });

  test('of the environment’s proxies, those are judged who are reached without', async (context) => {
    const variables = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: 'localhost' };
    const earlier = Object.keys(variables).map((name) => [name, process.env[name]]);
    Object.assign(process.env, variables);
    context.after(() => {
      for (const [name = '', value] of earlier)
        value === undefined ? delete process.env[name] : (process.env[name] = value);
    });
    setGlobalDispatcher(new EnvHttpProxyAgent());
    leadsTo = [INSIDE];
    const { fetch } = nodeHost({ store: createMemoryStore() });
    await assert.rejects(fetch(`http://localhost:${port}/`, {}, { step: 'token', endpoint: stranger }), refused);
  });
});

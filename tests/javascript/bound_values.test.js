// What a person agrees to, and whose credential it is, are values: nothing else comes of a consent, no secret goes to anybody
// but its issuer, and a code goes to whom it is from.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { discover, InteractionRequiredError } from 'mcp-oauth-wasm';
import { clientCredentials, privateKeyAssertion } from 'mcp-oauth-wasm/grants';
import { importSession } from 'mcp-oauth-wasm/import';
import { pastedRedirect } from 'mcp-oauth-wasm/pasted-redirect';
import {
  beginAndEnd,
  onePlace,
  Person,
  rejectionOf,
  startAuthorizationServer,
  startHonestWorld,
  startProtectedResource,
  told,
} from '../attacks/parties.js';
import { createScriptedServers } from './scripted_servers.js';
import { callTool, createMachine, startWorld, storedSession } from './world.js';

/** @import { TestContext } from 'node:test' */

const call = (/** @type {any} */ connection, /** @type {string} */ endpoint) => callTool(connection.fetch, endpoint);

describe('a consent', () => {
  /**
   * Somebody was shown who signs people in, and for what.
   *
   * @param {TestContext} context
   * @param {Parameters<typeof startHonestWorld>[1]} [options]
   */
  async function shown(context, options) {
    const world = await startHonestWorld(context, {
      ...options,
      protectedResource: { challenge: 'scope="read write"', ...options?.protectedResource },
    });
    const evil = await startAuthorizationServer(world.internet, 'https://evil.example');
    const connection = world.person.start().connection(world.protectedResource.endpoint);
    const question = await rejectionOf(call(connection, world.protectedResource.endpoint));
    assert.ok(question instanceof InteractionRequiredError);
    const { issuer, account } = question.details;
    assert.deepEqual([issuer, account], ['https://login.example', 'default']);
    const names = (/** @type {Record<string, unknown>} */ members) => {
      world.protectedResource.routes[world.protectedResource.metadataPath] = () => ({
        body: {
          resource: world.protectedResource.endpoint,
          authorization_servers: ['https://login.example'],
          ...members,
        },
      });
    };
    return { ...world, evil, connection, question, names };
  }

  test('[refuses I2] is for the issuer that was shown: another one is a new question, and no browser opens', async (context) => {
    const { person, evil, names, question } = await shown(context);
    names({ authorization_servers: [evil.issuer] });
    const again = await rejectionOf(question.resume());
    assert.ok(again instanceof InteractionRequiredError);
    assert.equal(again.details.issuer, evil.issuer);
    assert.deepEqual([person.trips, evil.requests.filter(({ method }) => method === 'POST')], [[], []]);
    await again.resume();
    assert.equal(person.trips[0]?.origin, evil.issuer, 'who was shown that agreed to it');
  });

  test('[refuses I2] is for the scopes that were shown, and fewer: more of them are a new question', async (context) => {
    const { person, authorizationServer, question } = await shown(context);
    authorizationServer.routes['/.well-known/oauth-authorization-server'] = () => ({
      body: { ...authorizationServer.metadata(), scopes_supported: ['offline_access', 'read', 'write'] },
    });
    const again = await rejectionOf(question.resume());
    assert.ok(again instanceof InteractionRequiredError);
    assert.deepEqual([person.trips, authorizationServer.requests.filter(({ method }) => method === 'POST')], [[], []]);
    authorizationServer.routes['/.well-known/oauth-authorization-server'] = () => ({
      body: authorizationServer.metadata(),
    });
    await again.resume();
    assert.equal(person.trips[0]?.searchParams.get('scope'), 'read write');
  });

  test('[refuses I2] where the host approves, it is asked instead, with what comes out', async (context) => {
    /** @type {string[]} */
    const asked = [];
    let approves = false;
    const { person, evil, names, question } = await shown(context, {
      person: { approve: async ({ reason, issuer }) => Boolean(asked.push(`${reason} ${issuer}`)) && approves },
    });
    names({ authorization_servers: [evil.issuer] });
    assert.equal((await rejectionOf(question.resume())).code, 'not_approved');
    assert.equal(person.trips.length, 0);
    approves = true;
    await question.resume();
    assert.deepEqual(asked, ['issuer-changed https://evil.example', 'issuer-changed https://evil.example']);
  });

  test('[refuses I2] of a step-up is bound as well', async () => {
    const { script, seen, start } = createScriptedServers();
    script.needs = { look: ['read'], change: ['read', 'write'] };
    assert.equal(await start().call('look'), 200);
    const question = await rejectionOf(start(undefined, undefined, false).call('change'));
    assert.ok(question instanceof InteractionRequiredError);
    script.metadata = { scopes_supported: ['offline_access'] };
    assert.equal((await rejectionOf(question.resume())).code, 'interaction_required');
    assert.deepEqual(seen.trips.length, 1);
  });
});

describe('a credential that does not say whose it is', () => {
  /** @type {[string, any][]} */
  const members = [
    ['a secret', { client: { clientId: 'by-hand', clientSecret: 'the-secret' } }],
    [
      'a secret without a person',
      { client: { clientId: 'by-hand', clientSecret: 'the-secret' }, grant: clientCredentials() },
    ],
    [
      'a key',
      {
        client: {
          clientId: 'by-hand',
          tokenEndpointAuthMethod: 'private_key_jwt',
          assertion: privateKeyAssertion({ privateKey: 'none' }),
        },
        grant: clientCredentials(),
      },
    ],
  ];
  for (const [name, settings] of members) {
    test(`[refuses R2] ${name}: nothing is sent, and the error names the setting`, async (context) => {
      const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
      const { endpoint } = protectedResource;
      const start = () => person.start({ settings: () => settings });
      for (const connection of [start().connection(endpoint, { interaction: true })]) {
        const error = await rejectionOf(connection.signIn());
        assert.deepEqual([error.code, error.details.path], ['invalid_argument', 'settings.client.issuer']);
      }
      const steps = await rejectionOf(discover({ endpoint, settings: { client: settings.client } }, person.host));
      assert.match(steps.message, /settings\.client\.issuer/);
      assert.deepEqual([protectedResource.requests, authorizationServer.requests], [[], []]);
    });
  }

  test('[refuses R2] a client without secret stays with the issuer that it was first used with, though it is forgotten', async (context) => {
    const { internet, person, protectedResource } = await startHonestWorld(context);
    const evil = await startAuthorizationServer(internet, 'https://evil.example');
    const start = () =>
      person.start({ settings: () => ({ client: { clientId: 'public' } }) }).connection(protectedResource.endpoint);
    await rejectionOf(start().signIn());
    await start().forgetClient();
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      body: { resource: protectedResource.endpoint, authorization_servers: [evil.issuer] },
    });
    const trips = person.trips.length;
    assert.equal((await rejectionOf(start().signIn())).code, 'client_of_other_issuer');
    assert.equal(person.trips.length, trips);
  });

  /** What was stored elsewhere, of nobody knows whom. */
  const record = {
    tokens: { access_token: 'stored-access', refresh_token: 'stored-refresh', expires_in: 3600 },
    clientInformation: {
      client_id: 'stored-client',
      client_secret: 'stored-secret',
      registration_access_token: 'stored-management',
      registration_client_uri: 'https://login.example/clients/1',
    },
  };
  const secrets = ['stored-refresh', 'stored-secret', 'stored-management'];

  test('[refuses R2] an imported refresh token, secret or management token: it is left out, and nobody is told', async (context) => {
    const { internet, person, protectedResource, authorizationServer } = await startHonestWorld(context);
    const { endpoint } = protectedResource;
    assert.equal(await importSession({ host: person.host }, { endpoint, ...record }), true);
    const session = JSON.stringify(await storedSession(person.host.store, endpoint));
    assert.ok(session.includes('stored-access') && !secrets.some((secret) => session.includes(secret)), session);
    const connection = person.start().connection(endpoint, { interaction: true });
    await call(connection, endpoint);
    await connection.signOut();
    assert.deepEqual([told(authorizationServer, secrets), internet.strayed], [[], []]);
  });

  test('with its issuer it is imported whole, but for a place to manage the client that is elsewhere', async (context) => {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
    const { endpoint } = protectedResource;
    const places = [
      ['https://login.example/clients/1', true],
      ['https://evil.example/clients/1', false],
      ['https://login.example.evil.example/clients/1', false],
      ['https://login.example:8443/clients/1', false],
      ['http://login.example/clients/1', false],
      ['/clients/1', false],
    ];
    for (const [uri, isKept] of places) {
      const account = String(uri);
      const clientInformation = { ...record.clientInformation, registration_client_uri: String(uri) };
      const stored = { endpoint, account, ...record, clientInformation, issuer: authorizationServer.issuer };
      assert.equal(await importSession({ host: person.host }, stored), true);
      const session = await person.start().connection(endpoint, { account }).session();
      assert.equal(session?.tokens.refreshToken, 'stored-refresh');
      assert.equal(session?.registration.registrationClientUri !== undefined, isKept, account);
      assert.equal(session?.registration.registrationAccessToken !== undefined, isKept, account);
    }
  });

  test('an imported session of a client by hand whose issuer is another one is refused', async (context) => {
    const { person, protectedResource } = await startHonestWorld(context);
    const client = { clientId: 'stored-client', clientSecret: 'by-hand-secret', issuer: 'https://other.example' };
    const importing = importSession(
      { host: person.host, settings: () => ({ client }) },
      { endpoint: protectedResource.endpoint, ...record, issuer: 'https://login.example' },
    );
    assert.equal((await rejectionOf(importing)).code, 'session_of_other_issuer');
  });
});

describe('a callback', () => {
  test('[refuses A3] of another account is refused before its code is traded', async (context) => {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context, {
      person: { handsOver: onePlace },
    });
    const authorizationUrl = await beginAndEnd(person, protectedResource.endpoint);
    // Mallory began it as `default`; Alice's browser, where she is signed in to the gateway, ends it.
    const callbackUrl = await person.callbackOf(authorizationUrl);
    const error = await rejectionOf(person.start().complete(callbackUrl, { account: 'alice' }));
    assert.equal(error.code, 'state_mismatch');
    assert.deepEqual(authorizationServer.tokenRequests('authorization_code'), []);
    const again = await rejectionOf(person.start().complete(callbackUrl, { account: 'default' }));
    assert.equal(again.code, 'state_mismatch', 'and it counts no more for whoever began it');
  });

  test('[accepts A3] of the account that began it completes it', async (context) => {
    const { person, protectedResource } = await startHonestWorld(context, { person: { handsOver: onePlace } });
    const callbackUrl = await person.callbackOf(await beginAndEnd(person, protectedResource.endpoint));
    assert.ok('session' in (await person.start().complete(callbackUrl, { account: 'default' })));
  });
});

describe('one redirect URI for all, of authorization servers that do not say who answers', () => {
  /**
   * An honest server without `iss`, and others.
   *
   * @param {TestContext} context
   * @param {(person: Person) => any} [redirectOf] default: one that takes exactly that URI
   */
  async function startTwo(context, redirectOf) {
    const world = await startHonestWorld(context, {
      authorizationServer: { sendsIssuer: false },
      person: { handsOver: onePlace },
    });
    const { internet, person } = world;
    if (redirectOf) person.host = { ...person.host, redirect: redirectOf(person) };
    const second = await startAuthorizationServer(internet, 'https://second.example', { sendsIssuer: false });
    const other = await startProtectedResource(internet, 'https://tools.second.example/mcp', {
      authorizationServers: [second],
    });
    const signIn = (/** @type {{ endpoint: string }} */ { endpoint }, /** @type {any} */ settings = {}) =>
      person
        .start({ settings: () => settings })
        .connection(endpoint)
        .signIn();
    return { ...world, second, other, signIn };
  }
  const pasted = (/** @type {Person} */ person) =>
    pastedRedirect({
      redirectUri: onePlace(),
      async ask({ authorizationUrl }) {
        person.trips.push(new URL(authorizationUrl));
        return person.callbackOf(authorizationUrl);
      },
    });
  const redirectUris = (/** @type {Person} */ person) =>
    person.trips.map(({ searchParams }) => searchParams.get('redirect_uri'));

  test('[refuses A10] belongs to the first one: the second is refused before a browser opens, with the setting', async (context) => {
    const { person, protectedResource, other, second, signIn } = await startTwo(context);
    await signIn(protectedResource);
    await signIn(protectedResource);
    const error = await rejectionOf(signIn(other));
    assert.equal(error.code, 'redirect_of_other_issuer');
    assert.match(error.message, /`redirectUri` of its own/);
    assert.equal(person.trips.length, 2);
    assert.deepEqual(
      second.requests.filter(({ method }) => method === 'POST'),
      [],
    );
    await signIn(protectedResource);
  });

  test('[accepts A10] pages, windows and pasted addresses give the second one a URI of its own: both sign in, again and again', async (context) => {
    const { person, protectedResource, other, second, signIn } = await startTwo(context, pasted);
    for (const resource of [protectedResource, other, protectedResource, other]) await signIn(resource);
    const [first, own, firstAgain, ownAgain] = redirectUris(person);
    assert.deepEqual([first, firstAgain, ownAgain], [onePlace(), onePlace(), own]);
    assert.match(String(own), /^http:\/\/127\.0\.0\.1:7777\/callback\?issuer=[0-9a-f]{16}$/);
    assert.equal(second.requests.filter(({ url }) => url.pathname === '/register').length, 1);
  });

  test('[refuses A10] a code of the first one that arrives in a sign-in at the second goes nowhere', async (context) => {
    const { person, protectedResource, authorizationServer, other, second, signIn } = await startTwo(context, pasted);
    await signIn(protectedResource);
    const clientId = person.trips[0]?.searchParams.get('client_id') ?? '';
    // Mallory's authorization endpoint leads to the honest one, with the client that the application has there.
    second.routes['/authorize'] = ({ url }) => {
      const forward = new URL(`${authorizationServer.issuer}/authorize`);
      for (const [name, value] of url.searchParams) forward.searchParams.set(name, value);
      forward.searchParams.set('client_id', clientId);
      forward.searchParams.set('redirect_uri', onePlace());
      return { status: 302, headers: { location: forward.href } };
    };
    const error = await rejectionOf(signIn(other));
    assert.equal(error.code, 'invalid_authorization_response');
    assert.deepEqual(told(second, authorizationServer.secrets), []);
  });

  test('[accepts A10] whoever says who answers may use it too', async (context) => {
    const { internet, person, protectedResource, signIn } = await startTwo(context);
    await signIn(protectedResource);
    const third = await startAuthorizationServer(internet, 'https://third.example');
    const resource = await startProtectedResource(internet, 'https://tools.third.example/mcp', {
      authorizationServers: [third],
    });
    await signIn(resource);
    assert.deepEqual(redirectUris(person), [onePlace(), onePlace()]);
  });

  test('[refuses A10] a client that was registered by hand with it has it, whoever was first; the response of the other counts no more', async (context) => {
    const { internet, person, protectedResource, authorizationServer, other, second, signIn } = await startTwo(context);
    const begun = await beginAndEnd(person, other.endpoint);
    const body = JSON.stringify({ redirect_uris: [onePlace()] });
    const byHand = await internet.fetch(`${authorizationServer.issuer}/register`, { method: 'POST', body });
    const { client_id: clientId, client_secret: clientSecret } = /** @type {any} */ (await byHand.json());
    await signIn(protectedResource, {
      client: {
        clientId,
        clientSecret,
        issuer: authorizationServer.issuer,
        tokenEndpointAuthMethod: 'client_secret_post',
      },
    });
    const late = await rejectionOf(person.start().complete(await person.callbackOf(begun)));
    assert.equal(late.code, 'redirect_of_other_issuer');
    assert.deepEqual(second.tokenRequests('authorization_code'), []);
    assert.equal((await rejectionOf(signIn(other))).code, 'redirect_of_other_issuer');
  });

  test('ports of loopback tell nobody apart', async (context) => {
    const { person, protectedResource, other, signIn } = await startTwo(context);
    let port = 7000;
    const theirs = /** @type {any} */ (person.host.redirect);
    const redirect = {
      async prepare(/** @type {any} */ request) {
        port += 1;
        return { ...(await theirs.prepare(request)), redirectUri: `http://127.0.0.1:${port}/callback` };
      },
    };
    person.host = { ...person.host, redirect };
    await signIn(protectedResource);
    assert.equal((await rejectionOf(signIn(other))).code, 'redirect_of_other_issuer');
  });

  test('the other way back of the host is taken, where there is one', async (context) => {
    const { person, protectedResource, other, signIn } = await startTwo(context);
    const first = /** @type {any} */ (person.host.redirect);
    const second = {
      async prepare(/** @type {any} */ request) {
        return { ...(await first.prepare(request)), redirectUri: 'http://127.0.0.1:7777/callback/other' };
      },
    };
    person.host = { ...person.host, redirect: [first, second] };
    await signIn(protectedResource);
    await signIn(other);
    assert.deepEqual(redirectUris(person), [onePlace(), `${onePlace()}/other`]);
  });
});

describe('questions to a person', () => {
  /** A server that wants a scope more with every call, and the windows that opened. */
  async function insatiable(/** @type {any} */ settle, /** @type {any} */ host = {}) {
    const servers = createScriptedServers();
    const { script, seen, start } = servers;
    let calls = 0;
    script.demand = (operation, granted) => {
      if (!granted) return { status: 401, scopes: ['read'] };
      return operation === 'more' ? { status: 403, scopes: ['read', `invented-${calls}`] } : undefined;
    };
    const connection = start(undefined, host);
    assert.equal(await connection.call('look'), 200);
    script.authorize = settle;
    /** @type {string[]} */
    const codes = [];
    for (calls = 1; calls <= 12; calls += 1) {
      // The token is good for everything else.
      await connection.call('look');
      codes.push((await rejectionOf(connection.call('more'))).code);
    }
    return { ...servers, connection, codes, windows: seen.trips.length - 1 };
  }

  test('[refuses S6] a no ends them for more scopes, until somebody asks to sign in', async () => {
    const refused = () => ({ error: 'access_denied' });
    const { script, seen, connection, codes, windows } = await insatiable(refused);
    assert.equal(windows, 1);
    assert.deepEqual([...new Set(codes)], ['authorization_refused', 'attempts_exhausted']);
    script.authorize = (requested) => ({ granted: requested });
    await connection.signIn();
    const trips = seen.trips.length;
    script.needs = { edit: ['read', 'edit'] };
    script.demand = (operation, granted) =>
      (script.needs[operation] ?? []).every((scope) => granted?.includes(scope))
        ? undefined
        : { status: 403, scopes: script.needs[operation] };
    assert.equal(await connection.call('edit'), 200);
    assert.equal(seen.trips.length, trips + 1);
  });

  for (const [name, answer] of /** @type {const} */ ([
    ['granted whatever it is', (/** @type {string[]} */ requested) => ({ granted: requested })],
    ['not granted', () => ({ granted: ['read'] })],
  ])) {
    test(`[refuses S6] invented scopes that are ${name}: five windows in an hour, and five registrations`, async () => {
      const { seen, codes, windows } = await insatiable(answer);
      assert.equal(windows, 5);
      assert.ok(seen.registrations.length <= 6, String(seen.registrations));
      assert.equal(codes.at(-1), 'attempts_exhausted');
    });
  }

  test('approvals are questions too', async () => {
    let asked = 0;
    const approve = async () => Boolean((asked += 1)) && false;
    const { windows } = await insatiable(() => assert.fail('nobody agreed'), { approve });
    assert.deepEqual([windows, asked], [0, 5]);
  });

  for (const way of ['closed', 'cancelled']) {
    test(`[refuses S6] a window that is ${way} is a no`, async () => {
      const { script, seen, start } = createScriptedServers();
      script.needs = { look: ['read'], change: ['read', 'write'], manage: ['read', 'admin'] };
      const connection = start();
      assert.equal(await connection.call('look'), 200);
      script.authorize = async () => {
        if (way === 'cancelled') {
          connection.cancel();
          return new Promise(() => {});
        }
        throw Object.assign(new Error('closed'), { code: 'callback_aborted' });
      };
      await rejectionOf(connection.call('change'));
      for (const operation of ['change', 'manage', 'manage'])
        assert.equal((await rejectionOf(connection.call(operation))).code, 'attempts_exhausted');
      assert.equal(seen.trips.length, 2);
      script.authorize = (requested) => ({ granted: requested });
      await connection.signIn();
      assert.equal(await connection.call('manage'), 200);
    });
  }

  test('one closed sign-in page keeps nobody waiting at another server', async (context) => {
    const { internet, person, protectedResource } = await startHonestWorld(context);
    const second = await startAuthorizationServer(internet, 'https://second.example');
    const other = await startProtectedResource(internet, 'https://tools.second.example/mcp', {
      authorizationServers: [second],
    });
    second.routes['/authorize'] = () => () => {};
    const authorizer = person.start();
    const away = authorizer.connection(other.endpoint).signIn();
    away.catch(() => {});
    await authorizer.connection(protectedResource.endpoint).signIn();
    await authorizer.close();
  });
});

describe('a sign-out', () => {
  /** @param {boolean} isWaitedFor whether the refresh ends before a sign-out stops waiting for it */
  async function signOutDuringRefresh(isWaitedFor) {
    const world = await startWorld();
    const machine = createMachine();
    const connection = machine.start().connection(world.server, { interaction: true });
    await connection.signIn();
    const before = (await connection.session())?.tokens;
    /** @type {(value?: unknown) => void} */
    let letGo = () => {};
    const held = new Promise((resolve) => (letGo = resolve));
    /** @type {Promise<unknown> | undefined} */
    let refreshed;
    machine.network.fault = async (request, init) => {
      if (request.form.get('grant_type') !== 'refresh_token') return undefined;
      const answer = await globalThis.fetch(request.url, init);
      refreshed = answer.clone().json();
      await held;
      return answer;
    };
    const refreshing = connection.refresh().catch(() => {});
    while (!refreshed) await new Promise((resolve) => setTimeout(resolve, 5));
    let isOut = false;
    const signingOut = connection.signOut().finally(() => (isOut = true));
    await (isWaitedFor ? new Promise((resolve) => setTimeout(resolve, 200)) : signingOut);
    assert.equal(isOut, !isWaitedFor);
    letGo();
    await Promise.all([refreshing, signingOut]);
    const { access_token: accessToken } = /** @type {any} */ (await refreshed);
    assert.notEqual(accessToken, before?.accessToken);
    assert.equal(await connection.session(), null);
    assert.deepEqual(await connection.headersFor({ method: 'POST', url: world.server }), {});
    const response = await globalThis.fetch(world.server, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
    });
    assert.equal(response.status, 401, 'the tokens that came meanwhile are revoked');
    await world.close();
  }

  test('[refuses T6] during a refresh waits for it: nothing is kept, and nothing left at the server', () =>
    signOutDuringRefresh(true));

  test('[refuses T6] waits for no refresh longer than five seconds: it leaves nothing itself', () =>
    signOutDuringRefresh(false));
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthorizer, InteractionRequiredError, MisuseError, RefusedError } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect } from 'mcp-oauth-wasm/node';
import { startProtectedResource } from '../servers/protected_resource.js';
import { callTool, createMachine, rejectionOf, startWorld, storedSession } from './world.js';

/** @import { ApprovalRequest, Redirect } from 'mcp-oauth-wasm' */
/** @import { ProtectedResource } from '../servers/protected_resource.js' */
/** @import { World } from './world.js' */

describe('when a person is needed', () => {
  /** @type {World} */
  let world;
  /** @type {ProtectedResource} */
  let second;

  before(async () => {
    world = await startWorld({ protectedResource: { furtherTools: { edit: ['private_metadata'] } } });
    second = await startProtectedResource({ authorizationServer: world.authorizationServer });
  });
  after(async () => {
    await second.close();
    await world.close();
  });

  test('[refuses I1] without interaction no browser opens: the error has the issuer, the plan, and a way to go on', async () => {
    const { start, trips, network } = createMachine();
    const connection = start().connection(world.server);
    const error = await rejectionOf(callTool(connection.fetch, world.server));
    assert.ok(error instanceof InteractionRequiredError);
    assert.equal(error.code, 'interaction_required');
    assert.equal(error.kind, 'interaction');
    assert.equal(error.details.issuer, world.issuer);
    assert.equal(error.details.endpoint, world.server);
    const plan = /** @type {import('mcp-oauth-wasm').ScopePlan} */ (error.details.plan);
    assert.deepEqual(
      plan.scopes.filter(({ requested }) => requested).map(({ scope }) => scope),
      ['openid', 'email', 'offline_access'],
    );
    assert.equal(trips.length, 0);
    assert.deepEqual(network.registrations(), [], 'nothing was registered before the person agreed');

    await error.resume();
    assert.equal(trips.length, 1);
    assert.match(await (await callTool(connection.fetch, world.server)).text(), /alice@example\.com/);
    assert.equal(trips.length, 1, 'the connection knows of the session');
  });

  test('[accepts I1] resumed twice at once: one sign-in', async () => {
    const { start, trips } = createMachine();
    const { fetch } = start().connection(world.server);
    const [one, other] = await Promise.all([1, 2].map(() => rejectionOf(callTool(fetch, world.server))));
    await Promise.all([one.resume(), other.resume()]);
    await one.resume();
    assert.equal(trips.length, 1, 'the later ones find the session there');
  });

  test('[refuses I1] a call that may not interact does not wait for a person at another server', async () => {
    const { host, start } = createMachine();
    const away = loopbackRedirect({ open: () => {} });
    const authorizer = start({ host: { ...host, redirect: away } });
    const leave = new AbortController();
    const signIn = authorizer.connection(second.url, { interaction: true, signal: leave.signal }).signIn();
    signIn.catch(() => {});
    await delay(50);
    await assert.rejects(callTool(authorizer.fetch(world.server), world.server), { code: 'interaction_required' });
    leave.abort();
    await assert.rejects(signIn, { name: 'AbortError' });
  });

  test('[refuses I1] interaction is allowed, but the host cannot send the person anywhere', async () => {
    const authorizer = createAuthorizer({ host: { store: createMemoryStore() } });
    await assert.rejects(callTool(authorizer.fetch(world.server, { interaction: true }), world.server), (error) => {
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, 'no_redirect');
      return true;
    });
  });

  test('[accepts A9] of several ways back, the first is taken that the authorization server registers', async () => {
    const { host, network, trips, start } = createMachine();
    const loopback = /** @type {Redirect} */ (host.redirect);
    let closed = 0;
    /** @type {Redirect} */
    const deepLink = {
      async prepare() {
        const authorize = async () => assert.fail('nobody was sent anywhere with it');
        return { redirectUri: 'com.example.app:/callback', authorize, close: async () => void (closed += 1) };
      },
    };
    network.fault = async ({ url }, init) => {
      if (!url.endsWith('/reg') || !String(init?.body).includes('com.example.app')) return undefined;
      return Response.json(
        { error: 'invalid_redirect_uri', error_description: 'only http and https' },
        { status: 400 },
      );
    };
    const { fetch } = start({ host: { ...host, redirect: [deepLink, loopback] } }).connection(world.server, {
      interaction: true,
    });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.match(trips[0]?.searchParams.get('redirect_uri') ?? '', /^http:\/\/127\.0\.0\.1:/);
    assert.equal(closed, 1);

    network.fault = async ({ url }) =>
      url.endsWith('/reg') ? Response.json({ error: 'access_denied' }, { status: 403 }) : undefined;
    const other = createMachine().host.store;
    const refused = start({ host: { ...host, store: other, redirect: [deepLink, loopback] } }).connection(
      world.server,
      { interaction: true },
    );
    await assert.rejects(callTool(refused.fetch, world.server), { code: 'registration_refused' });
    assert.equal(trips.length, 1, 'another refusal is not about the way back');
    assert.equal(closed, 2);
  });

  test('[accepts I2] a sign-in that fails does not stop those that wait', async () => {
    const { host, start } = createMachine();
    let prepared = 0;
    const theirs = /** @type {Redirect} */ (host.redirect);
    /** @type {Redirect} */
    const redirect = {
      prepare(request) {
        if ((prepared += 1) === 1) throw new Error('the first one fails');
        return theirs.prepare(request);
      },
    };
    const authorizer = start({ host: { ...host, redirect } });
    const calls = [second.url, world.server].map((server) =>
      callTool(authorizer.fetch(server, { interaction: true }), server),
    );
    const outcomes = (await Promise.allSettled(calls)).map(({ status }) => status);
    assert.deepEqual(outcomes.sort(), ['fulfilled', 'rejected']);
  });

  test('[refuses I2] a step-up needs the approval of the host, which sees the plan; without it nothing is sent', async () => {
    /** @type {ApprovalRequest[]} */
    const asked = [];
    let approves = false;
    const { host, start, trips, network } = createMachine({
      async approve(request) {
        asked.push(request);
        return approves;
      },
    });
    const { fetch } = start().connection(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(asked.length, 0, 'a first sign-in was allowed by the call itself');
    const before = await storedSession(host.store, world.server);
    const sent = network.requests.length;

    await assert.rejects(callTool(fetch, world.server, { tool: 'edit' }), (error) => {
      assert.ok(error instanceof RefusedError);
      assert.equal(error.code, 'not_approved');
      assert.deepEqual(error.details, { reason: 'step-up', endpoint: world.server, issuer: world.issuer });
      return true;
    });
    assert.equal(asked[0]?.reason, 'step-up');
    const wanted = asked[0]?.plan.scopes.find(({ scope }) => scope === 'private_metadata');
    assert.deepEqual([wanted?.required, wanted?.requested, wanted?.sources], [true, true, ['challenge']]);
    assert.equal(trips.length, 1);
    const later = network.requests.slice(sent).filter(({ method, url }) => method === 'POST' && url !== world.server);
    assert.deepEqual(later, [], 'nothing but documents was asked for');
    assert.deepEqual(await storedSession(host.store, world.server), before);
    assert.equal((await callTool(fetch, world.server)).status, 200, 'what was granted goes on');

    approves = true;
    assert.match(await (await callTool(fetch, world.server, { tool: 'edit' })).text(), /edit: done/);
    assert.equal(trips.length, 2);
  });

  test('[refuses I2] a changed issuer needs the approval of the host; without it the new one learns nothing', async () => {
    const other = await startWorld();
    try {
      /** @type {ApprovalRequest[]} */
      const asked = [];
      const { start, trips, network } = createMachine({
        async approve(request) {
          asked.push(request);
          return false;
        },
      });
      const { fetch } = start().connection(world.server, { interaction: true });
      assert.equal((await callTool(fetch, world.server)).status, 200);

      // The MCP server accepts no tokens of the old one any more, not even fresh ones.
      network.fault = ({ url }) => {
        if (url === world.server) return new Response(null, { status: 401 });
        if (!url.includes('oauth-protected-resource')) return undefined;
        return Response.json({ resource: world.server, authorization_servers: [other.issuer] });
      };
      await assert.rejects(callTool(fetch, world.server), { code: 'not_approved' });
      assert.deepEqual([asked[0]?.reason, asked[0]?.issuer], ['issuer-changed', other.issuer]);
      assert.equal(trips.length, 1);
      assert.deepEqual(
        [...new Set(other.authorizationServer.requests.map(({ method }) => method))],
        ['GET'],
        'only its metadata was read',
      );
      assert.equal(
        (await start().connection(world.server).session())?.registration.issuer,
        world.issuer,
        'the session stays',
      );
    } finally {
      await other.close();
    }
  });

  test('one of several callers gives up: the others are signed in all the same', async () => {
    const { host, userAgent, start, trips } = createMachine();
    const redirect = loopbackRedirect({
      async open(url) {
        trips.push(new URL(url));
        await delay(50);
        await userAgent.browse(url);
      },
    });
    const { fetch } = start({ host: { ...host, redirect } }).connection(world.server, { interaction: true });
    const abort = new AbortController();
    const impatient = callTool(fetch, world.server, { signal: abort.signal });
    const patient = callTool(fetch, world.server);
    while (trips.length === 0) await delay(5);
    abort.abort();
    await assert.rejects(impatient, { name: 'AbortError' });
    assert.equal((await patient).status, 200);
    assert.equal(trips.length, 1);
  });

  test('aborted before it begins: nothing is sent', async () => {
    const { start, network } = createMachine();
    const connection = start().connection(world.server, { interaction: true, signal: AbortSignal.abort() });
    await assert.rejects(callTool(connection.fetch, world.server), { name: 'AbortError' });
    await assert.rejects(connection.signIn(), { name: 'AbortError' });
    assert.deepEqual(
      network.requests.filter(({ method }) => method === 'GET'),
      [],
      'not even a document was asked for',
    );
  });
});

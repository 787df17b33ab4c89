// What comes back from the browser is anybody's: another authorization server's, another person's, an older one.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { inspect } from 'node:util';
import { attacksIn } from './attack.js';
import {
  beginAndEnd,
  onePlace,
  Person,
  rejectionOf,
  startAuthorizationServer,
  startHonestWorld,
  startProtectedResource,
  told,
} from './parties.js';

/** @import { TestContext } from 'node:test' */
/** @import { AuthorizationServerOptions } from './parties.js' */

const attack = attacksIn(import.meta.filename);

/**
 * Alice uses an honest server. Then she tries one of Mallory's, whose authorization server sends her on to the honest one:
 * what that answers arrives in a sign-in that would give the code to Mallory.
 *
 * @param {TestContext} context
 * @param {AuthorizationServerOptions} honest
 * @param {ConstructorParameters<typeof Person>[1]} [person]
 */
async function startMixUp(context, honest, person) {
  const world = await startHonestWorld(context, { authorizationServer: honest, person });
  const { internet, authorizationServer, protectedResource, person: alice } = world;
  await alice.start().connection(protectedResource.endpoint, { interaction: true }).signIn();
  const [known] = /** @type {[URL]} */ (alice.trips);
  const redirectOfAlice = new URL(String(known.searchParams.get('redirect_uri')));

  /** @param {URL} asked */
  const onwards = ({ searchParams }) => {
    const query = new URLSearchParams(searchParams);
    query.set('client_id', String(known.searchParams.get('client_id')));
    // The path that the honest server knows, at the port where Alice waits now.
    const { port } = new URL(String(searchParams.get('redirect_uri')));
    query.set('redirect_uri', Object.assign(new URL(redirectOfAlice), { port }).href);
    return `${authorizationServer.issuer}/authorize?${query}`;
  };
  const evil = await startAuthorizationServer(internet, 'https://evil.example', {
    sendsIssuer: false,
    routes: { '/authorize': ({ url }) => ({ status: 302, headers: { location: onwards(url) } }) },
  });
  const bait = await startProtectedResource(internet, 'https://tools.evil.example/mcp', {
    authorizationServers: [evil],
  });
  return { ...world, alice, evil, bait };
}

attack('[refuses A4] a mix-up of two authorization servers, of which the honest one sends `iss`', async (context) => {
  const { alice, authorizationServer, bait, evil } = await startMixUp(
    context,
    {},
    { redirectOptions: { pathPerIssuer: false } },
  );
  const error = await rejectionOf(alice.start().connection(bait.endpoint).signIn());
  assert.equal(error.code, 'response_issuer_mismatch');
  assert.deepEqual(told(evil, authorizationServer.secrets), []);
});

attack('[refuses A10] a mix-up of two authorization servers, of which none sends `iss`', async (context) => {
  const { alice, authorizationServer, bait, evil } = await startMixUp(context, { sendsIssuer: false });
  const givingUp = new AbortController();
  const { browse } = alice;
  /** @type {number[]} */
  const pages = [];
  alice.browse = async (url) => {
    const status = await browse(url);
    pages.push(status);
    givingUp.abort();
    return status;
  };
  const signIn = alice.start().connection(bait.endpoint, { signal: givingUp.signal }).signIn();
  await rejectionOf(signIn);
  assert.deepEqual(pages, [404], 'at the port, but not at the path that belongs to this issuer');
  assert.deepEqual(told(evil, authorizationServer.secrets), []);
});

attack('[refuses A10, A9] a mix-up at a host whose redirect hands over every response', async (context) => {
  const handsOver = (/** @type {string} */ issuer) => `http://127.0.0.1:7777/callback/${new URL(issuer).hostname}`;
  const { alice, authorizationServer, bait, evil } = await startMixUp(context, { sendsIssuer: false }, { handsOver });
  const error = await rejectionOf(alice.start().connection(bait.endpoint).signIn());
  assert.equal(error.code, 'invalid_authorization_response');
  assert.deepEqual(told(evil, authorizationServer.secrets), []);
});

/**
 * A sign-in whose response somebody changes on its way.
 *
 * @param {TestContext} context
 * @param {(callbackUrl: URL) => void} change
 */
async function signInWithChanged(context, change) {
  const world = await startHonestWorld(context, { person: { handsOver: onePlace } });
  const { person, protectedResource, authorizationServer } = world;
  const { callbackOf } = person;
  person.callbackOf = async (url) => {
    const callback = new URL(await callbackOf(url));
    change(callback);
    return callback.href;
  };
  const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
  assert.deepEqual(authorizationServer.tokenRequests('authorization_code'), [], 'the code was used');
  return error;
}

attack('[refuses A4] `iss` is cut out, though the server promises it', async (context) => {
  const error = await signInWithChanged(context, ({ searchParams }) => searchParams.delete('iss'));
  assert.equal(error.code, 'response_issuer_mismatch');
});

const spellings = [
  'https://login.example/',
  'https://LOGIN.example',
  'HTTPS://login.example',
  'https://login.example:443',
  'https://login.example/a/..',
  'https://log%69n.example',
  'https://login.example#',
  'https://login.example?',
];
attack(
  '[refuses A4] `iss` is another spelling of the same issuer, which may be another tenant to its server',
  async (context) => {
    for (const iss of spellings) {
      const error = await signInWithChanged(context, ({ searchParams }) => searchParams.set('iss', iss));
      assert.equal(error.code, 'response_issuer_mismatch', iss);
    }
  },
);

attack('[refuses A4] an error text of a stranger, for the person to believe', async (context) => {
  const words = 'Your account is locked. Call +1 555 0100 to unlock it.';
  const error = await signInWithChanged(context, ({ searchParams }) => {
    searchParams.delete('code');
    searchParams.set('error', 'access_denied');
    searchParams.set('error_description', words);
    searchParams.set('iss', 'https://evil.example');
  });
  assert.equal(error.code, 'response_issuer_mismatch');
  assert.doesNotMatch(inspect(error), /555/);
});

for (const name of ['code', 'iss', 'state']) {
  attack(`a response with ${name} twice, of which a proxy sees the one and the client the other`, async (context) => {
    const error = await signInWithChanged(context, ({ searchParams }) =>
      searchParams.append(name, String(searchParams.get(name))),
    );
    assert.equal(error.code, 'invalid_authorization_response');
  });
}

/**
 * Mallory, who is signed in at the honest server, makes it answer to Alice's application, and gets what it answers into
 * Alice's browser.
 *
 * @param {Awaited<ReturnType<typeof startHonestWorld>>} world
 * @param {string} authorizationUrl Alice's
 * @param {Record<string, string>} parameters in place of Alice's
 */
async function mallorysResponse({ internet }, authorizationUrl, parameters) {
  const url = new URL(authorizationUrl);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return new Person(internet, { login: 'mallory' }).callbackOf(url.href);
}

attack(
  "[refuses A3] code injection: Alice gets a code of Mallory's, and would work in Mallory's account",
  async (context) => {
    const world = await startHonestWorld(context, {
      authorizationServer: { forgetsPkce: true },
      person: { handsOver: onePlace },
    });
    const { person: alice, protectedResource } = world;
    alice.callbackOf = (url) => mallorysResponse(world, url, { state: 'the-state-of-mallory' });
    const connection = alice.start().connection(protectedResource.endpoint);
    const error = await rejectionOf(connection.signIn());
    assert.equal(error.code, 'state_mismatch');
    assert.equal(await connection.session(), null);
  },
);

attack(
  '[refuses A1] code injection by a thief who knows the `state`, and has a code challenge of the same application',
  async (context) => {
    const world = await startHonestWorld(context, { person: { handsOver: onePlace } });
    const { internet, person: alice, protectedResource } = world;
    const mallory = new Person(internet, { login: 'mallory' });
    const hers = new URL(await beginAndEnd(mallory, protectedResource.endpoint));
    const challenge = String(hers.searchParams.get('code_challenge'));
    alice.callbackOf = (url) => mallorysResponse(world, url, { code_challenge: challenge });
    const connection = alice.start().connection(protectedResource.endpoint);
    const error = await rejectionOf(connection.signIn());
    assert.equal(error.code, 'token_refused', 'the code belongs to another verifier');
    assert.equal(await connection.session(), null);
  },
);

attack('[refuses A3] a `state` is guessed from another that the same application used', async (context) => {
  const world = await startHonestWorld(context, {
    authorizationServer: { forgetsPkce: true },
    person: { handsOver: onePlace },
  });
  const { internet, person: alice, protectedResource } = world;
  const hers = new URL(await beginAndEnd(new Person(internet, { login: 'mallory' }), protectedResource.endpoint));
  alice.callbackOf = (url) => mallorysResponse(world, url, { state: String(hers.searchParams.get('state')) });
  const error = await rejectionOf(alice.start().connection(protectedResource.endpoint).signIn());
  assert.equal(error.code, 'state_mismatch');
});

attack('[refuses A3] a response is replayed after it was used', async (context) => {
  const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
  const callbackUrl = await person.callbackOf(await beginAndEnd(person, protectedResource.endpoint));
  assert.ok('session' in (await person.start().complete(callbackUrl)));
  const error = await rejectionOf(person.start().complete(callbackUrl));
  assert.equal(error.code, 'state_mismatch');
  assert.equal(authorizationServer.tokenRequests('authorization_code').length, 1);
});

attack('[refuses A3] the same response many times at once, at several programs on one store', async (context) => {
  const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
  const callbackUrl = await person.callbackOf(await beginAndEnd(person, protectedResource.endpoint));
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => person.start().complete(callbackUrl)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(authorizationServer.tokenRequests('authorization_code').length, 1);
});

/**
 * Alice is in the browser, and somebody gets a request to the port where the application waits.
 *
 * @param {TestContext} context
 * @param {(redirectUri: string, authorizationUrl: string) => Promise<number>} intrude resolves to the status of the answer
 */
async function signInWithIntruder(context, intrude) {
  const { person, protectedResource } = await startHonestWorld(context);
  const { browse } = person;
  /** @type {number | undefined} */
  let status;
  person.browse = async (url) => {
    status = await intrude(String(new URL(url).searchParams.get('redirect_uri')), url);
    return browse(url);
  };
  await person.start().connection(protectedResource.endpoint).signIn();
  return status;
}

attack("[refuses A3] a stranger's response ends the wait for the right one", async (context) => {
  const status = await signInWithIntruder(context, async (redirectUri) => {
    const query = new URLSearchParams({ error: 'access_denied', state: 'guessed' });
    return (await fetch(`${redirectUri}?${query}`)).status;
  });
  assert.equal(status, 400);
});

attack(
  '[refuses A9] a website points its own name at this machine, and speaks to the port where the application waits',
  async (context) => {
    const status = await signInWithIntruder(context, (redirectUri, authorizationUrl) => {
      const { state } = Object.fromEntries(new URL(authorizationUrl).searchParams);
      const { port, pathname } = new URL(redirectUri);
      return new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port,
          path: `${pathname}?error=access_denied&state=${state}`,
          headers: { host: `rebound.evil.example:${port}` },
        };
        httpRequest(options, (response) => resolve(response.resume().statusCode ?? 0))
          .on('error', reject)
          .end();
      });
    });
    assert.equal(status, 421);
  },
);

/**
 * A sign-in with the preflight, whose first look at the server nobody agreed to.
 *
 * @param {TestContext} context
 * @param {(world: Awaited<ReturnType<typeof startHonestWorld>>, authorizationUrl: URL) => string} location the look's answer
 */
async function signInWithLook(context, location) {
  const world = await startHonestWorld(context, { person: { handsOver: onePlace } });
  const { authorizationServer, person, protectedResource } = world;
  const ordinary = authorizationServer.routes['/authorize'];
  /** @type {string[]} */
  const answers = [];
  authorizationServer.routes['/authorize'] = (request) => {
    if ('x-person' in request.headers) return ordinary?.(request);
    answers.push(location(world, request.url));
    return { status: 302, headers: { location: String(answers.at(-1)) } };
  };
  const authorizer = person.start({ settings: () => ({ preflight: true }) });
  return { ...world, connection: authorizer.connection(protectedResource.endpoint), answers };
}

attack('a preflight is answered with a live code, which somebody brings to the sign-in', async (context) => {
  const { authorizationServer, person, connection, answers } = await signInWithLook(
    context,
    ({ authorizationServer }, { searchParams }) =>
      authorizationServer.respond(searchParams, { code: authorizationServer.code(searchParams, 'mallory') }),
  );
  person.callbackOf = async () => String(answers[0]);
  const error = await rejectionOf(connection.signIn());
  assert.equal(answers.length, 1);
  assert.equal(error.code, 'state_mismatch');
  assert.deepEqual(authorizationServer.tokenRequests('authorization_code'), [], 'a code to which nobody agreed');
});

attack('a preflight is sent on to an address of this machine', async (context) => {
  const { internet, connection } = await signInWithLook(context, () => 'http://127.0.0.1:9/shutdown');
  await connection.signIn();
  assert.deepEqual(internet.strayed, []);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MisuseError, TransportError } from 'mcp-oauth-wasm';
import { pastedRedirect } from 'mcp-oauth-wasm/pasted-redirect';
import { createMachine, rejectionOf, startWorld } from './world.js';

/** @import { PastedRedirectOptions, PasteRequest } from 'mcp-oauth-wasm/pasted-redirect' */

const redirectUri = 'http://127.0.0.1:8976/callback';
const authorizationUrl = 'https://auth.example/authorize?client_id=a&state=right';
const state = 'right';

/** @param {PastedRedirectOptions['ask']} ask */
const prepare = (ask) => pastedRedirect({ redirectUri, ask }).prepare({ issuer: 'https://auth.example' });

/** A person who pastes one text after the other. @param {string[]} texts */
function person(...texts) {
  /** @type {PasteRequest[]} */
  const asked = [];
  const ask = async (/** @type {PasteRequest} */ request) => {
    asked.push(request);
    return texts[asked.length - 1] ?? '';
  };
  return { asked, ask };
}

test('a person signs in on another machine, and pastes the address', async () => {
  const world = await startWorld();
  try {
    const machine = createMachine();
    const { ask, asked } = (() => {
      /** @type {PasteRequest[]} */
      const asked = [];
      return {
        asked,
        ask: async (/** @type {PasteRequest} */ request) => (
          asked.push(request), machine.userAgent.signIn(request.authorizationUrl)
        ),
      };
    })();
    const authorizer = machine.start({ host: { ...machine.host, redirect: pastedRedirect({ redirectUri, ask }) } });
    const connection = authorizer.connection(world.server);
    await connection.signIn();
    const session = await connection.session();
    assert.equal(session?.registration.redirectUri, redirectUri);
    assert.equal(asked.length, 1);
    assert.deepEqual(Object.keys(asked[0] ?? {}).sort(), ['authorizationUrl', 'redirectUri', 'signal']);
  } finally {
    await world.close();
  }
});

describe('what is pasted', () => {
  const callbackUrl = `${redirectUri}?code=a%20b&state=right&iss=https%3A%2F%2Fauth.example`;

  for (const [what, text] of Object.entries({
    'as it was copied': callbackUrl,
    'with white space around it': `  ${callbackUrl}\n`,
    'broken into lines by a terminal': callbackUrl.replace('&state', '\n  &state'),
    'in quotes': `"${callbackUrl}"`,
    'in angle brackets': `<${callbackUrl}>`,
    'with a fragment, which some browsers add': `${callbackUrl}#_=_`,
  })) {
    test(`is taken ${what}, its query byte for byte`, async () => {
      const { ask, asked } = person(text);
      assert.equal(await (await prepare(ask)).authorize({ authorizationUrl, state }), callbackUrl);
      assert.equal(asked.length, 1);
    });
  }

  for (const [problem, text] of Object.entries({
    not_a_url: 'code',
    other_address: authorizationUrl,
    other_sign_in: `${redirectUri}?code=a&state=earlier`,
  })) {
    test(`is asked for again, with the reason: ${problem}`, async () => {
      const { ask, asked } = person(text, callbackUrl);
      assert.equal(await (await prepare(ask)).authorize({ authorizationUrl, state }), callbackUrl);
      assert.deepEqual(
        asked.map((request) => request.problem),
        [undefined, problem],
      );
      assert.match(asked[1]?.explanation ?? '', /^That is /);
    });
  }

  for (const [what, text] of Object.entries({
    'another port': callbackUrl.replace('8976', '8977'),
    'another path': callbackUrl.replace('/callback', '/callback/'),
    'another scheme': callbackUrl.replace('http:', 'https:'),
  })) {
    test(`is another address: ${what}`, async () => {
      const { ask, asked } = person(text, callbackUrl);
      await (await prepare(ask)).authorize({ authorizationUrl, state });
      assert.equal(asked[1]?.problem, 'other_address');
    });
  }

  test('has no state, or one that only begins alike: another sign-in', async () => {
    const { ask, asked } = person(
      `${redirectUri}?code=a`,
      `${redirectUri}?code=a&state=righ`,
      `${redirectUri}?code=a&state=right2`,
      callbackUrl,
    );
    await (await prepare(ask)).authorize({ authorizationUrl, state });
    assert.deepEqual(
      asked.map((request) => request.problem),
      [undefined, 'other_sign_in', 'other_sign_in', 'other_sign_in'],
    );
  });

  test('is asked for five times, and no more', async () => {
    const { ask, asked } = person();
    const error = await rejectionOf((await prepare(ask)).authorize({ authorizationUrl, state }));
    assert.ok(error instanceof TransportError);
    assert.equal(error.code, 'callback_not_pasted');
    assert.equal(asked.length, 5);
  });

  test('may come back to an application of its own scheme', async () => {
    const own = 'com.example.app:/callback';
    const { ask } = person(`${own}?code=a&state=right`);
    const receiver = await pastedRedirect({ redirectUri: own, ask }).prepare({ issuer: 'https://auth.example' });
    assert.equal(await receiver.authorize({ authorizationUrl, state }), `${own}?code=a&state=right`);
  });
});

describe('the end of waiting', () => {
  /** Asks, and gets no answer. */
  function silence() {
    /** @type {(request: PasteRequest) => void} */
    let asked;
    const request = new Promise((/** @type {(request: PasteRequest) => void} */ resolve) => (asked = resolve));
    return {
      request,
      ask: (/** @type {PasteRequest} */ request) => (
        asked(request), /** @type {Promise<string>} */ (new Promise(() => {}))
      ),
    };
  }

  test('abort ends it, and the prompt hears of it', async () => {
    const { ask, request } = silence();
    const abort = new AbortController();
    const authorized = (await prepare(ask)).authorize({ authorizationUrl, state, signal: abort.signal });
    const { signal } = await request;
    assert.equal(signal.aborted, false);
    abort.abort(new Error('enough'));
    const error = await rejectionOf(authorized);
    assert.ok(error instanceof TransportError);
    assert.equal(error.code, 'callback_aborted');
    assert.match(String(error.cause), /enough/);
    assert.equal(signal.aborted, true);
  });

  test('what the prompt rejects with comes out as it is', async () => {
    const cancelled = new Error('the person closed the window');
    const receiver = await prepare(() => Promise.reject(cancelled));
    assert.equal(await rejectionOf(receiver.authorize({ authorizationUrl, state })), cancelled);
  });

  test('one wait at a time', async () => {
    const { ask, request } = silence();
    const receiver = await prepare(ask);
    const first = rejectionOf(receiver.authorize({ authorizationUrl, state }));
    await request;
    assert.equal((await rejectionOf(receiver.authorize({ authorizationUrl, state }))).code, 'callback_awaited');
    await receiver.close();
    assert.equal((await first).code, 'callback_aborted');
  });
});

test('an authorization URL that is no web page is not shown', async () => {
  const { ask, asked } = person('');
  const error = await rejectionOf((await prepare(ask)).authorize({ authorizationUrl: 'javascript:alert(1)', state }));
  assert.equal(error.code, 'url_not_openable');
  assert.equal(asked.length, 0);
});

test('a redirect URI that is none is refused at once', () => {
  for (const wrong of ['', '/callback', 'http://127.0.0.1/#fragment']) {
    assert.throws(
      () => pastedRedirect({ redirectUri: wrong, ask: async () => '' }),
      (error) => error instanceof MisuseError && error.code === 'redirect_uri_invalid',
    );
  }
});

// What the popup redirect believes, with windows that are not there: real ones are in tests/browsers.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { popupRedirect } from 'mcp-oauth-wasm/browser';
import { rejectionOf } from './world.js';

/** @import { RedirectReceiver } from 'mcp-oauth-wasm' */

const redirectUri = 'https://app.example/callback.html';
const issuer = 'https://auth.example';

describe('the popup redirect', () => {
  /** @type {{ opener: unknown, closed: boolean, location: { replace: (url: string) => void }, close: () => void }} */
  let popup;
  /** @type {string[]} */
  let opened;
  /** @type {EventTarget & Record<string, unknown>} */
  let page;
  /** @type {BroadcastChannel} */
  let callbackPage;
  /** @type {RedirectReceiver | undefined} */
  let receiver;

  beforeEach(() => {
    opened = [];
    popup = {
      opener: 'the application',
      closed: false,
      location: { replace: (url) => void opened.push(url) },
      close: () => void (popup.closed = true),
    };
    page = Object.assign(new EventTarget(), /** @type {Record<string, unknown>} */ ({ open: () => popup }));
    page.parent = page;
    Object.assign(globalThis, { window: page, document: {}, location: new URL('https://app.example/') });
    callbackPage = new BroadcastChannel('mcp-oauth-wasm callback');
  });
  afterEach(async () => {
    await receiver?.close();
    callbackPage.close();
    for (const name of ['window', 'document', 'location']) Reflect.deleteProperty(globalThis, name);
  });

  /** @param {string} state @param {AbortSignal} [signal] */
  async function awaiting(state, signal) {
    receiver = await popupRedirect({ redirectUri: '/callback.html' }).prepare({ issuer });
    assert.equal(receiver.redirectUri, redirectUri);
    return receiver.authorize({ authorizationUrl: `${issuer}/authorize?state=${state}`, state, signal });
  }

  /** Until it waits. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** @param {string} callbackUrl */
  const bring = (callbackUrl) => callbackPage.postMessage({ about: 'response', callbackUrl });

  /** @param {string} origin @param {string} callbackUrl */
  const post = (origin, callbackUrl) =>
    page.dispatchEvent(
      Object.assign(new Event('message'), {
        origin,
        source: { postMessage() {} },
        data: { about: 'response', callbackUrl },
      }),
    );

  test('[accepts interop 50] the response comes by the channel, whatever became of the window', async () => {
    const response = awaiting('s1');
    await turn();
    popup.closed = true;
    bring(`${redirectUri}?code=c&state=s1`);
    assert.equal(await response, `${redirectUri}?code=c&state=s1`);
    assert.deepEqual(opened, [`${issuer}/authorize?state=s1`]);
  });

  test('[refuses A3] responses with another state or to another address do not end the wait', async () => {
    const response = awaiting('s1');
    await turn();
    for (const stray of [
      `${redirectUri}?code=c&state=s2`,
      `${redirectUri}?code=c`,
      'https://app.example/other?code=c&state=s1',
      'not a URL',
    ])
      bring(stray);
    callbackPage.postMessage(null);
    bring(`${redirectUri}?code=right&state=s1`);
    assert.equal(await response, `${redirectUri}?code=right&state=s1`);
  });

  test('[refuses A3] what pages of other origins say is not heard', async () => {
    const response = awaiting('s1');
    await turn();
    post('https://evil.example', `${redirectUri}?code=wrong&state=s1`);
    post('https://app.example', `${redirectUri}?code=right&state=s1`);
    assert.equal(await response, `${redirectUri}?code=right&state=s1`);
  });

  test('[refuses interop 50] the window is not told its opener, which it could navigate', async () => {
    const given = new AbortController();
    const response = awaiting('s1', given.signal);
    await turn();
    assert.equal(popup.opener, null);
    given.abort();
    assert.equal((await rejectionOf(response)).code, 'callback_aborted');
    await receiver?.close();
    assert.ok(popup.closed);
  });

  test('a redirect URI without https is refused before a window opens', async () => {
    page.open = () => assert.fail('a window was opened');
    const error = await rejectionOf(
      popupRedirect({ redirectUri: 'http://app.example/callback.html' }).prepare({ issuer }),
    );
    assert.equal(error.code, 'redirect_uri_invalid');
  });

  test('a URL that is no web page is not opened', async () => {
    receiver = await popupRedirect({ redirectUri }).prepare({ issuer });
    const error = await rejectionOf(receiver.authorize({ authorizationUrl: 'javascript:alert(1)', state: 's1' }));
    assert.deepEqual([error.code, opened], ['url_not_openable', []]);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { schemeRedirect } from 'mcp-oauth-wasm/electron';
import { rejectionOf } from '../javascript/world.js';
import { createElectron } from './electron.js';

const authorizationUrl = 'https://as.example/authorize?client_id=c';
const state = 'the-state-of-this-sign-in';

/** @param {Partial<Parameters<typeof createElectron>[0]> & Partial<Parameters<typeof schemeRedirect>[0]>} [options] */
async function start({ isFirst, isReady, ...options } = {}) {
  const electron = createElectron({ userData: '', isFirst, isReady });
  /** @type {string[]} */
  const resumed = [];
  const redirect = schemeRedirect({
    electron,
    scheme: 'com.example.app',
    resume: (link) => resumed.push(link),
    ...options,
  });
  const receiver = await redirect.prepare({ issuer: 'https://as.example' });
  return { electron, redirect, receiver, resumed };
}

test('[accepts A9] a private-use scheme in reverse-domain form is registered with the system', async () => {
  const { electron, receiver } = await start();
  assert.deepEqual(electron.seen.schemes, [['com.example.app']]);
  assert.match(receiver.redirectUri, /^com\.example\.app:\/callback\/[0-9a-f]{16}$/);
  assert.equal((await (await start({ pathPerIssuer: false })).receiver).redirectUri, 'com.example.app:/callback');
});

test('an operating system that does not take the scheme is warned of', async () => {
  const electron = createElectron({ userData: '' });
  electron.app.setAsDefaultProtocolClient = () => false;
  const warned = once(process, 'warning');
  schemeRedirect({ electron, scheme: 'com.example.app' });
  const [warning] = await warned;
  assert.match(warning.message, /com\.example\.app: .*Info\.plist/);
});

test('[refuses A9] a scheme that is no domain name in reverse', () => {
  const electron = createElectron({ userData: '' });
  for (const scheme of [
    'myapp',
    'https',
    'file',
    'com.',
    '.com',
    'com..app',
    'Com.example',
    'com.example/app',
    'com.example:',
    '',
  ]) {
    assert.throws(
      () => schemeRedirect({ electron, scheme }),
      { name: 'MisuseError', code: 'redirect_scheme_invalid' },
      scheme,
    );
  }
  for (const path of ['callback', '//host/callback', '/callback?x', '/callback#x', '/a/../b', '/ä']) {
    assert.throws(
      () => schemeRedirect({ electron, scheme: 'com.example.app', path }),
      { code: 'redirect_path_invalid' },
      path,
    );
  }
  assert.deepEqual(electron.seen.schemes, []);
});

test('while it is developed, the system is told the script too', (context) => {
  const [, script] = process.argv;
  Object.assign(process, { defaultApp: true });
  context.after(() => Reflect.deleteProperty(process, 'defaultApp'));
  const electron = createElectron({ userData: '' });
  schemeRedirect({ electron, scheme: 'com.example.app' });
  assert.deepEqual(electron.seen.schemes, [['com.example.app', process.execPath, [script]]]);
});

test('the answer comes as a link, by an event on macOS and by a second instance elsewhere', async () => {
  for (const by of /** @type {const} */ (['openLink', 'startAgain'])) {
    const { electron, receiver } = await start();
    const answer = receiver.authorize({ authorizationUrl, state });
    assert.deepEqual(electron.seen.opened, [authorizationUrl]);
    electron[by](`${receiver.redirectUri}?code=c&state=${state}`);
    assert.equal(await answer, `${receiver.redirectUri}?code=c&state=${state}`);
    await receiver.close();
  }
});

test('the redirect URI comes back as it was registered, whatever became of its slashes', async () => {
  const { electron, receiver } = await start();
  const answer = receiver.authorize({ authorizationUrl, state });
  electron.openLink(`${receiver.redirectUri.replace(':/', ':///')}?state=${state}&code=a%2Fb`);
  assert.equal(await answer, `${receiver.redirectUri}?state=${state}&code=a%2Fb`);
});

test('[refuses A3] links of another path, state or scheme do not end the wait', async () => {
  const { electron, receiver, redirect, resumed } = await start();
  const other = await redirect.prepare({ issuer: 'https://other.example' });
  const answer = receiver.authorize({ authorizationUrl, state });
  const strays = [
    `${receiver.redirectUri}?code=c&state=another`,
    `${receiver.redirectUri}?code=c`,
    `${other.redirectUri}?code=c&state=${state}`,
    `${receiver.redirectUri}/deeper?code=c&state=${state}`,
  ];
  for (const stray of strays) electron.openLink(stray);
  electron.openLink(`com.example.other:/callback?state=${state}`);
  electron.startAgain(`--url=${receiver.redirectUri}?code=stolen&state=${state}`, 'com.example.app');
  electron.openLink(`${receiver.redirectUri}?code=right&state=${state}`);
  assert.match(await answer, /code=right/);
  // The host may look at what was the application's own.
  assert.deepEqual(resumed, strays);
});

test('a link that started the application is handed over once Electron is ready', async (context) => {
  const link = `com.example.app:/callback?code=c&state=${state}`;
  process.argv.push(link);
  context.after(() => process.argv.pop());
  const { electron, resumed } = await start({ isReady: false });
  electron.openLink(`${link}2`);
  await new Promise(setImmediate);
  assert.deepEqual(resumed, []);
  electron.becomeReady();
  await new Promise(setImmediate);
  assert.deepEqual(resumed, [link, `${link}2`]);
});

test('a second instance ends, and registers nothing', async () => {
  const { electron } = await start({ isFirst: false });
  assert.deepEqual([electron.seen.hasQuit, electron.seen.schemes], [true, []]);
});

test('[refuses A6] nothing but a web page is opened', async () => {
  const { electron, receiver } = await start();
  for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'ms-settings:x']) {
    assert.equal((await rejectionOf(receiver.authorize({ authorizationUrl: url, state }))).code, 'url_not_openable');
  }
  assert.deepEqual(electron.seen.opened, []);
});

test('the wait ends by a signal, by close, and where no browser opens', async () => {
  const { electron, redirect, receiver } = await start();
  const aborting = new AbortController();
  const aborted = rejectionOf(receiver.authorize({ authorizationUrl, state, signal: aborting.signal }));
  assert.equal((await rejectionOf(receiver.authorize({ authorizationUrl, state }))).code, 'callback_awaited');
  aborting.abort();
  assert.equal((await aborted).code, 'callback_aborted');
  assert.equal(
    (await rejectionOf(redirect.prepare({ issuer: 'https://as.example', signal: aborting.signal }))).code,
    'callback_aborted',
  );

  electron.shell.openExternal = async () => {
    throw new Error('no application is registered for this');
  };
  assert.equal((await rejectionOf(receiver.authorize({ authorizationUrl, state }))).code, 'browser_not_opened');

  electron.shell.openExternal = async () => {};
  const closed = rejectionOf(receiver.authorize({ authorizationUrl, state }));
  await receiver.close();
  assert.equal((await closed).code, 'callback_aborted');
  assert.equal((await rejectionOf(receiver.authorize({ authorizationUrl, state }))).code, 'callback_aborted');
});

test("[refuses A9] any web page's link to the scheme is nobody's error", async (context) => {
  /** @type {unknown[]} */
  const unhandled = [];
  const take = (/** @type {unknown} */ error) => void unhandled.push(error);
  process.on('unhandledRejection', take);
  context.after(() => process.off('unhandledRejection', take));
  const refusals = [
    () => Promise.reject(new Error('belongs to no sign-in')),
    () => {
      throw new Error('belongs to no sign-in');
    },
  ];
  for (const resume of refusals) {
    const { electron } = await start({ resume });
    electron.openLink('com.example.app:/callback?code=x&state=y');
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(unhandled, []);
});

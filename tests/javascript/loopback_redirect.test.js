/** @import { LoopbackRedirectOptions } from '../../js/hosts/node/loopback_redirect.js' */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, Server } from 'node:net';
import { afterEach, test } from 'node:test';
import { promisify } from 'node:util';

import { MisuseError, TransportError } from '../../js/core/errors.js';
import { loopbackRedirect } from '../../js/hosts/node/loopback_redirect.js';

/** @import { RedirectReceiver } from '../../js/core/host.js' */

const issuer = 'https://auth.example/tenant';
const authorizationUrl = 'https://auth.example/authorize?client_id=a&state=right';

/** @type {RedirectReceiver[]} */
const receivers = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

/** @param {LoopbackRedirectOptions & { preferred?: string, listed?: string[], issuer?: string }} [options] */
async function prepare({ preferred, listed, issuer: ofIssuer = issuer, ...options } = {}) {
  const redirect = loopbackRedirect({ open() {}, holdMilliseconds: 5_000, ...options });
  const receiver = await redirect.prepare({
    issuer: ofIssuer,
    ...(preferred && { preferred }),
    ...(listed && { listed }),
  });
  receivers.push(receiver);
  return receiver;
}

/**
 * @param {string} url
 * @param {import('node:http').RequestOptions} [options]
 * @returns {Promise<{ status: number | undefined, headers: import('node:http').IncomingHttpHeaders, body: string }>}
 */
function get(url, options = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/**
 * @param {string} url
 * @param {string} bytes
 * @returns {Promise<string>} All that comes back until the connection ends.
 */
async function sendBytes(url, bytes) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return answer;
}

/** @param {string} code */
const misuse = (code) => (/** @type {unknown} */ error) => error instanceof MisuseError && error.code === code;
const aborted = (/** @type {unknown} */ error) => error instanceof TransportError && error.code === 'callback_aborted';

const success = { signedIn: true, title: 'Signed in', message: 'You can close this page.' };

test('[accepts A9, A10] the redirect URI is the loopback IP literal with a free port and a path of the issuer', async () => {
  const [one, other] = [await prepare(), await prepare({ issuer: 'https://other.example' })];
  assert.match(one.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback\/[0-9a-f]{16}$/);
  assert.match(other.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback\/[0-9a-f]{16}$/);
  assert.notEqual(new URL(one.redirectUri).port, new URL(other.redirectUri).port);
  assert.notEqual(new URL(one.redirectUri).pathname, new URL(other.redirectUri).pathname);
});

test('a stored redirect URI whose port is taken is not used again', async () => {
  const first = await prepare();
  const second = await prepare({ preferred: first.redirectUri });
  assert.notEqual(second.redirectUri, first.redirectUri);
});

test('the port is bound for this process alone: nobody else can listen there', async () => {
  const { redirectUri } = await prepare();
  const intruder = createServer().listen({ host: '127.0.0.1', port: Number(new URL(redirectUri).port) });
  const [error] = await once(intruder, 'error');
  assert.equal(error.code, 'EADDRINUSE');
});

test('a fixed port and path are used exactly; a taken one is an error that names the port and the setting', async () => {
  const free = await prepare();
  const port = Number(new URL(free.redirectUri).port);
  await assert.rejects(prepare({ port }), (/** @type {Error} */ error) => {
    assert.ok(misuse('redirect_port_taken')(error));
    assert.match(error.message, new RegExp(`${port}.*\`port\``));
    return true;
  });
  await free.close();
  const fixed = await prepare({ port, path: '/oauth/callback', pathPerIssuer: false });
  assert.equal(fixed.redirectUri, `http://127.0.0.1:${port}/oauth/callback`);
});

test('the IPv6 literal works, or is a clear error where IPv6 is off', async () => {
  const ipv6 = await prepare({ host: '::1' }).catch((error) => error);
  if (ipv6 instanceof Error) assert.ok(misuse('redirect_unavailable')(ipv6), String(ipv6));
  else assert.match(ipv6.redirectUri, /^http:\/\/\[::1\]:\d+\/callback\//);
});

test('[accepts A9, interop 63] `localhost` is what the redirect URI says where the host wants it, and both literals are listened at', async () => {
  const { redirectUri } = await prepare({ host: 'localhost' });
  assert.match(redirectUri, /^http:\/\/localhost:\d+\/callback\/[0-9a-f]{16}$/);
  const hasIpv6 = await prepare({ host: '::1' }).then(
    () => true,
    () => false,
  );
  const { host, port } = new URL(redirectUri);
  for (const hostname of ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])]) {
    const { status } = await get(`${redirectUri}?state=nobody's`, { hostname, headers: { host } });
    assert.equal(status, 400, hostname);
    const intruder = createServer().listen({ host: hostname, port: Number(port) });
    const [error] = await once(intruder, 'error');
    assert.equal(error.code, 'EADDRINUSE', hostname);
  }
});

test('[accepts A9, interop 63] a stored redirect URI that says `localhost` is used again, also where the literal is the first choice', async () => {
  const first = await prepare({ host: 'localhost' });
  await first.close();
  assert.equal((await prepare({ preferred: first.redirectUri })).redirectUri, first.redirectUri);
});

test('[accepts A9, interop 63] `localhost` is the fallback of the literals', async () => {
  const { fallback } = loopbackRedirect({ open() {}, path: '/back' });
  const receiver = await fallback?.prepare({ issuer });
  assert.ok(receiver);
  receivers.push(receiver);
  assert.match(receiver.redirectUri, /^http:\/\/localhost:\d+\/back\//);
  assert.equal(fallback?.fallback, undefined);
});

test('[accepts A9, interop 59] of the redirect URIs that a client metadata document lists, one at this machine is used, its path as it is', async () => {
  const port = Number(new URL((await prepare()).redirectUri).port);
  for (const [listed, expected] of [
    [
      ['https://app.example/callback', 'http://127.0.0.1/oauth/callback'],
      /^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/,
    ],
    [[`http://127.0.0.1:${port}/taken`], /^http:\/\/127\.0\.0\.1:\d+\/taken$/],
    [['http://localhost:1/oauth/callback'], /^http:\/\/localhost:\d+\/oauth\/callback$/],
    [['https://app.example/callback'], /^http:\/\/127\.0\.0\.1:\d+\/callback\/[0-9a-f]{16}$/],
  ]) {
    const { redirectUri } = await prepare({ listed: /** @type {string[]} */ (listed) });
    assert.match(redirectUri, /** @type {RegExp} */ (expected));
  }
});

test('a system that does not allow to listen is an error that names the settings', async (context) => {
  /** @this {Server} */
  function refuse() {
    process.nextTick(() => this.emit('error', Object.assign(new Error('permission denied'), { code: 'EACCES' })));
    return this;
  }
  context.mock.method(Server.prototype, 'listen', refuse);
  for (const port of [0, 80]) {
    await assert.rejects(prepare({ port }), (/** @type {Error} */ error) => {
      assert.ok(misuse('redirect_unavailable')(error));
      assert.match(error.message, /EACCES.*`host` and `port`/);
      return true;
    });
  }
});

test('settings that would be unsafe or ambiguous are refused', () => {
  for (const host of ['localhost.example.com', '0.0.0.0', '::', '192.168.0.1', '127.1', '127.0.0.1.example.com', '']) {
    assert.throws(() => loopbackRedirect({ host }), misuse('redirect_host_not_loopback'));
  }
  for (const port of [-1, 65_536, 1.5, NaN])
    assert.throws(() => loopbackRedirect({ port }), misuse('redirect_port_invalid'));
  for (const path of ['', 'callback', '/a?b', '/a#b', '/a/../b', '/a b', '//evil.example/a']) {
    assert.throws(() => loopbackRedirect({ path }), misuse('redirect_path_invalid'), path);
  }
});

test('opens the authorization URL and resolves with the callback URL, its query byte for byte', async () => {
  /** @type {string[]} */
  const opened = [];
  const receiver = await prepare({
    open(url) {
      opened.push(url);
    },
  });
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const query = 'code=a%2Fb+c%20d%c3%a9&iss=https://auth.example/tenant&&state=right&empty=&flag';
  const page = get(`${receiver.redirectUri}?${query}`);
  assert.equal(await callback, `${receiver.redirectUri}?${query}`);
  assert.deepEqual(opened, [authorizationUrl]);
  await receiver.finish?.(success);
  assert.equal((await page).status, 200);
});

test('the browser is held until it is known how it ended, and told so', async () => {
  for (const outcome of [success, { signedIn: false, title: 'Not signed in', message: 'You said no.' }]) {
    const receiver = await prepare();
    const callback = receiver.authorize({ authorizationUrl, state: 'right' });
    let answered = false;
    const page = get(`${receiver.redirectUri}?state=right&code=c`).finally(() => {
      answered = true;
    });
    await callback;
    assert.equal(answered, false);
    await receiver.finish?.(outcome);
    const { status, body } = await page;
    assert.equal(status, 200);
    assert.ok(body.includes(`<h1>${outcome.title}</h1>`) && body.includes(outcome.message));
    assert.ok(body.includes(outcome.signedIn ? 'class="success"' : 'class="failure"'));
    await receiver.finish?.(outcome);
  }
});

test('a browser that is not told how it ended gets a neutral page, after a time or on close', async () => {
  const slow = await prepare({ holdMilliseconds: 20 });
  const slowCallback = slow.authorize({ authorizationUrl, state: 'right' });
  const slowPage = await get(`${slow.redirectUri}?state=right&code=c`);
  assert.ok(slowPage.body.includes('<h1>Return to the application</h1>'));
  await slowCallback;
  await slow.finish?.(success);

  const closed = await prepare();
  const closedCallback = closed.authorize({ authorizationUrl, state: 'right' });
  const closedPage = get(`${closed.redirectUri}?state=right&code=c`);
  await closedCallback;
  await closed.close();
  assert.ok((await closedPage).body.includes('<h1>Return to the application</h1>'));
});

test('a browser that leaves while it is held does not disturb', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const { host, port, pathname } = new URL(receiver.redirectUri);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET ${pathname}?state=right HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await callback;
  socket.destroy();
  // By the time this is answered, the server has seen the other leave.
  await get(receiver.redirectUri);
  await receiver.finish?.(success);
  await receiver.close();
});

test('the page loads nothing, is not kept, and cannot be framed; its script and style are those of its policy', async () => {
  const receiver = await prepare();
  const { headers, body } = await get(receiver.redirectUri);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.doesNotMatch(body, /https?:|\/\//);
  for (const element of ['script', 'style']) {
    const text = new RegExp(`<${element}>([^]*?)</${element}>`).exec(body)?.[1] ?? '';
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString(
      'base64',
    );
    assert.ok(policy.includes(`${element}-src 'sha256-${digest}'`));
  }
});

test('no text of a request gets into a page, and the outcome is escaped', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const marker = '<script>marker</script>';
  const query = `error=${encodeURIComponent(marker)}&error_description=marker`;
  for (const target of [`?${query}`, `/${query}`, `?state=${marker}`, `/marker?${marker}`]) {
    const { body } = await get(receiver.redirectUri + target);
    assert.ok(!body.includes('marker'));
  }
  const page = get(`${receiver.redirectUri}?state=right&${query}`);
  await callback;
  await receiver.finish?.({ signedIn: false, title: `<b>"title"</b>`, message: `</p><img src=x onerror='a&b'>` });
  const { body } = await page;
  assert.ok(!body.includes('marker'));
  assert.ok(body.includes('&lt;b&gt;&quot;title&quot;&lt;/b&gt;'));
  assert.ok(body.includes('&lt;/p&gt;&lt;img src=x onerror=&#39;a&amp;b&#39;&gt;'));
});

test('[refuses A3] stray requests are answered and do not end the wait', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const { origin, host, port, pathname } = new URL(receiver.redirectUri);
  const right = `${pathname}?state=right&code=c`;

  /** @type {[string, number, string, import('node:http').RequestOptions?][]} */
  const strays = [
    ['a favicon', 404, `${origin}/favicon.ico`],
    ['another path', 404, `${origin}/?state=right&code=c`],
    ['the path of another issuer', 404, `${origin}/callback/0123456789abcdef?state=right&code=c`],
    ['a longer path', 404, `${origin}${pathname}/?state=right&code=c`],
    ['no query', 400, receiver.redirectUri],
    ['no state', 400, `${receiver.redirectUri}?code=c`],
    ['another state', 400, `${receiver.redirectUri}?state=wrong&code=c`],
    ['a state that begins alike', 400, `${receiver.redirectUri}?state=righ&code=c`],
    ['an empty state', 400, `${receiver.redirectUri}?state=&code=c`],
    ['a broken escape', 400, `${receiver.redirectUri}?state=%E0%A4%A&code=c`],
    ['HEAD', 405, `${origin}${right}`, { method: 'HEAD' }],
    ['a POST of another state', 400, `${origin}${pathname}?state=wrong&code=c`, { method: 'POST' }],
    ['a POST of nothing', 400, `${origin}${pathname}`, { method: 'POST' }],
    ['PUT', 405, `${origin}${right}`, { method: 'PUT' }],
    ['OPTIONS', 405, `${origin}${right}`, { method: 'OPTIONS' }],
    [
      'a website that has taken this address for its name',
      421,
      `${origin}${right}`,
      { headers: { Host: `evil.example:${port}` } },
    ],
    ['localhost', 421, `${origin}${right}`, { headers: { Host: `localhost:${port}` } }],
    ['another port', 421, `${origin}${right}`, { headers: { Host: '127.0.0.1' } }],
  ];
  for (const [name, status, url, options] of strays) assert.equal((await get(url, options)).status, status, name);

  /** @type {[string, RegExp, string][]} */
  const broken = [
    ['garbage', /^HTTP\/1\.1 400 /, '\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n'],
    ['no host', /^HTTP\/1\.1 400 /, `GET ${right} HTTP/1.1\r\n\r\n`],
    ['no host in HTTP/1.0', /^HTTP\/1\.1 421 /, `GET ${right} HTTP/1.0\r\n\r\n`],
    [
      'huge headers',
      /^HTTP\/1\.1 431 |^$/,
      `GET ${right} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${'x'.repeat(100_000)}\r\n\r\n`,
    ],
    ['an absolute target', /^HTTP\/1\.1 404 /, `GET http://evil.example${right} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ['a tunnel', /^$/, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
  ];
  for (const [name, expected, bytes] of broken) assert.match(await sendBytes(origin, bytes), expected, name);

  // Still open while the response arrives.
  const silent = connect(Number(port), '127.0.0.1');
  const slow = connect(Number(port), '127.0.0.1');
  slow.write(`GET ${pathname}?state=`);
  const gone = connect(Number(port), '127.0.0.1', () => gone.resetAndDestroy());
  await once(gone, 'close');

  const page = get(origin + right);
  assert.equal(await callback, origin + right);
  await receiver.finish?.(success);
  assert.equal((await page).status, 200);

  const bothClosed = Promise.all([once(silent.resume(), 'close'), once(slow.resume(), 'close')]);
  await receiver.close();
  await bothClosed;
});

for (const [shape, query, body] of /** @type {const} */ ([
  [
    'in the query, and the consent form again in the body',
    'state=right&code=a%2Bb&iss=x',
    'decision=allow&state=of+the+form',
  ],
  ['in the query, without a body', 'state=right&code=a%2Bb&iss=x', ''],
  ['in the body', '', 'state=right&code=a%2Bb&iss=x'],
])) {
  test(`[accepts interop 83] a response that is posted is taken like one that is got: ${shape}`, async () => {
    const receiver = await prepare();
    const callback = receiver.authorize({ authorizationUrl, state: 'right' });
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
      Origin: 'https://auth.example',
    };
    const page = fetch(`${receiver.redirectUri}?${query}`, { method: 'POST', headers, body });
    assert.equal(await callback, `${receiver.redirectUri}?state=right&code=a%2Bb&iss=x`);
    await receiver.finish?.(success);
    assert.match(await (await page).text(), /Signed in/);
  });
}

test('[refuses interop 83] what is posted and is no form, or endless, is no response', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const form = 'application/x-www-form-urlencoded';
  for (const [type, body] of /** @type {const} */ ([
    ['text/plain', 'state=right&code=c'],
    ['multipart/form-data', 'state=right&code=c'],
    [form, `state=wrong&code=c`],
    [form, `x=${'x'.repeat(70_000)}&state=right&code=c`],
  ])) {
    const posted = await fetch(receiver.redirectUri, { method: 'POST', headers: { 'Content-Type': type }, body });
    assert.equal(posted.status, 400, type);
  }
  const page = get(`${receiver.redirectUri}?state=right&code=c`);
  assert.match(await callback, /code=c$/);
  await receiver.close();
  await page;
});

test('a long code and the cookies of other programs on this machine are no obstacle', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const url = `${receiver.redirectUri}?state=right&code=${'c'.repeat(30_000)}`;
  const page = get(url, { headers: { Cookie: `session=${'x'.repeat(16_000)}` } });
  assert.equal(await callback, url);
  await receiver.close();
  await page;
});

test('a response that is repeated is told so and does not count again', async () => {
  const receiver = await prepare();
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const first = get(`${receiver.redirectUri}?state=right&code=first`);
  await callback;
  const whileHeld = await get(`${receiver.redirectUri}?state=right&code=second`);
  assert.equal(whileHeld.status, 409);
  assert.ok(whileHeld.body.includes('<h1>Already handled</h1>'));
  await receiver.finish?.(success);
  assert.ok((await first).body.includes('<h1>Signed in</h1>'));
  assert.equal((await get(`${receiver.redirectUri}?state=right&code=third`)).status, 409);
  assert.match(await callback, /code=first/);
});

test('a response before there is a request is not taken', async () => {
  const receiver = await prepare();
  assert.equal((await get(`${receiver.redirectUri}?state=right&code=c`)).status, 400);
});

test('the same receiver can wait again, for another state', async () => {
  const receiver = await prepare();
  const first = receiver.authorize({ authorizationUrl, state: 'first' });
  await assert.rejects(receiver.authorize({ authorizationUrl, state: 'too early' }), misuse('callback_awaited'));
  const firstPage = get(`${receiver.redirectUri}?state=first&error=invalid_scope`);
  await first;

  const second = receiver.authorize({ authorizationUrl, state: 'second' });
  assert.ok((await firstPage).body.includes('<h1>Return to the application</h1>'));
  assert.equal((await get(`${receiver.redirectUri}?state=first&code=c`)).status, 409);
  const secondPage = get(`${receiver.redirectUri}?state=second&code=c`);
  assert.match(await second, /state=second&code=c$/);
  await receiver.finish?.(success);
  assert.ok((await secondPage).body.includes('<h1>Signed in</h1>'));
});

test('the reason of an abort is the cause of the error, and the browser is told that nobody waits', async () => {
  const reason = new Error('closed by the person');
  const controller = new AbortController();
  const receiver = await prepare({ open() {} });
  const callback = receiver.authorize({ authorizationUrl, state: 'right', signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(callback, (/** @type {Error} */ error) => aborted(error) && error.cause === reason);
  assert.equal((await get(`${receiver.redirectUri}?state=right&code=c`)).status, 400);
});

test('nothing listens after close', async () => {
  const receiver = await prepare();
  await receiver.close();
  await assert.rejects(get(receiver.redirectUri), { code: 'ECONNREFUSED' });
});

test('when no browser can be opened, the URL is shown and the wait goes on', async () => {
  /** @type {unknown[]} */
  const shown = [];
  const failure = new Error('no browser');
  const receiver = await prepare({
    open() {
      throw failure;
    },
    showUrl(url, reason) {
      shown.push(url, reason);
    },
  });
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const page = get(`${receiver.redirectUri}?state=right&code=c`);
  await callback;
  assert.deepEqual(shown, [authorizationUrl, failure]);
  await receiver.close();
  await page;
});

test('a host that cannot show the URL either ends the wait', async () => {
  const failure = new Error('no browser');
  const receiver = await prepare({
    open: () => Promise.reject(failure),
    showUrl(_url, reason) {
      throw reason;
    },
  });
  await assert.rejects(receiver.authorize({ authorizationUrl, state: 'right' }), failure);
});

test('[accepts interop 85] the URL is told whenever it is to be opened, as an opener may end well and show nothing', async () => {
  /** @type {string[]} */
  const told = [];
  const receiver = await prepare({ announceUrl: (url) => void told.push(url), showUrl: assert.fail });
  const callback = receiver.authorize({ authorizationUrl, state: 'right' });
  const page = get(`${receiver.redirectUri}?state=right&code=c`);
  await callback;
  assert.deepEqual(told, [authorizationUrl]);
  await receiver.close();
  await page;
});

for (const [shape, isTerminal, opens, times] of /** @type {const} */ ([
  ['in a terminal, though the browser opened', true, true, 1],
  ['in a terminal where none opened', true, false, 1],
  ['without a terminal, where none opened', false, false, 1],
  ['without a terminal, where the browser opened', false, true, 0],
])) {
  test(`by default the URL is written to standard error ${shape}: ${times} times`, async () => {
    const program = `
      process.stderr.isTTY = ${isTerminal};
      const { loopbackRedirect } = await import(${JSON.stringify(new URL('../../js/hosts/node/loopback_redirect.js', import.meta.url))});
      const redirect = loopbackRedirect({ open() { if (!${opens}) throw new Error('no browser'); } });
      const receiver = await redirect.prepare({ issuer: 'https://auth.example' });
      const callback = receiver.authorize({ authorizationUrl: ${JSON.stringify(authorizationUrl)}, state: 'right' });
      const page = fetch(receiver.redirectUri + '?state=right&code=c');
      await callback;
      await receiver.close();
      await page;`;
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    assert.equal(stderr.split(authorizationUrl).length - 1, times, stderr);
  });
}

test('[refuses A6] a URL of another scheme is never opened', async () => {
  const receiver = await prepare({ open: assert.fail, showUrl: assert.fail });
  for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'calc.exe', '-a', 'ms-settings:']) {
    await assert.rejects(receiver.authorize({ authorizationUrl: url, state: 'right' }), misuse('url_not_openable'));
  }
});

test('after close the process ends by itself; without a browser the URL is on standard error', async () => {
  const program = `
    import { connect } from 'node:net';
    import { loopbackRedirect } from ${JSON.stringify(new URL('../../js/hosts/node/loopback_redirect.js', import.meta.url))};
    const redirect = loopbackRedirect({ open() { throw new Error('no browser'); } });
    const receiver = await redirect.prepare({ issuer: 'https://auth.example' });
    const callback = receiver.authorize({ authorizationUrl: ${JSON.stringify(authorizationUrl)}, state: 'right' });
    const port = Number(new URL(receiver.redirectUri).port);
    const silent = connect(port, '127.0.0.1', () => fetch(receiver.redirectUri + '?state=right&code=c').then((page) => page.text()));
    silent.resume();
    await callback;
    await receiver.close();
    console.log('closed');`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  assert.equal(stdout, 'closed\n');
  assert.ok(stderr.includes(authorizationUrl));
});

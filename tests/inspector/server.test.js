import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startInspector } from '../../inspector/server.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { listenOnLoopback } from '../servers/loopback.js';

/** @import { Inspector, InspectorOptions } from '../../inspector/server.js' */

/**
 * @typedef {object} Asked
 * @property {string} [path]
 * @property {string} [method]
 * @property {Record<string, string | undefined>} [headers]
 * @property {unknown} [body]
 */

/**
 * Asks the inspector's server as any program can: with whatever headers.
 *
 * @param {Inspector} inspector
 * @param {Asked} asked
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, text: string, json: any }>}
 */
function ask({ origin }, { path = '/', method = 'GET', headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const defaults = method === 'POST' ? { origin, 'content-type': 'application/json' } : {};
    const sent = Object.entries({ ...defaults, ...headers }).filter(([, value]) => value !== undefined);
    const request = httpRequest(
      `${origin}${path}`,
      { method, headers: Object.fromEntries(sent), agent: false },
      async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        const isJson = response.headers['content-type'] === 'application/json';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        });
      },
    );
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** @param {Inspector} inspector */
const keyOf = ({ url }) => new URLSearchParams(new URL(url).hash.slice(1)).get('key');

/**
 * The page of an inspector, once it has traded its key.
 *
 * @param {Inspector} inspector
 */
async function openPage(inspector) {
  const { json } = await ask(inspector, { path: '/session', method: 'POST', body: { key: keyOf(inspector) } });
  const authorization = `Bearer ${json.token}`;
  return {
    authorization,
    call: (
      /** @type {string} */ path,
      /** @type {unknown} */ body,
      /** @type {Record<string, string | undefined>} */ headers = {},
    ) => ask(inspector, { path, method: 'POST', headers: { authorization, ...headers }, body }),
  };
}

/**
 * @param {(inspector: Inspector) => Promise<void>} work
 * @param {InspectorOptions} [options]
 */
async function withInspector(work, options) {
  const inspector = await startInspector(options);
  try {
    await work(inspector);
  } finally {
    await inspector.close();
  }
}

/** What the server under inspection was asked. @type {import('node:http').IncomingMessage[]} */
const asked = [];
/** @type {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} */
let answers = (_request, response) => response.end();
const listener = createServer((request, response) => {
  asked.push(request);
  answers(request, response);
});
/** @type {Awaited<ReturnType<typeof listenOnLoopback>>} */
let server;

before(async () => {
  server = await listenOnLoopback(listener);
});
after(() => server.close());

/** @param {Awaited<ReturnType<typeof openPage>>} page */
const inspect = (page, endpoint = `${server.origin}/mcp`) => page.call('/inspect', { endpoint });

/** @param {string} url */
const getting = (url) => ({ url, method: 'GET', headers: [] });

/** @param {string} body */
const decoded = (body) => Buffer.from(body, 'base64').toString();

test('the page is served with a policy that loads nothing of elsewhere, frames nothing and turns no text into script', async () => {
  await withInspector(async (inspector) => {
    for (const path of ['/', '/callback', '/callback/3fa2', '/js/slim.js', '/pkg/npm/mcp_oauth_wasm_bg.wasm']) {
      const { status, headers } = await ask(inspector, { path });
      assert.equal(status, 200, path);
      const policy = String(headers['content-security-policy']);
      for (const directive of [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]) {
        assert.ok(policy.split('; ').includes(directive), `${path}: ${directive}`);
      }
      assert.deepEqual(
        [
          headers['x-content-type-options'],
          headers['referrer-policy'],
          headers['cross-origin-resource-policy'],
          headers['cache-control'],
        ],
        ['nosniff', 'no-referrer', 'same-origin', 'no-store'],
      );
    }
    for (const path of [
      '/../package.json',
      '/package.json',
      '/js/../package.json',
      '/inspector/server.js',
      '//etc/passwd',
      '/js/%2e%2e/package.json',
    ]) {
      assert.equal((await ask(inspector, { path })).status, 404, path);
    }
  });
});

test('a website that points its own name at this machine reaches neither the page nor the proxy', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    const { port } = new URL(inspector.origin);
    for (const host of [
      `evil.example:${port}`,
      `localhost:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port}.evil.example`,
      `127.0.0.2:${port}`,
    ]) {
      assert.equal((await ask(inspector, { headers: { host } })).status, 421, host);
      assert.equal((await page.call('/inspect', { endpoint: server.origin }, { host })).status, 421, host);
    }
  });
});

test('a page of another origin can make no call, though it knew the token', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    for (const origin of [
      'http://evil.example',
      'null',
      server.origin,
      inspector.origin.replace('127.0.0.1', 'localhost'),
      `${inspector.origin}.evil.example`,
      undefined,
    ]) {
      assert.deepEqual(
        (await page.call('/inspect', { endpoint: server.origin }, { origin })).json,
        { code: 'wrong_origin' },
        origin,
      );
    }
    // Forms and simple requests of other pages have other types.
    assert.equal((await page.call('/inspect', {}, { 'content-type': 'text/plain' })).status, 415);
    const { headers } = await ask(inspector, {
      path: '/send',
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example' },
    });
    assert.equal(headers['access-control-allow-origin'], undefined);
  });
});

test('no call is made without the token, nor with another', async () => {
  await withInspector(async (inspector) => {
    await openPage(inspector);
    for (const authorization of [undefined, 'Bearer ', `Bearer ${keyOf(inspector)}`, 'Bearer undefined']) {
      for (const path of ['/inspect', '/confirm', '/send']) {
        assert.equal(
          (await ask(inspector, { path, method: 'POST', headers: { authorization }, body: {} })).status,
          401,
          `${path} ${authorization}`,
        );
      }
    }
    assert.equal((await ask(inspector, { path: '/send' })).status, 404);
    assert.equal((await ask(inspector, { path: '/send', method: 'PUT', body: {} })).status, 405);
  });
});

test('a guessed key gets no token, and leaves the right one good', async () => {
  await withInspector(async (inspector) => {
    for (const key of ['', 'x', undefined, null, ['a'], keyOf(inspector)?.slice(1), `${keyOf(inspector)}x`]) {
      assert.deepEqual((await ask(inspector, { path: '/session', method: 'POST', body: { key } })).json, {
        code: 'key_refused',
      });
    }
    const page = await openPage(inspector);
    assert.equal((await inspect(page)).status, 200);
  });
});

test('a key is traded once: who presents it again is refused, and who had it before is shut out', async () => {
  await withInspector(async (inspector) => {
    const thief = await openPage(inspector);
    assert.equal((await inspect(thief)).status, 200);
    const again = await ask(inspector, { path: '/session', method: 'POST', body: { key: keyOf(inspector) } });
    assert.deepEqual([again.status, again.json], [403, { code: 'key_refused' }]);
    assert.equal((await inspect(thief)).status, 401);
  });
});

test('a server is called only if it is the one under inspection, is named by its documents, or was confirmed', async (t) => {
  const other = await listenOnLoopback(createServer((_request, response) => response.end('secret of another program')));
  t.after(other.close);
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    assert.equal((await page.call('/send', getting(`${server.origin}/mcp`))).json.code, 'target_unconfirmed');
    await inspect(page);
    assert.equal((await page.call('/send', getting(`${server.origin}/mcp`))).json.status, 200);
    assert.deepEqual((await page.call('/send', getting(other.origin))).status, 403);
    answers = (_request, response) =>
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ resource: 'x', authorization_servers: [other.origin] }));
    await page.call('/send', getting(`${server.origin}/.well-known/oauth-protected-resource`));
    assert.equal(decoded((await page.call('/send', getting(other.origin))).json.body), 'secret of another program');
    // Another flow begins from nothing.
    await inspect(page);
    assert.equal((await page.call('/send', getting(other.origin))).json.code, 'target_unconfirmed');
    await page.call('/confirm', { origin: other.origin });
    assert.equal((await page.call('/send', getting(other.origin))).json.status, 200);
  });
});

test('a challenge and authorization server metadata name servers, too; other words do not', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    answers = (_request, response) => {
      response.setHeader('www-authenticate', 'Bearer resource_metadata="http://one.localhost:1/x"');
      response.end(
        JSON.stringify({
          token_endpoint: 'http://two.localhost:1/token',
          jwks_uri: 'http://three.localhost:1',
          policy: 'http://four.localhost:1',
          scopes_supported: ['http://five.localhost:1'],
        }),
      );
    };
    await page.call('/send', getting(`${server.origin}/mcp`));
    const codes = await Promise.all(
      ['one', 'two', 'three', 'four', 'five'].map(
        async (name) => (await page.call('/send', getting(`http://${name}.localhost:1/`))).json.code,
      ),
    );
    assert.deepEqual(codes, [
      'network_failed',
      'network_failed',
      'network_failed',
      'target_unconfirmed',
      'target_unconfirmed',
    ]);
  });
});

test('the inspector sends no request to itself, whoever names it', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    const { port } = new URL(inspector.origin);
    for (const host of ['127.0.0.1', 'localhost', '127.1', '[::1]', '0.0.0.0', '2130706433', 'x.localhost']) {
      await page.call('/inspect', { endpoint: `http://${host}:${port}/` });
      assert.equal(
        (await page.call('/send', getting(`http://${host}:${port}/session`))).json.code,
        'target_is_inspector',
        host,
      );
    }
  });
});

test('a public server leads no request to this machine or into a private network, by name or by address, unless the person trusts it [refuses D12]', async () => {
  const resolve = async (/** @type {string} */ name) =>
    name === 'inside.example' ? ['10.0.0.5'] : name === 'here.example' ? ['127.0.0.1'] : ['203.0.113.7'];
  /** @type {string[]} */
  const sent = [];
  const fetch = async (/** @type {any} */ url) => {
    sent.push(String(url));
    return Response.json({
      authorization_servers: [
        'https://inside.example',
        'https://here.example',
        'http://127.0.0.1:6379',
        'https://as.example',
      ],
    });
  };
  await withInspector(
    async (inspector) => {
      const page = await openPage(inspector);
      await inspect(page, 'https://mcp.example/mcp');
      await page.call('/send', getting('https://mcp.example/mcp'));
      for (const url of ['https://inside.example/', 'https://here.example/', 'http://127.0.0.1:6379/']) {
        assert.equal((await page.call('/send', getting(url))).json.code, 'private_address', url);
      }
      assert.equal((await page.call('/send', getting('https://as.example/'))).json.status, 200);
      assert.deepEqual(sent, ['https://mcp.example/mcp', 'https://as.example/']);
      await page.call('/inspect', { endpoint: 'https://mcp.example/mcp', allowPrivateAddresses: true });
      await page.call('/send', getting('https://mcp.example/mcp'));
      assert.equal((await page.call('/send', getting('https://inside.example/'))).json.status, 200);
    },
    { fetch: /** @type {typeof globalThis.fetch} */ (fetch), resolve },
  );
});

test('a redirect is reported, and not followed', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    asked.length = 0;
    answers = (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    const { json } = await page.call('/send', getting(`${server.origin}/mcp`));
    assert.deepEqual(
      [json.status, Object.fromEntries(json.headers).location, asked.map(({ url }) => url)],
      [302, '/elsewhere', ['/mcp']],
    );
  });
});

test('no cookie goes either way, and of the headers only those of the protocol are sent', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    answers = (_request, response) => response.writeHead(200, { 'set-cookie': 'a=b', 'x-other': 'shown' }).end();
    const headers = [
      ['cookie', 'a=b'],
      ['host', 'evil.example'],
      ['x-forwarded-for', '1.2.3.4'],
      ['authorization', 'Bearer token'],
      ['content-type', 'application/json'],
    ];
    const { json } = await page.call('/send', { url: `${server.origin}/mcp`, method: 'POST', headers, body: '{}' });
    const got = /** @type {import('node:http').IncomingMessage} */ (asked.at(-1)).headers;
    assert.deepEqual(
      [got.cookie, got.host, got['x-forwarded-for'], got.authorization],
      [undefined, new URL(server.origin).host, undefined, 'Bearer token'],
    );
    assert.deepEqual(
      [Object.fromEntries(json.headers)['set-cookie'], Object.fromEntries(json.headers)['x-other']],
      [undefined, 'shown'],
    );
  });
});

test('what a server answers is data, never a page of the inspector', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    answers = (_request, response) => response.setHeader('content-type', 'text/html').end('<script>alert(1)</script>');
    const { headers, json, text } = await page.call('/send', getting(`${server.origin}/mcp`));
    assert.deepEqual([headers['content-type'], headers['x-content-type-options']], ['application/json', 'nosniff']);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; sandbox/);
    assert.equal(decoded(json.body), '<script>alert(1)</script>');
    assert.ok(!text.includes('<script'));
  });
});

test('an answer beyond 256 KiB is not read to its end; a request that is none is not sent', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    let written = 0;
    answers = (_request, response) => {
      const more = () => {
        while (!response.destroyed && written < 2 ** 26 && response.write('x'.repeat(2 ** 16))) written += 2 ** 16;
        if (written === 2 ** 26) response.end();
      };
      response.on('drain', more);
      more();
    };
    assert.equal((await page.call('/send', getting(`${server.origin}/mcp`))).json.code, 'response_too_large');
    assert.ok(written < 2 ** 26);
    for (const wanted of [
      {},
      { url: 'file:///etc/passwd', method: 'GET' },
      { url: server.origin, method: 'CONNECT' },
      { url: server.origin, method: 'GET', body: {} },
    ]) {
      assert.equal((await page.call('/send', wanted)).json.code, 'invalid_request');
    }
    assert.equal((await page.call('/toString', {})).status, 404);
  });
});

test('a stream of events ends with the answer, though the server leaves it open', async () => {
  await withInspector(async (inspector) => {
    const page = await openPage(inspector);
    await inspect(page);
    answers = (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n');
    assert.match(decoded((await page.call('/send', getting(`${server.origin}/mcp`))).json.body), /"result"/);
  });
});

test('the page opens in the browser if that is wanted, with the server to inspect; a wrong URL or a taken port is an error', async () => {
  /** @type {string[]} */
  const opened = [];
  await withInspector(
    async (inspector) => {
      assert.deepEqual(opened, [inspector.url]);
      assert.equal(new URLSearchParams(new URL(inspector.url).hash.slice(1)).get('server'), 'https://mcp.example/mcp');
      await assert.rejects(startInspector({ port: Number(new URL(inspector.origin).port) }), {
        code: 'inspector_port_taken',
      });
    },
    { url: 'https://mcp.example/mcp', open: (url) => void opened.push(url) },
  );
  await assert.rejects(startInspector({ url: 'javascript:alert(1)' }), { code: 'invalid_url' });
});

test('no command is given the key: the browser gets it by a file of this user alone, which is gone afterwards', {
  skip: process.platform === 'win32' && 'the command in this test is a shell script',
}, async (context) => {
  const folder = await temporaryFolder();
  const [command, result] = [join(folder, 'browser'), join(folder, 'result')];
  await writeFile(command, `#!/bin/sh\nprintf '%s' "$*" > '${result}'\n`);
  await chmod(command, 0o755);
  const { BROWSER } = process.env;
  process.env.BROWSER = command;
  context.after(() => (BROWSER === undefined ? delete process.env.BROWSER : (process.env.BROWSER = BROWSER)));
  const inspector = await startInspector({ url: "https://mcp.example/mcp?a='b'&c=<d>", open: true });
  const given = await readFile(result, 'utf8');
  const file = fileURLToPath(given);
  const modes = await Promise.all([file, dirname(file)].map(async (path) => (await stat(path)).mode & 0o777));
  const page = await readFile(file, 'utf8');
  await inspector.close();
  assert.ok(!given.includes(String(new URLSearchParams(new URL(inspector.url).hash.slice(1)).get('key'))));
  assert.deepEqual(modes, [0o600, 0o700]);
  assert.ok(page.includes(`content="0;url=${inspector.url.replaceAll('&', '&amp;')}"`));
  await assert.rejects(stat(dirname(file)), { code: 'ENOENT' });
});

// What stands between an application and its servers in a company: a certificate authority of its own, and a proxy that
// wants credentials. The errors name the remedy, and the remedy helps.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { discover, TransportError } from 'mcp-oauth-wasm';
import { createMemoryStore, nodeHost } from 'mcp-oauth-wasm/node';
import { ProxyAgent, fetch as proxiedFetch } from 'undici';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { callTool, createMachine, rejectionOf, startWorld } from '../javascript/world.js';
import { ensureNewerNode } from '../node/nodes.js';
import { createAuthority, createServerCertificate } from '../servers/certificates.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { startProxy } from '../servers/proxy.js';

/** @import { Fetch } from 'mcp-oauth-wasm' */

describe('a certificate authority of the company', () => {
  const authority = createAuthority();
  const issued = createServerCertificate(authority);
  const certificates = {
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: issued,
    SELF_SIGNED_CERT_IN_CHAIN: { key: issued.key, cert: issued.cert + authority.cert },
    DEPTH_ZERO_SELF_SIGNED_CERT: createServerCertificate(),
  };

  for (const [reason, certificate] of Object.entries(certificates)) {
    test(`that is not trusted: the error names NODE_EXTRA_CA_CERTS (${reason})`, async (context) => {
      let requests = 0;
      const server = createServer(certificate, (_, response) => {
        requests += 1;
        response.end();
      });
      const { origin, close } = await listenOnLoopback(server);
      context.after(close);
      const endpoint = `${origin.replace('http:', 'https:')}/mcp?secret=1`;
      const host = nodeHost({ store: createMemoryStore() });
      const errors = {
        discover: await rejectionOf(discover({ endpoint }, host)),
        call: await rejectionOf(host.fetch(endpoint)),
      };
      for (const [step, error] of Object.entries(errors)) {
        assert.ok(error instanceof TransportError);
        assert.deepEqual([error.code, error.step, error.details.reason], ['certificate_untrusted', step, reason]);
        assert.match(error.message, /NODE_EXTRA_CA_CERTS/);
        assert.doesNotMatch(JSON.stringify([error.message, error.details]), /secret/);
      }
      assert.equal(requests, 0);
    });
  }

  test('that NODE_EXTRA_CA_CERTS names is trusted', async (context) => {
    const server = createServer(issued, (_, response) => response.end('arrived'));
    const { origin, close } = await listenOnLoopback(server);
    context.after(close);
    const file = join(await temporaryFolder(), 'authority.pem');
    await writeFile(file, authority.cert);
    const program = `
      import { createMemoryStore, nodeHost } from ${JSON.stringify(new URL('../../js/node.js', import.meta.url))};
      const { fetch } = nodeHost({ store: createMemoryStore() });
      console.log(await (await fetch(${JSON.stringify(origin.replace('http:', 'https:'))})).text());`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
    assert.equal(stdout, 'arrived\n');
  });
});

describe('a proxy that wants credentials', () => {
  const credentials = `Basic ${Buffer.from('alice:open sesame').toString('base64')}`;
  /** @type {Awaited<ReturnType<typeof startWorld>>} */
  let world;
  /** @type {Awaited<ReturnType<typeof startProxy>>} */
  let proxy;

  before(async () => {
    world = await startWorld();
    proxy = await startProxy(credentials);
  });
  after(async () => {
    await proxy.close();
    await world.close();
  });

  /**
   * A host whose requests all go through the proxy.
   *
   * @param {Partial<ProxyAgent.Options>} [options]
   */
  function hostBehindProxy(options) {
    const { host, start } = createMachine();
    const dispatcher = new ProxyAgent({ uri: proxy.origin, proxyTunnel: true, ...options });
    const fetch = /** @type {Fetch} */ (
      /** @type {unknown} */ (
        (/** @type {string} */ input, /** @type {object} */ init) => proxiedFetch(input, { ...init, dispatcher })
      )
    );
    return {
      start: () => start({ host: nodeHost({ ...host, fetch }) }),
      host: nodeHost({ ...host, fetch }),
      dispatcher,
    };
  }

  /** @param {any} error @param {string} step */
  function namesRemedy(error, step) {
    assert.ok(error instanceof TransportError);
    assert.deepEqual([error.code, error.step], ['proxy_credentials_required', step]);
    assert.match(error.message, /HTTPS_PROXY=http:\/\/user:password@/);
  }

  test('and gets none: the error says where they go, and no server hears of it', async () => {
    const { start, host, dispatcher } = hostBehindProxy();
    namesRemedy(await rejectionOf(discover({ endpoint: world.server }, host)), 'discover');
    namesRemedy(await rejectionOf(callTool(start().fetch(world.server), world.server)), 'call');
    assert.deepEqual(world.protectedResource.requests, []);
    await dispatcher.close();
  });

  test('and whose 407 the agent hands on as an answer: the same', async () => {
    const { host, dispatcher } = hostBehindProxy({ proxyTunnel: false });
    namesRemedy(await rejectionOf(discover({ endpoint: world.server }, host)), 'discover');
    await dispatcher.close();
  });

  test('and gets them: signed in through it, with a `fetch` that is not of the platform', async () => {
    const { start, dispatcher } = hostBehindProxy({ token: credentials });
    proxy.asked.length = 0;
    const response = await callTool(start().fetch(world.server, { interaction: true }), world.server);
    assert.match(await response.text(), /alice@example\.com/);
    const targets = [world.server, world.issuer].map((url) => new URL(url).host);
    assert.deepEqual(
      [...new Set(proxy.asked.filter(({ connected }) => connected).map(({ target }) => target))],
      targets,
    );
    await dispatcher.close();
  });
});

describe('a proxy that the environment names, behind which alone the servers are', () => {
  const host = 'mcp.behind-the-proxy.test';
  const program = `
    import { discover } from ${JSON.stringify(new URL('../../js/index.js', import.meta.url))};
    import { createMemoryStore, nodeHost } from ${JSON.stringify(new URL('../../js/node.js', import.meta.url))};
    const { fetch } = nodeHost({ store: createMemoryStore() });
    const told = async (error) => ({ code: error.code, message: error.message, step: error.step });
    const of = (work) => work.then((response) => response.status ?? 'discovered', told);
    console.log(JSON.stringify([
      await of(fetch(process.env.TRIED)),
      await of(discover({ endpoint: process.env.TRIED }, { fetch })),
    ]));`;

  /** @param {string} node @param {Record<string, string | undefined>} variables */
  async function tried(node, { TRIED = `https://${host}/mcp?secret=1`, ...variables }) {
    const env = { ...process.env, NODE_USE_ENV_PROXY: undefined, TRIED, ...variables };
    const { stdout } = await promisify(execFile)(node, ['--input-type=module', '--eval', program], { env });
    return JSON.parse(stdout);
  }

  for (const name of ['HTTPS_PROXY', 'https_proxy']) {
    test(`[refuses interop 87] and Node does not use it: the error says how it does (${name})`, async () => {
      for (const error of await tried(process.execPath, { [name]: 'http://127.0.0.1:9' })) {
        assert.equal(error.code, 'proxy_not_used');
        assert.match(error.message, /NODE_USE_ENV_PROXY=1.*NO_PROXY/);
        assert.doesNotMatch(error.message, /secret/);
      }
    });
  }

  for (const NO_PROXY of [
    host,
    'other.test, .behind-the-proxy.test',
    '*.behind-the-proxy.test',
    '*',
    `${host}:8443,*`,
  ]) {
    test(`and the server is none of those behind it (NO_PROXY=${NO_PROXY}): the error is what it was`, async () => {
      for (const error of await tried(process.execPath, { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY }))
        assert.notEqual(error.code, 'proxy_not_used');
    });
  }

  test('a server that answers without it is called directly', async (context) => {
    const { origin, close } = await listenOnLoopback(createHttpServer((_, response) => response.end()));
    context.after(close);
    const [status] = await tried(process.execPath, { HTTPS_PROXY: 'http://127.0.0.1:9', TRIED: origin });
    assert.equal(status, 200);
  });

  test('[accepts interop 87] with NODE_USE_ENV_PROXY=1 it is used', async () => {
    const node = await ensureNewerNode('the test of proxies of the environment');
    const proxy = await startProxy('none has these credentials');
    try {
      const answers = await tried(node, { HTTPS_PROXY: proxy.origin, NODE_USE_ENV_PROXY: '1' });
      for (const { code } of answers) assert.equal(code, 'proxy_credentials_required');
      assert.deepEqual([...new Set(proxy.asked.map(({ target }) => target))], [`${host}:443`]);
    } finally {
      await proxy.close();
    }
  });
});

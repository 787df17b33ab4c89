/**
 * The founding report on the engine of its message: one protected MCP server behind Ory Hydra, unmodified, first with a
 * client as the reported ones are, then with ours. `npm run demo -- --engine hydra` builds Hydra and starts this; with
 * `--browser`, you sign in, in your own browser.
 */

import { parseArgs } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createAuthorizer, explain } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { startHydra } from '../tests/engines/hydra.js';
import { startNaive } from '../tests/engines/naive.js';
import { fillIn } from '../tests/engines/person.js';
import { startProtectedResource } from '../tests/servers/protected_resource.js';
import { createUserAgent } from '../tests/servers/user_agent.js';
import { bad, faint, good, heading, indented, print, stepPrinter, table } from './print.js';

const published = ['openid', 'profile', 'email', 'public_metadata', 'private_metadata', 'offline_access'];

const { browser, program } = parseArgs({
  options: { browser: { type: 'boolean', default: false }, program: { type: 'string', default: 'hydra' } },
}).values;
const hydra = await startHydra(program, { scopes: published });
const { front, issuer, person } = hydra;
const protectedResource = await startProtectedResource({
  authorizationServer: { issuer, examine: async (token, aud) => ({ ...(await hydra.examine(token)), aud }) },
  requiredScopes: ['openid', 'email'],
  challengeScopes: null,
  scopesSupported: published,
});
const userAgent = createUserAgent({ answer: (page) => fillIn(page, person, {}) });

try {
  heading('A server that no client has met before');
  table([
    [faint('MCP server'), protectedResource.url],
    ['', `publishes the scopes: ${published.join(' ')}`],
    [faint('authorization server'), `${issuer} (Ory Hydra)`],
    ['', 'permits each client only the scopes that it registered'],
    [
      faint('person'),
      browser
        ? `you, in your browser: sign in as ${person.username} with the password ${person.password}`
        : 'alice, by a user agent without a person',
    ],
  ]);
  const asDescribed = (await showNaive()) && (await showOurs());
  print(asDescribed ? good('\nAll went as described.\n') : bad('\nNot all went as described.\n'));
  process.exitCode = asDescribed ? 0 : 1;
} finally {
  await protectedResource.close();
  await hydra.close();
}

/** Whether it was refused with the words of the report. */
async function showNaive() {
  heading('1  A client that registers without scope, and then requests all that is published');
  /** @type {URLSearchParams | undefined} */
  let callback;
  const client = await startNaive({
    endpoint: protectedResource.url,
    memory: new Map(),
    redirectUri: 'http://127.0.0.1:8090/callback',
    async visit(url) {
      const location = await userAgent.signIn(url);
      callback = new URL(location).searchParams;
      return location;
    },
  });
  await client.connect().catch(() => {});
  const error = callback?.get('error');
  const description = callback?.get('error_description') ?? '';
  table([
    ...registeredAndRequested(),
    [faint('is answered'), bad(`error=${error} error_description="${description}"`)],
  ]);
  return error === 'invalid_scope' && description.includes("is not allowed to request scope 'openid'");
}

async function showOurs() {
  heading('2  The same sign-in with mcp-oauth-wasm');
  front.exchanges.length = 0;
  const authorizer = createAuthorizer({
    client: { clientName: 'mcp-oauth-wasm' },
    host: nodeHost({
      store: createMemoryStore(),
      redirect: loopbackRedirect(browser ? {} : { open: async (url) => void (await userAgent.browse(url)) }),
      trace: stepPrinter(),
    }),
  });
  const connection = authorizer.connection(protectedResource.url, { interaction: true });
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(protectedResource.url), { fetch: connection.fetch }));
  const { content } = await client.callTool({ name: 'whoami' });
  await client.close();
  const plan = await connection.plan();
  if (plan) print(`\n${indented(explain(plan))}`);
  heading('3  What Hydra saw of it');
  table([...registeredAndRequested(), [faint('tool call'), good(JSON.stringify(content))]]);
  return /"subject":"alice"/.test(JSON.stringify(content).replaceAll('\\', ''));
}

/** @returns {string[][]} */
function registeredAndRequested() {
  const registration = front.exchanges.find(({ method, path }) => method === 'POST' && path === hydra.registrationPath);
  const authorization = front.exchanges.find(({ path }) => path === hydra.authorizationPath);
  const named = (/** @type {string | null | undefined} */ scope) => scope || 'no scopes';
  return [
    [faint('registers with'), named(JSON.parse(registration?.body ?? '{}').scope)],
    [faint('is registered with'), named(JSON.parse(registration?.answer ?? '{}').scope)],
    [faint('requests'), named(authorization?.query.get('scope'))],
  ];
}

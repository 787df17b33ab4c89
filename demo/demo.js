/**
 * The bug that this package ends, and how: one protected MCP server that no client has met before,
 * first with a published client, then with ours. Everything runs on loopback, and all of it is real.
 *
 *   npm run demo                  a user agent signs in, without a person
 *   npm run demo -- --browser     you sign in, in your own browser
 */

import { parseArgs } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AuthorizationError, createAuthorizer, explain } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { startAuthorizationServer } from '../tests/servers/authorization_server.js';
import { startProtectedResource } from '../tests/servers/protected_resource.js';
import { createUserAgent } from '../tests/servers/user_agent.js';
import { bad, faint, good, heading, indented, print, stepPrinter, table } from './print.js';
import { publishedClient, signInWithPublishedClient } from './published_client.js';

/** @import { Connection } from 'mcp-oauth-wasm' */
/** @import { RecordedRequest } from '../tests/servers/authorization_server.js' */

const { browser } = parseArgs({ options: { browser: { type: 'boolean', default: false } } }).values;
const clientName = 'mcp-oauth-wasm';
const printStep = stepPrinter();
const userAgent = createUserAgent({ login: 'alice' });
const authorizationServer = await startAuthorizationServer();
const protectedResource = await startProtectedResource({
  authorizationServer,
  scopesSupported: ['openid', 'profile', 'email', 'private_metadata'],
  furtherTools: { read_private_notes: ['private_metadata'] },
});

try {
  showScene();
  const refused = await showPublishedClient();
  const served = await showOurs();
  const held = showWhatTheServerSaw();
  const asDescribed = refused && served && held;
  print(asDescribed ? good('\nAll went as described:') : bad('\nNot all went as described, see the red lines above:'));
  table([
    [faint(publishedClient), refused ? 'was locked out' : bad('was not locked out')],
    [
      faint(clientName),
      served ? 'signed in, got one more scope without a new registration, and refreshed' : bad('was not served'),
    ],
    ['', held ? 'requested no scope that it had not registered' : bad('requested a scope that it had not registered')],
  ]);
  print('\nNext: npm run demo -- --browser, to sign in yourself; npm test, to see it proved.\n');
  process.exitCode = asDescribed ? 0 : 1;
} catch (error) {
  if (!(error instanceof AuthorizationError)) throw error;
  print(bad(`\n${error.message} (${error.code})\n`));
  process.exitCode = 1;
} finally {
  await protectedResource.close();
  await authorizationServer.close();
}

function showScene() {
  heading('A server that no client has met before');
  table([
    [faint('MCP server'), protectedResource.url],
    ['', 'demands the scopes: openid email'],
    ['', 'one of its tools needs private_metadata as well'],
    [faint('authorization server'), `${authorizationServer.issuer} (oidc-provider)`],
    ['', 'permits each client only the scopes that it registered'],
    ['', 'registers a client that names no scopes with: profile email'],
    [
      faint('person'),
      browser ? 'you, in your browser: sign in with any name and password' : 'alice, by a user agent without a person',
    ],
  ]);
}

async function showPublishedClient() {
  heading(`1  A published client: ${publishedClient}`);
  const outcome = await signInWithPublishedClient(protectedResource.url, userAgent.signIn);
  const refused = outcome.error === 'invalid_scope' && outcome.refusedScope === 'openid';
  table([
    [faint('registers with'), scopeText(outcome.registration.scope)],
    [faint('is registered with'), scopeText(outcome.registeredScope)],
    [faint('requests'), scopeText(outcome.requestedScope)],
    [
      faint('is answered'),
      bad(`error=${outcome.error} error_description="${outcome.errorDescription}" scope=${outcome.refusedScope}`),
    ],
    [
      '',
      refused
        ? 'It is locked out: it chooses scopes twice, once to register and once to request.'
        : bad('It did not fail as described.'),
    ],
  ]);
  return refused;
}

async function showOurs() {
  heading('2  The same sign-in with mcp-oauth-wasm');
  const authorizer = createAuthorizer({
    client: { clientName },
    host: nodeHost({
      store: createMemoryStore(),
      redirect: loopbackRedirect(browser ? {} : { open: browseWithoutPerson, showUrl: giveUp }),
      trace: printStep,
    }),
  });
  const connection = authorizer.connection(protectedResource.url, { interaction: true });
  const answer = await callTool(connection, 'whoami');
  await showPlan('   The scope plan: one, for registration, authorization, token and refresh', connection);

  heading('   A tool that needs another scope: a step-up, without a new registration');
  const notes = await callTool(connection, 'read_private_notes');
  await showPlan('   The same plan, wider', connection);

  heading('   A refresh, and the first tool again');
  await connection.refresh();
  const answerAfterRefresh = await callTool(connection, 'whoami');
  return /"email":"[^"]+"/.test(answer) && answer === answerAfterRefresh && notes === 'read_private_notes: done';
}

/**
 * @param {string} title
 * @param {Connection} connection
 */
async function showPlan(title, connection) {
  heading(title);
  const plan = await connection.plan();
  if (plan) print(indented(explain(plan)));
}

/** @param {string} authorizationUrl */
async function browseWithoutPerson(authorizationUrl) {
  await userAgent.browse(authorizationUrl);
}

/**
 * There is nobody to whom the URL could be shown instead.
 *
 * @param {string} _authorizationUrl
 * @param {unknown} reason
 */
function giveUp(_authorizationUrl, reason) {
  throw reason;
}

/**
 * Calls the tool with the official MCP client. All that is ours in it is the `fetch`.
 *
 * @param {Connection} connection
 * @param {string} name
 */
async function callTool({ fetch }, name) {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(protectedResource.url), { fetch }));
  printStep({ step: 'tool call', kind: 'request', from: 'client', to: 'protected-resource', summary: name });
  const { content } = await client.callTool({ name });
  const answer = content.map((part) => (part.type === 'text' ? part.text : part.type)).join(' ');
  printStep({ step: 'tool call', kind: 'answer', from: 'protected-resource', to: 'client', summary: good(answer) });
  await client.close();
  return answer;
}

function showWhatTheServerSaw() {
  heading('3  What the authorization server saw');
  const requests = authorizationServer.requests.filter(({ path }) => path === '/auth').map(judgeAuthorizationRequest);
  table(
    requests.flatMap(({ client, requested, unregistered, refused }) => [
      [client?.name ?? 'unknown', faint('registered'), scopeText(client?.scope)],
      ['', faint('requested'), scopeText(requested)],
      [
        '',
        faint('answered'),
        refused ? bad(`refused, not registered: ${unregistered.join(' ')}`) : good('the sign-in page'),
      ],
    ]),
  );
  const ours = requests.filter(({ client }) => client?.name === clientName);
  const refreshed = authorizationServer.requests.some(
    ({ path, body, status }) => path === '/token' && body.grant_type === 'refresh_token' && status === 200,
  );
  return (
    ours.length === 2 && ours.every(({ unregistered, refused }) => unregistered.length === 0 && !refused) && refreshed
  );
}

/** @param {RecordedRequest} request */
function judgeAuthorizationRequest({ client, query, location }) {
  const registered = client?.scope?.split(' ') ?? [];
  const requested = String(query.scope);
  return {
    client,
    requested,
    unregistered: requested.split(' ').filter((scope) => !registered.includes(scope)),
    refused: /[?&]error=/.test(location ?? ''),
  };
}

/** @param {unknown} scope */
function scopeText(scope) {
  return typeof scope === 'string' ? scope : 'no scopes';
}

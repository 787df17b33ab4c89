/**
 * An authorization server and an MCP server that do what a test's script says, behind one `fetch`, and a person who comes
 * back at once. Until the script says otherwise, everything that is asked for is registered and granted.
 */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { createMemoryStore } from 'mcp-oauth-wasm/node';

/** @import { ConnectionSettings, Fetch, Host, Redirect } from 'mcp-oauth-wasm' */

export const issuer = 'https://as.example';
export const server = 'https://mcp.example/mcp';
/** Where a script may say that registrations are managed (RFC 7592). */
export const managedAt = `${issuer}/client`;
const redirectUri = 'http://127.0.0.1:49152/callback';

/**
 * @typedef {{ [member: string]: any }} Members
 * @typedef {{ granted: string[] } | { error: string, error_description?: string }} Ending
 * @typedef {{ status: 401 | 403, scopes?: string[] }} Demand without `scopes` it names none
 *
 * @typedef {object} Script
 * @property {Members} metadata of the authorization server, beside what is always there
 * @property {string[] | undefined} listed the scopes that the MCP server's metadata lists
 * @property {{ [operation: string]: string[] }} needs the scopes that operations need
 * @property {(sent: Members) => Members | Response} register members of the registration answer other than those sent
 * @property {(method: string, sent: Members | undefined, authorization: string | null) => Response} manage
 * @property {(requested: string[]) => Ending | Promise<Ending>} authorize what the person's trip ends in
 * @property {boolean} [isLookedAt] whether a request without the person ends so as well
 * @property {(grant: string) => Members | Response} issue members of the token answer beside the usual ones
 * @property {(operation: string, granted: string[] | undefined) => Demand | undefined} demand what the MCP server answers to
 *   a token with these scopes, or to none that it accepts; nothing: it does the operation
 */

export function createScriptedServers() {
  const store = createMemoryStore();
  /** What codes and refresh tokens stand for. @type {Map<string, string[]>} */
  const grants = new Map();
  /** The access tokens that the MCP server accepts. @type {Map<string, string[]>} */
  const accessTokens = new Map();
  let made = 0;
  const makeName = (/** @type {string} */ kind) => `${kind}-${(made += 1)}`;

  /** @type {Script} */
  const script = {
    metadata: {},
    listed: undefined,
    needs: {},
    register: () => ({}),
    manage: () => new Response(null, { status: 404 }),
    authorize: (requested) => ({ granted: requested }),
    issue: () => ({}),
    demand(operation, granted) {
      const scopes = script.needs[operation] ?? [];
      if (!granted) return { status: 401, scopes };
      return scopes.every((scope) => granted.includes(scope)) ? undefined : { status: 403, scopes };
    },
  };

  /** @type {{ registrations: string[], updates: Members[], trips: { client: string | null, scope: string | null }[], looks: (string | null)[], refreshes: number }} */
  const seen = { registrations: [], updates: [], trips: [], looks: [], refreshes: 0 };

  /** @type {{ [url: string]: (body: string, headers: Headers, method: string) => Response }} */
  const answers = {
    'https://mcp.example/.well-known/oauth-protected-resource/mcp': () =>
      Response.json({ resource: server, authorization_servers: [issuer], scopes_supported: script.listed }),
    [`${issuer}/.well-known/oauth-authorization-server`]: () =>
      Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        ...script.metadata,
      }),
    [`${issuer}/register`](body) {
      const sent = JSON.parse(body);
      seen.registrations.push(sent.scope);
      const answer = script.register(sent);
      return answer instanceof Response
        ? answer
        : Response.json({ ...sent, client_id: makeName('client'), ...answer }, { status: 201 });
    },
    [managedAt](body, headers, method) {
      const sent = body ? JSON.parse(body) : undefined;
      const authorization = headers.get('authorization');
      if (method === 'PUT') seen.updates.push({ scope: sent.scope, authorization });
      return script.manage(method, sent, authorization);
    },
    [`${issuer}/token`](body) {
      const form = new URLSearchParams(body);
      if (form.has('refresh_token')) seen.refreshes += 1;
      const granted = grants.get(String(form.get('code') ?? form.get('refresh_token')));
      if (!granted) return Response.json({ error: 'invalid_grant' }, { status: 400 });
      const answer = script.issue(String(form.get('grant_type')));
      if (answer instanceof Response) return answer;
      const accessToken = makeName('access-token');
      accessTokens.set(accessToken, granted);
      if (answer.refresh_token) grants.set(answer.refresh_token, granted);
      return Response.json({
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: granted.join(' '),
        ...answer,
      });
    },
    [server](operation, headers) {
      const token = String(headers.get('authorization')).replace('Bearer ', '');
      const demand = script.demand(operation, accessTokens.get(token));
      if (!demand) return Response.json({});
      const error = demand.status === 403 ? ['error="insufficient_scope"'] : [];
      const scope = demand.scopes ? [`scope="${demand.scopes.join(' ')}"`] : [];
      return new Response(null, {
        status: demand.status,
        headers: { 'www-authenticate': `Bearer ${[...error, ...scope].join(', ')}` },
      });
    },
  };

  /** Where the authorization server sends whoever asks. @param {URLSearchParams} asked */
  const ended = async (asked) => {
    const ending = await script.authorize(asked.get('scope')?.split(' ') ?? []);
    const code = makeName('code');
    if ('granted' in ending) grants.set(code, ending.granted);
    const back = new URL(asked.get('redirect_uri') ?? '');
    const state = asked.get('state') ?? '';
    for (const [name, value] of Object.entries({ state, ...('granted' in ending ? { code } : ending) }))
      back.searchParams.set(name, value);
    return back.href;
  };

  /** @param {string} redirectUri @returns {Redirect} */
  const redirectAt = (redirectUri) => ({
    prepare: async () => ({
      redirectUri,
      acceptsQuery: true,
      async authorize({ authorizationUrl }) {
        const asked = new URL(authorizationUrl).searchParams;
        seen.trips.push({ client: asked.get('client_id'), scope: asked.get('scope') });
        return ended(asked);
      },
      close: async () => {},
    }),
  });

  /** What the authorization endpoint answers without the person. @param {URLSearchParams} asked */
  const look = async (asked) => {
    seen.looks.push(asked.get('scope'));
    return new Response(null, { status: 302, headers: { location: await ended(asked) } });
  };

  /** @type {Fetch} */
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const { origin, pathname, searchParams } = new URL(request.url);
    if (script.isLookedAt && origin + pathname === `${issuer}/authorize`) return look(searchParams);
    const answer = answers[request.url];
    if (!answer) throw new TypeError(`there is nothing at ${request.url}`);
    return answer(await request.text(), request.headers, request.method);
  };

  const host = { store, fetch, redirect: redirectAt(redirectUri) };
  return {
    store,
    host,
    script,
    redirectAt,
    /** How often things happened, and with which scopes. */
    seen,
    /** The MCP server accepts no token any more that was issued until now. */
    refuseTokens: () => accessTokens.clear(),
    /**
     * A connection as the application has it when it starts.
     *
     * @param {ConnectionSettings} [settings]
     * @param {Partial<Host>} [others]
     * @param {boolean} [interaction]
     */
    start(settings, others, interaction = true) {
      const authorizer = createAuthorizer({
        host: { ...host, ...others },
        client: { clientName: 'the tests' },
        settings: () => settings,
      });
      const connection = authorizer.connection(server, { interaction });
      const call = async (/** @type {string} */ operation) =>
        (await connection.fetch(server, { method: 'POST', body: operation })).status;
      return { ...connection, call };
    },
  };
}

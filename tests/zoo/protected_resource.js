/**
 * An MCP server that is protected: as much of MCP over Streamable HTTP as clients need to connect and to call an
 * operation, and the answers 401, 403 and 200 by what a token grants.
 */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { PolicyServer } from './policy_server.js' */

import { createServer } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';
import { scopes } from './told.js';

/**
 * @typedef {object} ResourcePolicy
 * @property {string | null} [lists] `scopes_supported` of the protected resource's metadata; null: not listed
 * @property {string | null} [demands] the `scope` of the 401 challenge; null: none
 * @property {Record<string, string>} [needs] what each operation needs; `connect`: what every request needs
 * @property {401 | 403} [status] of the answer to a token that lacks a scope; default: 403
 * @property {'everything' | 'what is missing' | 'nothing'} [says] the `scope` of that challenge; default: everything
 *   that the operation needs
 * @property {string} [saysInstead] the `scope` of that challenge, whatever is needed
 * @property {{ status: number, to?: string }} [moved] where calls to the endpoint are sent, by a redirect; default: the same
 *   with a slash at the end
 * @property {string} [callsItself] the path of its identifier; default: that of where it answers
 * @property {string} [metadataPath] where its metadata stands, which challenges then do not say; default: where they say
 * @property {number} [gatewayStatus] what is answered where there is nothing; default: 404
 */

const WELL_KNOWN = '/.well-known/oauth-protected-resource/mcp';

/** @typedef {{ status: number, headers?: Record<string, string>, body?: object }} Answer */

export class ProtectedResource {
  /** What the token of the last request that was let through grants. @type {string[] | undefined} */
  granted;
  /** Requests with a token since the phase began. */
  calls = 0;
  /** Requests with a token to where others were redirected before. */
  strayTokens = 0;
  #hasToldMove = false;

  /**
   * @param {string} origin
   * @param {ResourcePolicy} policy
   * @param {PolicyServer} authorizationServer
   */
  constructor(origin, policy, authorizationServer) {
    this.origin = origin;
    this.endpoint = `${origin}/mcp`;
    this.policy = policy;
    this.authorizationServer = authorizationServer;
  }

  beginPhase() {
    this.granted = undefined;
    this.calls = 0;
  }

  /**
   * @param {{ method: string, path: string, headers: IncomingMessage['headers'], body: string }} request
   * @returns {Answer}
   */
  answer({ method, path, headers, body }) {
    const { moved, metadataPath = WELL_KNOWN, gatewayStatus = 404 } = this.policy;
    if (path === metadataPath) return { status: 200, body: this.#metadata() };
    if (moved && path === '/mcp') {
      if (headers.authorization && this.#hasToldMove) this.strayTokens += 1;
      this.#hasToldMove = true;
      return { status: moved.status, headers: { location: moved.to ?? '/mcp/' } };
    }
    if (path !== this.#path) return { status: gatewayStatus };
    if (method !== 'POST') return { status: 405 };
    const message = JSON.parse(body);
    const operation = message.method === 'tools/call' ? message.params.name : 'connect';
    return this.#judge(operation, headers.authorization) ?? this.#result(message);
  }

  /** Where it answers. */
  get #path() {
    const { moved } = this.policy;
    return moved ? (moved.to ?? '/mcp/') : '/mcp';
  }

  #metadata() {
    const { lists = null, callsItself = this.#path } = this.policy;
    return {
      resource: `${this.origin}${callsItself}`,
      authorization_servers: [this.authorizationServer.issuer],
      ...(lists === null ? {} : { scopes_supported: scopes(lists) }),
    };
  }

  /**
   * @param {string} operation
   * @param {string | undefined} authorization
   * @returns {Answer | undefined} undefined: let through
   */
  #judge(operation, authorization) {
    const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : undefined;
    const granted = token === undefined ? undefined : this.authorizationServer.grantedTo(token);
    if (token !== undefined) this.calls += 1;
    const { demands = null, needs = {}, status = 403, says = 'everything', saysInstead } = this.policy;
    if (!granted) return this.#challenge(401, token === undefined ? {} : { error: 'invalid_token' }, demands);
    const needed = scopes(`${needs.connect ?? ''} ${needs[operation] ?? ''}`);
    const missing = needed.filter((scope) => !granted.includes(scope));
    if (missing.length > 0) {
      const said =
        saysInstead ?? { everything: needed.join(' '), 'what is missing': missing.join(' '), nothing: null }[says];
      this.authorizationServer.told.insist(scopes(said ?? this.policy.lists));
      return this.#challenge(status, { error: status === 403 ? 'insufficient_scope' : 'invalid_token' }, said);
    }
    this.granted = granted;
    return undefined;
  }

  /**
   * @param {number} status
   * @param {Record<string, string>} members
   * @param {string | null} scope
   * @returns {Answer}
   */
  #challenge(status, members, scope) {
    const parameters = {
      ...members,
      ...(scope === null ? {} : { scope }),
      ...(this.policy.metadataPath === undefined ? { resource_metadata: `${this.origin}${WELL_KNOWN}` } : {}),
    };
    const text = Object.entries(parameters)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ');
    return { status, headers: { 'www-authenticate': `Bearer ${text}` } };
  }

  /**
   * @param {{ id?: number | string, method: string, params?: any }} message
   * @returns {Answer}
   */
  #result({ id, method, params }) {
    if (id === undefined) return { status: 202 };
    const answered = (/** @type {object} */ result) => ({ status: 200, body: { jsonrpc: '2.0', id, result } });
    if (method === 'initialize') {
      const serverInfo = { name: 'zoo', version: '1' };
      return answered({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo });
    }
    if (method === 'tools/call') return answered({ content: [{ type: 'text', text: params.name }] });
    return { status: 200, body: { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } } };
  }
}

/**
 * Serves a protected resource on loopback.
 *
 * @param {ResourcePolicy} policy
 * @param {PolicyServer} authorizationServer
 * @param {(request: string, token: string | undefined) => Promise<void>} [hold] what is waited for before an answer
 */
export async function startProtectedResource(policy, authorizationServer, hold) {
  /** @type {ProtectedResource | undefined} */
  let resource;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    await hold?.(`${request.method} ${pathname}`, request.headers.authorization?.replace('Bearer ', ''));
    const answer = resource?.answer({
      method: request.method ?? '',
      path: pathname,
      headers: request.headers,
      body: text,
    });
    reply(response, answer ?? { status: 503 });
  });
  const { origin, close } = await listenOnLoopback(server);
  resource = new ProtectedResource(origin, policy, authorizationServer);
  return { resource, close };
}

/**
 * @param {ServerResponse} response
 * @param {Answer} answer
 */
function reply(response, { status, headers, body }) {
  response.writeHead(status, { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) });
  response.end(body && JSON.stringify(body));
}

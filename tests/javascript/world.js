/**
 * Everything that a connection needs, and all of it real: an authorization server, an MCP server, a store, a redirect on
 * loopback, and a user agent in the person's place. Only the network between them can be told to fail.
 */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect } from 'mcp-oauth-wasm/node';
import { startAuthorizationServer } from '../servers/authorization_server.js';
import { startProtectedResource } from '../servers/protected_resource.js';
import { createUserAgent } from '../servers/user_agent.js';

/** @import { AuthorizerOptions, Host, JsonObject, Store } from 'mcp-oauth-wasm' */
/** @import { AuthorizationServerOptions } from '../servers/authorization_server.js' */
/** @import { ProtectedResourceOptions } from '../servers/protected_resource.js' */

/**
 * A request as it left this machine.
 *
 * @typedef {object} SentRequest
 * @property {string} method
 * @property {string} url
 * @property {string | null} authorization
 * @property {URLSearchParams} form empty where the body is no form
 */

/**
 * @param {{ authorizationServer?: AuthorizationServerOptions, protectedResource?: Omit<ProtectedResourceOptions, 'authorizationServer'> }} [options]
 */
export async function startWorld(options = {}) {
  const authorizationServer = await startAuthorizationServer(options.authorizationServer);
  const protectedResource = await startProtectedResource({ authorizationServer, ...options.protectedResource });
  return {
    authorizationServer,
    issuer: authorizationServer.issuer,
    protectedResource,
    server: protectedResource.url,
    async close() {
      await protectedResource.close();
      await authorizationServer.close();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startWorld>>} World */

/**
 * A machine of one person, on which nobody has signed in anywhere yet.
 *
 * @param {Partial<Host> & { login?: string }} [options] `login`: who the person is
 */
export function createMachine({ login = 'alice', ...overrides } = {}) {
  const network = createNetwork();
  const userAgent = createUserAgent({ login });
  /** The authorization URLs that a browser was opened with. @type {URL[]} */
  const trips = [];
  const redirect = loopbackRedirect({
    async open(url) {
      trips.push(new URL(url));
      await userAgent.browse(url);
    },
    showUrl(_url, reason) {
      throw reason;
    },
  });
  const host = { store: createMemoryStore(), redirect, fetch: network.fetch, ...overrides };
  return {
    host,
    network,
    trips,
    userAgent,
    /**
     * An authorizer as the application makes one when it starts.
     *
     * @param {Partial<AuthorizerOptions>} [others]
     */
    start: (others) => createAuthorizer({ host, client: { clientName: 'the tests' }, ...others }),
  };
}

/** @typedef {ReturnType<typeof createMachine>} Machine */

/** The network as it is, until `fault` answers in its place. */
function createNetwork() {
  /** @type {SentRequest[]} */
  const requests = [];
  const network = {
    requests,
    /** @type {((request: SentRequest, init?: RequestInit) => Response | undefined | Promise<Response | undefined>) | undefined} */
    fault: undefined,
    /** @type {NonNullable<Host['fetch']>} */
    async fetch(input, init) {
      const isRequest = input instanceof Request;
      const request = {
        method: init?.method ?? (isRequest ? input.method : 'GET'),
        url: isRequest ? input.url : String(input),
        authorization: new Headers(init?.headers ?? (isRequest ? input.headers : {})).get('authorization'),
        form: new URLSearchParams(typeof init?.body === 'string' && init.body.includes('grant_type=') ? init.body : ''),
      };
      requests.push(request);
      return (await network.fault?.(request, init)) ?? globalThis.fetch(input, init);
    },
    /** @param {string} grant */
    tokenRequests: (grant) => requests.filter(({ form }) => form.get('grant_type') === grant),
    registrations: () => requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/reg')),
  };
  return network;
}

/**
 * Calls a tool of the MCP server, as a transport would.
 *
 * @param {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @param {string} server
 * @param {{ tool?: string, signal?: AbortSignal }} [options]
 */
export function callTool(fetch, server, { tool = 'whoami', signal } = {}) {
  return fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
    signal,
  });
}

/**
 * What is stored, as JSON.
 *
 * @param {Store} store
 * @param {string} server
 */
export async function storedSession(store, server) {
  return (await store.read(sessionKey(server)))?.value ?? null;
}

/** @param {string} server */
export const sessionKey = (server) => `session ${server} default`;

/**
 * Changes a stored record behind everybody's back.
 *
 * @param {Store} store
 * @param {string} key
 * @param {(value: any) => JsonObject | null} change
 */
export async function rewrite(store, key, change) {
  const there = await store.read(key);
  if (!there || !(await store.compareAndSwap(key, there.version, change(there.value))))
    throw new Error(`${key} could not be changed`);
}

/**
 * Lets the stored access token expire, or do so soon.
 *
 * @param {Store} store
 * @param {string} server
 * @param {number} [seconds] from now
 */
export function expire(store, server, seconds = -1) {
  const now = Math.floor(Date.now() / 1000);
  return rewrite(store, sessionKey(server), (session) => ({
    ...session,
    tokens: { ...session.tokens, receivedAt: now - 3600, expiresAt: now + seconds },
  }));
}

/**
 * What a promise is rejected with.
 *
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
export function rejectionOf(promise) {
  return promise.then(
    () => {
      throw new Error('it was not rejected');
    },
    (error) => error,
  );
}

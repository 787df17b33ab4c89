/** Who takes part in an attack: servers that do as the standards say, as long as an attack does not change them, and a person. */

/** @import { TestContext } from 'node:test' */
/** @import { AuthorizerOptions, Host, Redirect } from 'mcp-oauth-wasm' */
/** @import { Answer, Internet, Received, Route, Server } from './internet.js' */

import { createHash, randomUUID } from 'node:crypto';
import { createAuthorizer, createMemoryStore } from 'mcp-oauth-wasm';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { createInternet } from './internet.js';

/**
 * An authorization server that registers everybody, and signs in at once whoever comes by.
 *
 * @typedef {object} AuthorizationServerOptions
 * @property {Record<string, unknown>} [metadata] in place of, and beside, its own
 * @property {Record<string, unknown>} [registered] beside what it answers to a registration
 * @property {Record<string, unknown>} [tokens] in place of, and beside, what it answers to a token request
 * @property {boolean} [sendsIssuer] whether it announces `iss`, and sends it. Default: true
 * @property {boolean} [forgetsPkce] whether it announces PKCE and checks nothing
 * @property {Record<string, Route>} [routes] in place of its own
 *
 * @param {Internet} internet
 * @param {string} issuer
 * @param {AuthorizationServerOptions} [options]
 */
export async function startAuthorizationServer(internet, issuer, options = {}) {
  const { metadata = {}, registered = {}, tokens = {}, sendsIssuer = true, forgetsPkce = false, routes = {} } = options;
  const { origin: name, pathname } = new URL(issuer || 'http://127.0.0.1');
  const base = pathname === '/' ? '' : pathname;
  /** Whatever nobody else may learn. @type {string[]} */
  const secrets = [];
  const secret = (/** @type {string} */ kind) => {
    const value = `${kind}-${randomUUID()}`;
    secrets.push(value);
    return value;
  };
  /** @type {Map<string, { clientId: string | null, redirectUri: string | null, challenge: string | null, login: string }>} */
  const codes = new Map();
  /** Who a token was given for. @type {Map<string, string>} */
  const issued = new Map();
  /** Where each client may be sent back to, as it registered. @type {Map<string | null, string>} */
  const redirectUris = new Map();

  const server = await internet.serve(issuer && name, {
    [`/.well-known/oauth-authorization-server${base}`]: () => ({ body: { ...whole.metadata(), ...metadata } }),
    [`${base}/register`]: ({ body }) => {
      const clientId = `client-${randomUUID()}`;
      const asked = JSON.parse(body);
      redirectUris.set(clientId, asked.redirect_uris[0]);
      const given = { client_secret: secret('client-secret'), token_endpoint_auth_method: 'client_secret_post' };
      return { status: 201, body: { client_id: clientId, ...asked, ...given, ...registered } };
    },
    [`${base}/authorize`]: ({ url: { searchParams: query }, headers }) => {
      const registeredUri = redirectUris.get(query.get('client_id'));
      if (!registeredUri || portless(registeredUri) !== portless(query.get('redirect_uri'))) return { status: 400 };
      return {
        status: 302,
        headers: { location: whole.respond(query, { code: whole.code(query, String(headers['x-person'])) }) },
      };
    },
    [`${base}/token`]: ({ form }) => issue(form),
    ...routes,
  });

  /**
   * @param {URLSearchParams} form
   * @returns {Answer}
   */
  function issue(form) {
    if (form.get('grant_type') === 'refresh_token') return { body: answer('the same') };
    const grant = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const verified = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      grant &&
      grant.clientId === form.get('client_id') &&
      grant.redirectUri === form.get('redirect_uri') &&
      (forgetsPkce || grant.challenge === verified);
    return isRight ? { body: answer(grant.login) } : { status: 400, body: { error: 'invalid_grant' } };
  }

  /** @param {string} login */
  function answer(login) {
    const accessToken = secret('access');
    issued.set(accessToken, login);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: secret('refresh'),
      ...tokens,
    };
  }

  const whole = {
    ...server,
    issuer: issuer || server.origin,
    secrets,
    issued,
    metadata: () => ({
      issuer: whole.issuer,
      authorization_endpoint: `${whole.issuer}/authorize`,
      token_endpoint: `${whole.issuer}/token`,
      registration_endpoint: `${whole.issuer}/register`,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic'],
      authorization_response_iss_parameter_supported: sendsIssuer,
    }),
    /**
     * A code, as the server gives one to a person.
     *
     * @param {URLSearchParams} query of the authorization request
     * @param {string} login
     */
    code(query, login) {
      const code = secret('code');
      const [clientId, redirectUri, challenge] = ['client_id', 'redirect_uri', 'code_challenge'].map((name) =>
        query.get(name),
      );
      codes.set(code, {
        clientId: clientId ?? null,
        redirectUri: redirectUri ?? null,
        challenge: challenge ?? null,
        login,
      });
      return code;
    },
    /**
     * Where the person is sent back to.
     *
     * @param {URLSearchParams} query of the authorization request
     * @param {Record<string, string>} parameters
     */
    respond(query, parameters) {
      const url = new URL(query.get('redirect_uri') ?? '');
      const all = { ...parameters, state: query.get('state') ?? '', ...(sendsIssuer ? { iss: whole.issuer } : {}) };
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
      return url.href;
    },
    /** Forms that its token endpoint got, by grant. @param {string} grant */
    tokenRequests: (grant) => server.requests.filter(({ form }) => form.get('grant_type') === grant),
  };
  return whole;
}

/** @typedef {Awaited<ReturnType<typeof startAuthorizationServer>>} AuthorizationServer */

/**
 * Servers leave the port of a loopback redirect URI open (RFC 8252 §7.3).
 *
 * @param {string | null} redirectUri
 */
const portless = (redirectUri) => redirectUri?.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');

/**
 * An MCP server that takes whatever tokens its authorization servers gave out.
 *
 * @param {Internet} internet
 * @param {string} endpoint
 * @param {{ authorizationServers: (AuthorizationServer | string)[], metadata?: Record<string, unknown>, challenge?: string, routes?: Record<string, Route> }} options
 *   `challenge`: further parameters of the challenge
 */
export async function startProtectedResource(
  internet,
  endpoint,
  { authorizationServers, metadata = {}, challenge = '', routes = {} },
) {
  const { origin: name, pathname: path } = new URL(endpoint || 'http://127.0.0.1/mcp');
  const location = `/.well-known/oauth-protected-resource${path}`;
  const holder = (/** @type {Received} */ { headers: { authorization = '' } }) =>
    authorizationServers
      .map((server) =>
        typeof server === 'string' ? undefined : server.issued.get(authorization.slice('Bearer '.length)),
      )
      .find(Boolean);
  const server = await internet.serve(endpoint && name, {
    [path]: (request) => {
      const login = holder(request);
      if (login) return { body: { login } };
      const parameters = [`resource_metadata="${server.origin}${location}"`, challenge].filter(Boolean).join(', ');
      return { status: 401, headers: { 'www-authenticate': `Bearer ${parameters}` } };
    },
    [location]: () => ({
      body: {
        resource: `${server.origin}${path}`,
        authorization_servers: authorizationServers.map((server) =>
          typeof server === 'string' ? server : server.issuer,
        ),
        ...metadata,
      },
    }),
    ...routes,
  });
  return { ...server, endpoint: `${server.origin}${path}`, metadataPath: location };
}

/**
 * How a person's application is set up.
 *
 * @typedef {object} PersonOptions
 * @property {string} [login]
 * @property {(issuer: string) => string} [handsOver] the redirect URI for an issuer, at a host that passes on whatever
 *   comes back. Default: this machine's loopback redirect
 * @property {Parameters<typeof loopbackRedirect>[0]} [redirectOptions]
 */

/** A person with a browser and one application on one machine, who agrees to everything. */
export class Person {
  /** The authorization URLs that the browser was opened with. @type {URL[]} */
  trips = [];

  /**
   * @param {Internet} internet
   * @param {Partial<Host> & PersonOptions} [options]
   */
  constructor(internet, { login = 'alice', redirectOptions = {}, handsOver, ...overrides } = {}) {
    this.internet = internet;
    this.login = login;
    const redirect = handsOver
      ? handingOver(({ authorizationUrl }) => this.#leave(authorizationUrl, this.callbackOf), handsOver)
      : loopbackRedirect({
          open: async (url) => void (await this.#leave(url, this.browse)),
          showUrl(_, reason) {
            throw reason;
          },
          ...redirectOptions,
        });
    this.host = { store: createMemoryStore(), redirect, fetch: internet.fetch, ...overrides };
  }

  /**
   * @template T
   * @param {string} url
   * @param {(url: string) => Promise<T>} how
   */
  #leave(url, how) {
    this.trips.push(new URL(url));
    return how(url);
  }

  /**
   * What the browser does with a URL: it goes where it is sent, and then back to this machine.
   *
   * @param {string} url
   * @returns {Promise<number>} the status of the page on which it ends
   */
  browse = async (url) => {
    const response = await fetch(await this.callbackOf(url));
    await response.body?.cancel();
    return response.status;
  };

  /**
   * Where the browser is sent in the end.
   *
   * @param {string} url
   * @returns {Promise<string>}
   */
  callbackOf = async (url) => {
    let next = new URL(url);
    for (let step = 0; step < 10; step += 1) {
      const response = await this.internet.fetch(next, { redirect: 'manual', headers: { 'x-person': this.login } });
      const location = response.headers.get('location');
      if (!location) throw new Error(`${next} answered ${response.status}, and led nowhere`);
      next = new URL(location, next);
      if (next.hostname === '127.0.0.1' && next.pathname.startsWith('/callback')) return next.href;
    }
    throw new Error('the browser was sent in circles');
  };

  /**
   * The application, as it starts.
   *
   * @param {Partial<AuthorizerOptions>} [options]
   */
  start(options) {
    return createAuthorizer({ host: this.host, client: { clientName: 'the application' }, ...options });
  }
}

/**
 * The usual: an honest MCP server with an honest authorization server, and a person.
 *
 * @param {TestContext} context
 * @param {{ authorizationServer?: AuthorizationServerOptions, protectedResource?: Partial<Parameters<typeof startProtectedResource>[2]>, person?: ConstructorParameters<typeof Person>[1] }} [options]
 */
export async function startHonestWorld(context, options = {}) {
  const internet = createInternet(context);
  const authorizationServer = await startAuthorizationServer(
    internet,
    'https://login.example',
    options.authorizationServer,
  );
  const protectedResource = await startProtectedResource(internet, 'https://mcp.example/mcp', {
    authorizationServers: [authorizationServer],
    ...options.protectedResource,
  });
  return { internet, authorizationServer, protectedResource, person: new Person(internet, options.person) };
}

/** Where a host listens that has one place for all answers. */
export const onePlace = () => 'http://127.0.0.1:7777/callback';

/**
 * A redirect that hands over whatever `receive` comes back with.
 *
 * @param {(request: { authorizationUrl: string, state: string }) => Promise<string>} receive
 * @param {(issuer: string) => string} [redirectUri]
 * @returns {Redirect}
 */
function handingOver(receive, redirectUri = onePlace) {
  return {
    prepare: async ({ issuer }) => ({ redirectUri: redirectUri(issuer), authorize: receive, close: async () => {} }),
  };
}

/**
 * Begins a sign-in whose process ends while the person is in the browser.
 *
 * @param {Person} person
 * @param {string} endpoint
 * @returns {Promise<string>} the authorization URL
 */
export function beginAndEnd(person, endpoint) {
  return new Promise((resolve, reject) => {
    const redirect = handingOver(({ authorizationUrl }) => {
      resolve(authorizationUrl);
      return new Promise(() => {});
    });
    const host = { ...person.host, redirect };
    person.start({ host }).connection(endpoint).signIn().catch(reject);
  });
}

/**
 * The requests to a server that tell it one of these secrets, in the address, the header or the body.
 *
 * @param {Server} server
 * @param {string[]} secrets
 */
export function told({ requests }, secrets) {
  const texts = requests.map(({ method, url, headers, body }) => `${method} ${url} ${JSON.stringify(headers)} ${body}`);
  return texts.filter((text) => secrets.some((secret) => text.includes(secret)));
}

/**
 * Calls the MCP server, as a transport would.
 *
 * @param {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @param {string} endpoint
 */
export function callTool(fetch, endpoint) {
  return fetch(endpoint, { method: 'POST', body: '{}' });
}

/**
 * What a promise is rejected with.
 *
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
export function rejectionOf(promise) {
  return promise.then(
    (value) => {
      throw new Error(`it was not rejected, but gave ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
}

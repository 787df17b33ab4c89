import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { InvalidGrantError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { InvalidGrantError as EarlierInvalidGrantError } from 'mcp-sdk-1-21-0/server/auth/errors.js';
import { mcpAuthRouter as earlierMcpAuthRouter } from 'mcp-sdk-1-21-0/server/auth/router.js';
import { listenOnLoopback } from '../../servers/loopback.js';
import { errorIn, withMcpServer } from './interop_server.js';

/** @import { Request, Response } from 'express' */
/** @import { AuthorizationParams, OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js' */
/** @import { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js' */
/** @import { AuthorizationRequest } from './interop_server.js' */

/** It refuses every scope that a client did not register, also of clients that registered none. */
export function startMcpSdk1_21_0() {
  return startMcpSdk({ mcpAuthRouter: earlierMcpAuthRouter, InvalidGrantError: EarlierInvalidGrantError });
}

/** It refuses no scope. */
export function startMcpSdk1_32() {
  return startMcpSdk({ mcpAuthRouter, InvalidGrantError });
}

/**
 * The authorization server of `@modelcontextprotocol/sdk`, of whichever version. `mcpAuthRouter` brings the protocol
 * and leaves it to a provider what to remember; that of the SDK's examples has no refresh tokens, so this is another.
 *
 * @param {{ mcpAuthRouter: (options: any) => any, InvalidGrantError: new (message: string) => Error }} sdk
 */
async function startMcpSdk({ mcpAuthRouter, InvalidGrantError }) {
  const provider = new InMemoryProvider(InvalidGrantError);
  /** @type {AuthorizationRequest[]} */
  const requests = [];
  const app = createMcpExpressApp();
  const server = createServer(app);
  const { origin, close } = await listenOnLoopback(server);
  const issuerUrl = new URL(origin);

  app.use('/authorize', (/** @type {Request} */ request, /** @type {Response} */ response, next) => {
    response.on('finish', () => requests.push(asAuthorizationRequest(request, response, provider)));
    next();
  });
  app.post('/introspect', async (/** @type {Request} */ request, /** @type {Response} */ response) => {
    response.json(provider.introspect(new URLSearchParams(await text(request)).get('token') ?? '', issuerUrl.href));
  });
  app.use(
    mcpAuthRouter({ provider, issuerUrl, scopesSupported: ['profile', 'files:write', 'files:delete', 'files:share'] }),
  );

  const authorizationServer = {
    issuer: issuerUrl.href,
    authorizationRequests: () => requests,
    // Whoever can reach this port may ask: nothing is secret here.
    addProtectedResource: () => ({
      introspectionEndpoint: `${origin}/introspect`,
      clientId: 'any',
      clientSecret: 'any',
    }),
    close,
  };
  return withMcpServer(authorizationServer, ['profile']);
}

/** @typedef {{ clientId: string, scopes: string[], resource: URL | undefined }} Grant */

/**
 * Everybody who asks is signed in. Refresh tokens rotate.
 *
 * @implements {OAuthServerProvider}
 */
class InMemoryProvider {
  /** @type {Map<string, OAuthClientInformationFull>} */
  clients = new Map();
  /** @type {Map<string, Grant & { codeChallenge: string }>} */
  #codes = new Map();
  /** @type {Map<string, Grant & { expiresAt: number }>} */
  #accessTokens = new Map();
  /** @type {Map<string, Grant>} */
  #refreshTokens = new Map();

  clientsStore = {
    getClient: (/** @type {string} */ clientId) => this.clients.get(clientId),
    registerClient: (/** @type {any} */ client) => {
      this.clients.set(client.client_id, client);
      return client;
    },
  };

  /** @param {new (message: string) => Error} InvalidGrantError */
  constructor(InvalidGrantError) {
    this.InvalidGrantError = InvalidGrantError;
  }

  /**
   * @param {OAuthClientInformationFull} client
   * @param {AuthorizationParams} request
   * @param {Response} response
   */
  async authorize({ client_id: clientId }, { state, scopes = [], redirectUri, codeChallenge, resource }, response) {
    const code = randomUUID();
    this.#codes.set(code, { clientId, scopes, resource, codeChallenge });
    const callback = new URL(redirectUri);
    callback.searchParams.set('code', code);
    if (state !== undefined) callback.searchParams.set('state', state);
    response.redirect(callback.href);
  }

  /**
   * @param {OAuthClientInformationFull} client
   * @param {string} code
   */
  async challengeForAuthorizationCode(client, code) {
    return this.#granted(this.#codes, code, client).codeChallenge;
  }

  /**
   * @param {OAuthClientInformationFull} client
   * @param {string} code
   */
  async exchangeAuthorizationCode(client, code) {
    const grant = this.#granted(this.#codes, code, client);
    this.#codes.delete(code);
    return this.#issue(grant);
  }

  /**
   * @param {OAuthClientInformationFull} client
   * @param {string} refreshToken
   * @param {string[]} [scopes]
   */
  async exchangeRefreshToken(client, refreshToken, scopes) {
    const grant = this.#granted(this.#refreshTokens, refreshToken, client);
    if (scopes && !scopes.every((scope) => grant.scopes.includes(scope))) {
      throw new this.InvalidGrantError('Requested scopes exceed those granted');
    }
    this.#refreshTokens.delete(refreshToken);
    return this.#issue({ ...grant, scopes: scopes ?? grant.scopes });
  }

  /** The protected resource introspects instead. */
  async verifyAccessToken() {
    return Promise.reject(new Error('unused'));
  }

  /**
   * RFC 7662.
   *
   * @param {string} token
   * @param {string} issuer
   */
  introspect(token, issuer) {
    const grant = this.#accessTokens.get(token);
    if (!grant || grant.expiresAt < Date.now() / 1000) return { active: false };
    const { clientId, scopes, resource, expiresAt } = grant;
    return {
      active: true,
      iss: issuer,
      sub: 'alice',
      aud: resource?.href,
      client_id: clientId,
      scope: scopes.join(' '),
      exp: expiresAt,
    };
  }

  /**
   * @template {Grant} T
   * @param {Map<string, T>} grants
   * @param {string} secret
   * @param {OAuthClientInformationFull} client
   */
  #granted(grants, secret, client) {
    const grant = grants.get(secret);
    if (grant?.clientId !== client.client_id)
      throw new this.InvalidGrantError('Unknown, used, or issued to somebody else');
    return grant;
  }

  /**
   * @param {Grant} grant
   * @returns {OAuthTokens}
   */
  #issue({ clientId, scopes, resource }) {
    const [accessToken, refreshToken, lifetime] = [randomUUID(), randomUUID(), 3600];
    this.#accessTokens.set(accessToken, {
      clientId,
      scopes,
      resource,
      expiresAt: Math.floor(Date.now() / 1000) + lifetime,
    });
    this.#refreshTokens.set(refreshToken, { clientId, scopes, resource });
    return {
      access_token: accessToken,
      token_type: 'bearer',
      expires_in: lifetime,
      refresh_token: refreshToken,
      scope: scopes.join(' '),
    };
  }
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {InMemoryProvider} provider
 * @returns {AuthorizationRequest}
 */
function asAuthorizationRequest({ query }, response, { clients }) {
  return {
    clientId: String(query.client_id),
    redirectUri: String(query.redirect_uri),
    registered: clients.get(String(query.client_id))?.scope ?? null,
    requested: query.scope === undefined ? null : String(query.scope),
    error: errorIn(response.get('location')),
  };
}

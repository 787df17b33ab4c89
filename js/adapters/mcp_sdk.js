/** @import { SignedInConnection } from '../connection/authorizer.js' */

import { readChallenge } from '../connection/functions.js';
import { IncompatibleError, MisuseError } from '../core/errors.js';

/** Stands for the authorization server, of which the SDK learns nothing: a name that leads nowhere (RFC 6761 §6.4). */
const NOWHERE = 'https://mcp-oauth-wasm.invalid';

/** Stands for the tokens in the answer that the SDK gets. */
const PLACEHOLDER = 'kept-by-mcp-oauth-wasm';

const ANSWER = `data:application/json,${encodeURIComponent(JSON.stringify({ access_token: PLACEHOLDER, token_type: 'Bearer' }))}`;

/**
 * A class of errors of the SDK, made with a message in words.
 *
 * @typedef {new (message: string) => Error} ErrorClass
 */

/**
 * What only SDK 1.x needs.
 *
 * @typedef {object} AuthProviderOptions
 * @property {ErrorClass} [InvalidGrantError] that of `@modelcontextprotocol/sdk/server/auth/errors.js`.
 *   SDK 1.x tells a provider which scopes a 403 demands only while it wants a browser to be opened, and goes on from there
 *   only after this error of its own. Without it the sign-in does not know the scopes of the challenge, and there is no
 *   step-up: the transport reports the 403
 */

/**
 * A token answer as the SDK has it (RFC 6749 §5.1).
 *
 * @typedef {object} SdkTokens
 * @property {string} access_token the access token of the session
 * @property {string} token_type `Bearer`
 */

/**
 * A registered client as the SDK has it (RFC 7591 §3.2.1).
 *
 * @typedef {object} SdkClient
 * @property {string} client_id no real one
 * @property {string} issuer no real one
 */

/**
 * What the SDK would register (RFC 7591 §2).
 *
 * @typedef {object} SdkClientMetadata
 * @property {string[]} redirect_uris none
 */

/**
 * An authorization server as the SDK has it (RFC 8414 §2).
 *
 * @typedef {object} SdkServerMetadata
 * @property {string} issuer no real one
 * @property {string} authorization_endpoint leads nowhere
 * @property {string} token_endpoint leads nowhere
 * @property {string[]} response_types_supported `code`
 */

/**
 * A protected resource as the SDK has it (RFC 9728 §2).
 *
 * @typedef {object} SdkResourceMetadata
 * @property {string} resource its resource identifier
 * @property {string[] | undefined} [scopes_supported] what it lists
 */

/**
 * What the SDK is told that it had found, and what it then finds of the protected resource (RFC 9728 §3).
 *
 * @typedef {object} SdkDiscoveryState
 * @property {string} authorizationServerUrl leads nowhere
 * @property {SdkServerMetadata} [authorizationServerMetadata] nothing real
 * @property {string} [resourceMetadataUrl] where the challenge says that the protected resource's metadata is
 * @property {SdkResourceMetadata} [resourceMetadata] what was there
 */

/**
 * An `OAuthClientProvider` of `@modelcontextprotocol/sdk` 1.x and of `@modelcontextprotocol/client` 2.x, and an
 * `AuthProvider` of the latter. Everything in it is for the SDK to call. Of the connection it gives away the access token
 * (RFC 6750 §2.1), and nothing else.
 *
 * @typedef {object} SdkAuthProvider
 * @property {() => Promise<SdkTokens | undefined>} tokens asked before every request; renews the session when it is about to
 *   expire. Rejects with an `IncompatibleError` (`token_needs_proof`), and as `headersFor` of the connection does
 * @property {() => Promise<string | undefined>} token the same, for an `AuthProvider`
 * @property {(context: { response: Response }) => Promise<void>} onUnauthorized deals with a 401, for an `AuthProvider`.
 *   Rejects as `onResponse` of the connection does
 * @property {(scope?: string) => Promise<URLSearchParams>} prepareTokenRequest deals with a 401 or 403. Rejects as
 *   `onResponse` of the connection does
 * @property {(authorizationUrl: URL) => Promise<void>} redirectToAuthorization the same for SDK 1.x; opens nothing by itself
 * @property {(headers: Headers, parameters: URLSearchParams, url: string | URL) => void} addClientAuthentication leads the
 *   token request nowhere. Throws an `IncompatibleError` (`sdk_unsupported`) where it cannot
 * @property {string | undefined} redirectUrl undefined, or nowhere
 * @property {SdkClientMetadata} clientMetadata nothing
 * @property {(context?: { issuer: string }) => SdkClient} clientInformation nothing real; SDK 2.x says for whom it asks
 * @property {() => SdkDiscoveryState} discoveryState nothing real
 * @property {(state: SdkDiscoveryState) => void} saveDiscoveryState takes note of what the challenge named
 * @property {() => Promise<undefined>} validateResourceURL leaves the choice to the connection
 * @property {(tokens: Pick<SdkTokens, 'access_token'>) => void} saveTokens keeps nothing. Throws a `MisuseError`
 *   (`foreign_tokens`) for tokens that are not the SDK's own answer: a session comes from the connection, or from
 *   `importSession`
 * @property {() => void} saveCodeVerifier keeps nothing
 * @property {() => string} codeVerifier throws a `MisuseError` (`foreign_tokens`): no code ever comes to the SDK
 */

/**
 * Makes a provider for the transports of the MCP SDK: they send the connection's token (RFC 6750 §2.1), and a 401 or 403 is
 * answered by the connection's sign-in, refresh or step-up, not by those of the SDK. What the connection may do, such as opening a
 * browser, is said where the connection is made; its errors come out of the transport as they are.
 *
 * A provider sees less than a `fetch`. A challenge that names no scopes is taken for a 401; a server whose refusals never
 * end is given up by the SDK's own limits; and `finishAuth` of a transport has nothing to do.
 *
 * @param {SignedInConnection} connection to the MCP server that the transport is for
 * @param {AuthProviderOptions} [options] what only SDK 1.x needs
 * @returns {SdkAuthProvider} whose methods reject with errors of this package
 */
export function createAuthProvider(connection, { InvalidGrantError } = {}) {
  const uses = new Uses(connection);
  /** What the SDK's own discovery saw last. @type {SdkDiscoveryState | undefined} */
  let seen;
  /** How many refusals were dealt with that the SDK 1.x has yet to hear of. */
  let settled = 0;

  /** Whether SDK 1.x asks, which wants a browser to be opened. */
  let isFirstMajor = false;
  const wantsBrowser = () => InvalidGrantError !== undefined && isFirstMajor && settled === 0;

  /** @param {string | null | undefined} scope the challenge's */
  const answerChallenge = (scope) => uses.answer({ resource_metadata: seen?.resourceMetadataUrl, scope });

  const token = async () => (await uses.handOut())?.replace('Bearer ', '');

  return {
    token,
    onUnauthorized: async ({ response }) => {
      const challenge = await readChallenge(response.headers);
      await uses.answer({ resource_metadata: challenge?.resourceMetadata, scope: challenge?.scopes?.join(' ') });
    },

    async tokens() {
      const accessToken = await token();
      return accessToken === undefined ? undefined : { access_token: accessToken, token_type: 'Bearer' };
    },
    saveTokens({ access_token: accessToken }) {
      if (accessToken !== PLACEHOLDER) throw foreignTokens();
    },

    get redirectUrl() {
      return wantsBrowser() ? `${NOWHERE}/callback` : undefined;
    },
    clientMetadata: { redirect_uris: [] },
    clientInformation(context) {
      isFirstMajor = context === undefined;
      if (wantsBrowser()) uses.expectLook();
      return { client_id: PLACEHOLDER, issuer: NOWHERE };
    },
    discoveryState() {
      return {
        authorizationServerUrl: NOWHERE,
        authorizationServerMetadata: {
          issuer: NOWHERE,
          authorization_endpoint: `${NOWHERE}/authorize`,
          token_endpoint: `${NOWHERE}/token`,
          response_types_supported: ['code'],
        },
        // Without it the SDK looks it up where the challenge says, and tells us where that is.
        ...(settled > 0 && { resourceMetadata: { resource: connection.endpoint } }),
      };
    },
    saveDiscoveryState(state) {
      seen = state;
      // Where the challenge names no scopes, the SDK would take these in their place.
      delete state.resourceMetadata?.scopes_supported;
    },
    validateResourceURL: async () => undefined,

    async prepareTokenRequest(scope) {
      if (settled > 0) settled -= 1;
      else await answerChallenge(scope);
      return new URLSearchParams();
    },
    addClientAuthentication(_headers, _parameters, url) {
      if (typeof url === 'string') throw unsupported();
      url.href = ANSWER;
    },
    async redirectToAuthorization(url) {
      if (!InvalidGrantError) throw unsupported();
      await answerChallenge(url.searchParams.get('scope'));
      settled += 1;
      throw new InvalidGrantError('The person is signed in: ask again.');
    },
    saveCodeVerifier() {},
    codeVerifier() {
      throw foreignTokens();
    },
  };
}

/**
 * What is known of the use of an access token by who gives it away: requests that begin, and refusals, but no answers.
 */
class Uses {
  /** How the latest token is presented. @type {string | undefined} */
  #authorization;
  /** Requests that began with it, those that are sent again apart. */
  #begun = 0;
  /** How often the SDK is going to look at it, for no request. */
  #looks = 0;

  /** @param {SignedInConnection} connection */
  constructor(connection) {
    this.connection = connection;
  }

  /** The SDK 1.x looks at the token while it works out what to do. */
  expectLook() {
    this.#looks += 1;
  }

  /** The header of a request that begins. */
  async handOut() {
    const authorization = await this.#current();
    if (this.#looks > 0) {
      this.#looks -= 1;
      return authorization;
    }
    this.#begun += 1;
    // Another request begins: so the one before was content with it.
    if (this.#begun === 2)
      await this.connection.onResponse({ status: 200, headers: new Headers(), authorization: authorization ?? null });
    return authorization;
  }

  /**
   * Answers a refusal. Afterwards the request is sent again.
   *
   * @param {{ resource_metadata: string | undefined, scope: string | null | undefined }} challenge
   */
  async answer({ resource_metadata, scope }) {
    const authorization = await this.#current();
    const demanded = scope ? scope.split(' ') : [];
    const plan = await this.connection.plan();
    const lacking = demanded.filter(
      (name) => !plan?.scopes.some((planned) => planned.scope === name && planned.granted),
    );
    // Nothing but what is sent again has begun with this token: the refusal is a late one, of the token before.
    const isLate = authorization !== undefined && lacking.length === 0 && this.#begun <= 0;
    if (!isLate) {
      const headers = new Headers({
        'www-authenticate': challengeHeader({ resource_metadata, scope: lacking.join(' ') }),
      });
      await this.connection.onResponse({ status: 401, headers, authorization: authorization ?? null });
      await this.#current();
    }
    this.#begun -= 1;
  }

  /** The header that presents the session's token, undefined before the first sign-in. */
  async #current() {
    const { authorization } = await this.connection.headersFor({ method: 'POST', url: this.connection.endpoint });
    if (authorization !== undefined && !authorization.startsWith('Bearer ')) throw needsProof();
    if (authorization !== this.#authorization) this.#begun = 0;
    this.#authorization = authorization;
    return authorization;
  }
}

/**
 * As the MCP server sent it, as far as a provider is told (RFC 6750 §3, RFC 9728 §5.1).
 *
 * @param {Record<string, string | undefined>} parameters
 */
function challengeHeader(parameters) {
  const stated = Object.entries(parameters).filter(([, value]) => value);
  return `Bearer ${stated.map(([name, value]) => `${name}="${value?.replace(/["\\]/g, '\\$&')}"`).join(', ')}`.trim();
}

function needsProof() {
  return new IncompatibleError({
    code: 'token_needs_proof',
    message:
      'The access token is bound to a key (RFC 9449), and a provider of the MCP SDK cannot prove for each request that the key is here. Give the transport the `fetch` of the connection instead.',
    step: 'call',
  });
}

function unsupported() {
  return new IncompatibleError({
    code: 'sdk_unsupported',
    message:
      'This version of the MCP SDK calls its provider in a way that is not known here. Nothing was sent. Give the transport the `fetch` of the connection instead.',
    step: 'call',
  });
}

function foreignTokens() {
  return new MisuseError({
    code: 'foreign_tokens',
    message:
      'This provider keeps no tokens, codes or verifiers of others: its session comes from `signIn()` of the connection, or from `importSession`.',
  });
}

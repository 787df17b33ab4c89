/**
 * An authorization server whose treatment of scopes is data (`policies.js`). It signs everybody in at once, and keeps
 * the invariant of scopes in its books: every authorization request is checked against what its client had been told.
 */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AuthorizationPolicy, ServerPolicy, TokenPolicy } from './policies.js' */
/** @import { Answer, KnownClient } from './client_registry.js' */

import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';
import { ClientRegistry } from './client_registry.js';
import { wordings } from './policies.js';
import { scopes, Told } from './told.js';

/**
 * @typedef {object} Grant
 * @property {KnownClient} client
 * @property {string[]} granted
 * @property {number} expiresAt
 */

/** @param {Iterable<string>} all */
const unique = (all) => [...new Set(all)];

/** @param {string} text */
const formDecoded = (text) => decodeURIComponent(text.replaceAll('+', ' '));

/** Seconds since 1970, by the clock that scenarios set. */
const now = () => Math.floor(Date.now() / 1000);

export class PolicyServer {
  told = new Told();
  /** The `scope` of every authorization request since the phase began. @type {(string | null)[]} */
  requested = [];
  /** Authorization requests since then that no person made. */
  looks = 0;
  /** `state` and code challenges, each good for one request. @type {Set<string>} */
  #usedUp = new Set();
  /** @type {Map<string, Grant & { challenge: string, redirectUri: string, byPerson: boolean }>} */
  #codes = new Map();
  /** @type {Map<string, Grant>} */
  #accessTokens = new Map();
  /** @type {Map<string, Grant>} */
  #refreshTokens = new Map();
  /** @type {ServerPolicy} */
  #policy = {};

  /** @param {string} issuer */
  constructor(issuer) {
    this.issuer = issuer;
    this.registry = new ClientRegistry(issuer, this.told, (client) => this.#revoke(client));
  }

  /** @param {ServerPolicy} policy in place of the one before; clients and tokens stay */
  set policy(policy) {
    this.#policy = policy;
    this.registry.policy = policy;
  }

  /** @returns {AuthorizationPolicy} */
  get #authorization() {
    return this.#policy.authorization ?? {};
  }

  /** @returns {TokenPolicy} */
  get #token() {
    return this.#policy.token ?? {};
  }

  beginPhase() {
    this.requested = [];
    this.looks = 0;
    this.registry.beginPhase();
  }

  /**
   * What a deleted client was granted goes with it (RFC 7592 §2.3).
   *
   * @param {KnownClient} client
   */
  #revoke(client) {
    for (const tokens of [this.#accessTokens, this.#refreshTokens]) {
      for (const [token, grant] of tokens) if (grant.client === client) tokens.delete(token);
    }
  }

  /** Forgets refresh tokens. */
  forgetRefreshTokens() {
    this.#refreshTokens.clear();
  }

  /** Forgets access tokens: the next call meets a 401. */
  forgetAccessTokens() {
    this.#accessTokens.clear();
  }

  /**
   * What an access token grants, or undefined for one that is unknown or has expired.
   *
   * @param {string} token
   */
  grantedTo(token) {
    const grant = this.#accessTokens.get(token);
    return grant && grant.expiresAt > now() ? grant.granted : undefined;
  }

  /**
   * @param {{ method: string, url: URL, headers: IncomingMessage['headers'], body: string }} request
   * @returns {Answer}
   */
  answer({ method, url, headers, body }) {
    const { pathname: own } = new URL(this.issuer);
    const path = url.pathname.startsWith(`${own}/`) ? url.pathname.slice(own.length) : url.pathname;
    const { metadataPath = '/.well-known/oauth-authorization-server', gatewayStatus = 404, off } = this.#policy;
    if (off === 'a page') return { status: 200, text: '<h1>This domain is for sale</h1>' };
    if (off) return { status: off === 'unavailable' ? 503 : 404 };
    if (url.pathname === metadataPath) return { status: 200, body: this.#metadata() };
    if (path === '/authorize' && method === 'GET') return this.#authorize(url.searchParams, 'x-person' in headers);
    if (path === (this.#token.path ?? '/token') && method === 'POST')
      return this.#issue(new URLSearchParams(body), headers.authorization);
    const { moved } = this.registry.registration;
    const registeredAt = moved ? (moved.to ?? '/register/') : '/register';
    if (moved && path === '/register') return { status: moved.status, location: registeredAt };
    if (path === registeredAt && method === 'POST')
      return this.registry.register(JSON.parse(body), headers.authorization);
    if (path.startsWith('/register/')) {
      return this.registry.manage(method, path.slice('/register/'.length), headers.authorization, body);
    }
    return { status: gatewayStatus };
  }

  #metadata() {
    const { issuer } = this;
    const promised = (this.#authorization.issuer ?? 'always') !== 'never';
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}${this.#token.path ?? '/token'}`,
      ...(this.registry.registration.offered === false ? {} : { registration_endpoint: `${issuer}/register` }),
      ...(this.#policy.lists === undefined ? {} : { scopes_supported: scopes(this.#policy.lists) }),
      ...(this.#policy.openidProvider
        ? { subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] }
        : {}),
      ...(this.#policy.metadataDocuments ? { client_id_metadata_document_supported: true } : {}),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported:
        this.registry.registration.secretSeconds === undefined
          ? ['none', 'client_secret_post', 'client_secret_basic']
          : ['client_secret_post'],
      authorization_response_iss_parameter_supported: promised,
      ...this.#policy.furtherMetadata,
    };
  }

  // Authorization (RFC 6749 §4.1.1, RFC 9207)

  /**
   * @param {URLSearchParams} query
   * @param {boolean} byPerson
   * @returns {Answer}
   */
  #authorize(query, byPerson) {
    if (!byPerson) this.looks += 1;
    for (const once of ['state', 'code_challenge']) {
      const value = `${once} ${query.get(once)}`;
      if (this.#usedUp.has(value)) this.told.violations.push(`a ${once} that was used before`);
      this.#usedUp.add(value);
    }
    const id = query.get('client_id') ?? '';
    const redirectUri = query.get('redirect_uri') ?? '';
    this.requested.push(query.get('scope'));
    const policy = this.#authorization;
    const client = this.registry.known(id, policy.learnsAfter);
    if (!client) {
      if (policy.unknownClient === 'redirect') return this.#redirect(redirectUri, query, { error: 'invalid_client' });
      if (policy.unknownClient !== 'passes') return { status: 400, body: { error: 'invalid_client' } };
    }
    const { refusesDocuments, refusesPrompt, always } = policy;
    if (refusesDocuments && id.startsWith('https:')) return this.#redirect(redirectUri, query, refusesDocuments);
    if (client && client.redirectUris.length > 0 && !client.redirectUris.includes(redirectUri)) {
      this.told.violations.push(`a redirect URI that is not registered: ${redirectUri}`);
      return { status: 400, body: { error: 'invalid_redirect_uri' } };
    }
    this.told.request(id, query.get('scope'), client?.dynamic ?? true);
    if (refusesPrompt && !refusesPrompt.late && query.has('prompt')) return this.#refusePrompt(redirectUri, query);
    if (always) return this.#redirect(redirectUri, query, { error: always });
    if (query.has('nonce') && !scopes(query.get('scope')).includes('openid'))
      this.told.violations.push('a nonce without openid');
    if (policy.demandsNonce && !query.has('nonce') && scopes(query.get('scope')).includes('openid'))
      return this.#redirect(redirectUri, query, { error: 'invalid_request', error_description: 'nonce is missing' });
    const ordinary =
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256' &&
      query.has('code_challenge');
    if (!ordinary) return this.#redirect(redirectUri, query, { error: 'invalid_request' });
    return this.#agree(
      client ?? { id, dynamic: true, registered: undefined, redirectUris: [] },
      redirectUri,
      query,
      byPerson,
    );
  }

  /**
   * @param {string} redirectUri
   * @param {URLSearchParams} query
   * @returns {Answer}
   */
  #refusePrompt(redirectUri, query) {
    const { page, late, ...refusal } = this.#authorization.refusesPrompt ?? {};
    return page === undefined ? this.#redirect(redirectUri, query, refusal) : { status: 400, text: page };
  }

  /**
   * @param {KnownClient} client
   * @param {string} redirectUri
   * @param {URLSearchParams} query
   * @param {boolean} byPerson
   * @returns {Answer}
   */
  #agree(client, redirectUri, query, byPerson) {
    const policy = this.#authorization;
    const requested = scopes(query.get('scope'));
    if (policy.needsScope && requested.length === 0) this.told.insist(scopes(this.#policy.lists));
    if (policy.needsScope && requested.length === 0)
      return this.#redirect(redirectUri, query, { error: 'invalid_scope' });
    if (policy.needsOpenid && !requested.includes('openid')) {
      this.told.insist(['openid']);
      if (policy.needsOpenid === 'page') return { status: 400, text: '<h1>openid is missing</h1>' };
      return this.#redirect(redirectUri, query, { error: policy.needsOpenid });
    }
    const allowed = {
      registered: client.registered && [...client.registered, ...scopes(this.registry.registration.unnamed)],
      permitted: scopes(policy.permits ?? this.registry.registration.permits),
      nothing: undefined,
    }[policy.enforces ?? 'registered'];
    const beyond = allowed ? requested.filter((scope) => !allowed.includes(scope)) : [];
    if (beyond.length > 0 && !policy.drops) {
      const words = wordings[policy.names ?? 'nothing'](beyond);
      const named = JSON.stringify(words);
      const told = beyond.filter((scope) => named.includes(scope));
      // What does not reach the client, or must not be believed by it, has told it nothing.
      const heard = policy.refuses !== 'page' && policy.issuer !== 'not on errors';
      if (heard) this.told.refuse(told.length > 0 ? told : requested, told.length > 0);
      return policy.refuses === 'page'
        ? { status: 400, body: { error: 'invalid_scope', ...words } }
        : this.#redirect(redirectUri, query, { error: 'invalid_scope', ...words });
    }
    if (policy.refusesPrompt && query.has('prompt')) return this.#refusePrompt(redirectUri, query);
    const asked = requested.length > 0 ? requested : scopes(this.#token.unasked ?? client.registered?.join(' '));
    const { adds, withholds } = this.#token;
    const granted = unique([...asked.filter((scope) => !beyond.includes(scope)), ...scopes(adds)]).filter(
      (scope) => !scopes(withholds).includes(scope),
    );
    const code = randomUUID();
    this.#codes.set(code, {
      client,
      granted,
      expiresAt: now() + 60,
      challenge: query.get('code_challenge') ?? '',
      redirectUri,
      byPerson,
    });
    return this.#redirect(redirectUri, query, { code });
  }

  /**
   * @param {string} redirectUri
   * @param {URLSearchParams} query
   * @param {Record<string, string>} parameters
   * @returns {Answer}
   */
  #redirect(redirectUri, query, parameters) {
    const { issuer = 'always' } = this.#authorization;
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    url.searchParams.set('state', query.get('state') ?? '');
    if (issuer === 'always' || (issuer === 'not on errors' && !('error' in parameters)))
      url.searchParams.set('iss', this.issuer);
    return { status: 302, location: url.href };
  }

  // Tokens (RFC 6749 §4.1.3, §5, §6)

  /**
   * @param {URLSearchParams} form
   * @param {string | undefined} authorization
   * @returns {Answer}
   */
  #issue(form, authorization) {
    const [id, secret] = authorization?.startsWith('Basic ')
      ? Buffer.from(authorization.slice(6), 'base64').toString().split(':').map(formDecoded)
      : [form.get('client_id') ?? '', form.get('client_secret') ?? undefined];
    const client = this.registry.known(id ?? '', this.#token.learnsAfter);
    if (authorization !== undefined && form.has('client_secret'))
      this.told.violations.push('authenticated by two methods at once');
    if (form.get('client_secret') === '') this.told.violations.push('an empty client secret');
    const expired = Boolean(client?.secretExpiresAt) && Number(client?.secretExpiresAt) <= now();
    const method = authorization === undefined ? 'form' : 'basic';
    if (
      !client ||
      this.#token.knowsNobody ||
      client.secret !== secret ||
      (client.secret !== undefined && method !== (client.dynamic ? 'form' : 'basic')) ||
      expired
    )
      return (!client && this.#token.unknownClient) || { status: 401, body: { error: 'invalid_client' } };
    return form.get('grant_type') === 'refresh_token' ? this.#refresh(form, client) : this.#redeem(form, client);
  }

  /**
   * @param {URLSearchParams} form
   * @param {KnownClient} client
   * @returns {Answer}
   */
  #redeem(form, client) {
    if (this.#token.refusesCode) return this.#token.refusesCode;
    const code = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    if (code && !code.byPerson) this.told.violations.push('redeemed a code to which nobody agreed');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const right =
      code &&
      code.client.id === client.id &&
      code.redirectUri === form.get('redirect_uri') &&
      code.challenge === challenge;
    if (!right) return { status: 400, body: { error: 'invalid_grant' } };
    return { status: 200, body: this.#tokens(client, code.granted, this.#token.says !== 'nothing', true) };
  }

  /**
   * @param {URLSearchParams} form
   * @param {KnownClient} client
   * @returns {Answer}
   */
  #refresh(form, client) {
    if (this.#token.answersRefresh) return this.#token.answersRefresh;
    const token = form.get('refresh_token') ?? '';
    const grant = this.#refreshTokens.get(token);
    if (!grant || grant.client.id !== client.id) return { status: 400, body: { error: 'invalid_grant' } };
    this.told.refresh(form.get('scope'), grant.granted);
    const { rotates, refreshNarrowsTo, refreshSaysScope = true } = this.#token;
    if (rotates) this.#refreshTokens.delete(token);
    const asked = form.has('scope') ? scopes(form.get('scope')) : grant.granted;
    const granted = refreshNarrowsTo === undefined ? asked : scopes(refreshNarrowsTo);
    return { status: 200, body: this.#tokens(client, granted, refreshSaysScope, Boolean(rotates)) };
  }

  /**
   * @param {KnownClient} client
   * @param {string[]} granted
   * @param {boolean} saysScope
   * @param {boolean} refreshable
   */
  #tokens(client, granted, saysScope, refreshable) {
    const { seconds = 3600, refreshTokens = 'with offline_access', separator = ' ' } = this.#token;
    const accessToken = `access-${randomUUID()}`;
    this.#accessTokens.set(accessToken, { client, granted, expiresAt: now() + seconds });
    const renews =
      refreshable &&
      (refreshTokens === 'always' || (refreshTokens === 'with offline_access' && granted.includes('offline_access')));
    const refreshToken = renews ? `refresh-${randomUUID()}` : undefined;
    if (refreshToken) this.#refreshTokens.set(refreshToken, { client, granted, expiresAt: Infinity });
    return {
      access_token: accessToken,
      token_type: this.#token.type ?? 'Bearer',
      expires_in: seconds,
      refresh_token: refreshToken,
      scope: !saysScope ? undefined : this.#token.listsScopes ? granted : granted.join(separator),
    };
  }
}

/**
 * Serves a policy server on loopback.
 *
 * @param {ServerPolicy} policy
 * @param {{ path?: string, hold?: (request: string) => Promise<void> }} [options] `path`: of the issuer; `hold`: what is
 *   waited for before an answer, unless it is a person's
 */
export async function startPolicyServer(policy, { path = '', hold } = {}) {
  /** @type {PolicyServer | undefined} */
  let authorizationServer;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!('x-person' in request.headers)) await hold?.(`${request.method} ${url.pathname}`);
    const answer = authorizationServer?.answer({ method: request.method ?? '', url, headers: request.headers, body });
    reply(response, answer ?? { status: 503 });
  });
  const { origin, close } = await listenOnLoopback(server);
  authorizationServer = new PolicyServer(`${origin}${path}`);
  authorizationServer.policy = policy;
  return { authorizationServer, close };
}

/**
 * @param {ServerResponse} response
 * @param {Answer} answer
 */
function reply(response, { status, body, text, location }) {
  response.writeHead(status, {
    ...(body ? { 'content-type': 'application/json' } : text ? { 'content-type': 'text/plain' } : {}),
    ...(location ? { location } : {}),
    'cache-control': 'no-store',
  });
  response.end(body ? JSON.stringify(body) : text);
}

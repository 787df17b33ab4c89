/**
 * An authorization server whose treatment of scopes is data (`policies.js`). It signs everybody in at once, and keeps
 * the invariant of scopes in its books: every authorization request is checked against what its client had been told.
 */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AuthorizationPolicy, RegistrationPolicy, ServerPolicy, TokenPolicy } from './policies.js' */

import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';
import { wordings } from './policies.js';
import { scopes, Told } from './told.js';

/**
 * @typedef {object} KnownClient
 * @property {string} id
 * @property {boolean} dynamic
 * @property {string[] | undefined} registered what it may request; undefined: nobody keeps books
 * @property {string[]} redirectUris
 * @property {string} [secret]
 * @property {number} [secretExpiresAt]
 * @property {string} [managementToken]
 *
 * @typedef {object} Grant
 * @property {KnownClient} client
 * @property {string[]} granted
 * @property {number} expiresAt
 *
 * @typedef {{ status: number, body?: object, text?: string, location?: string }} Answer
 */

/** The registry of client metadata (RFC 7591 §4.1), with the members of OpenID Connect that clients send. */
const knownMembers = [
  'redirect_uris',
  'token_endpoint_auth_method',
  'grant_types',
  'response_types',
  'client_name',
  'client_uri',
  'logo_uri',
  'scope',
  'contacts',
  'tos_uri',
  'policy_uri',
  'jwks_uri',
  'jwks',
  'software_id',
  'software_version',
  'application_type',
  'client_id',
  'client_secret',
  'software_statement',
];

/** @param {Iterable<string>} all */
const unique = (all) => [...new Set(all)];

/** @param {string} text */
const formDecoded = (text) => decodeURIComponent(text.replaceAll('+', ' '));

/** Seconds since 1970, by the clock that scenarios set. */
const now = () => Math.floor(Date.now() / 1000);

export class PolicyServer {
  told = new Told();
  /** What happened since the phase began. */
  counts = { registrations: 0, updates: 0, looks: 0 };
  /** The `scope` of every registration and update that was agreed to. @type {(string | undefined)[]} */
  registered = [];
  /** The `scope` of every authorization request. @type {(string | null)[]} */
  requested = [];
  /** @type {Map<string, KnownClient>} */
  clients = new Map();
  /** @type {Map<string, Grant & { challenge: string, redirectUri: string, answered?: string[] }>} */
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
  }

  /** @param {ServerPolicy} policy in place of the one before; clients and tokens stay */
  set policy(policy) {
    this.#policy = policy;
    for (const [id, { scope, told, secret }] of Object.entries(policy.clients ?? {})) {
      this.clients.set(id, { id, dynamic: false, registered: scopes(scope), redirectUris: [], secret });
      this.told.declare(id, told === undefined ? undefined : scopes(told));
    }
    for (const [id, { scope }] of Object.entries(policy.metadataDocuments ?? {})) {
      const declared = scope === undefined ? undefined : scopes(scope);
      this.clients.set(id, { id, dynamic: false, registered: declared, redirectUris: [] });
      this.told.declare(id, declared);
    }
  }

  /** @returns {RegistrationPolicy} */
  get #registration() {
    return this.#policy.registration ?? {};
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
    this.counts = { registrations: 0, updates: 0, looks: 0 };
    this.registered = [];
    this.requested = [];
  }

  get dynamicClients() {
    return [...this.clients.values()].filter((client) => client.dynamic).length;
  }

  /** Forgets clients that registered themselves. */
  forgetClients() {
    for (const client of this.clients.values()) if (client.dynamic) this.clients.delete(client.id);
  }

  /**
   * What a client was granted goes with it (RFC 7592 §2.3).
   *
   * @param {KnownClient} client
   */
  #delete(client) {
    this.clients.delete(client.id);
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
    const path = url.pathname;
    if (path === '/.well-known/oauth-authorization-server') return { status: 200, body: this.#metadata() };
    if (path === '/authorize' && method === 'GET') {
      if (!headers['x-person']) this.counts.looks += 1;
      return this.#authorize(url.searchParams);
    }
    if (path === '/token' && method === 'POST') return this.#issue(new URLSearchParams(body), headers.authorization);
    if (path === '/register' && method === 'POST') return this.#register(JSON.parse(body));
    if (path.startsWith('/register/'))
      return this.#manage(method, path.slice('/register/'.length), headers.authorization, body);
    return { status: 404 };
  }

  #metadata() {
    const { issuer } = this;
    const promised = (this.#authorization.issuer ?? 'always') !== 'never';
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      ...(this.#registration.offered === false ? {} : { registration_endpoint: `${issuer}/register` }),
      ...(this.#policy.lists === undefined ? {} : { scopes_supported: scopes(this.#policy.lists) }),
      ...(this.#policy.metadataDocuments ? { client_id_metadata_document_supported: true } : {}),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported:
        this.#registration.secretSeconds === undefined
          ? ['none', 'client_secret_post', 'client_secret_basic']
          : ['client_secret_post'],
      authorization_response_iss_parameter_supported: promised,
    };
  }

  // Registration (RFC 7591) and its management (RFC 7592)

  /**
   * @param {Record<string, any>} sent
   * @returns {Answer}
   */
  #register(sent) {
    this.counts.registrations += 1;
    const policy = this.#registration;
    if (policy.limit !== undefined && this.dynamicClients >= policy.limit)
      return { status: 429, body: { error: 'too_many_requests' } };
    const refusal = this.#refusesToRegister(sent);
    if (refusal) return refusal;
    const client = {
      id: `client-${randomUUID()}`,
      dynamic: true,
      registered: this.#toRegister(sent.scope),
      redirectUris: sent.redirect_uris,
      ...(policy.secretSeconds === undefined
        ? {}
        : { secret: randomUUID(), secretExpiresAt: policy.secretSeconds && now() + policy.secretSeconds }),
      ...(policy.management ? { managementToken: randomUUID() } : {}),
    };
    this.clients.set(client.id, client);
    return { status: 201, body: this.#registrationAnswer(client, sent) };
  }

  /**
   * @param {Record<string, any>} sent
   * @returns {Answer | undefined}
   */
  #refusesToRegister(sent) {
    this.told.registration(sent.scope);
    const { refuses = [], refusal = {} } = this.#registration;
    const unpermitted = this.#beyond(scopes(sent.scope), this.#registration.permits);
    const { applicationType, onlyKnownMembers } = this.#registration;
    if (applicationType && (sent.application_type ?? 'web') !== applicationType) {
      return {
        status: 400,
        body: {
          error: 'invalid_redirect_uri',
          error_description: `Loopback redirect URIs are for ${applicationType} applications.`,
        },
      };
    }
    if (onlyKnownMembers && Object.keys(sent).some((member) => !knownMembers.includes(member))) {
      return { status: 400, body: { error: 'invalid_client_metadata', error_description: 'Unrecognized field' } };
    }
    const refused =
      refuses.includes('everything') ||
      (refuses.includes('any scope') && sent.scope !== undefined) ||
      (refuses.includes('no scope') && sent.scope === undefined) ||
      (refuses.includes('unpermitted scopes') && unpermitted.length > 0);
    if (!refused) return undefined;
    if (sent.scope !== undefined) this.told.refuseRegistration();
    const { status = 400, error = 'invalid_client_metadata', names = 'nothing', plainText } = refusal;
    if (plainText !== undefined) return { status, text: plainText };
    return { status, body: { error, ...wordings[names](unpermitted.length > 0 ? unpermitted : scopes(sent.scope)) } };
  }

  /** @param {string | undefined} sent */
  #toRegister(sent) {
    const { substitutes, omitted, permits } = this.#registration;
    if (substitutes !== undefined) return scopes(substitutes);
    if (sent === undefined) return scopes(omitted);
    return scopes(sent).filter((scope) => this.#beyond([scope], permits).length === 0);
  }

  /**
   * @param {KnownClient} client
   * @param {Record<string, any>} sent
   */
  #registrationAnswer(client, sent) {
    const { answers = 'registered', management, furtherMembers } = this.#registration;
    const answered =
      { registered: client.registered?.join(' '), sent: sent.scope, nothing: undefined }[answers] || undefined;
    const separator = this.#token.separator ?? ' ';
    this.registered.push(sent.scope);
    this.told.register(client.id, sent.scope, answered === undefined ? undefined : scopes(answered));
    return {
      ...sent,
      client_id: client.id,
      scope: answered?.replaceAll(' ', separator),
      ...(client.secret
        ? {
            client_secret: client.secret,
            client_secret_expires_at: client.secretExpiresAt,
            token_endpoint_auth_method: 'client_secret_post',
          }
        : {}),
      ...(management
        ? {
            registration_access_token: client.managementToken,
            registration_client_uri: management.relative
              ? `/register/${client.id}`
              : `${this.issuer}/register/${client.id}`,
          }
        : {}),
      ...furtherMembers,
    };
  }

  /**
   * @param {string} method
   * @param {string} id
   * @param {string | undefined} authorization
   * @param {string} body
   * @returns {Answer}
   */
  #manage(method, id, authorization, body) {
    const { management } = this.#registration;
    const client = this.clients.get(id);
    if (!management) return { status: 404 };
    // RFC 7592 §2.1: a client that is gone is answered like a wrong token.
    if (!client || authorization !== `Bearer ${client.managementToken}`)
      return { status: 401, body: { error: 'invalid_token' } };
    if (method === 'GET')
      return {
        status: 200,
        body: {
          client_id: id,
          redirect_uris: client.redirectUris,
          scope: client.registered?.join(' ') || undefined,
          registration_access_token: client.managementToken,
          registration_client_uri: `${this.issuer}/register/${id}`,
        },
      };
    if (method === 'DELETE') {
      this.#delete(client);
      return { status: 204 };
    }
    if (method !== 'PUT' || management.update === false) return { status: management.updateStatus ?? 405 };
    return this.#update(client, JSON.parse(body));
  }

  /**
   * @param {KnownClient} client
   * @param {Record<string, any>} sent
   * @returns {Answer}
   */
  #update(client, sent) {
    this.counts.updates += 1;
    const reserved = [
      'registration_access_token',
      'registration_client_uri',
      'client_secret_expires_at',
      'client_id_issued_at',
    ];
    const wrong =
      reserved.some((member) => member in sent) ||
      sent.client_id !== client.id ||
      !Array.isArray(sent.redirect_uris) ||
      (sent.client_secret !== undefined && sent.client_secret !== client.secret);
    if (wrong) {
      this.told.violations.push('an update that RFC 7592 §2.2 forbids');
      return { status: 400, body: { error: 'invalid_client_metadata' } };
    }
    const refusal = this.#refusesToRegister(sent);
    if (refusal) return refusal;
    client.registered = this.#toRegister(sent.scope);
    client.redirectUris = sent.redirect_uris;
    if (this.#registration.management?.rotates) client.managementToken = randomUUID();
    return { status: 200, body: this.#registrationAnswer(client, sent) };
  }

  // Authorization (RFC 6749 §4.1.1, RFC 9207)

  /**
   * @param {URLSearchParams} query
   * @returns {Answer}
   */
  #authorize(query) {
    const id = query.get('client_id') ?? '';
    const redirectUri = query.get('redirect_uri') ?? '';
    this.requested.push(query.get('scope'));
    const client = this.clients.get(id);
    const policy = this.#authorization;
    if (!client) {
      if (policy.unknownClient === 'redirect') return this.#redirect(redirectUri, query, { error: 'invalid_client' });
      if (policy.unknownClient !== 'passes') return { status: 400, body: { error: 'invalid_client' } };
    }
    if (client && client.redirectUris.length > 0 && !client.redirectUris.includes(redirectUri)) {
      this.told.violations.push(`a redirect URI that is not registered: ${redirectUri}`);
      return { status: 400, body: { error: 'invalid_redirect_uri' } };
    }
    this.told.request(id, query.get('scope'), client?.dynamic ?? true);
    if (query.has('nonce') && !scopes(query.get('scope')).includes('openid'))
      this.told.violations.push('a nonce without openid');
    const ordinary =
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256' &&
      query.has('code_challenge');
    if (!ordinary) return this.#redirect(redirectUri, query, { error: 'invalid_request' });
    return this.#agree(client ?? { id, dynamic: true, registered: undefined, redirectUris: [] }, redirectUri, query);
  }

  /**
   * @param {KnownClient} client
   * @param {string} redirectUri
   * @param {URLSearchParams} query
   * @returns {Answer}
   */
  #agree(client, redirectUri, query) {
    const policy = this.#authorization;
    const requested = scopes(query.get('scope'));
    if (policy.needsScope && requested.length === 0)
      return this.#redirect(redirectUri, query, { error: 'invalid_scope' });
    const allowed = {
      registered: client.registered,
      permitted: scopes(policy.permits ?? this.#registration.permits),
      nothing: undefined,
    }[policy.enforces ?? 'registered'];
    const beyond = allowed ? requested.filter((scope) => !allowed.includes(scope)) : [];
    if (beyond.length > 0 && !policy.drops) {
      const words = wordings[policy.names ?? 'nothing'](beyond);
      const named = JSON.stringify(words);
      const told = beyond.filter((scope) => named.includes(scope));
      this.told.refuse(told.length > 0 ? told : requested, told.length > 0);
      return policy.refuses === 'page'
        ? { status: 400, body: { error: 'invalid_scope', ...words } }
        : this.#redirect(redirectUri, query, { error: 'invalid_scope', ...words });
    }
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
    const client = this.clients.get(id ?? '');
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
      return { status: 401, body: { error: 'invalid_client' } };
    return form.get('grant_type') === 'refresh_token' ? this.#refresh(form, client) : this.#redeem(form, client);
  }

  /**
   * @param {URLSearchParams} form
   * @param {KnownClient} client
   * @returns {Answer}
   */
  #redeem(form, client) {
    const code = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
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
      token_type: 'Bearer',
      expires_in: seconds,
      refresh_token: refreshToken,
      scope: saysScope ? granted.join(separator) : undefined,
    };
  }

  /**
   * @param {string[]} wanted
   * @param {string | undefined} permitted
   */
  #beyond(wanted, permitted) {
    return permitted === undefined ? [] : wanted.filter((scope) => !scopes(permitted).includes(scope));
  }
}

/**
 * Serves a policy server on loopback.
 *
 * @param {ServerPolicy} policy
 */
export async function startPolicyServer(policy) {
  /** @type {PolicyServer | undefined} */
  let authorizationServer;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const answer = authorizationServer?.answer({ method: request.method ?? '', url, headers: request.headers, body });
    reply(response, answer ?? { status: 503 });
  });
  const { origin, close } = await listenOnLoopback(server);
  authorizationServer = new PolicyServer(origin);
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

/** Client registration and its management, as a policy has it (RFC 7591, RFC 7592). */

/** @import { RegistrationPolicy, ServerPolicy } from './policies.js' */
/** @import { Told } from './told.js' */

import { randomUUID } from 'node:crypto';
import { wordings } from './policies.js';
import { scopes } from './told.js';

/**
 * @typedef {object} KnownClient
 * @property {string} id
 * @property {boolean} dynamic
 * @property {string[] | undefined} registered what it may request; undefined: nobody keeps books
 * @property {string[]} redirectUris
 * @property {string} [secret]
 * @property {number} [secretExpiresAt]
 * @property {string} [managementToken]
 * @property {number} [overlooked] how often it was taken for an unknown one
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

/** Seconds since 1970, by the clock that scenarios set. */
const now = () => Math.floor(Date.now() / 1000);

export class ClientRegistry {
  /** What happened since the phase began. */
  counts = { registrations: 0, updates: 0 };
  /** The `scope` of every registration and update since then that was agreed to. @type {(string | undefined)[]} */
  registered = [];
  /** @type {Map<string, KnownClient>} */
  clients = new Map();
  /** @type {ServerPolicy} */
  #policy = {};
  #issuer;
  #told;
  #onDelete;

  /**
   * @param {string} issuer
   * @param {Told} told
   * @param {(client: KnownClient) => void} onDelete
   */
  constructor(issuer, told, onDelete) {
    this.#issuer = issuer;
    this.#told = told;
    this.#onDelete = onDelete;
  }

  /** @param {ServerPolicy} policy */
  set policy(policy) {
    this.#policy = policy;
    for (const [id, { scope, told, secret }] of Object.entries(policy.clients ?? {})) {
      this.clients.set(id, { id, dynamic: false, registered: scopes(scope), redirectUris: [], secret });
      this.#told.declare(id, told === undefined ? undefined : scopes(told));
    }
    for (const [id, { scope, redirect_uris = [] }] of Object.entries(policy.metadataDocuments ?? {})) {
      const declared = scope === undefined ? undefined : scopes(scope);
      this.clients.set(id, { id, dynamic: false, registered: declared, redirectUris: redirect_uris });
      this.#told.declare(id, declared);
    }
  }

  /** @returns {RegistrationPolicy} */
  get registration() {
    return this.#policy.registration ?? {};
  }

  get dynamicClients() {
    return [...this.clients.values()].filter((client) => client.dynamic).length;
  }

  beginPhase() {
    this.counts = { registrations: 0, updates: 0 };
    this.registered = [];
  }

  /**
   * A client that registered, unless this part of the server has not learnt of it yet.
   *
   * @param {string} id
   * @param {number} [learnsAfter]
   */
  known(id, learnsAfter = 0) {
    const client = this.clients.get(id);
    const { overlooked = 0 } = client ?? {};
    if (!client?.dynamic || overlooked >= learnsAfter) return client;
    client.overlooked = overlooked + 1;
    return undefined;
  }

  /** Forgets clients that registered themselves. */
  forget() {
    for (const client of this.clients.values()) if (client.dynamic) this.clients.delete(client.id);
  }

  /**
   * @param {Record<string, any>} sent
   * @param {string} [authorization]
   * @returns {Answer}
   */
  register(sent, authorization) {
    this.counts.registrations += 1;
    const policy = this.registration;
    const { initialAccessToken } = policy;
    if (initialAccessToken !== undefined && authorization !== `Bearer ${initialAccessToken}`)
      return { status: 401, body: { error: 'invalid_token', error_description: 'This is not for everybody.' } };
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
    this.#told.registration(sent.scope);
    const { refuses = [], refusal = {} } = this.registration;
    const unpermitted = beyond(scopes(sent.scope), this.registration.permits);
    const { applicationType, grants, onlyKnownMembers, signInPage } = this.registration;
    if (signInPage) return { status: 302, location: signInPage };
    const { refusesMember, redirectHosts } = this.registration;
    const isRefused = (/** @type {unknown} */ value) =>
      value !== undefined && (refusesMember?.value === undefined || value === refusesMember.value);
    if (refusesMember && isRefused(sent[refusesMember.member]))
      return { status: 400, body: { error: 'invalid_client_metadata', error_description: refusesMember.words } };
    const hosts = sent.redirect_uris.map((/** @type {string} */ uri) => new URL(uri).hostname);
    if (redirectHosts && !hosts.every((/** @type {string} */ host) => redirectHosts.includes(host)))
      return {
        status: 400,
        body: { error: 'invalid_redirect_uri', error_description: `Redirect URIs are at ${redirectHosts}` },
      };
    if (grants && sent.grant_types.some((/** @type {string} */ grant) => !grants.includes(grant))) {
      const error_description = `grant_types may be ${grants.join(', ')}`;
      return { status: 400, body: { error: 'invalid_client_metadata', error_description } };
    }
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
    if (sent.scope !== undefined) this.#told.refuseRegistration();
    const { status = 400, error = 'invalid_client_metadata', names = 'nothing', plainText } = refusal;
    if (plainText !== undefined) return { status, text: plainText };
    return { status, body: { error, ...wordings[names](unpermitted.length > 0 ? unpermitted : scopes(sent.scope)) } };
  }

  /** @param {string | undefined} sent */
  #toRegister(sent) {
    const { substitutes, omitted, permits } = this.registration;
    if (substitutes !== undefined) return scopes(substitutes);
    if (sent === undefined) return scopes(omitted);
    return scopes(sent).filter((scope) => beyond([scope], permits).length === 0);
  }

  /**
   * @param {KnownClient} client
   * @param {Record<string, any>} sent
   */
  #registrationAnswer(client, sent) {
    const { answers = 'registered', management, furtherMembers } = this.registration;
    const answered =
      { registered: client.registered?.join(' '), sent: sent.scope, nothing: undefined }[answers] || undefined;
    const separator = this.#policy.token?.separator ?? ' ';
    this.registered.push(sent.scope);
    this.#told.register(client.id, sent.scope, answered === undefined ? undefined : scopes(answered));
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
              : `${this.#issuer}/register/${client.id}`,
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
  manage(method, id, authorization, body) {
    const { management } = this.registration;
    const client = this.clients.get(id);
    if (!management) return { status: 404 };
    if (management.fails) return management.fails;
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
          registration_client_uri: `${this.#issuer}/register/${id}`,
        },
      };
    if (method === 'DELETE') {
      this.clients.delete(id);
      this.#onDelete(client);
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
      this.#told.violations.push('an update that RFC 7592 §2.2 forbids');
      return { status: 400, body: { error: 'invalid_client_metadata' } };
    }
    const refusal = this.#refusesToRegister(sent);
    if (refusal) return refusal;
    client.registered = this.#toRegister(sent.scope);
    client.redirectUris = sent.redirect_uris;
    if (this.registration.management?.rotates) client.managementToken = randomUUID();
    return { status: 200, body: this.#registrationAnswer(client, sent) };
  }
}

/**
 * @param {string[]} wanted
 * @param {string | undefined} permitted
 */
function beyond(wanted, permitted) {
  return permitted === undefined ? [] : wanted.filter((scope) => !scopes(permitted).includes(scope));
}

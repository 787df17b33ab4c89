/** Clients that are registered for a probe alone. */

/** @import { ClientRegistration, Discovery } from '../core/records.js' */
/** @import { JsonObject } from '../core/host.js' */
/** @import { StepHost } from '../connection/steps.js' */
/** @import { Exchange, ThrowawayClient } from './finding.js' */
/** @import { Recorder } from './recorder.js' */

import { createPkce } from '../connection/functions.js';
import { unregister } from '../connection/steps.js';
import { listOf, textOf } from './evidence.js';
import { REDIRECT_URI } from './gather.js';

/**
 * What a client was registered with.
 *
 * @param {string | undefined} clientId
 * @param {Exchange[]} exchanges
 * @returns {JsonObject | undefined}
 */
export function answerTo(clientId, exchanges) {
  return exchanges.findLast(
    ({ purpose, document }) => purpose === 'registration' && textOf(document, 'client_id') === clientId,
  )?.document;
}

/**
 * A registration as it was answered, but for its scopes: it may request what it likes.
 *
 * @param {JsonObject | undefined} document
 * @param {string} issuer
 * @returns {ClientRegistration | undefined}
 */
export function registrationOf(document, issuer) {
  const clientId = textOf(document, 'client_id');
  if (clientId === undefined) return undefined;
  const clientSecret = textOf(document, 'client_secret');
  const method = /** @type {ClientRegistration['tokenEndpointAuthMethod'] | undefined} */ (
    textOf(document, 'token_endpoint_auth_method')
  );
  return {
    version: 1,
    kind: 'dynamic',
    issuer,
    clientId,
    clientSecret,
    tokenEndpointAuthMethod: method ?? (clientSecret === undefined ? 'none' : 'client_secret_basic'),
    redirectUri: listOf(document, 'redirect_uris')?.[0] ?? REDIRECT_URI,
  };
}

/**
 * Asks for tokens, and can get none (RFC 6749 §6).
 *
 * @param {Discovery} discovery
 * @param {ClientRegistration | undefined} registration whoever asks; undefined, or with a key to authenticate by: nobody does
 * @param {Recorder} recorder
 * @returns {Promise<Exchange | undefined>}
 */
export async function refreshWithNothing({ endpoint, authorizationServer }, registration, { ask }) {
  const { clientId, clientSecret = '', tokenEndpointAuthMethod: method } = registration ?? {};
  if (clientId === undefined || method === 'private_key_jwt') return undefined;
  const { codeVerifier } = await createPkce();
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: codeVerifier });
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  if (method === 'client_secret_basic') {
    const credentials = [clientId, clientSecret].map((text) => String(new URLSearchParams({ '': text })).slice(1));
    headers.authorization = `Basic ${btoa(credentials.join(':'))}`;
  } else {
    body.set('client_id', clientId);
    if (method === 'client_secret_post') body.set('client_secret', clientSecret);
  }
  return ask({
    purpose: 'refresh',
    step: 'refresh',
    to: 'authorization-server',
    url: authorizationServer.tokenEndpoint,
    endpoint,
    init: { method: 'POST', headers, body: String(body) },
  });
}

/**
 * Deletes every client that was registered, where the server offers that (RFC 7592 §2.3).
 *
 * @param {Exchange[]} exchanges
 * @param {string} issuer
 * @param {string} registrationEndpoint
 * @param {StepHost} host
 */
export async function deleteAll(exchanges, issuer, registrationEndpoint, host) {
  /** The latest of what was said of each. @type {Map<string, JsonObject>} */
  const all = new Map();
  for (const { purpose, status = 0, document } of exchanges) {
    const clientId = textOf(document, 'client_id');
    if (purpose !== 'registration' || status >= 300 || clientId === undefined) continue;
    all.set(clientId, { ...all.get(clientId), ...document });
  }
  /** @type {ThrowawayClient[]} */
  const clients = [];
  for (const [clientId, document] of all) {
    const registration = managed(document, issuer, registrationEndpoint);
    clients.push({
      clientId,
      deleted: registration !== undefined && (await unregister({ registration }, host).catch(() => false)),
    });
  }
  return clients;
}

/**
 * @param {JsonObject} document
 * @param {string} issuer
 * @param {string} registrationEndpoint
 * @returns {ClientRegistration | undefined} undefined where it cannot be deleted
 */
function managed(document, issuer, registrationEndpoint) {
  const uri = textOf(document, 'registration_client_uri');
  const registrationAccessToken = textOf(document, 'registration_access_token');
  const registration = registrationOf(document, issuer);
  if (
    !registration ||
    uri === undefined ||
    registrationAccessToken === undefined ||
    !URL.canParse(uri, registrationEndpoint)
  )
    return undefined;
  const at = new URL(uri, registrationEndpoint);
  if (at.origin !== new URL(registrationEndpoint).origin) return undefined;
  return { ...registration, registrationAccessToken, registrationClientUri: at.href };
}

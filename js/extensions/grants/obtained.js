/** A session by another grant than the authorization code. */

/** @import { ClientRegistration, Discovery, ScopePlan, ServerSettings, Session } from '../../core/records.js' */
/** @import { CallHost } from '../../core/wasm.js' */
/** @import { Grant } from '../../core/grant.js' */

import { call } from '../../core/wasm.js';

/**
 * @param {Grant} grant
 * @param {{ discovery: Discovery, settings: ServerSettings, signal?: AbortSignal, registration: ClientRegistration, plan: ScopePlan }} given
 * @param {CallHost} calls
 * @returns {Promise<Session>}
 */
export async function obtained({ grantType, obtain }, { discovery, settings, signal, registration, plan }, calls) {
  const { resource, metadataUrl } = discovery.protectedResource;
  return obtain({
    discovery,
    registration,
    plan,
    // As the token request has it: without metadata, the protected resource calls itself nothing.
    resource: settings.omitResource ? undefined : (settings.resource ?? (metadataUrl && resource)),
    signal,
    redeem: (parameters) =>
      call('grant', { discovery, registration, plan, grant: grantType, parameters, settings }, calls),
    post: (endpoint, parameters, client) =>
      call(
        'ask',
        {
          endpoint,
          // Another client's server is the host's own word.
          namedBy: client ? endpoint : discovery.endpoint,
          parameters,
          registration: client ? asRegistration(client, registration) : registration,
        },
        calls,
      ),
    admit: (url) => call('admit', { url, namedBy: discovery.endpoint, settings }, calls),
  });
}

/**
 * A client of another server, which is asked as that client and no other.
 *
 * @param {import('../../core/grant.js').Client} client
 * @param {ClientRegistration} own
 * @returns {ClientRegistration}
 */
function asRegistration(
  { clientId, clientSecret, tokenEndpointAuthMethod = clientSecret ? 'client_secret_basic' : 'none' },
  { issuer },
) {
  return { version: 1, kind: 'pre-registered', issuer, clientId, clientSecret, tokenEndpointAuthMethod };
}

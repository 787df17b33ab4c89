/** What happens to clients that register without scope and then request all that there is: tried, and cleaned up. */

/** @import { Discovery } from '../../js/core/records.js' */
/** @import { Flow } from './flow.js' */

import { createPkce } from '../../js/connection/functions.js';
import { client } from './flow.js';

/**
 * @typedef {object} Tried
 * @property {string} registered what the registration's answer says of scopes
 * @property {string[]} requested
 * @property {'refused' | 'goes on' | 'unclear' | 'not registered'} outcome
 * @property {string} answered in words; has text of a server in it
 * @property {'deleted' | 'left behind' | 'nothing to delete'} cleanUp
 * @property {string} cleanUpWords
 */

/**
 * Registers a client without scope, looks at the authorization endpoint's first answer to a request for the catalogue, and
 * deletes the client (RFC 7592 §2.3). Nobody signs in.
 *
 * @param {Flow} flow after discovery
 * @returns {Promise<Tried>}
 */
export async function whatIf(flow) {
  const discovery = /** @type {Discovery} */ (flow.round.discovery);
  const { registrationEndpoint, scopesSupported, authorizationEndpoint, requirePushedAuthorizationRequests } =
    discovery.authorizationServer;
  const requested = scopesSupported ?? discovery.protectedResource.scopesSupported ?? discovery.challenge?.scopes ?? [];
  const nothing = {
    requested,
    cleanUp: /** @type {const} */ ('nothing to delete'),
    cleanUpWords: 'No client was registered.',
  };
  if (!registrationEndpoint)
    return {
      ...nothing,
      registered: 'nothing',
      outcome: 'not registered',
      answered: 'The authorization server offers no registration.',
    };
  const redirectUri = await flow.redirectUri(discovery.authorizationServer.issuer);
  const sent = {
    client_name: client.clientName,
    application_type: 'native',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  const registration = await ask(flow, 'register', 'POST', registrationEndpoint, { body: sent });
  const { client_id: clientId, scope } = registration.document;
  if (registration.status >= 300 || typeof clientId !== 'string')
    return {
      ...nothing,
      registered: 'nothing',
      outcome: 'not registered',
      answered: inWords(registration.status, registration.document),
    };
  flow.keepOut(registration.document.registration_access_token, registration.document.client_secret);
  const deletion = () => deleted(flow, registration.document, registrationEndpoint);
  const told = typeof scope === 'string' ? scope : 'not said';
  if (requirePushedAuthorizationRequests)
    return {
      registered: told,
      requested,
      outcome: 'unclear',
      answered: 'It takes pushed requests only, and none was tried.',
      ...(await deletion()),
    };
  const looked = await ask(
    flow,
    'authorize',
    'GET',
    await authorizationUrl(authorizationEndpoint, {
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: requested.join(' '),
      resource: discovery.protectedResource.resource,
    }),
    {},
  ).catch((error) => ({ status: 0, location: null, document: { error_description: error.message } }));
  return { registered: told, requested, ...outcomeOf(looked, redirectUri), ...(await deletion()) };
}

/**
 * @param {string} endpoint
 * @param {Record<string, string>} parameters
 */
async function authorizationUrl(endpoint, parameters) {
  const url = new URL(endpoint);
  const { codeChallenge, codeChallengeMethod } = await createPkce();
  const all = {
    response_type: 'code',
    ...parameters,
    state: crypto.randomUUID(),
    code_challenge: codeChallenge,
    code_challenge_method: codeChallengeMethod,
  };
  for (const [name, value] of Object.entries(all)) if (value !== '') url.searchParams.set(name, value);
  return url.href;
}

/**
 * @param {{ status: number, location: string | null, document: Record<string, any> }} answer
 * @param {string} redirectUri
 * @returns {Pick<Tried, 'outcome' | 'answered'>}
 */
function outcomeOf({ status, location, document }, redirectUri) {
  if (location?.startsWith(`${redirectUri}?`)) {
    const parameters = Object.fromEntries(new URL(location).searchParams);
    return parameters.error === undefined
      ? { outcome: 'goes on', answered: 'It sent a code at once.' }
      : { outcome: 'refused', answered: inWords(status, parameters) };
  }
  if (status >= 400) return { outcome: 'refused', answered: inWords(status, document) };
  if (status >= 200)
    return {
      outcome: 'goes on',
      answered: 'It goes on to its sign-in page; it may still refuse, or grant less, later.',
    };
  return { outcome: 'unclear', answered: inWords(status, document) };
}

/**
 * @param {number} status
 * @param {Record<string, any>} stated
 */
function inWords(status, { error, error_description: description, scope }) {
  const words = [error && `error=${error}`, description, scope && error && `scope=${scope}`]
    .filter(Boolean)
    .join(' · ');
  return `${status || 'no answer'}${words ? `: ${words}` : ''}`;
}

/**
 * @param {Flow} flow
 * @param {Record<string, any>} document
 * @param {string} registrationEndpoint
 * @returns {Promise<Pick<Tried, 'cleanUp' | 'cleanUpWords'>>}
 */
async function deleted(
  flow,
  { client_id: clientId, registration_client_uri: uri, registration_access_token: token },
  registrationEndpoint,
) {
  const left = (/** @type {string} */ why) => ({
    cleanUp: /** @type {const} */ ('left behind'),
    cleanUpWords: `The client ${clientId} is left behind: ${why}`,
  });
  const at =
    typeof uri === 'string' && URL.canParse(uri, registrationEndpoint) ? new URL(uri, registrationEndpoint) : undefined;
  if (!at || typeof token !== 'string') return left('the server offers no way to delete it (RFC 7592).');
  // Whatever is elsewhere is not the registration, and the token is not for it.
  if (at.origin !== new URL(registrationEndpoint).origin)
    return left(`it is said to be managed at ${at.origin}, which is another server.`);
  try {
    const { status } = await ask(flow, 'register', 'DELETE', at.href, { token });
    return status === 204 || status === 200
      ? { cleanUp: 'deleted', cleanUpWords: 'The client was deleted (RFC 7592).' }
      : left(`its deletion was answered ${status}.`);
  } catch (error) {
    return left(String(/** @type {Error} */ (error).message));
  }
}

/**
 * Sends one request, and tells of it.
 *
 * @param {Flow} flow
 * @param {'register' | 'authorize'} step
 * @param {string} method
 * @param {string} url
 * @param {{ body?: Record<string, unknown>, token?: string }} sent
 */
async function ask(flow, step, method, url, { body, token }) {
  const { origin, pathname } = new URL(url);
  const to = /** @type {const} */ ('authorization-server');
  const correlation = `what if ${method} ${step}`;
  flow.tell(
    {
      step,
      kind: 'request',
      from: 'client',
      to,
      summary: `what if: ${method} ${pathname}`,
      details: { method, url: `${origin}${pathname}`, body },
    },
    correlation,
  );
  const headers = {
    accept: 'application/json',
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const response = await flow.network.fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const location = response.headers.get('location');
  const document = parsed(await response.text());
  const stated =
    location === null || !URL.canParse(location) ? document : Object.fromEntries(new URL(location).searchParams);
  flow.tell(
    {
      step,
      kind: 'answer',
      from: to,
      to: 'client',
      summary: `answered ${response.status}`,
      details: { status: response.status, url: `${origin}${pathname}`, body: shownOf(stated) },
    },
    correlation,
  );
  return { status: response.status, location, document };
}

/** @param {Record<string, unknown>} document */
function shownOf({ error, error_description, scope, client_id }) {
  return { error, error_description, scope, client_id };
}

/**
 * @param {string} text
 * @returns {Record<string, any>}
 */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

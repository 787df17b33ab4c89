/** A probe: throwaway clients are registered, and their authorization requests looked at. Then they are deleted. */

/** @import { Begun, ClientRegistration, Discovery, ScopePlan, ServerSettings } from '../records.js' */
/** @import { JsonObject } from '../host.js' */
/** @import { StepHost } from '../steps.js' */
/** @import { Exchange, Finding, ThrowawayClient, Trial } from './finding.js' */
/** @import { Recorder } from './recorder.js' */

import { MisuseError } from '../errors.js';
import { collecting, fitToShow } from '../fit_to_show.js';
import { createPkce } from '../functions.js';
import { begin, complete, register, unregister } from '../steps.js';
import { listOf, textOf, urlOf } from './evidence.js';
import { REDIRECT_URI } from './gather.js';
import { judge } from './judge.js';
import { createRecorder } from './recorder.js';
import { probeRules } from './rules/probe.js';

/** How the throwaway clients present themselves, should an operator wonder. */
const client = { clientName: 'mcp-oauth-wasm doctor (throwaway)' };

/** Repairs that this package makes before it gives up. */
const LOOK_LIMIT = 3;

/** More of a page says no more. */
const PAGE_LIMIT = 200;

/**
 * What is probed: the results of `examine`.
 *
 * @typedef {object} ProbeInput
 * @property {Discovery} discovery What discovery found.
 * @property {ScopePlan} plan The scope plan.
 * @property {ServerSettings} [settings] What is known about the server.
 */

/**
 * What the throwaway clients met. No secret is in it; they are deleted, but for those that `clients` says are not.
 *
 * @typedef {object} ProbeResult
 * @property {Trial} careless A client that registers without `scope`, and then requests what the MCP server demands.
 * @property {Trial} ours A client that registers and requests by the scope plan.
 * @property {ThrowawayClient[]} clients All clients that were registered.
 * @property {Exchange[]} exchanges Every request and its answer, in order.
 * @property {Finding[]} findings The worst first.
 */

/**
 * Registers throwaway clients (RFC 7591), one as careless clients do and one by the scope plan, looks at the authorization
 * endpoint's first answer to each (RFC 6749 §4.1), and deletes them where the server offers that (RFC 7592). Nobody is
 * signed in: no redirect is followed, and no code is traded.
 *
 * @param {ProbeInput} input what is probed
 * @param {StepHost} [host] what it needs of its host. Its `fetch` has to show redirects, as that of Node does and those of
 *   browsers do not
 * @returns {Promise<ProbeResult>}
 * @throws {MisuseError} `invalid_argument`: there is no registration endpoint
 */
export async function probe({ discovery, plan, settings = {} }, host = {}) {
  const { issuer, registrationEndpoint } = discovery.authorizationServer;
  if (registrationEndpoint === undefined) throw new MisuseError({ code: 'invalid_argument', message: 'There is nothing to probe: the authorization server registers no clients.', details: { path: 'discovery.authorizationServer.registrationEndpoint' } });
  /** @type {string[]} */
  const secrets = [];
  const recorder = createRecorder(host, {
    classify: (url, init) => {
      const purpose = init?.method === 'DELETE' ? 'deletion' : url === registrationEndpoint || init?.method === 'PUT' ? 'registration' : 'authorization';
      return { purpose, step: purpose === 'authorization' ? 'authorize' : 'register', to: 'authorization-server' };
    },
  });
  /** @type {{ careless: Trial, ours: Trial } | undefined} */
  let trials;
  /** @type {ThrowawayClient[]} */
  let clients = [];
  try {
    trials = {
      careless: await tryCarelessly({ discovery, registrationEndpoint }, recorder, secrets),
      ours: await tryByThePlan({ discovery, plan, settings }, { ...host, fetch: recorder.fetch }, recorder, secrets),
    };
  } finally {
    // Nothing is left behind, whatever happened; not by an abort either.
    clients = await deleteAll(recorder.exchanges, issuer, registrationEndpoint, { ...host, signal: undefined, fetch: recorder.fetch });
  }
  const { exchanges } = recorder;
  JSON.stringify(exchanges, collecting(secrets));
  const evidence = { endpoint: discovery.endpoint, discovery, exchanges, clients, ...trials };
  const findings = judge(probeRules, evidence);
  return fitToShow({ ...trials, clients, exchanges, findings }, secrets);
}

/**
 * Registers without `scope`, and requests what is demanded: two decisions, where there should be one.
 *
 * @param {{ discovery: Discovery, registrationEndpoint: string }} at
 * @param {Recorder} recorder
 * @param {string[]} secrets
 * @returns {Promise<Trial>}
 */
async function tryCarelessly({ discovery, registrationEndpoint }, { ask }, secrets) {
  const { endpoint, challenge, protectedResource, authorizationServer } = discovery;
  const body = {
    client_name: client.clientName,
    application_type: 'native',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  const init = { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(body) };
  const answer = await ask({ purpose: 'registration', step: 'register', to: 'authorization-server', url: registrationEndpoint, init, context: { endpoint } });
  const requestedScope = (challenge?.scopes ?? protectedResource.scopesSupported)?.join(' ') ?? null;
  const trial = { ...registered(answer), sentScope: null };
  const clientId = textOf(answer.document, 'client_id');
  if (clientId === undefined || !trial.registered || authorizationServer.requirePushedAuthorizationRequests) return trial;

  const [{ codeChallenge }, { codeVerifier: state }] = [await createPkce(), await createPkce()];
  secrets.push(state);
  const url = new URL(authorizationServer.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    ...(requestedScope === null ? {} : { scope: requestedScope }),
    state,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...(protectedResource.metadataUrl === undefined ? {} : { resource: protectedResource.resource }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const { told } = await looked(url.href, state, endpoint, ask, secrets);
  return { ...trial, requestedScope, ...told };
}

/**
 * Registers and requests by the plan, as every sign-in of this package does, its repairs included.
 *
 * @param {Required<ProbeInput>} input
 * @param {StepHost} host
 * @param {Recorder} recorder
 * @param {string[]} secrets
 * @returns {Promise<Trial>}
 */
async function tryByThePlan({ discovery, plan, settings }, { trace, ...others }, { ask, exchanges }, secrets) {
  /** @type {Trial} */
  let trial = {};
  /** Of the latest registration: what a server refuses to register is asked for only at first. @type {string | null} */
  let sentScope = null;
  /** @type {StepHost} */
  const host = {
    ...others,
    trace(event) {
      if (event.kind === 'request' && event.step === 'register') sentScope = textOf(/** @type {any} */ (event.details).body, 'scope') ?? null;
      trace?.(event);
    },
  };
  try {
    const own = { ...settings, client: undefined };
    let { registration, ...rest } = await register({ discovery, plan, client, settings: own, redirectUri: REDIRECT_URI }, host);
    /** @type {Begun} */
    let begun = await begin({ discovery, client, settings: own, registration, ...rest }, host);
    for (let look = 0; look < LOOK_LIMIT; look += 1) {
      const { authorizationUrl, pending } = begun;
      secrets.push(pending.state, pending.codeVerifier);
      const { told, callbackUrl } = await looked(authorizationUrl, pending.state, discovery.endpoint, ask, secrets);
      trial = { ...registered(lastRegistration(exchanges)), sentScope, requestedScope: new URL(authorizationUrl).searchParams.get('scope') ?? requestedBy(pending.plan), ...told };
      if (told.answer !== 'refused' || callbackUrl === undefined) return trial;
      // It carries an error: what follows is a repair, or the end.
      const completion = await complete({ pending, callbackUrl, client, settings: own }, host);
      if (completion.kind === 'signed-in') return trial;
      begun = completion;
    }
    return trial;
  } catch (error) {
    host.signal?.throwIfAborted();
    return trial.answer === 'refused' ? trial : { ...trial, ...refusal(error, lastRegistration(exchanges)) };
  }
}

/** @param {ScopePlan} plan */
function requestedBy({ scopes }) {
  return scopes.filter(({ requested }) => requested).map(({ scope }) => scope).join(' ') || null;
}

/** @param {Exchange[]} exchanges */
function lastRegistration(exchanges) {
  return exchanges.findLast(({ purpose }) => purpose === 'registration');
}

/**
 * What a registration was answered with.
 *
 * @param {Exchange | undefined} exchange
 * @returns {Trial}
 */
function registered(exchange) {
  const { status = 0, document } = exchange ?? {};
  const clientId = textOf(document, 'client_id');
  if (exchange && status >= 200 && status < 300 && clientId !== undefined) return { registered: true, clientId, registeredScope: textOf(document, 'scope') ?? null };
  return { registered: false, answer: status >= 400 && status < 500 ? 'refused' : 'unclear', refusedAt: 'register', error: textOf(document, 'error'), errorDescription: textOf(document, 'error_description'), serverAnswer: exchange && inWords(exchange) };
}

/**
 * @param {unknown} error
 * @param {Exchange | undefined} exchange
 * @returns {Trial}
 */
function refusal(error, exchange) {
  const { code, message, step } = /** @type {{ code?: string, message?: string, step?: string }} */ (Object(error));
  const told = registered(exchange);
  const isAtRegistration = step === 'register' && !told.registered;
  return isAtRegistration ? told : { ...told, answer: step === 'register' || step === 'authorize' ? 'refused' : 'unclear', refusedAt: step === 'register' ? 'register' : 'authorize', error: code, serverAnswer: message };
}

/**
 * Looks at the authorization endpoint's first answer, and follows nothing.
 *
 * @param {string} url
 * @param {string} state
 * @param {string} endpoint
 * @param {Recorder['ask']} ask
 * @param {string[]} secrets
 * @returns {Promise<{ told: Trial, callbackUrl?: string }>} `callbackUrl`: of a refusal that came back to the client
 */
async function looked(url, state, endpoint, ask, secrets) {
  const exchange = await ask({ purpose: 'authorization', step: 'authorize', to: 'authorization-server', url, context: { endpoint }, init: { headers: { accept: 'text/html' } } });
  const { status = 0, headers, document } = exchange;
  const location = headers.location === undefined || !URL.canParse(headers.location, url) ? undefined : new URL(headers.location, url);
  const own = new URL(REDIRECT_URI);
  const isBack = location?.host === own.host && location.pathname === own.pathname;
  const parameters = location?.searchParams ?? new URLSearchParams();
  const code = parameters.get('code');
  if (isBack && code) secrets.push(code);
  const error = parameters.get('error') ?? (location ? undefined : textOf(document, 'error'));
  if (error !== undefined || (status >= 400 && status < 500)) {
    /** @type {Trial} */
    const told = {
      answer: 'refused',
      refusedAt: 'authorize',
      error,
      errorDescription: parameters.get('error_description') ?? textOf(document, 'error_description'),
      serverAnswer: inWords(exchange),
      byRedirect: isBack,
    };
    return isBack ? { told: { ...told, returnsState: parameters.get('state') === state, returnsIssuer: parameters.has('iss') }, callbackUrl: location.href } : { told };
  }
  return { told: location || status === 200 ? { answer: 'accepted' } : { answer: 'unclear', serverAnswer: inWords(exchange) } };
}

/**
 * A refusal as the server gave it.
 *
 * @param {Exchange} exchange
 */
function inWords({ status, failure, headers, document, body = '', url }) {
  if (status === undefined) return `no answer: ${failure}`;
  if (headers.location !== undefined) {
    const parameters = urlOf(new URL(headers.location, url).href)?.searchParams ?? new URLSearchParams();
    return `${status} ${[...parameters].filter(([name]) => !['state', 'iss', 'session_state'].includes(name)).map(([name, value]) => `${name}=${/\s/.test(value) ? JSON.stringify(value) : value}`).join(' ')}`;
  }
  const members = Object.entries(document ?? {}).filter(([name]) => /^error/.test(name) || name === 'scope');
  if (members.length > 0) return `${status} ${members.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}`;
  const words = body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
  return `${status} ${words.slice(0, PAGE_LIMIT)}`.trim();
}

/**
 * Deletes every client that was registered, where the server offers that (RFC 7592 §2.3).
 *
 * @param {Exchange[]} exchanges
 * @param {string} issuer
 * @param {string} registrationEndpoint
 * @param {StepHost} host
 */
async function deleteAll(exchanges, issuer, registrationEndpoint, host) {
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
    const registration = managed(clientId, document, issuer, registrationEndpoint);
    clients.push({ clientId, deleted: registration !== undefined && (await unregister({ registration }, host).catch(() => false)) });
  }
  return clients;
}

/**
 * @param {string} clientId
 * @param {JsonObject} document
 * @param {string} issuer
 * @param {string} registrationEndpoint
 * @returns {ClientRegistration | undefined} undefined where it cannot be deleted
 */
function managed(clientId, document, issuer, registrationEndpoint) {
  const uri = textOf(document, 'registration_client_uri');
  const registrationAccessToken = textOf(document, 'registration_access_token');
  if (uri === undefined || registrationAccessToken === undefined || !URL.canParse(uri, registrationEndpoint)) return undefined;
  const at = new URL(uri, registrationEndpoint);
  if (at.origin !== new URL(registrationEndpoint).origin) return undefined;
  const redirectUri = listOf(document, 'redirect_uris')?.[0];
  return { version: 1, kind: 'dynamic', issuer, clientId, tokenEndpointAuthMethod: 'none', redirectUri, registrationAccessToken, registrationClientUri: at.href };
}

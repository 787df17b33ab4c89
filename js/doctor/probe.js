/** A probe: throwaway clients are registered, and their authorization requests looked at. Then they are deleted. */

/** @import { Begun, Discovery, ScopePlan, ServerSettings, Step } from '../core/records.js' */
/** @import { StepHost } from '../connection/steps.js' */
/** @import { JsonObject } from '../core/host.js' */
/** @import { Exchange, Finding, ThrowawayClient, Trial } from './finding.js' */
/** @import { Recorder } from './recorder.js' */

import { createPkce } from '../connection/functions.js';
import { begin, complete, register } from '../connection/steps.js';
import { MisuseError } from '../core/errors.js';
import { collecting, fitToShow } from '../core/fit_to_show.js';
import { asObject, redirectWithinOrigin, scopesOf, textOf, without } from './evidence.js';
import { REDIRECT_URI } from './gather.js';
import { judge } from './judge.js';
import { createRecorder } from './recorder.js';
import { probeRules } from './rules/probe.js';
import { answerTo, deleteAll, refreshWithNothing, registrationOf } from './throwaway_client.js';
import { wordsOf } from './words_of_page.js';

/** How the throwaway clients present themselves, should an operator wonder. */
const client = { clientName: 'mcp-oauth-wasm doctor (throwaway)' };

/** Repairs that this package makes before it gives up. */
const LOOK_LIMIT = 3;

/** More of a page says no more. */
const PAGE_LIMIT = 200;

/** No answer of the protocol has more members. */
const MEMBER_LIMIT = 100;

/** Scopes that are asked for one by one, where together they are refused. */
const SINGLE_LIMIT = 10;

/** A scope that no server knows. */
const UNKNOWN_SCOPE = 'mcp-oauth-wasm:unknown';

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
 * endpoint's first answer to each (RFC 6749 §4.1), also to scopes that the registration's answer does not name, asks for
 * tokens with a refresh token that nobody issued (RFC 6749 §6), and deletes the clients where the server offers that
 * (RFC 7592). Nobody is signed in: no redirect is followed, and no code is traded.
 *
 * @param {ProbeInput} input what is probed
 * @param {StepHost} [host] what it needs of its host. Its `fetch` has to show redirects, as that of Node does and those of
 *   browsers do not
 * @returns {Promise<ProbeResult>}
 * @throws {MisuseError} `invalid_argument`: there is no registration endpoint
 */
export async function probe({ discovery, plan, settings = {} }, host = {}) {
  const { issuer, registrationEndpoint } = discovery.authorizationServer;
  if (registrationEndpoint === undefined)
    throw new MisuseError({
      code: 'invalid_argument',
      message: 'There is nothing to probe: the authorization server registers no clients.',
      details: { path: 'discovery.authorizationServer.registrationEndpoint' },
    });
  /** @type {string[]} */
  const secrets = [];
  const recorder = createRecorder(host, {
    isTrusted: settings.allowPrivateAddresses === true,
    classify: (_, init) => {
      const purpose =
        init?.method === 'DELETE'
          ? 'deletion'
          : init?.method === 'PUT' || asObject(String(init?.body))?.redirect_uris !== undefined
            ? 'registration'
            : 'authorization';
      const sent =
        purpose === 'registration' ? { sentScope: textOf(asObject(String(init?.body)), 'scope') ?? null } : {};
      return {
        purpose,
        step: purpose === 'authorization' ? 'authorize' : 'register',
        to: 'authorization-server',
        ...sent,
      };
    },
  });
  const recording = { ...host, fetch: recorder.fetch };
  /** @type {{ careless: Trial, ours: Trial } | undefined} */
  let trials;
  /** @type {ThrowawayClient[]} */
  let clients = [];
  try {
    const careless = await tryCarelessly({ discovery, registrationEndpoint }, recorder, secrets);
    const ours = await tryByThePlan({ discovery, plan, settings }, recording, recorder, secrets);
    trials = await askOutright({ careless, ours }, { discovery, plan, settings }, recording, recorder, secrets);
    await refreshWithNothing(
      discovery,
      registrationOf(answerTo(trials.ours.clientId, recorder.exchanges), issuer),
      recorder,
    );
  } finally {
    // Nothing is left behind, whatever happened; not by an abort either.
    clients = await deleteAll(recorder.exchanges, issuer, registrationEndpoint, { ...recording, signal: undefined });
  }
  const { exchanges } = recorder;
  const forgotten = clients.find(({ deleted }) => deleted)?.clientId;
  await refreshWithNothing(discovery, registrationOf(answerTo(forgotten, exchanges), issuer), recorder);
  for (const { document } of exchanges) collect(document, secrets);
  const evidence = { endpoint: discovery.endpoint, discovery, plan, exchanges, clients, ...trials };
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
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  };
  const registerAt = (/** @type {string} */ url) =>
    ask({ purpose: 'registration', step: 'register', to: 'authorization-server', url, init, endpoint });
  const first = await registerAt(registrationEndpoint);
  const target = redirectWithinOrigin(first);
  const answer = target === undefined ? first : await registerAt(target);
  const requestedScope = (challenge?.scopes ?? protectedResource.scopesSupported)?.join(' ') ?? null;
  const trial = { ...registered(answer), sentScope: null };
  const clientId = textOf(answer.document, 'client_id');
  if (clientId === undefined || !trial.registered || authorizationServer.requirePushedAuthorizationRequests)
    return trial;

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
async function tryByThePlan({ discovery, plan, settings }, host, { ask, exchanges }, secrets) {
  const own = { ...settings, client: undefined };
  /** @type {Trial} */
  let trial = {};
  /** @type {string | undefined} */
  let refusedPrompt;
  try {
    let begun = await beginByThePlan({ discovery, plan, settings: own }, host, exchanges);
    for (let look = 0; look < LOOK_LIMIT; look += 1) {
      const { authorizationUrl, pending } = begun;
      secrets.push(pending.state, pending.codeVerifier);
      const { told, callbackUrl } = await looked(authorizationUrl, pending.state, discovery.endpoint, ask, secrets);
      trial = {
        ...byThePlan(exchanges),
        requestedScope:
          new URL(authorizationUrl).searchParams.get('scope') ?? (requestedBy(pending.plan).join(' ') || null),
        ...told,
      };
      if (refusedPrompt !== undefined && told.answer !== 'refused') trial = { ...trial, refusedPrompt };
      if (told.answer !== 'refused') return trial;
      if (callbackUrl === undefined) {
        if (!new URL(authorizationUrl).searchParams.has('prompt')) return trial;
        // It may be for its `prompt` alone.
        begun = await begin({ ...pending, client, settings: { ...own, consentPrompt: false } }, host);
        refusedPrompt = told.serverAnswer;
        continue;
      }
      // It carries an error: what follows is a repair, or the end.
      const completion = await complete({ pending, callbackUrl, client, settings: own }, host);
      if (completion.kind === 'signed-in') return trial;
      begun = completion;
      if (completion.pending.registration.consentPromptRefused) refusedPrompt ??= told.serverAnswer;
    }
    return trial;
  } catch (error) {
    host.signal?.throwIfAborted();
    return trial.answer === 'refused' ? trial : { ...trial, ...refusal(error, byThePlan(exchanges)) };
  }
}

/**
 * The first request: what the registration's answer names of the plan. An answer that is silent about a scope does not say
 * that it is refused.
 *
 * @param {Required<ProbeInput>} input
 * @param {StepHost} host
 * @param {Exchange[]} exchanges
 * @returns {Promise<Begun>}
 */
async function beginByThePlan({ discovery, plan, settings }, host, exchanges) {
  const registerWith = (/** @type {string} */ redirectUri) =>
    register({ discovery, plan, client, settings, redirectUri }, host);
  try {
    const { registration, ...rest } = await registerWith(REDIRECT_URI).catch((error) => {
      if (error.code !== 'registration_refused' || !/redirect/i.test(error.message)) throw error;
      return registerWith(REDIRECT_URI.replace('127.0.0.1', 'localhost'));
    });
    return await begin({ discovery, client, settings, registration, ...rest }, host);
  } catch (error) {
    const last = lastRegistration(exchanges);
    const registration = registrationOf(last?.document, discovery.authorizationServer.issuer);
    if (Object(error).code !== 'scope_not_registered' || !registration) throw error;
    const named = scopesOf(textOf(last?.document, 'scope'));
    const scopes = requestedBy(plan).filter((scope) => named.includes(scope));
    // Alone, it would take the place of the server's defaults.
    const isOffline = scopes.every((scope) => scope === 'offline_access');
    return begin({ discovery, client, settings, registration, plan: planOf(isOffline ? [] : scopes) }, host);
  }
}

/**
 * Asks for what the registration's answer does not name, and finds out what a sign-in page says of scopes: nothing, where
 * the same request with scopes that nobody registered gets one too.
 *
 * @param {{ careless: Trial, ours: Trial }} trials
 * @param {Required<ProbeInput>} input
 * @param {StepHost} host
 * @param {Recorder} recorder
 * @param {string[]} secrets
 * @returns {Promise<{ careless: Trial, ours: Trial }>}
 */
async function askOutright({ careless, ours }, { discovery, plan, settings }, host, { ask, exchanges }, secrets) {
  const { issuer, scopesSupported = [] } = discovery.authorizationServer;
  /** @type {(trial: Trial, scopes: string[]) => Promise<Trial>} */
  const lookBeyond = async ({ clientId, requestedScope }, scopes) => {
    const registration = registrationOf(answerTo(clientId, exchanges), issuer);
    if (!registration) return {};
    try {
      const { authorizationUrl, pending } = await begin(
        {
          discovery,
          client,
          settings: { ...settings, client: undefined },
          registration,
          plan: planOf([...scopesOf(requestedScope), ...scopes]),
        },
        host,
      );
      secrets.push(pending.state, pending.codeVerifier);
      return (await looked(authorizationUrl, pending.state, discovery.endpoint, ask, secrets)).told;
    } catch (error) {
      host.signal?.throwIfAborted();
      return refusal(error, {});
    }
  };

  const unnamed =
    ours.registered && ours.registeredScope
      ? without(plannedScopes(plan), scopesOf(ours.registeredScope, ours.requestedScope))
      : [];
  const together = unnamed.length > 0 ? await lookBeyond(ours, unnamed) : {};
  const looks = unnamed.map((scope) => ({ scope, told: together }));
  if (together.answer === 'refused' && unnamed.length > 1) {
    for (const [at, look] of looks.entries()) look.told = at < SINGLE_LIMIT ? await lookBeyond(ours, [look.scope]) : {};
  }

  const answers = [careless, ours, together, ...looks.map(({ told }) => told)];
  const shown = [ours, careless].find(({ answer }) => answer === 'sign-in');
  const strangers = shown
    ? without(
        [...scopesSupported, UNKNOWN_SCOPE],
        [...plannedScopes(plan), ...scopesOf(shown.registeredScope, shown.requestedScope)],
      )
    : [];
  const isJudgedFirst =
    answers.some(refusesScopes) || (shown !== undefined && (await lookBeyond(shown, strangers)).answer === 'refused');
  /** @type {(trial: Trial) => Trial} */
  const settled = (trial) => (trial.answer === 'sign-in' && isJudgedFirst ? { ...trial, answer: 'accepted' } : trial);
  const answered = (/** @type {Trial['answer'][]} */ ...which) =>
    looks.filter(({ told }) => which.includes(settled(told).answer)).map(({ scope }) => scope);
  if (unnamed.length === 0) return { careless: settled(careless), ours: settled(ours) };

  // What is refused without them, and accepted with them, is one repair away.
  const isRepaired = ours.answer === 'refused' && settled(together).answer === 'accepted';
  const repaired = isRepaired
    ? {
        ...byThePlan(exchanges),
        ...settled(together),
        requestedScope: [...scopesOf(ours.requestedScope), ...unnamed].join(' '),
      }
    : settled(ours);
  return {
    careless: settled(careless),
    ours: {
      ...repaired,
      permitted: answered('accepted'),
      notPermitted: answered('refused'),
      notKnown: answered('sign-in', 'unclear', undefined),
      outrightAnswer: looks.find(({ told }) => told.answer === 'refused')?.told.serverAnswer,
    },
  };
}

/**
 * A plan of these scopes alone.
 *
 * @param {string[]} scopes
 * @returns {ScopePlan}
 */
function planOf(scopes) {
  return {
    version: 1,
    scopes: scopes.map((scope) => ({
      scope,
      sources: ['host'],
      required: true,
      purpose: 'request',
      requested: true,
      refused: false,
      reason: 'asked for by the probe',
    })),
  };
}

/** @param {ScopePlan} plan */
function plannedScopes({ scopes }) {
  return scopes.filter(({ purpose }) => purpose !== 'left-out').map(({ scope }) => scope);
}

/** @param {Trial} trial */
function refusesScopes({ answer, refusedAt, error }) {
  return answer === 'refused' && refusedAt === 'authorize' && error === 'invalid_scope';
}

/** @param {ScopePlan} plan */
function requestedBy({ scopes }) {
  return scopes.filter(({ requested }) => requested).map(({ scope }) => scope);
}

/** @param {Exchange[]} exchanges */
function lastRegistration(exchanges) {
  return exchanges.findLast(({ purpose }) => purpose === 'registration');
}

/**
 * What became of the registration by the plan.
 *
 * @param {Exchange[]} exchanges
 * @returns {Trial}
 */
function byThePlan(exchanges) {
  const own = exchanges.filter(({ purpose, sentScope }) => purpose === 'registration' && sentScope !== undefined);
  const refused = own.filter(({ method, status = 0 }) => method === 'POST' && status >= 300);
  return {
    ...registered(own.at(-1)),
    sentScope: own.at(-1)?.sentScope,
    ...(refused.length > 0
      ? {
          refusedRegistrations: refused.map((exchange) => ({
            sentScope: exchange.sentScope ?? null,
            serverAnswer: inWords(exchange),
          })),
        }
      : {}),
  };
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
  if (exchange && status >= 200 && status < 300 && clientId !== undefined)
    return {
      registered: true,
      clientId,
      registeredScope: textOf(document, 'scope') ?? null,
      confidential: textOf(document, 'client_secret') !== undefined,
    };
  return {
    registered: false,
    answer: status >= 300 && status < 500 ? 'refused' : 'unclear',
    refusedAt: 'register',
    error: textOf(document, 'error'),
    errorDescription: textOf(document, 'error_description'),
    serverAnswer: exchange && inWords(exchange),
  };
}

/**
 * @param {unknown} error
 * @param {Trial} trial
 * @returns {Trial}
 */
function refusal(error, trial) {
  const { code, message, step, details } =
    /** @type {{ code?: string, message?: string, step?: Step, details?: { error?: string } }} */ (Object(error));
  if (step === 'register' && trial.registered === false) return trial;
  return {
    ...trial,
    answer: step === 'register' || step === 'authorize' ? 'refused' : 'unclear',
    refusedAt: step === 'register' ? 'register' : 'authorize',
    error: details?.error ?? code,
    serverAnswer: message,
  };
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
  const exchange = await ask({
    purpose: 'authorization',
    step: 'authorize',
    to: 'authorization-server',
    url,
    endpoint,
    init: { headers: { accept: 'text/html' } },
  });
  const { status = 0, headers, document } = exchange;
  const location =
    headers.location === undefined || !URL.canParse(headers.location, url) ? undefined : new URL(headers.location, url);
  const own = new URL(new URL(url).searchParams.get('redirect_uri') ?? REDIRECT_URI);
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
    return isBack
      ? {
          told: { ...told, returnsState: parameters.get('state') === state, returnsIssuer: parameters.has('iss') },
          callbackUrl: location.href,
        }
      : { told };
  }
  if (isBack && code) return { told: { answer: 'accepted' } };
  return {
    told:
      !isBack && (location || status === 200)
        ? { answer: 'sign-in' }
        : { answer: 'unclear', serverAnswer: inWords(exchange) },
  };
}

/**
 * A refusal as the server gave it.
 *
 * @param {Exchange} exchange
 */
function inWords({ status, failure, headers, document, body = '', url }) {
  if (status === undefined) return `no answer: ${failure}`;
  if (headers.location !== undefined) {
    const to = URL.canParse(headers.location, url) ? new URL(headers.location, url) : undefined;
    const parameters = to?.searchParams ?? new URLSearchParams();
    if (!parameters.has('error')) return `${status} to ${to ? `${to.origin}${to.pathname}` : headers.location}`;
    return `${status} ${[...parameters]
      .filter(([name]) => !['state', 'iss', 'session_state'].includes(name))
      .map(([name, value]) => `${name}=${/\s/.test(value) ? JSON.stringify(value) : value}`)
      .join(' ')}`;
  }
  const members = Object.entries(document ?? {}).filter(([name]) => /^error/.test(name) || name === 'scope');
  if (members.length > 0)
    return `${status} ${members.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}`;
  return `${status} ${wordsOf(body).slice(0, PAGE_LIMIT)}`.trim();
}

/**
 * Secrets that a server gave: few, whatever it answers.
 *
 * @param {JsonObject | undefined} document
 * @param {string[]} secrets
 */
function collect(document, secrets) {
  const members = Object.entries(document ?? {}).slice(0, MEMBER_LIMIT);
  JSON.stringify(Object.fromEntries(members), collecting(secrets));
}

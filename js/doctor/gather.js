/** Gathers evidence: everything that can be seen without signing in, and without registering anything. */

/** @import { ClientDescription, Discovery, ServerSettings } from '../core/records.js' */
/** @import { JsonObject } from '../core/host.js' */
/** @import { StepHost } from '../connection/steps.js' */
/** @import { Evidence, Exchange, Failure } from './finding.js' */
/** @import { Recorder } from './recorder.js' */

import { readChallenge, wellKnownLocations } from '../connection/functions.js';
import { discover, plan, register } from '../connection/steps.js';
import { isDocument, listOf, redirectWithinOrigin, textOf } from './evidence.js';
import { createRecorder } from './recorder.js';

/** What would be registered by a client on this machine; nothing listens there. */
export const REDIRECT_URI = 'http://127.0.0.1:8976/callback';

/** A page from elsewhere, as a browser would say it. */
const WEB_PAGE = 'https://page.example';

/** How often a call is sent where it is redirected to. */
const REDIRECT_LIMIT = 3;

/** More can be wrong with a server, but then it is a long way to a sign-in. */
const MENDING_LIMIT = 4;

/**
 * What is examined.
 *
 * @typedef {object} ExamineInput
 * @property {string} endpoint The URL of the MCP server.
 * @property {ServerSettings} [settings] What is known about it.
 * @property {ClientDescription} [client] The client, as it would present itself (RFC 7591 §2).
 * @property {boolean} [webPages] Whether to look at what browsers let pages do (CORS): one `OPTIONS` request for each
 *   endpoint, which changes nothing there. Default: true.
 */

/**
 * @param {ExamineInput} input
 * @param {StepHost} host
 * @returns {Promise<Evidence>}
 */
export async function gather({ endpoint, settings = {}, client = {}, webPages = true }, host) {
  /** What is wrong, and is taken for right to get further. @type {{ resource?: boolean, issuer?: string, s256?: boolean }} */
  const assumed = {};
  let calledAt = endpoint;
  /** @type {string[]} */
  const resourceLocations = [];
  const recorder = createRecorder(host, {
    isTrusted: settings.allowPrivateAddresses === true,
    classify: (url) => {
      const isResource =
        resourceLocations.includes(url) ||
        new URL(url).pathname.startsWith('/.well-known/oauth-protected-resource') ||
        redirectedFrom(recorder.exchanges, url)?.purpose === 'resource-metadata';
      return isResource
        ? { purpose: 'resource-metadata', step: 'discover', to: 'protected-resource' }
        : { purpose: 'server-metadata', step: 'discover', to: 'authorization-server' };
    },
    mend: ({ purpose, document }) => {
      if (!document) return undefined;
      if (purpose === 'resource-metadata' && assumed.resource) return { ...document, resource: calledAt };
      return purpose === 'server-metadata' && assumed.issuer !== undefined
        ? { ...document, issuer: assumed.issuer }
        : undefined;
    },
  });

  let call = await recorder.ask(firstRequest(endpoint));
  for (let redirects = 0; redirects < REDIRECT_LIMIT; redirects += 1) {
    const target = redirectWithinOrigin(call);
    if (target === undefined) break;
    calledAt = target;
    call = await recorder.ask(firstRequest(calledAt));
  }
  // MCP of 2024-11-05: the URL is that of a stream, which names the one for messages.
  const stream = [404, 405].includes(call.status ?? 0) ? await recorder.ask(streamRequest(calledAt)) : undefined;
  const refused = stream?.status === 401 ? stream : call;
  const challenge = (await readChallenge(refused.headers['www-authenticate'] ?? '')) ?? undefined;
  resourceLocations.push(...(await locations({ resource: calledAt })));
  if (challenge?.resourceMetadata) resourceLocations.push(challenge.resourceMetadata);

  /** @type {Failure[]} */
  const failures = [];
  /** @type {Discovery | undefined} */
  let discovery;
  while (!discovery && failures.length <= MENDING_LIMIT && call.status !== undefined) {
    const known = { ...settings, assumeS256: settings.assumeS256 || assumed.s256 };
    discovery = await discover(
      { endpoint: calledAt, challenge, settings: known },
      { ...host, fetch: recorder.fetch },
    ).catch((error) => {
      host.signal?.throwIfAborted();
      failures.push({ code: error.code, message: error.message, details: { ...error.details } });
      return undefined;
    });
    if (!discovery && !assume(assumed, failures)) break;
  }
  if (discovery) await askElsewhere(discovery, recorder);
  if (discovery && webPages) await lookAsWebPage(discovery, recorder);

  const scopePlan = discovery && (await plan({ discovery, settings }));
  return {
    endpoint,
    exchanges: recorder.exchanges,
    challenge,
    failures,
    resourceMetadata: documentOf(recorder.exchanges, 'resource-metadata', discovery?.protectedResource.metadataUrl),
    serverMetadata: documentOf(recorder.exchanges, 'server-metadata', discovery?.authorizationServer.metadataUrl),
    discovery,
    plan: scopePlan,
    registrationRequest:
      discovery && scopePlan && (await registrationRequest({ discovery, plan: scopePlan, client, settings })),
  };
}

/**
 * What every MCP client sends first, without a token.
 *
 * @param {string} endpoint
 * @returns {Parameters<Recorder['ask']>[0]}
 */
function firstRequest(endpoint) {
  return {
    purpose: 'call',
    step: 'discover',
    to: 'protected-resource',
    url: endpoint,
    endpoint,
    bodyless: true,
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-11-25',
          capabilities: {},
          clientInfo: { name: 'mcp-oauth-wasm doctor', version: '1' },
        },
      }),
    },
  };
}

/**
 * @param {string} endpoint
 * @returns {Parameters<Recorder['ask']>[0]}
 */
function streamRequest(endpoint) {
  return { ...firstRequest(endpoint), purpose: 'stream', init: { headers: { accept: 'text/event-stream' } } };
}

/** @param {Parameters<typeof wellKnownLocations>[0]} of */
function locations(of) {
  return wellKnownLocations(of).catch(() => []);
}

/**
 * @param {Exchange[]} exchanges
 * @param {string} url
 */
function redirectedFrom(exchanges, url) {
  return exchanges.findLast((exchange) => {
    const { location } = exchange.headers;
    return (
      location !== undefined && URL.canParse(location, exchange.url) && new URL(location, exchange.url).href === url
    );
  });
}

/**
 * Takes what went wrong last for right, where that is possible and was not done yet.
 *
 * @param {{ resource?: boolean, issuer?: string, s256?: boolean }} assumed
 * @param {Failure[]} failures
 * @returns {boolean} whether discovery may now get further
 */
function assume(assumed, failures) {
  const last = failures.at(-1);
  if (last?.code === 'resource_mismatch' && !assumed.resource) return (assumed.resource = true);
  if (last?.code === 'no_s256' && !assumed.s256) return (assumed.s256 = true);
  if (last?.code === 'issuer_mismatch' && assumed.issuer === undefined && typeof last.details.asked === 'string') {
    assumed.issuer = last.details.asked;
    return true;
  }
  return false;
}

/**
 * Asks at the locations that we did not need, and other clients try first.
 *
 * @param {Discovery} discovery
 * @param {Recorder} recorder
 */
async function askElsewhere({ endpoint, protectedResource, authorizationServer }, { exchanges, ask }) {
  const known = new Set(exchanges.map(({ url }) => url));
  const get = {
    endpoint,
    init: { headers: { accept: 'application/json' } },
    step: /** @type {const} */ ('discover'),
  };
  const resource = protectedResource.metadataUrl === undefined ? [] : await locations({ resource: endpoint });
  const server =
    authorizationServer.metadataUrl === undefined ? [] : await locations({ issuer: authorizationServer.issuer });
  for (const url of resource.filter((location) => !known.has(location)))
    await ask({ ...get, purpose: 'resource-metadata', to: 'protected-resource', url });
  for (const url of server.filter((location) => !known.has(location)))
    await ask({ ...get, purpose: 'server-metadata', to: 'authorization-server', url });
}

/**
 * Asks what a browser would ask before it lets a page from elsewhere read answers (Fetch Standard, CORS protocol).
 *
 * @param {Discovery} discovery
 * @param {Recorder} recorder
 */
async function lookAsWebPage({ endpoint, protectedResource, authorizationServer }, { ask }) {
  const look = async (
    /** @type {'protected-resource' | 'authorization-server'} */ to,
    /** @type {string | undefined} */ url,
    /** @type {string} */ method,
    /** @type {Record<string, string>} */ headers,
  ) => {
    if (url === undefined) return;
    const init = { method, headers: { origin: WEB_PAGE, ...headers } };
    await ask({ purpose: 'web-page', step: 'discover', to, url, endpoint, init });
  };
  const before = (/** @type {string} */ headers) => ({
    'access-control-request-method': 'POST',
    'access-control-request-headers': headers,
  });
  await look('protected-resource', endpoint, 'OPTIONS', before('authorization,content-type,mcp-protocol-version'));
  await look('protected-resource', protectedResource.metadataUrl, 'GET', {});
  await look('authorization-server', authorizationServer.metadataUrl, 'GET', {});
  await look('authorization-server', authorizationServer.registrationEndpoint, 'OPTIONS', before('content-type'));
  await look('authorization-server', authorizationServer.tokenEndpoint, 'OPTIONS', before('authorization'));
}

/**
 * @param {Exchange[]} exchanges
 * @param {Exchange['purpose']} purpose
 * @param {string} [url] the document that discovery used
 */
function documentOf(exchanges, purpose, url) {
  const documents = exchanges.filter((exchange) => exchange.purpose === purpose && isDocument(exchange));
  const used = documents.find((exchange) => exchange.url === url);
  const useful = documents.find(
    ({ document }) => listOf(document, 'authorization_servers') ?? textOf(document, 'issuer'),
  );
  return (used ?? useful ?? documents[0])?.document;
}

/**
 * What a registration would send. The request is caught on its way out.
 *
 * @param {Omit<Parameters<typeof register>[0], 'redirectUri'>} input
 * @returns {Promise<JsonObject | undefined>} undefined where none would be sent
 */
async function registrationRequest(input) {
  /** @type {JsonObject | undefined} */
  let caught;
  await register(
    { ...input, redirectUri: REDIRECT_URI },
    {
      async fetch(_url, init) {
        if (init?.method === 'POST') caught = JSON.parse(String(init.body));
        throw new Error('This is only a look at what would be sent.');
      },
    },
  ).catch(() => {});
  return caught;
}

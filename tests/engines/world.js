/** The world of a row: an engine, an MCP server in front of it, a client, and a person with a browser. */

/** @import { ServerSettings } from '../../js/core/records.js' */
/** @import { ProtectedResourceOptions } from '../servers/protected_resource.js' */
/** @import { Page } from '../servers/user_agent.js' */
/** @import { Surroundings, ZooClient } from '../zoo/world.js' */
/** @import { Exchange, Front } from './front.js' */
/** @import { HydraSetting } from './hydra.js' */
/** @import { KeycloakSetting } from './keycloak.js' */
/** @import { Conduct, Person } from './person.js' */

import { startProtectedResource } from '../servers/protected_resource.js';
import { createUserAgent, PERSON } from '../servers/user_agent.js';
import { NeverCameBack, take } from '../zoo/world.js';
import { fillIn } from './person.js';

/**
 * An authorization server of the field, as set up for one row and one client.
 *
 * @typedef {object} Engine
 * @property {string} name
 * @property {string} issuer
 * @property {Front} front what it was asked, and answered
 * @property {Person} person
 * @property {(page: Page) => Request | undefined} [answer] what the person does on its pages, where they are no plain forms
 * @property {string} authorizationPath
 * @property {string} registrationPath
 * @property {(token: string) => Promise<Record<string, any>>} examine what it says of a token, as RFC 7662 would
 * @property {() => Promise<string[]>} clients that registered themselves and are known to its administration
 * @property {Record<string, () => Promise<unknown>>} events what its operator, or time, may do
 * @property {() => Promise<string>} [initialAccessToken] what its operator gives somebody who may register (RFC 7591 §3)
 * @property {(issuer: TrustedIssuer) => Promise<void>} [trust] takes assertions of another issuer about the person
 * @property {() => Promise<void>} close
 *
 * @typedef {{ alias: string, issuer: string, keysUrl: string, subject: string }} TrustedIssuer
 */

/**
 * What a client is given, of whatever make: that of the zoo, and here also
 *
 * @typedef {Surroundings & {
 *   engine: Engine,
 *   approve: (verificationUrl: string) => Promise<unknown>,
 * }} EngineSurroundings `engine`: the authorization server, for what an operator would tell whoever sets up the client;
 *   `approve`: sends the person to a page that does not lead back (RFC 8628 §3.3)
 *
 * @typedef {(surroundings: EngineSurroundings) => Promise<ZooClient>} StartClient
 */

/**
 * @typedef {object} Row
 * @property {string} shape in words
 * @property {string[]} proves requirements (`S4`) and interoperability rows (`interop 90`)
 * @property {HydraSetting} [hydra] how it is set up, where it is Hydra
 * @property {KeycloakSetting} [keycloak] how its realm is set up, where it is Keycloak
 * @property {ResourceOptions} resource
 * @property {ServerSettings} [settings] what the host configured
 * @property {boolean} [alone] whether it is about us alone: the other clients are left out
 * @property {StartClient} [start] in place of our usual client, and alone
 * @property {Phase[]} phases
 *
 * @typedef {Pick<ProtectedResourceOptions, 'bound'> & {
 *   demands?: string,
 *   lists?: string,
 *   insists?: string,
 *   tools?: Record<string, string>,
 * }} ResourceOptions `demands`: the scope of the challenge of a 401; `lists`: `scopes_supported`; both are absent by
 *   default. `insists`: what a token must grant, else 403; default: nothing. `tools`: by name, and what calling them needs
 *
 * @typedef {object} Phase
 * @property {string[]} does `connect`, `sign in`, `sign out`, `refresh`, `forget`, or the name of a tool to call
 * @property {string[]} [meanwhile] events of the engine since the phase before
 * @property {boolean} [continues] in the same process, else after a restart
 * @property {Conduct} [person]
 * @property {Expectation} expects of us
 *
 * @typedef {object} Expectation
 * @property {number} trips through the browser, as the engine saw them
 * @property {number} [registrations] requests to register, refused ones included
 * @property {number} [refreshes] requests to refresh, refused ones included
 * @property {number} [clients] that registered themselves and are known to the engine when the phase ends
 * @property {string} [error] the code of the error in which the last step ends; default: the person is in
 * @property {string[]} [says] what that error's message names
 * @property {string[]} [grants] what the token of the last request must grant, and `lacks` what it must not
 * @property {string[]} [lacks]
 * @property {string[]} [posts] what was posted to the engine and answered well, beside registrations, in the words of
 *   `postInWords`
 * @property {(string | null)[]} [asks] the `scope` of every authorization request of the phase; null: none
 */

/**
 * What happened in a phase, as the engine and the MCP server saw it.
 *
 * @typedef {object} Observed
 * @property {{ code: string, message: string, step: string, remaining: number } | undefined} failure as the client tells it
 * @property {boolean} served whether the MCP server served every step
 * @property {string[]} granted by the token of the last request that it served
 * @property {number} trips
 * @property {number} looks at the authorization endpoint without the person
 * @property {number} registrations
 * @property {number} refreshes
 * @property {number} clients
 * @property {(string | null)[]} asked
 * @property {string[]} posts
 * @property {string[]} read the pages that the person could not get past
 */

const STEP_SECONDS = 60;
const redirectUri = 'http://127.0.0.1:8765/callback';

/**
 * Plays a row with a client, and tells what happened in each phase.
 *
 * @param {Row} row
 * @param {Engine} engine that is set up for the row, and this client's alone
 * @param {StartClient} startClient
 * @returns {Promise<Observed[]>}
 */
export async function play(row, engine, startClient) {
  const { demands, lists, insists, tools = {}, bound } = row.resource;
  const resource = await startProtectedResource({
    // Neither engine names the resource in its tokens.
    authorizationServer: {
      issuer: engine.issuer,
      examine: async (token, aud) => ({ ...(await engine.examine(token)), aud }),
    },
    bound,
    challengeScopes: demands === undefined ? null : words(demands),
    scopesSupported: lists === undefined ? null : words(lists),
    requiredScopes: words(insists),
    furtherTools: Object.fromEntries(Object.entries(tools).map(([name, needs]) => [name, words(needs)])),
  });
  const memory = new Map();
  /** @type {Conduct} */
  let conduct = {};
  /** @type {string[]} */
  let read = [];
  const browser = createUserAgent({
    answer: (page) => (engine.answer ? engine.answer(page) : fillIn(page, engine.person, conduct)),
  });
  const visit = (/** @type {string | URL} */ url) =>
    browser.signIn(url).catch((error) => {
      read.push(error.message);
      throw new NeverCameBack(error.message);
    });

  /** @type {ZooClient | undefined} */
  let client;
  /** @type {Observed[]} */
  const all = [];
  try {
    for (const phase of row.phases) {
      for (const event of phase.meanwhile ?? []) {
        const happen = engine.events[event];
        if (!happen) throw new Error(`${engine.name} has no event "${event}".`);
        await happen();
      }
      conduct = phase.person ?? {};
      read = [];
      const before = { exchanges: engine.front.exchanges.length, requests: resource.requests.length };
      if (!phase.continues || !client) {
        await client?.close?.();
        client = await startClient({
          engine,
          approve: (/** @type {string} */ url) => browser.approve(url),
          endpoint: resource.url,
          fetch: globalThis.fetch,
          visit,
          redirectUri,
          takenRedirectUris: [],
          memory,
          settings: ofIssuer(row.settings ?? {}, engine.issuer),
          interaction: true,
          approves: true,
        });
      }
      const failure = await take(phase, client, STEP_SECONDS);
      const exchanges = engine.front.exchanges.slice(before.exchanges);
      const served = resource.requests.slice(before.requests).filter(({ bearer, status }) => bearer && status < 300);
      const called = served.flatMap(({ calls }) => calls);
      const asked = exchanges.filter((exchange) => isAuthorization(engine, exchange));
      const byPerson = asked.filter(({ headers }) => headers['user-agent'] === PERSON);
      all.push({
        failure,
        served: served.length > 0 && phase.does.every((step) => !(step in tools) || called.includes(step)),
        granted: served.at(-1)?.scopes ?? [],
        trips: byPerson.length,
        looks: asked.length - byPerson.length,
        registrations: exchanges.filter(({ method, path }) => method === 'POST' && path === engine.registrationPath)
          .length,
        refreshes: exchanges.filter(
          ({ method, body }) => method === 'POST' && /\bgrant_type=refresh_token\b/.test(body),
        ).length,
        clients: (await engine.clients()).length,
        asked: asked.map(({ query }) => query.get('scope')),
        posts: exchanges.flatMap((exchange) => postInWords(exchange) ?? []),
        read,
      });
    }
  } finally {
    await client?.close?.();
    await resource.close();
  }
  return all;
}

/**
 * Not what the engine's own pages send the person back to.
 *
 * @param {Engine} engine
 * @param {Exchange} exchange
 */
function isAuthorization({ authorizationPath }, { path, query }) {
  return (
    path === authorizationPath &&
    query.has('client_id') &&
    !['login_verifier', 'consent_verifier', 'continue'].some((name) => query.has(name))
  );
}

/**
 * What was posted: the grant of a token request, or the name of another endpoint; by which secret, and whether with a proof
 * of possession.
 *
 * @param {Exchange} exchange
 * @returns {string | undefined} undefined: no client's form, or a refused one
 */
function postInWords({ method, path, headers, body, status }) {
  const [, endpoint] = /\/(token|par\/request|auth\/device)$/.exec(path) ?? [];
  if (method !== 'POST' || endpoint === undefined || status >= 300) return undefined;
  const form = new URLSearchParams(body);
  const secret = headers.authorization
    ? 'Basic'
    : (form.get('client_assertion_type') ?? (form.has('client_secret') ? 'client_secret' : undefined));
  const words = [form.get('grant_type') ?? endpoint, secret && `by ${secret}`, headers.dpop && 'with proof'];
  return words
    .filter(Boolean)
    .join(' ')
    .replaceAll(/urn:[\w:-]+:/g, '');
}

/** @param {string | undefined} scope */
function words(scope) {
  return (scope ?? '').split(' ').filter(Boolean);
}

/**
 * What is not as the row says, in words.
 *
 * @param {Row} row
 * @param {Observed[]} phases
 * @returns {string[]}
 */
export function complaints(row, phases) {
  return row.phases.flatMap(({ expects }, at) => {
    const observed = phases[at];
    const found = observed ? complaintsOf(expects, observed) : ['it did not happen'];
    return found.map((complaint) => (row.phases.length > 1 ? `phase ${at + 1}: ${complaint}` : complaint));
  });
}

/**
 * @param {Expectation} expects
 * @param {Observed} observed
 * @returns {string[]}
 */
function complaintsOf(expects, observed) {
  const { failure, served, granted, asked, posts } = observed;
  const found = [];
  if (expects.error === undefined && failure)
    found.push(`${failure.step} failed with ${failure.code}: ${failure.message}`);
  if (expects.error === undefined && !failure && !served) found.push('the MCP server did not serve it');
  if (expects.error !== undefined && failure?.code !== expects.error)
    found.push(`${failure ? `failed with ${failure.code}` : 'succeeded'}, not ${expects.error}`);
  if (failure && failure.remaining > 0) found.push(`${failure.remaining} steps remained`);
  for (const word of expects.says ?? [])
    if (!failure?.message.includes(word)) found.push(`the message does not name ${word}: ${failure?.message}`);
  for (const what of /** @type {const} */ (['trips', 'registrations', 'refreshes', 'clients'])) {
    const expected = expects[what];
    if (expected !== undefined && observed[what] !== expected) found.push(`${observed[what]} ${what}, not ${expected}`);
  }
  for (const scope of expects.grants ?? []) if (!granted.includes(scope)) found.push(`the token lacks ${scope}`);
  for (const scope of expects.lacks ?? []) if (granted.includes(scope)) found.push(`the token grants ${scope}`);
  const sorted = (/** @type {(string | null)[]} */ scopes) =>
    JSON.stringify(scopes.map((scope) => scope?.split(' ').sort().join(' ') ?? 'no scope'));
  if (expects.asks && sorted(expects.asks) !== sorted(asked))
    found.push(`asked for ${sorted(asked)}, not ${sorted(expects.asks)}`);
  if (expects.posts && expects.posts.join() !== posts.join())
    found.push(`posted ${posts.join(', ') || 'nothing'}, not ${expects.posts.join(', ')}`);
  return found;
}

/**
 * Whoever hands out a secret says where it is from.
 *
 * @param {ServerSettings} settings
 * @param {string} issuer
 * @returns {ServerSettings}
 */
function ofIssuer({ client, ...settings }, issuer) {
  return { ...settings, ...(client && { client: { ...client, issuer } }) };
}

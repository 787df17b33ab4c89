/**
 * The world of a scenario: its servers, its clock, and the person with the browser. A client gets to see only its
 * `Surroundings`.
 */

/** @import { ServerSettings } from '../../js/core/records.js' */
/** @import { Observed, Phase, Scenario } from './scenario.js' */

import { startPolicyServer } from './policy_server.js';
import { startProtectedResource } from './protected_resource.js';

/**
 * What any client, of whatever make, is given in a phase.
 *
 * @typedef {object} Surroundings
 * @property {string} endpoint the MCP server
 * @property {typeof globalThis.fetch} fetch
 * @property {(authorizationUrl: string | URL) => Promise<string>} visit sends the person to the authorization server;
 *   the URL to which they came back. Rejects with `NeverCameBack`
 * @property {string} redirectUri where a listener can be had
 * @property {string[]} takenRedirectUris where none can be had any more
 * @property {Map<string, any>} memory survives restarts
 * @property {ServerSettings} settings
 * @property {string} [clientMetadataUrl]
 * @property {boolean} interaction
 * @property {boolean} approves
 */

/**
 * A client under test, in one process.
 *
 * @typedef {object} ZooClient
 * @property {() => Promise<void>} connect initialises the MCP session
 * @property {(operation: string) => Promise<void>} call calls a tool; rejects if it cannot be called
 * @property {() => Promise<void>} signIn sends the person to the authorization server, though there may be a session
 * @property {() => Promise<void>} signOut forgets tokens, and keeps the registration
 * @property {() => Promise<void>} refresh renews the tokens now
 * @property {() => Promise<void>} forget forgets the registration
 * @property {() => Promise<void>} [close]
 */

/** @typedef {(surroundings: Surroundings) => Promise<ZooClient>} StartClient */

/** The person met a page that does not lead back, and gave up. */
export class NeverCameBack extends Error {
  code = 'never_came_back';
}

/** A client that goes on for longer than this loops. */
const TRIP_LIMIT = 8;
const STEP_SECONDS = 30;

/**
 * Plays a scenario with a client, and tells what happened in each phase. A phase in which something went wrong is
 * followed by the others all the same.
 *
 * @param {Scenario} scenario
 * @param {StartClient} startClient
 * @returns {Promise<Observed[]>}
 */
export async function play(scenario, startClient) {
  const first = await startPolicyServer(scenario.server);
  const other = scenario.other && (await startPolicyServer(scenario.other));
  const { resource, close: closeResource } = await startProtectedResource(scenario.resource, first.authorizationServer);
  const servers = [first.authorizationServer, ...(other ? [other.authorizationServer] : [])];
  const clock = startClock();
  const person = new Person();
  const memory = new Map();
  /** @type {ServerSettings} */
  let settings = scenario.settings ?? {};
  let policy = scenario.server;
  let ports = 1;
  /** @type {ZooClient | undefined} */
  let client;
  /** @type {Observed[]} */
  const all = [];

  try {
    for (const phase of scenario.phases) {
      clock.advance(phase.later ?? 0);
      settings = { ...settings, ...phase.settings };
      const { client: byHand } = settings;
      // Whoever hands out a secret says where it is from.
      if (byHand?.clientSecret)
        settings = { ...settings, client: { issuer: first.authorizationServer.issuer, ...byHand } };
      policy = merged(policy, phase.server);
      if (phase.server) first.authorizationServer.policy = policy;
      resource.policy = { ...resource.policy, ...phase.resource };
      for (const event of phase.meanwhile ?? []) {
        if (event === 'clients are forgotten') first.authorizationServer.registry.forget();
        if (event === 'access tokens are forgotten') first.authorizationServer.forgetAccessTokens();
        if (event === 'refresh tokens are forgotten') first.authorizationServer.forgetRefreshTokens();
        if (event === 'the resource moves' && other) resource.authorizationServer = other.authorizationServer;
        if (event === 'the port is taken') ports += 1;
      }
      for (const server of servers) {
        server.beginPhase();
        server.told.insist(settings.scopes ?? []);
        server.told.exact = settings.exactScopes ?? [];
        if (phase.does.includes('sign in') || (phase.later ?? 0) > 86_400) server.told.forgetRefusals();
      }
      resource.beginPhase();
      const before = servers.map(({ told }) => ({ violations: told.violations.length, untold: told.untold }));
      person.trips = 0;
      if (!phase.continues || !client) {
        await client?.close?.();
        client = await startClient({
          endpoint: resource.endpoint,
          fetch: (input, init) => fetchFrom(scenario, input, init),
          visit: (url) => person.visit(url),
          redirectUri: redirectUri(ports),
          takenRedirectUris: Array.from({ length: ports - 1 }, (_, port) => redirectUri(port + 1)),
          memory,
          settings,
          clientMetadataUrl: scenario.clientMetadataUrl,
          interaction: phase.interaction ?? true,
          approves: phase.approves ?? true,
        });
      }
      const failure = await take(phase, client);
      const sum = (/** @type {'registrations' | 'updates'} */ what) =>
        servers.reduce((total, { registry }) => total + registry.counts[what], 0);
      all.push({
        failure,
        granted: resource.granted,
        trips: person.trips,
        registrations: sum('registrations'),
        updates: sum('updates'),
        looks: servers.reduce((total, { looks }) => total + looks, 0),
        clients: servers.reduce((total, { registry }) => total + registry.dynamicClients, 0),
        untold: servers.reduce((total, { told }, at) => total + told.untold - (before[at]?.untold ?? 0), 0),
        requested: servers.flatMap(({ requested }) => requested),
        registered: servers.flatMap(({ registry }) => registry.registered),
        violations: [
          ...servers.flatMap(({ told }, at) => told.violations.slice(before[at]?.violations)),
          ...Array(resource.strayTokens).fill('a token was sent to where the server redirects'),
        ],
      });
    }
  } finally {
    await client?.close?.();
    clock.stop();
    await Promise.all([first.close(), other?.close(), closeResource()]);
  }
  return all;
}

/**
 * Takes the steps of a phase, and tells the first that failed.
 *
 * @param {Pick<Phase, 'does'>} phase
 * @param {ZooClient} client
 * @param {number} [seconds] how long each may take
 * @returns {Promise<Observed['failure']>}
 */
export async function take({ does }, client, seconds = STEP_SECONDS) {
  for (const [at, step] of does.entries()) {
    try {
      await inTime(perform(client, step), seconds);
    } catch (error) {
      const { code, name, message } = /** @type {Error & { code?: unknown }} */ (error);
      return { code: typeof code === 'string' ? code : name, message, step, remaining: does.length - at - 1 };
    }
  }
  return undefined;
}

/**
 * @param {ZooClient} client
 * @param {string} step
 */
function perform(client, step) {
  if (step === 'connect') return client.connect();
  if (step === 'sign in') return client.signIn();
  if (step === 'sign out') return client.signOut();
  if (step === 'refresh') return client.refresh();
  if (step === 'forget') return client.forget();
  return client.call(step);
}

/**
 * @param {Promise<void>} work
 * @param {number} seconds
 */
async function inTime(work, seconds) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened for ${seconds} seconds`)), seconds * 1000);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** Agrees to everything, and gives up at a page that does not lead back. */
class Person {
  trips = 0;

  /**
   * @param {string | URL} url
   * @returns {Promise<string>}
   */
  async visit(url) {
    this.trips += 1;
    if (this.trips > TRIP_LIMIT) throw new NeverCameBack('The person gave up after too many trips.');
    const response = await fetch(url, { redirect: 'manual', headers: { 'x-person': 'yes' } });
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (!location)
      throw new NeverCameBack(
        `The authorization server showed a page with status ${response.status}; the person closed it.`,
      );
    return location;
  }
}

/**
 * The network: loopback, and the application's own documents.
 *
 * @param {Scenario} scenario
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 */
function fetchFrom({ server }, input, init) {
  const url = input instanceof Request ? input.url : String(input);
  if (!url.startsWith('https:')) return fetch(input, init);
  const document = server.metadataDocuments?.[url];
  if (!document) return Promise.reject(new TypeError(`There is no ${url} in this world.`));
  const body = { client_id: url, client_name: 'Zoo', redirect_uris: [redirectUri(1)], ...document };
  return Promise.resolve(Response.json(body));
}

/** @param {number} port */
function redirectUri(port) {
  return `http://127.0.0.1:${port}/callback`;
}

/**
 * @template {object} T
 * @param {T} policy
 * @param {T | undefined} change
 * @returns {T}
 */
function merged(policy, change) {
  const entries = Object.entries(change ?? {}).map(([name, value]) => {
    const before = /** @type {Record<string, unknown>} */ (policy)[name];
    return [name, isObject(value) && isObject(before) ? { ...before, ...value } : value];
  });
  return { ...policy, ...Object.fromEntries(entries) };
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** A clock that can be put forward, for servers and client alike. */
function startClock() {
  const real = Date.now;
  let ahead = 0;
  Date.now = () => real() + ahead;
  return {
    advance: (/** @type {number} */ seconds) => {
      ahead += seconds * 1000;
    },
    stop: () => {
      Date.now = real;
    },
  };
}

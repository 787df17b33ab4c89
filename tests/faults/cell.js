/** One cell of the matrix: what happens when one request goes wrong, and then when nothing does any more. */

import { AuthorizationError, createAuthorizer } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { callTool, expire, rejectionOf, rewrite, storedSession } from '../javascript/world.js';
import { faults } from './faults.js';
import { createTimeOut } from './time_outs.js';

/** @import { SignedInConnection } from '../../js/connection/authorizer.js' */
/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { Kept, Row } from './expectations.js' */
/** @import { World } from './world.js' */

/**
 * What happened when the application did something.
 *
 * @typedef {object} Observed
 * @property {string} gets what it got
 * @property {string} seen what the servers saw, in order
 * @property {Kept} kept
 * @property {number} pending authorizations that are still waited for
 */

/** @typedef {{ first: Observed, next: Observed, codesSentTwice: number }} ObservedCell */

/** In real time: only a call that never ends takes so long. */
const HANG_MILLISECONDS = 240_000;

/**
 * @param {World} world
 * @param {Row} row
 * @param {string} column the name of a fault
 * @returns {Promise<ObservedCell>}
 */
export async function play(world, row, column) {
  const fault = faults[column];
  if (!fault) throw new Error(`There is no fault ${column}.`);
  world.arrived.length = 0;
  const machine = createMachine(world, row);
  await preparations[row.before ?? 'nothing'](machine);
  const connection = machine.start();
  const faulty = String(row.until.split(' → ').at(-1));
  for (const front of world.fronts) front.obstruct({ name: faulty, fault, patience: () => machine.patience(faulty) });
  const first = await observed(machine, connection, row.does);
  for (const front of world.fronts) front.obstruct(undefined);
  const next = await observed(machine, connection, row.does === 'sign out' ? undefined : row.does);
  const codes = world.arrived.map(({ body }) => new URLSearchParams(body).get('code')).filter(Boolean);
  return { first, next, codesSentTwice: codes.length - new Set(codes).size };
}

/**
 * A machine of a person, with one application on it.
 *
 * @param {World} world
 * @param {Row} row
 */
function createMachine(world, { settings, hasMetadataDocument = false }) {
  const { store, pending } = createObservedStore();
  const timeOut = createTimeOut();
  const browser = {
    /** @param {string} url */
    async open(url) {
      await world.person.browse(url);
    },
  };
  const host = nodeHost({
    store,
    fetch: (input, init) => world.around(input, init, () => fetch(input, init)),
    timeoutMilliseconds: timeOut.milliseconds,
    redirect: loopbackRedirect({
      open: (url) => browser.open(url),
      showUrl(_, reason) {
        throw reason;
      },
      // As the client metadata document has it.
      pathPerIssuer: !hasMetadataDocument,
    }),
  });
  const client = {
    clientName: 'The tests',
    ...(hasMetadataDocument && { clientMetadataUrl: world.clientMetadataUrl }),
  };
  /** Who waits for the MCP server: for the head of its answer, and then for the body. */
  const caller = { signal: new AbortController(), reads: false };

  return {
    world,
    store,
    pending,
    browser,
    caller,

    start: () =>
      createAuthorizer({ host, client, settings: () => settings }).connection(world.server, { interaction: true }),

    /**
     * What ends the patience of whoever sends that request. Only once: the next request has a time of its own.
     *
     * @param {string} request
     */
    patience(request) {
      let isOver = false;
      return (/** @type {boolean} */ hasHead) => {
        if (!request.endsWith('call')) isOver = isOver || timeOut.pass();
        else if (!hasHead || caller.reads) caller.signal.abort(new DOMException('The caller gave up.', 'TimeoutError'));
      };
    },
  };
}

/** @typedef {ReturnType<typeof createMachine>} Machine */

const expiredSecret = {
  clientSecret: 'expired',
  clientSecretExpiresAt: 1,
  tokenEndpointAuthMethod: 'client_secret_basic',
};

/** What can have happened before. */
export const preparations = {
  async nothing() {},

  async 'signed in'(/** @type {Machine} */ { start }) {
    await start().signIn();
  },

  async 'signed out'(/** @type {Machine} */ { start }) {
    const connection = start();
    await connection.signIn();
    await connection.signOut();
  },

  async 'the token expired'(/** @type {Machine} */ { start, store, world }) {
    await start().signIn();
    await expire(store, world.server);
  },

  async 'the token is about to expire'(/** @type {Machine} */ { start, store, world }) {
    await start().signIn();
    await expire(store, world.server, 29);
  },

  async 'the person left'(/** @type {Machine} */ { start, browser }) {
    const { open } = browser;
    const connection = start();
    browser.open = async () => void connection.cancel();
    await rejectionOf(connection.signIn());
    browser.open = open;
  },

  async 'the secret expired'(/** @type {Machine} */ { start, store, world }) {
    const connection = start();
    await connection.signIn();
    await connection.signOut();
    await rewrite(store, `clients ${world.server}`, ({ clients, ...others }) => {
      const expired = Object.entries(clients).map(([issuer, /** @type {any} */ kept]) => [
        issuer,
        { ...kept, registration: { ...kept.registration, ...expiredSecret } },
      ]);
      return { ...others, clients: Object.fromEntries(expired) };
    });
  },
};

/**
 * @param {Machine} machine
 * @param {SignedInConnection} connection
 * @param {Row['does']} does
 * @returns {Promise<Observed>}
 */
async function observed(machine, connection, does) {
  const { arrived } = machine.world;
  const before = await stored(machine);
  const from = arrived.length;
  const gets = await inTime(does === 'sign out' ? signedOut(connection) : called(machine, connection, does), () =>
    arrived.slice(from),
  );
  const after = await stored(machine);
  return {
    gets,
    seen: arrived
      .slice(from)
      .map(({ name }) => name)
      .join(' → '),
    kept: { client: comparison(before.clients, after.clients), session: comparison(before.session, after.session) },
    pending: machine.pending.size,
  };
}

/** @param {SignedInConnection} connection */
async function signedOut({ signOut }) {
  return (await signOut()) ? 'signed out, and the tokens revoked' : 'signed out';
}

/**
 * @param {Machine} machine
 * @param {SignedInConnection} connection
 * @param {string} [tool]
 */
async function called({ caller, world }, connection, tool) {
  Object.assign(caller, { signal: new AbortController(), reads: false });
  try {
    const response = await callTool(connection.fetch, world.server, { tool, signal: caller.signal.signal });
    caller.reads = true;
    const text = await response.text();
    return isResult(response, text) ? 'the result' : `status ${response.status}`;
  } catch (error) {
    if (!(error instanceof AuthorizationError)) return /** @type {Error} */ (error).name;
    const { kind, code, step, details } = error;
    const status = kind === 'transport' && details.status ? `, status ${details.status}` : '';
    const retry = details.retryAfterSeconds === undefined ? '' : `, retry after ${details.retryAfterSeconds} seconds`;
    return `${kind} ${code} at ${step}${status}${retry}`;
  }
}

/**
 * Whether a transport would take it for the result of the tool.
 *
 * @param {Response} response
 * @param {string} text
 */
function isResult({ headers }, text) {
  if (headers.get('content-type') !== 'text/event-stream') return false;
  try {
    return 'content' in JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '').result;
  } catch {
    return false;
  }
}

/**
 * @param {Promise<string>} call
 * @param {() => { name: string }[]} seen
 */
async function inTime(call, seen) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const hang = new Promise((resolve) => {
    timer = setTimeout(() => resolve(`nothing, after ${seen().map(({ name }) => name)}`), HANG_MILLISECONDS);
  });
  const gets = await Promise.race([call, hang]);
  clearTimeout(timer);
  return gets;
}

/** What the store holds, as texts. @param {Machine} machine */
async function stored({ store, world }) {
  const clients = (await store.read(`clients ${world.server}`))?.value.clients ?? {};
  const identifiers = Object.values(clients).map((/** @type {any} */ { registration }) => registration.clientId);
  return { clients: identifiers.join(), session: JSON.stringify(await storedSession(store, world.server)) };
}

/**
 * @param {string} before
 * @param {string} after
 * @returns {Kept['client']}
 */
function comparison(before, after) {
  if (after === '' || after === 'null') return 'none';
  return after === before ? 'kept' : 'new';
}

/** A store that tells which authorizations are waited for. */
function createObservedStore() {
  const memory = createMemoryStore();
  /** @type {Set<string>} */
  const pending = new Set();
  /** @type {Store} */
  const store = {
    ...memory,
    async compareAndSwap(key, expected, value) {
      const isWritten = await memory.compareAndSwap(key, expected, value);
      if (isWritten && key.startsWith('pending ')) pending[value ? 'add' : 'delete'](key);
      return isWritten;
    },
  };
  return { store, pending };
}

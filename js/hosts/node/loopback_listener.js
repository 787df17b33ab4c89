/** @import { IncomingMessage, Server, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */

import { createServer } from 'node:http';

import { MisuseError } from '../../core/errors.js';
import { isSame } from '../redirect.js';
import { callbackPage, pageHeaders } from './callback_page.js';

/** The name for both literals, which some authorization servers want to see in redirect URIs. */
export const BY_NAME = 'localhost';

/** How often a port is looked for that is free at both literals. */
const PORT_ATTEMPTS = 10;

/** How long windows that were left open read how the sign-in ended elsewhere. */
const LATE_MILLISECONDS = 300_000;

/** Some authorization codes are long. */
const LONGEST_FORM = 65_536;

export const pages = {
  undecided: {
    title: 'Return to the application',
    message: 'It has received the answer of the sign-in and shows how it ended.\nYou can close this page.',
  },
  alreadyHandled: {
    title: 'Already handled',
    message: 'The application has received this answer before.\nYou can close this page.',
  },
  alreadySignedIn: {
    title: 'Already signed in',
    message: 'The sign-in was finished in another window.\nYou can close this page and return to the application.',
  },
  unexpected: {
    title: 'Not the expected answer',
    message:
      'The application is not waiting for this sign-in. If it is still open, start again from there.\nYou can close this page.',
  },
  nothingHere: {
    title: 'Nothing here',
    message: 'This address only receives the answer of a sign-in.',
  },
};

/** Takes what comes back to one port of the loopback interface to the sign-in that waits for it. */
export class LoopbackListener {
  /** The paths of the redirect URIs. @type {Set<string>} */
  paths = new Set();
  onClosed = () => {};
  #servers;
  #users = 0;
  /** By state, those who wait. @type {Map<string, { pathname: string, take: (response: ServerResponse, query: string) => void }>} */
  #awaited = new Map();
  /** What the browser reads that brings another response, by its state. @type {Map<string, { status: number, page: typeof pages.undecided }>} */
  #over = new Map();
  #isLate = false;
  /** @type {NodeJS.Timeout | undefined} */
  #closing;

  /**
   * @param {string} host
   * @param {Server[]} servers
   */
  constructor(host, servers) {
    this.#servers = servers;
    const [port = 0] = servers.map(portOf);
    this.port = port;
    const { host: authority } = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    const take = async (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
      const { path, query: inTarget } = splitTarget(request.url ?? '');
      // Another host name means that a website has pointed its own name at this machine (DNS rebinding).
      if (request.headers.host !== authority) return answer(response, 421, pages.nothingHere);
      if (!this.paths.has(path)) return answer(response, 404, pages.nothingHere);
      if (request.method !== 'GET' && request.method !== 'POST') return answer(response, 405, pages.nothingHere);
      // A server that answers its own form by 307 has the browser send that again, beside the response (RFC 9700 §4.12).
      const query = new URLSearchParams(inTarget).has('state') ? inTarget : await formOf(request);
      const given = new URLSearchParams(query).getAll('state');
      const over = found(this.#over, given);
      if (over) return answer(response, over[1].status, over[1].page);
      const awaited = found(this.#awaited, given);
      if (!awaited || awaited[1].pathname !== path) return answer(response, 400, pages.unexpected);
      const [state] = awaited;
      this.#awaited.delete(state);
      this.#over.set(state, { status: 409, page: pages.alreadyHandled });
      awaited[1].take(response, query);
    };
    for (const server of servers) server.on('request', take);
  }

  /**
   * Listens at the fixed port, or else at the preferred one if it is free, or else at any.
   *
   * @param {string} host
   * @param {number} fixedPort
   * @param {number} preferredPort
   */
  static async start(host, fixedPort, preferredPort) {
    const listenAt = host === BY_NAME ? listenAtBoth : listenAtOne;
    try {
      const servers = fixedPort
        ? await listenAt(host, fixedPort)
        : await listenAt(host, preferredPort).catch(() => listenAt(host, 0));
      return new LoopbackListener(host, servers);
    } catch (error) {
      throw cannotListen(host, fixedPort, /** @type {NodeJS.ErrnoException} */ (error));
    }
  }

  begin() {
    clearTimeout(this.#closing);
    this.#users += 1;
    for (const server of this.#servers) server.ref();
  }

  /** Closes once nobody uses it, and no window is open that might come back late. */
  async end() {
    this.#users -= 1;
    if (this.#users > 0) return;
    if (!this.#isLate) return this.close();
    for (const server of this.#servers) server.unref();
    this.#closing = setTimeout(() => this.close(), LATE_MILLISECONDS).unref();
  }

  async close() {
    clearTimeout(this.#closing);
    this.onClosed();
    await Promise.all(this.#servers.map(closeServer));
  }

  /** @param {boolean} isNeeded */
  holdProcess(isNeeded) {
    for (const server of this.#servers) {
      if (isNeeded || this.#users > 1) server.ref();
      else server.unref();
    }
  }

  /**
   * @param {string} state
   * @param {string} pathname
   * @param {(response: ServerResponse, query: string) => void} take
   */
  expect(state, pathname, take) {
    this.#awaited.set(state, { pathname, take });
  }

  /** @param {string} state */
  forget(state) {
    this.#awaited.delete(state);
  }

  /** @param {string} state */
  expectLate(state) {
    this.#awaited.delete(state);
    this.#over.set(state, { status: 200, page: pages.alreadySignedIn });
    this.#isLate = true;
  }
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<Server[]>}
 */
async function listenAtOne(host, port) {
  const server = createServer({
    // Some authorization codes are long, and browsers send the cookies of all ports of a host.
    maxHeaderSize: 65_536,
    headersTimeout: 10_000,
    requestTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: not shared with the other workers of a cluster.
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve(undefined);
    });
  });
  // One connection that could not be accepted; the next one may be.
  server.on('error', () => {});
  return [server];
}

/**
 * Browsers take `localhost` for either literal, and others may listen at the same port of the other one.
 *
 * @param {string} _
 * @param {number} port
 * @returns {Promise<Server[]>}
 */
async function listenAtBoth(_, port) {
  for (let attempt = 1; ; attempt += 1) {
    const [server] = /** @type {[Server]} */ (await listenAtOne('127.0.0.1', port));
    try {
      return [server, ...(await listenAtOne('::1', portOf(server)))];
    } catch (error) {
      // There are machines without IPv6.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') return [server];
      await closeServer(server);
      if (port || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** @param {Server} server */
function portOf(server) {
  return /** @type {AddressInfo} */ (server.address()).port;
}

/** @param {Server} server */
async function closeServer(server) {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/**
 * The form that a request brings; empty where it brings none, or one that is too long for a response.
 *
 * @param {IncomingMessage} request
 */
async function formOf(request) {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) return '';
  request.setEncoding('latin1');
  let form = '';
  try {
    // To its end, so that the browser reads the answer.
    for await (const part of request) if (form.length <= LONGEST_FORM) form += part;
  } catch {
    return '';
  }
  return form.length <= LONGEST_FORM ? form : '';
}

/**
 * The entry for one of those states, which are compared without telling by the time how much of them is right.
 *
 * @template T
 * @param {Map<string, T>} states
 * @param {string[]} given
 */
function found(states, given) {
  return [...states].find(([state]) => given.some((candidate) => isSame(candidate, state)));
}

/**
 * Resolves when the browser has the page, or is gone.
 *
 * @param {ServerResponse} response
 * @param {number} status
 * @param {Parameters<typeof callbackPage>[0]} page
 * @returns {Promise<void>}
 */
export function answer(response, status, page) {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.writeHead(status, { ...pageHeaders, Connection: 'close', ...(status === 405 && { Allow: 'GET, POST' }) });
    response.end(callbackPage(page));
  });
}

/** @param {string} target */
function splitTarget(target) {
  const question = target.indexOf('?');
  return question < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, question), query: target.slice(question + 1) };
}

/**
 * @param {string} host
 * @param {number} port
 * @param {NodeJS.ErrnoException} cause
 */
function cannotListen(host, port, cause) {
  if (cause.code === 'EADDRINUSE') {
    return new MisuseError({
      code: 'redirect_port_taken',
      step: 'authorize',
      message:
        `Port ${port} of ${host} is in use, by another program or by another sign-in, so the authorization response ` +
        'cannot be received there. End that one, or change the setting `port` of loopbackRedirect (0: any free port).',
      details: { host, port },
      cause,
    });
  }
  return new MisuseError({
    code: 'redirect_unavailable',
    step: 'authorize',
    message:
      `This program may not listen at ${host}, port ${port || 'any'} (${cause.code}). ` +
      'Change the settings `host` and `port` of loopbackRedirect.',
    details: { host, port, systemCode: cause.code },
    cause,
  });
}

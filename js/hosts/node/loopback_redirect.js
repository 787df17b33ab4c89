/** @import { IncomingMessage, Server, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */
/** @import { Redirect, RedirectReceiver } from '../../core/host.js' */

import { createServer } from 'node:http';
import { isIPv4 } from 'node:net';

import { MisuseError } from '../../core/errors.js';
import { callbackAborted, createReceiver, isSame } from '../redirect.js';
import { callbackPage, pageHeaders } from './callback_page.js';
import { openBrowser } from './open_browser.js';
import { pathOfIssuer } from './path_of_issuer.js';

/**
 * Where to receive the authorization response, and how to send the person to it.
 *
 * @typedef {object} LoopbackRedirectOptions
 * @property {number} [port]
 *   The port of the redirect URI, for authorization servers at which it is registered beforehand.
 *   Default: 0, the port of the stored registration if it is free, else any free one (RFC 8252 §7.3).
 * @property {string} [host]
 *   The loopback IP literal to listen at: `127.0.0.1` or `::1` (RFC 8252 §8.3). Default: `127.0.0.1`. `localhost`, for
 *   authorization servers that register nothing else: the redirect URI says so, and both literals are listened at. It is
 *   tried by itself where a server refuses to register the literal.
 * @property {string} [path]
 *   The path of the redirect URI. Default: `/callback`.
 * @property {boolean} [pathPerIssuer]
 *   Appends a path segment made from the issuer, so that a response of one authorization server cannot pass for
 *   another's (RFC 9700 §4.4.2). Default: true. Set it to false where exactly `path` is registered beforehand;
 *   servers that do not send `iss` (RFC 9207) are then told apart by their `state` alone.
 * @property {(url: string) => Promise<void> | void} [open]
 *   Opens the authorization URL. Default: `openBrowser`.
 * @property {(url: string, reason: unknown) => Promise<void> | void} [showUrl]
 *   Shows the authorization URL to the person when `open` failed; the redirect goes on waiting.
 *   What it throws ends the wait instead. Default: writes the URL to standard error.
 * @property {number} [holdMilliseconds]
 *   How long the browser waits to be told how it ended, in milliseconds, before it is shown a neutral page.
 *   Default: 10000.
 */

/**
 * Receives the authorization response at a port of this machine's loopback interface (RFC 8252 §7.3).
 * No other machine can reach it; stray requests of this machine are answered and do not end it.
 *
 * @param {LoopbackRedirectOptions} [options] where to receive it, and how to send the person
 * @returns {Redirect} its `prepare` rejects with a `MisuseError`: `redirect_port_taken` (a fixed port), `redirect_unavailable`
 * @throws {MisuseError} `redirect_host_not_loopback`, `redirect_port_invalid`, `redirect_path_invalid`
 */
export function loopbackRedirect(options = {}) {
  const {
    port = 0,
    host = '127.0.0.1',
    path = '/callback',
    pathPerIssuer = true,
    open = openBrowser,
    showUrl = printUrl,
    holdMilliseconds = 10_000,
  } = options;
  requireLoopback(host);
  requirePort(port);
  requirePath(path);
  const origin = `http://${host === '::1' ? '[::1]' : host}`;
  const fallback = host === BY_NAME ? undefined : loopbackRedirect({ ...options, host: BY_NAME });

  return {
    fallback,
    async prepare(request) {
      const { preferred = '', listed = [], issuer, signal } = request;
      if (signal?.aborted) throw callbackAborted(signal.reason);
      const known = [...listed, preferred];
      const own = known.find((uri) => isAt(uri, origin));
      // What is registered says so.
      if (fallback && own === undefined && known.some((uri) => isAt(uri, `http://${BY_NAME}`)))
        return fallback.prepare(request);
      const server = createServer(serverOptions);
      await listen(server, host, port, own === undefined ? 0 : Number(new URL(own).port));
      const { port: boundPort } = /** @type {AddressInfo} */ (server.address());
      const isListed = own !== undefined && listed.includes(own);
      const pathname = isListed ? new URL(own).pathname : pathPerIssuer ? pathOfIssuer(path, issuer) : path;
      // Serialised, because browsers leave out port 80.
      const redirectUri = new URL(pathname, `${origin}:${boundPort}`).href;
      return receiver(server, redirectUri, { open, showUrl, holdMilliseconds });
    },
  };
}

/** The name for both literals, which some authorization servers want to see in redirect URIs. */
const BY_NAME = 'localhost';

/** How often a port is looked for that is free at both literals. */
const PORT_ATTEMPTS = 10;

const serverOptions = {
  // Some authorization codes are long, and browsers send the cookies of all ports of a host.
  maxHeaderSize: 65_536,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

const pages = {
  undecided: {
    title: 'Return to the application',
    message: 'It has received the answer of the sign-in and shows how it ended.\nYou can close this page.',
  },
  alreadyHandled: {
    title: 'Already handled',
    message: 'The application has received this answer before.\nYou can close this page.',
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

/**
 * @typedef {object} AwaitedResponse
 * @property {string} state
 * @property {(callbackUrl: string) => void} resolve
 */

/**
 * @param {Server} server
 * @param {string} redirectUri
 * @param {Required<Pick<LoopbackRedirectOptions, 'open' | 'showUrl' | 'holdMilliseconds'>>} options
 * @returns {RedirectReceiver}
 */
function receiver(server, redirectUri, { open, showUrl, holdMilliseconds }) {
  const { host: authority, pathname } = new URL(redirectUri);
  /** @type {AwaitedResponse | null} */
  let awaited = null;
  /** @type {string[]} */
  const handledStates = [];
  /**
   * The browser that brought the response, until it is told how it ended.
   * @type {{ response: ServerResponse, timer: NodeJS.Timeout } | null}
   */
  let held = null;

  server.on('request', (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    const { path, query } = splitTarget(request.url ?? '');
    // Another host name means that a website has pointed its own name at this machine (DNS rebinding).
    if (request.headers.host !== authority) return answer(response, 421, pages.nothingHere);
    if (path !== pathname) return answer(response, 404, pages.nothingHere);
    if (request.method !== 'GET') return answer(response, 405, pages.nothingHere);
    const states = new URLSearchParams(query).getAll('state');
    const carries = (/** @type {string} */ state) => states.some((candidate) => isSame(candidate, state));
    if (handledStates.some(carries)) return answer(response, 409, pages.alreadyHandled);
    if (!awaited || !carries(awaited.state)) return answer(response, 400, pages.unexpected);

    handledStates.push(awaited.state);
    held = { response, timer: setTimeout(answerHeld, holdMilliseconds) };
    awaited.resolve(`${redirectUri}?${query}`);
    awaited = null;
  });

  /** @param {Parameters<typeof callbackPage>[0]} page */
  async function answerHeld(page = pages.undecided) {
    if (!held) return;
    const { response, timer } = held;
    held = null;
    clearTimeout(timer);
    await answer(response, 200, page);
  }

  return createReceiver({
    redirectUri,

    receive({ authorizationUrl, state, signal }) {
      /** @type {Promise<string>} */
      const callbackUrl = new Promise((resolve) => {
        awaited = { state, resolve };
      });
      signal.addEventListener('abort', () => {
        awaited = null;
      });
      // The browser of an earlier response need not wait for the end of this one.
      answerHeld();
      // Not one after the other: the response can be here before the command that opens the browser ends.
      return Promise.race([callbackUrl, openOrShow(authorizationUrl, open, showUrl).then(() => callbackUrl)]);
    },

    finish: answerHeld,

    async close() {
      await answerHeld();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
}

/**
 * @param {string} url
 * @param {(url: string) => Promise<void> | void} open
 * @param {(url: string, reason: unknown) => Promise<void> | void} showUrl
 */
async function openOrShow(url, open, showUrl) {
  try {
    await open(url);
  } catch (reason) {
    await showUrl(url, reason);
  }
}

/** @param {string} url */
function printUrl(url) {
  process.stderr.write(`Open this address in a browser to sign in:\n\n  ${url}\n\n`);
}

/**
 * Resolves when the browser has the page, or is gone.
 *
 * @param {ServerResponse} response
 * @param {number} status
 * @param {Parameters<typeof callbackPage>[0]} page
 * @returns {Promise<void>}
 */
function answer(response, status, page) {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.writeHead(status, { ...pageHeaders, Connection: 'close', ...(status === 405 && { Allow: 'GET' }) });
    response.end(callbackPage(page));
  });
}

/**
 * Listens at the fixed port, or else at the preferred one if it is free, or else at any.
 *
 * @param {Server} server
 * @param {string} host
 * @param {number} fixedPort
 * @param {number} preferredPort
 */
async function listen(server, host, fixedPort, preferredPort) {
  const listenAt = host === BY_NAME ? listenAtBoth : listenAtOne;
  try {
    if (fixedPort) await listenAt(server, host, fixedPort);
    else await listenAt(server, host, preferredPort).catch(() => listenAt(server, host, 0));
  } catch (error) {
    throw cannotListen(host, fixedPort, /** @type {NodeJS.ErrnoException} */ (error));
  }
  // One connection that could not be accepted; the next one may be.
  server.on('error', () => {});
}

/**
 * @param {Server} server
 * @param {string} host
 * @param {number} port
 * @returns {Promise<void>}
 */
function listenAtOne(server, host, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: not shared with the other workers of a cluster.
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Browsers take `localhost` for either literal, and others may listen at the same port of the other one.
 *
 * @param {Server} server
 * @param {string} _
 * @param {number} port
 */
async function listenAtBoth(server, _, port) {
  for (let attempt = 1; ; attempt += 1) {
    await listenAtOne(server, '127.0.0.1', port);
    const other = createServer(serverOptions, (request, response) => void server.emit('request', request, response));
    try {
      await listenAtOne(other, '::1', /** @type {AddressInfo} */ (server.address()).port);
      server.once('close', () => {
        other.close();
        other.closeAllConnections();
      });
      return;
    } catch (error) {
      // There are machines without IPv6.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') return;
      await new Promise((resolve) => server.close(resolve));
      if (port || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/**
 * @param {string} uri
 * @param {string} origin without port
 */
function isAt(uri, origin) {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return `${protocol}//${hostname}` === origin;
}

/** @param {string} target */
function splitTarget(target) {
  const question = target.indexOf('?');
  return question < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, question), query: target.slice(question + 1) };
}

/** @param {string} host */
function requireLoopback(host) {
  if (host === '::1' || host === BY_NAME || (isIPv4(host) && host.startsWith('127.'))) return;
  throw new MisuseError({
    code: 'redirect_host_not_loopback',
    message:
      `The setting \`host\` of loopbackRedirect is "${host}", which is not a loopback IP address: ` +
      'others could receive the authorization response there. Use "127.0.0.1", "::1", or "localhost" for both.',
    details: { host },
  });
}

/** @param {number} port */
function requirePort(port) {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw new MisuseError({
    code: 'redirect_port_invalid',
    message: `The setting \`port\` of loopbackRedirect is ${port}. Use a number from 1 to 65535, or 0 for any free port.`,
    details: { port },
  });
}

/** @param {string} path */
function requirePath(path) {
  const base = 'http://127.0.0.1';
  if (
    path.startsWith('/') &&
    URL.canParse(path, base) &&
    new URL(path, base).href === base + path &&
    !/[?#]/.test(path)
  )
    return;
  throw new MisuseError({
    code: 'redirect_path_invalid',
    message:
      `The setting \`path\` of loopbackRedirect is "${path}". Use a path that starts with "/" and ` +
      'has no query, no fragment and nothing that a browser would write differently.',
    details: { path },
  });
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

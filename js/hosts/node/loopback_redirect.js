/** @import { ServerResponse } from 'node:http' */
/** @import { Redirect, RedirectReceiver } from '../../core/host.js' */
/** @import { callbackPage } from './callback_page.js' */

import { isIPv4 } from 'node:net';

import { MisuseError } from '../../core/errors.js';
import { callbackAborted, createReceiver } from '../redirect.js';
import { answer, BY_NAME, LoopbackListener, pages } from './loopback_listener.js';
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
 *   another's (RFC 9700 §4.4.2). Default: true. Set it to false where exactly `path` is registered beforehand: of
 *   servers that do not send `iss` (RFC 9207), it is then one server's alone.
 * @property {(url: string) => Promise<void> | void} [open]
 *   Opens the authorization URL. Default: `openBrowser`.
 * @property {(url: string) => void} [announceUrl]
 *   Is told the authorization URL whenever it is about to be opened, so that a person whose browser shows nothing, as in a
 *   container, can open it. Default: writes it to standard error, where that is a terminal.
 * @property {(url: string, reason: unknown) => Promise<void> | void} [showUrl]
 *   Shows the authorization URL to the person when `open` failed; the redirect goes on waiting.
 *   What it throws ends the wait instead. Default: writes the URL to standard error, unless it was written there before.
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
    announceUrl = process.stderr.isTTY ? printUrl : () => {},
    showUrl = announceUrl === printUrl ? () => {} : printUrl,
    holdMilliseconds = 10_000,
  } = options;
  requireLoopback(host);
  requirePort(port);
  requirePath(path);
  const origin = `http://${host === '::1' ? '[::1]' : host}`;
  const fallback = host === BY_NAME ? undefined : loopbackRedirect({ ...options, host: BY_NAME });

  /** Sign-ins that come back to the same port share one. @type {Set<LoopbackListener>} */
  const listeners = new Set();
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** @param {number} preferredPort */
  const listenerAt = async (preferredPort) => {
    const wanted = port || preferredPort;
    const there = [...listeners].find((listener) => listener.port === wanted);
    const listener = there ?? (await LoopbackListener.start(host, port, preferredPort));
    listeners.add(listener);
    listener.onClosed = () => listeners.delete(listener);
    listener.begin();
    return listener;
  };

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
      // One after the other: two for the same port would each listen.
      const listening = last.then(() => listenerAt(own === undefined ? 0 : Number(new URL(own).port)));
      last = listening.catch(() => {});
      const listener = await listening;
      const isListed = own !== undefined && listed.includes(own);
      const pathname = isListed ? new URL(own).pathname : pathPerIssuer ? pathOfIssuer(path, issuer) : path;
      // Serialised, because browsers leave out port 80.
      const redirectUri = new URL(pathname, `${origin}:${listener.port}`).href;
      return receiver(listener, redirectUri, { open, announceUrl, showUrl, holdMilliseconds });
    },

    async close() {
      await Promise.all([...listeners].map((listener) => listener.close()));
    },
  };
}

/**
 * @param {LoopbackListener} listener
 * @param {string} redirectUri
 * @param {Required<Pick<LoopbackRedirectOptions, 'open' | 'announceUrl' | 'showUrl' | 'holdMilliseconds'>>} options
 * @returns {RedirectReceiver}
 */
function receiver(listener, redirectUri, { open, announceUrl, showUrl, holdMilliseconds }) {
  const { pathname } = new URL(redirectUri);
  listener.paths.add(pathname);
  /** The state that is waited for. @type {string | undefined} */
  let awaited;
  /**
   * The browser that brought the response, until it is told how it ended.
   * @type {{ response: ServerResponse, timer: NodeJS.Timeout } | null}
   */
  let held = null;

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
        awaited = state;
        listener.expect(state, pathname, (response, query) => {
          awaited = undefined;
          held = { response, timer: setTimeout(answerHeld, holdMilliseconds) };
          resolve(`${redirectUri}?${query}`);
        });
      });
      signal.addEventListener('abort', () => {
        awaited = undefined;
        listener.forget(state);
      });
      // The browser of an earlier response need not wait for the end of this one.
      answerHeld();
      announceUrl(authorizationUrl);
      // Not one after the other: the response can be here before the command that opens the browser ends.
      return Promise.race([callbackUrl, openOrShow(authorizationUrl, open, showUrl).then(() => callbackUrl)]);
    },

    async finish(outcome) {
      // This window is still open: the person finished in another one.
      if (awaited !== undefined && outcome.signedIn) listener.expectLate(awaited);
      await answerHeld(outcome);
    },

    holdProcess: (isNeeded) => listener.holdProcess(isNeeded),

    async close() {
      await answerHeld();
      await listener.end();
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
  process.stderr.write(`To sign in, open this address in a browser, unless one has opened:\n\n  ${url}\n\n`);
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

/** The bridge's half in the main process: pages send MCP requests through it, and see no token. */

/** @import { SignedInConnection } from '../../connection/authorizer.js' */
/** @import { ErrorJSON } from '../../core/errors.js' */
/** @import { BridgeAnswer, BridgeRequest, ProcessPort } from './bridge_messages.js' */
/** @import { ElectronModules } from './electron_parts.js' */

import { withState } from '../../connection/state.js';
import { AuthorizationError, MisuseError, TransportError } from '../../core/errors.js';
import { untilAborted } from '../../core/until_aborted.js';
import { CHANNEL, carryPorts } from './bridge_messages.js';
import { thisElectron } from './modules.js';
import { writePreloadScript } from './preload_script.js';

/** The methods of Streamable HTTP (MCP, Transports). */
const METHODS = ['GET', 'POST', 'DELETE'];

/** What a page may have done, beside requests. */
const OPERATIONS = /** @type {const} */ (['plan', 'signIn', 'signOut', 'cancel', 'state']);

/** What a page may set, and what it may see: never what signs a request, nor what a server says about that. */
const REQUEST_HEADERS = /^(accept|content-type|last-event-id|mcp-[a-z0-9-]+)$/;
const RESPONSE_HEADERS = /^(content-type|retry-after|mcp-[a-z0-9-]+)$/;

/**
 * Which pages may use which connections.
 *
 * @typedef {object} BridgeOptions
 * @property {ElectronModules} [electron] Electron's module. Default: what `import('electron')` gives in the main process.
 * @property {string[]} pages The URLs of the application's own pages, such as `app://main/index.html` or
 *   `pathToFileURL('index.html').href`; what comes after `?` and `#` does not count. One that ends with `/` stands for all
 *   below it. No other page is served, and no frame within a page.
 * @property {(name: string, account?: string) => SignedInConnection | undefined} connection The connection of a name that a
 *   page asks for, and of an account, where it names one; undefined: there is none. Its `interaction` says whether a page's
 *   request may open the browser; a page's `signIn` does.
 * @property {string[]} [partitions] The sessions of the pages' windows, by `webPreferences.partition`: the preload script is
 *   registered there. Default: that of windows which name none; an empty list where the application loads the script itself.
 */

/**
 * Serves the requests of pages that use `mcp-oauth-wasm/electron-renderer` (MCP, Streamable HTTP). It registers the
 * preload script that they need, beside the application's own, in a file of the folder `userData`. A request goes to
 * the endpoint of its connection alone; tokens stay in the main process: the page neither sends nor receives an
 * `Authorization` header (RFC 6750 §2.1), nor a challenge (§3). It does not wait for Electron to be ready, so that it
 * can be awaited at the top of the main module.
 *
 * @param {BridgeOptions} options which pages, and which connections
 * @returns {Promise<() => void>} resolves when pages can be loaded, with a function that ends the service; rejects with a
 *   `MisuseError`: `electron_missing`, `bridge_page_invalid` (an entry of `pages` is no URL, or stands for every file), or a
 *   `StorageError`: `store_unavailable`, `store_not_private` (the preload script could be neither written nor trusted)
 */
export async function serveBridge({ electron: given, pages, connection, partitions = [''] }) {
  const isAllowed = allowedPages(pages);
  const { app, ipcMain, session } = await thisElectron(given);
  const filePath = partitions.length > 0 ? await writePreloadScript(app) : '';
  /** @type {(() => void)[]} */
  let ends = [];
  const register = () => {
    ends = partitions.map((partition) => {
      const pagesSession = session.fromPartition(partition);
      const id = pagesSession.registerPreloadScript({ type: 'frame', filePath });
      return () => pagesSession.unregisterPreloadScript(id);
    });
  };
  /** What a page asks for is its own affair, also where the application does not foresee it. */
  const asked = (/** @type {any} */ event, /** @type {unknown} */ message) => {
    const { senderFrame } = event;
    // A frame that is gone is null; one within a page may show anything.
    if (!senderFrame || senderFrame.parent || !isAllowed(senderFrame.url)) throw pageRefused();
    return readAsked(message, connection);
  };
  const receive = (/** @type {any} */ event, /** @type {unknown} */ message) => {
    const [port] = event.ports;
    if (port) serve(port, () => asked(event, message)).catch(() => {});
  };
  ipcMain.on(CHANNEL, receive);
  let hasEnded = false;
  // There are no sessions before; a page reads what is registered when it is loaded, which is later.
  if (app.isReady()) register();
  else app.whenReady().then(() => hasEnded || register());
  return () => {
    hasEnded = true;
    ipcMain.removeListener(CHANNEL, receive);
    for (const end of ends.splice(0)) end();
  };
}

/**
 * Serves another process of the application as `serveBridge` serves pages, such as a utility process whose MCP client uses
 * `bridgedConnection(name, { port: process.parentPort })` of `mcp-oauth-wasm/electron-renderer` (MCP, Streamable HTTP): the
 * tokens stay in this one. Whoever has the other end of the port may use every connection that `connection` gives.
 *
 * @param {ProcessPort} port to that process: what `utilityProcess.fork` gives, a `MessagePortMain`, or a `MessagePort` of Node
 * @param {Pick<BridgeOptions, 'connection'>} options which connections
 * @throws nothing: what that process asks for in vain, it is told
 */
export function serveBridgePort(port, { connection }) {
  carryPorts(port, (carried, message) => {
    const own = {
      on: (/** @type {string} */ event, /** @type {(event: any) => void} */ listener) =>
        carried.addEventListener(event, listener),
      start: () => carried.start(),
      postMessage: (/** @type {BridgeAnswer} */ answer) => carried.postMessage(answer),
    };
    serve(own, () => readAsked(message, connection)).catch(() => {});
  });
}

/**
 * @param {string[]} pages
 * @returns {(url: string) => boolean}
 */
function allowedPages(pages) {
  const allowed = pages.map((page) => {
    const url = URL.canParse(page) ? withoutQuery(page) : '';
    if (url === '' || url === 'file:///' || /^[a-z-]+:\/*$/.test(url)) throw pageInvalid(page);
    return url;
  });
  return (url) => {
    if (!URL.canParse(url)) return false;
    const shown = withoutQuery(url);
    return allowed.some((page) => (page.endsWith('/') ? shown.startsWith(page) : shown === page));
  };
}

/** @param {string} url */
function withoutQuery(url) {
  return new URL(url).href.replace(/[?#].*$/s, '');
}

/**
 * @param {unknown} message
 * @returns {BridgeRequest | undefined} nothing where it is none
 */
function readRequest(message) {
  const {
    operation,
    connection,
    account,
    url,
    method,
    headers = [],
    body,
  } = /** @type {Partial<BridgeRequest>} */ (Object(message));
  if (typeof connection !== 'string' || !['string', 'undefined'].includes(typeof account)) return undefined;
  const other = OPERATIONS.find((known) => known === operation);
  if (other) return { operation: other, connection, account };
  const isText = (/** @type {unknown} */ text) => typeof text === 'string';
  const isWhole =
    operation === 'fetch' &&
    isText(url) &&
    METHODS.includes(String(method)) &&
    (body === undefined || body instanceof ArrayBuffer);
  if (
    !isWhole ||
    !Array.isArray(headers) ||
    !headers.every((header) => Array.isArray(header) && header.length === 2 && header.every(isText))
  )
    return undefined;
  return {
    operation,
    connection,
    account,
    url,
    method,
    headers: headers.filter(([name]) => REQUEST_HEADERS.test(name.toLowerCase())),
    body,
  };
}

/**
 * @param {unknown} message
 * @param {BridgeOptions['connection']} connection
 */
function readAsked(message, connection) {
  const request = readRequest(message);
  const found = request && connection(request.connection, request.account);
  if (!request || !found) throw requestRefused();
  return { request, connection: found };
}

/**
 * @param {any} port
 * @param {() => ReturnType<typeof readAsked>} asked
 */
async function serve(port, asked) {
  const ended = new AbortController();
  const pulls = createCounter();
  port.on('message', (/** @type {{ data: unknown }} */ { data }) => {
    if (data === 'pull') pulls.add();
    if (data === 'abort') ended.abort();
  });
  // The page was closed, or is another one now.
  port.on('close', () => ended.abort());
  port.start();
  const { signal } = ended;
  try {
    const { request, connection } = asked();
    const { operation } = request;
    if (operation === 'state') tellState(port, showing(connection), signal);
    else if (operation !== 'fetch') post(port, { result: (await showing(connection)[operation]()) ?? null });
    else for await (const answer of answersTo(connection, request, pulls, signal)) post(port, answer);
  } catch (error) {
    if (!signal.aborted) post(port, { error: told(error) });
  }
}

/** Those that pages show, with what they are doing. @type {WeakMap<SignedInConnection, ReturnType<typeof withState>>} */
const allShown = new WeakMap();

/** @param {SignedInConnection} connection */
function showing(connection) {
  const there = allShown.get(connection) ?? withState(connection);
  allShown.set(connection, there);
  return there;
}

/**
 * @param {any} port
 * @param {ReturnType<typeof withState>} connection
 * @param {AbortSignal} signal
 */
function tellState(port, connection, signal) {
  const stop = connection.onState((state) => post(port, { state }));
  signal.addEventListener('abort', stop);
  post(port, { state: connection.state() });
}

/**
 * @param {SignedInConnection} connection
 * @param {BridgeRequest} request
 * @param {{ take: () => Promise<void> }} pulls
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<BridgeAnswer>}
 */
async function* answersTo(connection, { url = '', method, headers, body }, pulls, signal) {
  const response = await showing(connection).fetch(url, { method, headers, body, signal });
  const { status, statusText } = response;
  const shown = [...response.headers].filter(([name]) => RESPONSE_HEADERS.test(name));
  yield { response: { status, statusText, url, headers: shown } };
  const reader = response.body?.getReader();
  try {
    for (;;) {
      // A chunk is read when the page wants it, so that what it does not read stays with the server.
      await untilAborted(pulls.take(), signal);
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      yield { chunk: value };
    }
    yield { end: true };
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

/** Counts what is wanted, and waits until there is some. */
function createCounter() {
  let count = 0;
  /** @type {(() => void) | undefined} */
  let wake;
  return {
    add() {
      count += 1;
      wake?.();
    },
    async take() {
      while (count === 0) await new Promise((resolve) => (wake = () => resolve(undefined)));
      count -= 1;
    },
  };
}

/**
 * @param {any} port
 * @param {BridgeAnswer} answer
 */
function post(port, answer) {
  port.postMessage(answer);
}

/**
 * An error for the page: ours, which carry no secret, as they are; of others no word.
 *
 * @param {unknown} error
 * @returns {ErrorJSON}
 */
function told(error) {
  return (error instanceof AuthorizationError ? error : requestFailed()).toJSON();
}

function requestFailed() {
  return new TransportError({
    code: 'network_failed',
    message: 'The request could not be sent, or its answer not received. Try again.',
    step: 'call',
  });
}

function pageRefused() {
  return new MisuseError({
    code: 'bridge_page_refused',
    message:
      'This page may not use the bridge: it is not among the `pages` of serveBridge, or is a frame within a page.',
    step: 'call',
  });
}

function requestRefused() {
  return new MisuseError({
    code: 'bridge_request_refused',
    message:
      'There is no connection of this name, or the request is none that MCP foresees: GET, POST or DELETE with a body of bytes.',
    step: 'call',
  });
}

/** @param {string} page */
function pageInvalid(page) {
  return new MisuseError({
    code: 'bridge_page_invalid',
    message: `The option \`pages\` of serveBridge has "${page}". Name the URLs of your own pages, such as "app://main/" or that of one file.`,
    details: { page },
  });
}

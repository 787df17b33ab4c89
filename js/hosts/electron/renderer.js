/** @import { ScopePlan } from '../../core/records.js' */
/** @import { ConnectionState } from '../../connection/state.js' */
/** @import { Fetch } from '../../core/host.js' */
/** @import { BridgeAnswer, BridgeCommand, BridgeRequest, ProcessPort } from './bridge_messages.js' */

import { errorFromJSON } from '../../core/error_json.js';
import { MisuseError, TransportError } from '../../core/errors.js';
import { CHANNEL, carryPorts, MARK } from './bridge_messages.js';

/**
 * A connection that the main process keeps, as a page has it.
 *
 * @typedef {object} BridgedConnection
 * @property {Fetch} fetch
 *   A `fetch` that is signed in, for any MCP transport (MCP, Streamable HTTP). What a page may set of a request: GET, POST or
 *   DELETE, a body, and the headers `Accept`, `Content-Type`, `Last-Event-ID` and `Mcp-…`; what it sees of the answer:
 *   status, body, `Content-Type`, `Retry-After` and `Mcp-…`. Rejects like the `fetch` of a connection, with errors of the
 *   same codes. After `interaction_required` the main process has to allow interaction: its `resume` cannot reach there.
 * @property {() => Promise<ScopePlan | null>} plan
 *   The scopes, with what was registered, requested and granted; null without a session. Rejects with a `StorageError`.
 * @property {() => Promise<void>} signIn Signs in, in the system's browser, even if there is a session: for a button. While a
 *   sign-in waits, it opens one more window for the same one. Rejects like a sign-in.
 * @property {() => Promise<void>} cancel Ends the sign-in that waits for the person, if there is one.
 * @property {() => Promise<boolean>} signOut Forgets the session, and has its tokens revoked: whether the authorization server
 *   did. Rejects with a `StorageError`.
 * @property {() => ConnectionState} state What it is doing, as it was told last; noted while somebody listens.
 * @property {(listener: (state: ConnectionState) => void) => () => void} onState
 *   Tells what it is doing whenever that changes, whichever window or process made it so. Call what it returns to hear no more.
 *   `useMcpConnection` of `mcp-oauth-wasm/react` takes this as `connection`.
 */

/**
 * A connection of the main process, by the name that its `serveBridge` knows it by (MCP, Streamable HTTP).
 *
 * @param {string} name which one
 * @param {{ account?: string, port?: ProcessPort }} [options] `account`: which of several accounts there, as its `serveBridge`
 *   knows it; `port`: to the main process, whose `serveBridgePort` has the other end: in a utility process `process.parentPort`.
 *   Default: by the preload script of a page
 * @returns {BridgedConnection} whose members reject with a `MisuseError` as well: `bridge_missing` (the preload script was not
 *   loaded), `bridge_page_refused`, `bridge_request_refused`; and with a `TransportError` (`network_failed`) where the main
 *   process does not answer
 * @throws nothing: the bridge is used when the members are
 */
export function bridgedConnection(name, { account, port } = {}) {
  const send = port ? sendOver(port) : sendFromPage;
  const to = { connection: name, account };
  const ask = async (/** @type {'plan' | 'signIn' | 'signOut' | 'cancel'} */ operation) =>
    asked(send({ ...to, operation }));
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const body = ['GET', 'HEAD'].includes(request.method) ? undefined : await request.arrayBuffer();
      const { method, url } = request;
      return fetchBy(
        send({ ...to, operation: 'fetch', url, method, headers: [...request.headers], body }),
        request.signal,
      );
    },
    plan: () => ask('plan'),
    signIn: async () => void (await ask('signIn')),
    cancel: async () => void (await ask('cancel')),
    signOut: () => ask('signOut'),
    ...mirroredState(() => send({ ...to, operation: 'state' })),
  };
}

/**
 * @param {MessagePort} port
 * @returns {Promise<any>}
 */
async function asked(port) {
  return new Promise((resolve, reject) => {
    listen(port, (answer) => {
      port.close();
      if ('result' in answer) resolve(answer.result);
      else reject('error' in answer ? errorFromJSON(answer.error) : closed());
    });
  });
}

/**
 * What the main process tells, while somebody here listens.
 *
 * @param {() => MessagePort} open
 * @returns {Pick<BridgedConnection, 'state' | 'onState'>}
 */
function mirroredState(open) {
  /** @type {Set<(state: ConnectionState) => void>} */
  const listeners = new Set();
  /** @type {MessagePort | undefined} */
  let port;
  /** @type {ConnectionState} */
  let value = { status: 'idle' };
  const become = (/** @type {ConnectionState} */ state) => {
    value = state;
    for (const listener of listeners) listener(state);
  };
  const start = () => {
    try {
      const own = (port = open());
      listen(own, (answer) => {
        if (port !== own) return;
        if ('state' in answer) become(answer.state);
        else if ('error' in answer) become({ status: 'failed', error: answer.error });
      });
    } catch (error) {
      become({ status: 'failed', error: /** @type {MisuseError} */ (error).toJSON() });
    }
  };
  return {
    state: () => value,
    onState(listener) {
      listeners.add(listener);
      if (listeners.size === 1) start();
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0) return;
        port?.close();
        port = undefined;
      };
    },
  };
}

/** By port to the main process. @type {WeakMap<ProcessPort, (request: unknown) => MessagePort>} */
const carriers = new WeakMap();

/** @param {ProcessPort} port */
function sendOver(port) {
  const there = carriers.get(port) ?? carryPorts(port);
  carriers.set(port, there);
  return there;
}

/**
 * @param {BridgeRequest} request
 * @returns {MessagePort} where the answers come
 */
function sendFromPage(request) {
  if (!(MARK in globalThis)) throw bridgeMissing();
  const { port1, port2 } = new MessageChannel();
  // To this page itself: the preload script hears what the page hears.
  window.postMessage({ channel: CHANNEL, request }, '/', [port2]);
  return port1;
}

/**
 * @param {MessagePort} port
 * @param {(answer: BridgeAnswer) => void} receive
 */
function listen(port, receive) {
  port.onmessage = ({ data }) => {
    try {
      receive(data);
    } catch {
      // Nobody catches what comes out of a listener, and the call would never settle.
      receive({ error: closed().toJSON() });
    }
  };
  // Nobody serves, or the main process has given up.
  port.addEventListener('close', () => receive({ error: closed().toJSON() }));
}

/**
 * @param {MessagePort} port
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
function fetchBy(port, signal) {
  return new Promise((resolve, reject) => {
    /** @type {ReadableStreamDefaultController<Uint8Array>} */
    let streaming;
    /** Ends the wait for a chunk. */
    let pulled = () => {};
    const say = (/** @type {BridgeCommand} */ command) => port.postMessage(command);
    const end = () => {
      signal.removeEventListener('abort', onAbort);
      port.onmessage = null;
      port.close();
      pulled();
    };
    const fail = (/** @type {unknown} */ reason) => {
      reject(reason);
      streaming?.error(reason);
      end();
    };
    const onAbort = () => {
      say('abort');
      fail(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });

    listen(port, (answer) => {
      if ('error' in answer) return fail(errorFromJSON(answer.error));
      if ('response' in answer) {
        const { url, status, ...rest } = answer.response;
        const stream = new ReadableStream(
          {
            start(controller) {
              streaming = controller;
            },
            pull() {
              say('pull');
              return new Promise((resolve) => (pulled = () => resolve(undefined)));
            },
            cancel() {
              say('abort');
              end();
            },
          },
          { highWaterMark: 0 },
        );
        const isBodiless = [204, 205, 304].includes(status);
        if (isBodiless) stream.cancel();
        resolve(
          Object.defineProperty(new Response(isBodiless ? null : stream, { status, ...rest }), 'url', { value: url }),
        );
      }
      if ('chunk' in answer) {
        streaming.enqueue(answer.chunk);
        pulled();
      }
      if ('end' in answer) {
        streaming.close();
        end();
      }
    });
  });
}

function closed() {
  return new TransportError({
    code: 'network_failed',
    message: 'The main process does not answer. Call `serveBridge` there before the page is loaded.',
    step: 'call',
  });
}

function bridgeMissing() {
  return new MisuseError({
    code: 'bridge_missing',
    message:
      'The preload script of the bridge was not loaded. Await `serveBridge` before the window loads its page; it takes the `partitions` of windows that have one.',
    step: 'call',
  });
}

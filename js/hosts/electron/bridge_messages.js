/** What the two halves of the bridge say to each other, by a port for each request. */

/** @import { ConnectionState } from '../../connection/state.js' */
/** @import { ErrorJSON } from '../../core/errors.js' */

/**
 * What a page asks for. Nothing in it is believed before it was read.
 *
 * @typedef {object} BridgeRequest
 * @property {'fetch' | 'plan' | 'signIn' | 'signOut' | 'cancel' | 'state'} operation
 * @property {string} connection The name that the page knows it by.
 * @property {string} [account] Which account there.
 * @property {string} [url]
 * @property {string} [method]
 * @property {[string, string][]} [headers]
 * @property {ArrayBuffer} [body]
 *
 * What the main process answers: for `fetch` a response, a chunk for each `pull`, and the end; for `state` each of them, as long as
 * the port is open; for all others what came of it. Or an error.
 *
 * @typedef {{ result: unknown } | { state: ConnectionState }
 *   | { response: { status: number, statusText: string, url: string, headers: [string, string][] } }
 *   | { chunk: Uint8Array } | { end: true } | { error: ErrorJSON }} BridgeAnswer
 *
 * What a page says afterwards: it wants the next chunk, or nothing any more.
 *
 * @typedef {'pull' | 'abort'} BridgeCommand
 */

/** The channel's name, which preload.cjs repeats: it can import nothing. */
export const CHANNEL = 'mcp-oauth-wasm';

/** What the preload script leaves in the page, to say that it is there. */
export const MARK = 'mcpOauthWasm';

/**
 * A port between two processes: a `MessagePort` of Node or of Electron's main process, `process.parentPort` of a utility process,
 * or what `utilityProcess.fork` gives. Each is told of a message in its own way, and none can send ports of its own along.
 *
 * @typedef {object} ProcessPort
 * @property {(event: any, listener: (given: any) => void) => unknown} on Hears of messages, and of its end: `close` or `exit`.
 * @property {(message: any) => unknown} postMessage Sends one.
 * @property {() => void} [start] Begins to hear, where it has to be told so.
 */

/**
 * Carries many ports over one: what is said to each goes with its number.
 *
 * @param {ProcessPort} carrying
 * @param {(port: MessagePort, request: unknown) => void} [accept] is given those that the other side opens
 * @returns {(request: unknown) => MessagePort} opens one
 */
export function carryPorts(carrying, accept) {
  /** @type {Map<number, MessagePort>} */
  const carried = new Map();
  const post = (/** @type {object} */ message) => carrying.postMessage({ channel: CHANNEL, ...message });
  const opened = (/** @type {number} */ number) => {
    const { port1, port2 } = new MessageChannel();
    carried.set(number, port2);
    port2.onmessage = ({ data }) => {
      try {
        post({ number, data });
      } catch {
        // The other process cannot be told: nobody would catch that here, and the call would never settle.
        end(number);
      }
    };
    port2.addEventListener('close', () => carried.delete(number) && post({ number, closed: true }));
    return port1;
  };
  const end = (/** @type {number} */ number) => {
    const port = carried.get(number);
    carried.delete(number);
    port?.close();
  };
  const endAll = () => [...carried.keys()].forEach(end);
  carrying.on('message', (given) => {
    // Electron's ports give an event; others the message itself.
    const { channel, number, request, data, closed } = Object(given?.channel ? given : given?.data);
    if (channel !== CHANNEL) return;
    if (request !== undefined) accept?.(opened(number), request);
    else if (closed) end(number);
    else carried.get(number)?.postMessage(data);
  });
  carrying.on('close', endAll);
  carrying.on('exit', endAll);
  carrying.start?.();
  let count = 0;
  return (request) => {
    const number = (count += 1);
    const port = opened(number);
    post({ number, request });
    return port;
  };
}

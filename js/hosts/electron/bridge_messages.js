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

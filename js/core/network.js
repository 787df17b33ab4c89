/** The way out, where a host brings none of its own. */

/** @import { Host } from './host.js' */

/** @typedef {Required<Pick<Host, 'fetch'>> & Pick<Host, 'admit'>} Network */

/** @type {Network} */
let platforms = { fetch: (input, init) => globalThis.fetch(input, init) };

/**
 * Names the way out of this platform.
 *
 * @param {Network} network
 */
export function provide(network) {
  platforms = network;
}

/**
 * @param {Pick<Host, 'fetch' | 'admit'>} host
 * @returns {Network}
 */
export function networkOf({ fetch, admit }) {
  return fetch ? { fetch, admit } : platforms;
}

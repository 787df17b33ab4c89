/** The way out of Node, loaded with the first request. */

/** @import { Network } from '../../core/network.js' */
/** @import { Gate } from './guarded_fetch.js' */

/** @type {Promise<Gate> | undefined} */
let gate;

async function loaded() {
  gate ??= import('./gate.js').then(({ nodeGate }) => nodeGate());
  return gate;
}

/** @type {Network} */
export const wayOut = {
  fetch: async (input, init, context) => (await loaded()).fetch(input, init, context),
  admit: async (url, namedBy) => (await loaded()).admit(url, namedBy),
};

/** How a trip through the browser ended, with the ID Token checked where there is one. */

/** @import { CompleteInput, Completion } from './records.js' */
/** @import { CallHost } from './wasm.js' */

import { call } from './wasm.js';

/**
 * @param {CompleteInput} input
 * @param {CallHost} calls
 * @returns {Promise<Completion>}
 */
export async function completed(input, calls) {
  /** @type {Completion} */
  const completion = await call('complete', input, calls);
  if (completion.kind === 'signed-in' && completion.session.tokens.idToken) {
    const { checkIdToken } = await import('./id_token.js');
    const check = { session: completion.session, nonce: input.pending.nonce, now: Math.floor(Date.now() / 1000) };
    await checkIdToken(check, (endpoint) => call('ask', { endpoint }, calls));
  }
  return completion;
}

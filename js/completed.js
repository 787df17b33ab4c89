/** How a sign-in ended, with the ID Token checked where there is one. */

/** @import { CompleteInput, Completion, Session } from './records.js' */
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
  if (completion.kind === 'signed-in') await requireIdToken(completion.session, input.pending.nonce, calls);
  return completion;
}

/**
 * Judges the ID Token, where one came.
 *
 * @param {Session} session
 * @param {string | undefined} nonce that was sent
 * @param {CallHost} calls
 */
export async function requireIdToken(session, nonce, calls) {
  if (!session.tokens.idToken) return;
  const { checkIdToken } = await import('./id_token.js');
  await checkIdToken({ session, nonce, now: Math.floor(Date.now() / 1000) }, (endpoint) => call('ask', { endpoint }, calls));
}

/** How a sign-in ended, with the ID Token checked where there is one. */

/** @import { CompleteInput, Completion, Session } from './records.js' */
/** @import { CallHost } from './wasm.js' */

import { MisbehavedError } from './errors.js';
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
  try {
    await checkIdToken({ session, nonce, now: Math.floor(Date.now() / 1000) }, (endpoint) =>
      call('ask', { endpoint }, calls),
    );
  } catch (error) {
    if (!isDispensable(error, session)) throw error;
    delete session.tokens.idToken;
    calls.trace?.(
      {
        step: 'token',
        kind: 'decision',
        from: 'client',
        to: 'client',
        summary: `drops the ID Token, which nobody asked for and which does not hold: ${error.details.reason}`,
        details: { reason: error.details.reason },
      },
      [],
    );
  }
}

/**
 * Where nobody named `openid`, and it was requested because the server is an OpenID provider, nobody needs the ID Token.
 * One that is another issuer's or another sign-in's is refused all the same.
 *
 * @param {unknown} error
 * @param {Session} session
 * @returns {error is MisbehavedError}
 */
function isDispensable(error, { plan }) {
  const openid = plan.scopes.find(({ scope }) => scope === 'openid');
  const isOurs = openid !== undefined && openid.sources.every((source) => source === 'openid-provider');
  return (
    isOurs &&
    error instanceof MisbehavedError &&
    error.code === 'id_token_invalid' &&
    !['issuer', 'nonce'].includes(String(error.details.reason))
  );
}

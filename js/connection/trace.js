/** The trace: every request, answer and decision of a connection, in order, without secrets. */

/** @import { ClientAssertion, Fetch, Host } from '../core/host.js' */
/** @import { Session } from '../core/records.js' */
/** @import { CallHost } from '../core/wasm.js' */
/** @import { AskedAhead } from './asked_ahead.js' */

import { MisbehavedError } from '../core/errors.js';
import { fitToShow } from '../core/fit_to_show.js';
import { networkOf } from '../core/network.js';
import { fetchWithProofs } from '../extensions/dpop_fetch.js';
import { checkIdToken } from '../extensions/id_token.js';
import { sharingDocuments } from './shared_documents.js';

/** @typedef {Record<string, (input: any) => Promise<any>>} Effects */

/**
 * What the calls of one operation need of the host: its events get numbers, a time and one correlation; its requests
 * prove that the key is at hand, where there is one.
 *
 * @param {Pick<Host, 'fetch' | 'admit' | 'trace' | 'timeoutMilliseconds' | 'dpop'>} host
 * @param {{ server?: string, signal?: AbortSignal, clientAssertion?: ClientAssertion, isTrusted?: boolean, effects?: Effects, askedAhead?: AskedAhead }} [operation]
 *   `server`: the MCP server that it is about; `isTrusted`: whether the MCP server may name whom it likes; `effects`: what is performed beside requests;
 *   `askedAhead`: what is asked for before it is wanted; without it nothing is
 * @returns {CallHost}
 */
export function callHost(host, { server, signal, clientAssertion, isTrusted = false, effects = {}, askedAhead } = {}) {
  const { trace, timeoutMilliseconds, dpop } = host;
  const { fetch, admit } = networkOf(host);
  // It tells operations apart, and nothing depends on it; `crypto.randomUUID` is there on secure pages only.
  const correlation = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  let sequence = 0;
  /** @type {Effects} */
  const all = {
    ...effects,
    checkIdToken: checkedIdToken,
    admit: async ({ url, namedBy }) => void (isTrusted || (await admit?.(url, namedBy))),
    askAhead: async ({ urls }) => {
      for (const url of urls)
        askedAhead?.ask(url, (url, init, context) => send(url, init, { ...context, endpoint: server }));
      return Boolean(askedAhead);
    },
  };
  const sharing = sharingDocuments(fetch, admit);
  /** @type {Fetch} */
  const send = (url, init, context) => {
    const told = isTrusted ? { ...context, endpoint: String(url) } : context;
    if (!dpop) return sharing(url, init, told);
    return fetchWithProofs((url, init) => fetch(url, init, told), dpop)(String(url), init);
  };
  /** @type {CallHost} */
  const calls = {
    perform: (name, input) => all[name]?.(input) ?? Promise.resolve(null),
    fetch: (url, init, context) => {
      const sendNow = () => send(url, init, context);
      // What came to nothing when it was asked for ahead has decided nothing.
      return askedAhead?.take(url, init)?.catch(sendNow) ?? sendNow();
    },
    timeoutMilliseconds,
    server,
    signal,
    clientAssertion,
    dpop: Boolean(dpop),
    trace:
      trace &&
      ((event, secrets) => {
        try {
          const noted = trace({
            version: 1,
            sequence: (sequence += 1),
            correlation,
            at: Date.now(),
            ...fitToShow(event, secrets),
          });
          Promise.resolve(noted).catch(() => {});
        } catch {
          // A logger that throws, now or later, must not end a sign-in.
        }
      }),
  };
  return calls;
}

/**
 * The name of the check that an ID Token fails (OpenID Connect Core §3.1.3.7), or null, or that the server's keys are wanted.
 *
 * @param {{ session: Session, nonce?: string, keys?: unknown }} input
 */
async function checkedIdToken({ session, nonce, keys }) {
  const wantsKeys = { wantsKeys: true };
  try {
    await checkIdToken(
      { session, nonce, now: Math.floor(Date.now() / 1000) },
      async () => keys ?? Promise.reject(wantsKeys),
    );
    return null;
  } catch (error) {
    if (error === wantsKeys) return wantsKeys;
    if (error instanceof MisbehavedError && error.code === 'id_token_invalid') return error.details.reason;
    throw error;
  }
}

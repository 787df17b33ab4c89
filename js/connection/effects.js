/**
 * What a sign-in needs of the host beside requests: Rust decides, this performs. Whatever was prepared or locked on the way
 * is released by `release`, however it ends.
 */

/** @import { ClientDescription, ServerSettings, SignInOutcome } from '../core/records.js' */
/** @import { Grant } from '../core/grant.js' */
/** @import { Budget } from '../core/wasm.js' */
/** @import { Authorizer } from './authorizer.js' */
/** @import { SignInChange } from './sign_in_under_way.js' */
/** @import { Effects } from './trace.js' */
/** @import { ConnectionSettings, Host, Outcome, RedirectReceiver, Reserved } from '../core/host.js' */

import { untilAborted } from '../core/until_aborted.js';
import { obtained } from '../extensions/grants/obtained.js';
import { AskedAhead } from './asked_ahead.js';
import { requireFunctions } from './required.js';
import { callHost } from './trace.js';

/**
 * The connection that a call is for.
 *
 * @typedef {object} Context
 * @property {Host} host
 * @property {ClientDescription} client
 * @property {ConnectionSettings} settings
 * @property {string} endpoint
 * @property {string} account
 * @property {AskedAhead} [askedAhead] what was asked for beside the first request
 * @property {(change: SignInChange) => void} [tell] tells whoever watches it
 * @property {Set<(change: SignInChange) => void>} [watchers]
 * @property {Completions} [completions]
 * @property {string} [signInId] what tells the sign-in apart that is under way here
 */

/**
 * By callback URL, what is under way: a response that arrives twice, here and at a sign-in that waits for it, is one sign-in.
 *
 * @typedef {Map<string, { account: string | undefined, done: ReturnType<Authorizer['complete']>, came?: Promise<{ outcome: SignInOutcome }> }>} Completions
 *   `came`: how far it came, for a sign-in that goes on from there
 */

/** @param {Host} host */
export function redirectsOf({ redirect }) {
  const redirects = [redirect ?? []].flat();
  return [...redirects, ...redirects.flatMap(({ fallback }) => fallback ?? [])];
}

/**
 * What a sign-in takes of the host, as src/connection/sign_in.rs has it.
 *
 * @param {Context} context
 */
export function signInHost({ host, client, settings }) {
  return {
    client,
    settings: serverSettings(settings),
    redirects: redirectsOf(host).length,
    approves: Boolean(host.approve),
    grant: settings.grant?.grantType,
    interactiveGrant: settings.grant?.interactive === true,
  };
}

/**
 * What is known of a server, without what the host can do there.
 *
 * @param {Context['settings']} settings
 * @returns {ServerSettings}
 */
export function serverSettings({ grant: _, ...settings }) {
  return settings;
}

/**
 * What is performed for one sign-in or refresh.
 *
 * @param {Context} context
 * @param {AbortSignal} [signal]
 * @param {() => Reserved | null | undefined} [takeReserved] gives what the first redirect has reserved
 * @param {Budget} [budget] what is left for the servers
 */
export function performing(
  { host, settings, endpoint, askedAhead = new AskedAhead() },
  signal,
  takeReserved,
  budget = {},
) {
  const { store } = host;
  /** @type {RedirectReceiver | undefined} */
  let receiver;
  let isReleased = false;
  /** What that was prepared for. */
  let preparedFor = '';
  /** @type {(() => void)[]} */
  const unlocks = [];

  /** @param {Outcome} outcome */
  const showOutcome = async (outcome) => {
    await receiver?.finish?.(outcome);
  };

  const answer = () => ({ redirectUri: receiver?.redirectUri, acceptsQuery: receiver?.acceptsQuery });

  /** @type {Effects} */
  const effects = {
    read: ({ key }) => store.read(key),
    compareAndSwap: ({ key, version = null, value = null }) => store.compareAndSwap(key, version, value),
    lock: ({ key, milliseconds }) =>
      new Promise((resolve, reject) => {
        const work = () => {
          resolve(null);
          return new Promise((/** @type {(value?: undefined) => void} */ unlock) => unlocks.push(unlock));
        };
        const patience = milliseconds == null ? undefined : AbortSignal.timeout(milliseconds);
        store
          .lock(key, work, { signal: patience })
          .catch((error) => (patience?.aborted ? resolve(null) : reject(error)));
      }),
    wait: async ({ milliseconds }) => {
      await untilAborted(new Promise((resolve) => setTimeout(resolve, milliseconds)), signal);
      return null;
    },
    prepareRedirect: async ({ candidate, issuer, preferred, listed }) => {
      const wanted = JSON.stringify([candidate, issuer, preferred, listed]);
      if (receiver && wanted === preparedFor) return answer();
      await receiver?.close();
      const reserved = candidate === 0 ? takeReserved?.() : undefined;
      receiver = await redirectsOf(host)[candidate]?.prepare({ issuer, preferred, listed, reserved, signal });
      // Whoever gave up while it was prepared does not close it.
      if (isReleased) await receiver?.close();
      requireFunctions('the answer of host.redirect.prepare', receiver, ['authorize', 'close']);
      preparedFor = wanted;
      return answer();
    },
    approve: ({ reason, issuer, plan }) =>
      untilAborted(Promise.resolve(host.approve?.({ reason, endpoint, issuer, plan, signal })), signal),
    obtain: (given) => {
      // What it asks is for a person who takes their time: each question has a budget of its own.
      const { budget: _, ...own } = calls;
      return obtained(
        /** @type {Grant} */ (settings.grant),
        { settings: serverSettings(settings), signal, ...given },
        own,
      );
    },
  };
  const isTrusted = settings.allowPrivateAddresses === true;
  const clientAssertion = settings.client?.assertion;
  const operation = { server: endpoint, signal, clientAssertion, isTrusted, effects, askedAhead };
  const calls = { ...callHost(host, operation), budget };

  return {
    calls,
    askedAhead,
    /**
     * Sends the person to the authorization server.
     *
     * @param {{ authorizationUrl: string, state: string }} departure
     * @returns {Promise<string>} the callback URL
     */
    sendPerson: ({ authorizationUrl, state }) =>
      /** @type {RedirectReceiver} */ (receiver).authorize({ authorizationUrl, state, signal }),
    showOutcome,
    /** @param {boolean} isNeeded whether the process has to go on for it */
    holdProcess(isNeeded) {
      receiver?.holdProcess?.(isNeeded);
    },
    async release() {
      isReleased = true;
      for (const unlock of unlocks) unlock();
      askedAhead.drop();
      await receiver?.close();
    },
  };
}

/**
 * Whether a person has to take part.
 *
 * @param {Context['settings']} settings
 */
export function needsPerson({ grant }) {
  return !grant || grant.interactive === true;
}

/** What a connection is doing, for whoever shows it. */

/** @import { ScopePlan } from '../core/records.js' */
/** @import { ErrorJSON } from '../core/errors.js' */
/** @import { SignedInConnection } from './authorizer.js' */

import { AuthorizationError, TransportError } from '../core/errors.js';

/**
 * What a connection is doing, as plain data.
 *
 * @typedef {object} ConnectionState
 * @property {'idle' | 'discovering' | 'waiting' | 'signed-in' | 'failed'} status `idle`: nobody is signed in, as far as is
 *   known. `discovering`: a sign-in has begun. `waiting`: for the person in the browser.
 * @property {string} [authorizationUrl] While it waits: what was opened last (RFC 6749 §4.1.1).
 * @property {ScopePlan} [plan] When signed in: the scopes.
 * @property {ErrorJSON} [error] When it failed: why.
 */

/**
 * What a connection that can be shown has on top.
 *
 * @typedef {object} Shown
 * @property {() => ConnectionState} state What it is doing. The same object until it is something else.
 * @property {(listener: (state: ConnectionState) => void) => () => void} onState Tells what it is doing whenever that
 *   changes, whoever made it so. Call what it returns to hear no more. While nobody listens nothing is noted. `plan()` looks
 *   whether another process has signed in or out meanwhile.
 */

/** @type {ConnectionState} */
const idle = { status: 'idle' };

class State {
  #connection;
  /** @type {Set<(state: ConnectionState) => void>} */
  #listeners = new Set();
  #stop = /** @type {() => unknown} */ (() => {});
  /** @type {ConnectionState} */
  value = idle;

  /** @param {SignedInConnection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {ConnectionState} value */
  #become(value) {
    this.value = value;
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch {
        // What shows it must not end a sign-in.
      }
    }
  }

  /** @param {(state: ConnectionState) => void} listener @returns {() => void} */
  listen(listener) {
    if (this.#listeners.size === 0) this.#watch();
    this.#listeners.add(listener);
    this.look().catch(() => {});
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #watch() {
    const pending = this.#connection.pending();
    this.value = pending ? { status: 'waiting', authorizationUrl: pending.authorizationUrl } : idle;
    this.#stop = this.#connection.watch(({ done, pending }) => {
      if (pending) this.#become({ status: 'waiting', authorizationUrl: pending.authorizationUrl });
      else if (done) this.#begin(done);
      else this.#restart();
    });
  }

  /** @param {Promise<import('../core/records.js').Session>} done */
  #begin(done) {
    this.#become({ status: 'discovering' });
    done.then(
      ({ plan }) => this.#become({ status: 'signed-in', plan }),
      (error) => this.#failed(error),
    );
  }

  /** What is stored says all. */
  #restart() {
    this.#become(idle);
    this.look().catch(() => {});
  }

  /** Sees what this process, or another one, has stored. */
  async look() {
    const before = this.value;
    const plan = await this.#connection.plan();
    // What happened meanwhile is newer.
    if (this.value !== before) return plan;
    if (plan && before.status === 'idle') this.#become({ status: 'signed-in', plan });
    if (!plan && before.status === 'signed-in') this.#become(idle);
    return plan;
  }

  /**
   * Who cancels or gives up is where they were before.
   *
   * @param {unknown} reason
   */
  #failed(reason) {
    const { name, code } = /** @type {{ name?: string, code?: string }} */ (Object(reason));
    if (code === 'sign_in_cancelled' || name === 'AbortError') this.#restart();
    else this.#become({ status: 'failed', error: told(reason) });
  }

  /**
   * @template T
   * @param {Promise<T>} call that may sign somebody in
   * @param {boolean} [isPressed] whether it is for nothing else: then every error is about that
   * @returns {Promise<T>}
   */
  during(call, isPressed = false) {
    return this.#listeners.size === 0 ? call : this.#follow(call, isPressed);
  }

  /**
   * @template T
   * @param {Promise<T>} call
   * @param {boolean} isPressed
   */
  async #follow(call, isPressed) {
    const before = this.value;
    try {
      const result = await call;
      if (this.value.status === 'idle') this.look().catch(() => {});
      return result;
    } catch (error) {
      const isNeeded = /** @type {{ code?: string }} */ (Object(error)).code === 'interaction_required';
      const isUnderWay = ['discovering', 'waiting'].includes(before.status);
      // A sign-in that goes on, or has ended meanwhile, says so itself.
      if (this.value === before && !isUnderWay && (isPressed || isNeeded)) this.#failed(error);
      throw error;
    }
  }
}

/**
 * The same connection, which also tells what it is doing, for a page or window that shows it: with "sign in" (`signIn`, which
 * is also "open again") and "cancel". `useMcpConnection` of `mcp-oauth-wasm/react` is made of it.
 *
 * @param {SignedInConnection} connection one of an authorizer
 * @returns {SignedInConnection & Shown} whose state is shared by all connections of that authorizer to the same server and account
 * @throws nothing
 */
export function withState(connection) {
  const state = new State(connection);
  return {
    ...connection,
    fetch: (input, init) => state.during(connection.fetch(input, init)),
    onResponse: (response) => state.during(connection.onResponse(response)),
    signIn: () => state.during(connection.signIn(), true),
    plan: () => state.look(),
    state: () => state.value,
    onState: (listener) => state.listen(listener),
  };
}

/**
 * @param {unknown} reason
 * @returns {ErrorJSON}
 */
function told(reason) {
  if (reason instanceof AuthorizationError) return reason.toJSON();
  const message = reason instanceof Error ? reason.message : String(reason);
  return new TransportError({ code: 'network_failed', message }).toJSON();
}

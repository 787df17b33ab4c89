/** What a connection is doing, for whoever shows it. */

/** @import { ScopePlan } from '../core/records.js' */
/** @import { ErrorJSON } from '../core/errors.js' */
/** @import { PendingSignIn } from '../core/host.js' */

import { AuthorizationError, TransportError } from '../core/errors.js';

/**
 * What a connection is doing, as plain data: `idle` (nobody is signed in, as far as is known), `discovering` (a sign-in has
 * begun), `waiting` (the person is at `authorizationUrl`, which can be opened again), `signed-in`, `failed`.
 *
 * @typedef {{ status: 'idle' }
 *   | { status: 'discovering' }
 *   | { status: 'waiting', authorizationUrl: string, issuer: string, since: number }
 *   | { status: 'signed-in', plan: ScopePlan }
 *   | { status: 'failed', error: ErrorJSON }} ConnectionState
 */

/** @type {ConnectionState} */
const idle = { status: 'idle' };

export class State {
  #plan;
  /** @type {Set<(state: ConnectionState) => void>} */
  #listeners = new Set();
  /** @type {ConnectionState} */
  value = idle;

  /** @param {() => Promise<ScopePlan | null>} plan reads that of the stored session */
  constructor(plan) {
    this.#plan = plan;
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
    this.#listeners.add(listener);
    this.look().catch(() => {});
    return () => void this.#listeners.delete(listener);
  }

  /** Sees what this process, or another one, has stored. */
  async look() {
    const before = this.value;
    const plan = await this.#plan();
    // What happened meanwhile is newer.
    if (this.value !== before) return plan;
    if (plan && before.status === 'idle') this.signedIn(plan);
    if (!plan && before.status === 'signed-in') this.#become(idle);
    return plan;
  }

  begins() {
    this.#become({ status: 'discovering' });
  }

  /** @param {PendingSignIn} pending */
  waits({ authorizationUrl, issuer, since }) {
    this.#become({ status: 'waiting', authorizationUrl, issuer, since });
  }

  /** @param {ScopePlan} plan */
  signedIn(plan) {
    this.#become({ status: 'signed-in', plan });
  }

  signedOut() {
    this.#become(idle);
  }

  /**
   * Who cancels or gives up is where they were before.
   *
   * @param {unknown} reason
   */
  failed(reason) {
    const { name, code } = /** @type {{ name?: string, code?: string }} */ (Object(reason));
    if (code === 'sign_in_cancelled' || name === 'AbortError') {
      this.#become(idle);
      this.look().catch(() => {});
    } else this.#become({ status: 'failed', error: told(reason) });
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
      if (this.value === before && !isUnderWay && (isPressed || isNeeded)) this.failed(error);
      throw error;
    }
  }
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

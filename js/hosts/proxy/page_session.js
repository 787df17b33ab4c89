/** Who may use the proxy of an inspector: the page that was opened with its key, and nobody else. */

import { randomBytes } from 'node:crypto';

import { isSame } from '../redirect.js';

/**
 * The key that stands in the fragment of the page's URL, and the token that the page gets for it, once. Who presents the key
 * again may be a thief, or come after one: both are shut out.
 */
export class PageSession {
  key = secret();
  /** @type {string | undefined} */
  #token;
  #traded = false;

  /**
   * Trades the key.
   *
   * @param {unknown} key
   * @returns {string | undefined} the token; undefined: this is not the key, or it was used before
   */
  trade(key) {
    if (typeof key !== 'string' || !isSame(key, this.key)) return undefined;
    this.#token = this.#traded ? undefined : secret();
    this.#traded = true;
    return this.#token;
  }

  /** @param {string | undefined} authorization the header */
  admits(authorization) {
    return this.#token !== undefined && authorization !== undefined && isSame(authorization, `Bearer ${this.#token}`);
  }
}

function secret() {
  return randomBytes(32).toString('base64url');
}

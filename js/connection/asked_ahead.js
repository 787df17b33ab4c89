/** @import { Fetch } from '../core/host.js' */

/** An answer that waited for longer says nothing of now, and servers do not hold a body for ever. Milliseconds. */
const FRESH = 60_000;

/**
 * Documents that were asked for before they are wanted, so that nobody waits for one after the other. Whoever asks for one of
 * them gets the answer that is on its way; once.
 */
export class AskedAhead {
  /** @type {Map<string, { answer: Promise<Response>, end: AbortController, at: number }>} */
  #asked = new Map();

  /**
   * @param {string} url
   * @param {Fetch} fetch
   */
  ask(url, fetch) {
    if (this.#asked.has(url)) return;
    const end = new AbortController();
    const answer = (async () =>
      fetch(
        url,
        {
          method: 'GET',
          headers: new Headers({ accept: 'application/json' }),
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'manual',
          signal: end.signal,
        },
        { step: 'discover', url },
      ))();
    // Where it failed, whoever takes it is told.
    answer.catch(() => {});
    this.#asked.set(url, { answer, end, at: Date.now() });
  }

  /**
   * @param {string} url
   * @param {RequestInit} [init] what it would be asked with now
   */
  take(url, { method, redirect, signal } = {}) {
    const asked = this.#asked.get(url);
    if (!asked || method !== 'GET' || redirect !== 'manual') return undefined;
    this.#asked.delete(url);
    if (Date.now() - asked.at > FRESH) {
      asked.end.abort();
      return undefined;
    }
    signal?.addEventListener('abort', () => asked.end.abort());
    return asked.answer;
  }

  /** Nobody wants any more of them. */
  drop() {
    for (const { end } of this.#asked.values()) end.abort();
    this.#asked.clear();
  }
}

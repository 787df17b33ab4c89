/** Chance that can be repeated: the same seed, the same life. */

export class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1. (mulberry32) */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** @param {number} probability */
  happens(probability) {
    return this.next() < probability;
  }

  /**
   * Small ones more often than large ones.
   *
   * @param {number} from
   * @param {number} to
   */
  between(from, to) {
    return from * (to / from) ** this.next();
  }

  /**
   * @template T
   * @param {readonly T[]} all
   * @returns {T}
   */
  one(all) {
    return /** @type {T} */ (all[Math.floor(this.next() * all.length)]);
  }

  /**
   * @template {string} T
   * @param {Record<T, number>} weights
   * @returns {T}
   */
  weighted(weights) {
    const entries = /** @type {[T, number][]} */ (Object.entries(weights));
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return /** @type {[T, number]} */ (entries.at(-1))[0];
  }
}

/**
 * Servers that hold all their answers, and release them together once nobody asks for anything more: how many answers a
 * client had to wait for, one after the other, whatever the machine's pace.
 */

/** How long nobody has to ask for anything. Milliseconds. */
const QUIET = 150;

export class Waves {
  /** How many times answers were released. */
  released = 0;
  /** What was asked for. @type {string[]} */
  requests = [];
  /** @type {((value?: unknown) => void)[]} */
  #held = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * Holds the answer to a request.
   *
   * @param {string} request
   */
  async hold(request) {
    this.requests.push(request);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), QUIET);
    await new Promise((resolve) => this.#held.push(resolve));
  }

  #release() {
    this.released += 1;
    for (const release of this.#held.splice(0)) release();
  }
}

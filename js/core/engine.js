/**
 * Instances of the WebAssembly module. Each serves one server's calls, so that a trap, with which an instance is over, is that
 * server's affair alone, and memory that was needed once is given back.
 */

/** @import { JavaScriptModule, WasmModule } from './wasm.js' */

import instantiate from '../../pkg/npm/mcp_oauth_wasm.js';

/** So many servers have an instance of their own at the same time; more would want more memory than some platforms map. */
const INSTANCE_LIMIT = 16;

/** How many instances without a call are kept for the next ones, and how large each may have become. Bytes. */
const IDLE_LIMIT = 2;
const KEPT_BYTES = 8 * 1024 * 1024;

/** An instance has ended before it could answer. */
export class Trap extends Error {
  /** @param {unknown} cause @param {boolean} isKnown whether it is known whose call it was */
  constructor(cause, isKnown) {
    super('The WebAssembly instance has ended.', { cause });
    this.isKnown = isKnown;
  }
}

class Engine {
  /** The servers whose calls are under way. @type {string[]} */
  servers = [];
  /** @type {Set<(trap: unknown) => void>} */
  #waiting = new Set();
  #depth = 0;
  isOver = false;
  /** @type {ReturnType<typeof instantiate>} */
  #instance;

  /** @param {WasmModule | JavaScriptModule} module */
  constructor(module) {
    const start = 'instantiate' in module ? module.instantiate : instantiate;
    this.#instance = start(module, (entry) => this.#guarded(entry));
    this.#instance.catch(() => {});
  }

  async size() {
    return (await this.#instance).size();
  }

  /**
   * @param {string} name
   * @param {unknown} input
   * @param {unknown} host
   */
  async call(name, input, host) {
    const { call } = await this.#instance.catch((cause) => {
      throw new Trap(cause, false);
    });
    if (this.isOver) throw new Trap(undefined, false);
    /** @type {(trap: unknown) => void} */
    let end = () => {};
    const ended = new Promise((_, reject) => this.#waiting.add((end = reject)));
    try {
      return await Promise.race([ended, this.#guarded(call)(name, input, host)]);
    } finally {
      this.#waiting.delete(end);
    }
  }

  /**
   * A way into the instance, from which no exception comes: whatever it is, the instance is not to be trusted any more.
   *
   * @template {any[]} A
   * @param {(...given: A) => any} entry
   * @returns {(...given: A) => any}
   */
  #guarded(entry) {
    return (...given) => {
      if (this.isOver) return [];
      this.#depth += 1;
      try {
        return entry(...given);
      } catch (cause) {
        this.isOver = true;
        if (this.#depth > 1) throw cause;
        const trap = new Trap(cause, new Set(this.servers).size === 1);
        for (const end of this.#waiting) end(trap);
        // Nobody else ends what it has asked for.
        this.#instance.then(({ stop }) => stop());
        return [];
      } finally {
        this.#depth -= 1;
      }
    };
  }
}

/** @type {Set<Engine>} */
const busy = new Set();
/** @type {Engine[]} */
const idle = [];

/**
 * Makes a call with an instance that serves this server.
 *
 * @param {WasmModule | JavaScriptModule} module
 * @param {{ server: string, isAlone: boolean }} whose `isAlone`: with an instance that serves no other call
 * @param {(engine: Engine) => Promise<any>} work
 */
export async function withEngine(module, { server, isAlone }, work) {
  const engine = isAlone ? new Engine(module) : engineFor(module, server);
  engine.servers.push(server);
  if (!isAlone) busy.add(engine);
  try {
    return await work(engine);
  } finally {
    engine.servers.splice(engine.servers.indexOf(server), 1);
    if (engine.isOver || engine.servers.length === 0) busy.delete(engine);
    if (!engine.isOver && engine.servers.length === 0) await keep(engine);
  }
}

/**
 * @param {WasmModule | JavaScriptModule} module
 * @param {string} server
 */
function engineFor(module, server) {
  const serving = [...busy].filter(({ isOver }) => !isOver);
  const least = serving.sort((one, other) => one.servers.length - other.servers.length)[0];
  return (
    serving.find(({ servers }) => servers.includes(server)) ??
    (busy.size >= INSTANCE_LIMIT ? least : undefined) ??
    idle.pop() ??
    new Engine(module)
  );
}

/** @param {Engine} engine */
async function keep(engine) {
  const isSmall = (await engine.size().catch(() => Infinity)) <= KEPT_BYTES;
  if (isSmall && engine.servers.length === 0 && idle.length < IDLE_LIMIT) idle.push(engine);
}

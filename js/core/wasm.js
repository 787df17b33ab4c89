/**
 * The WebAssembly module: loaded on first use, once. Importing this package instantiates nothing.
 */

/** @import { ErrorParts } from './errors.js' */
/** @import { Event, Step } from './records.js' */

/**
 * A compiled module. Written so that it means the same where TypeScript knows no DOM.
 *
 * @typedef {typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never} WasmModule
 */

/**
 * What the WebAssembly module can be loaded from: its bytes, an answer that has them, where they are, or the compiled
 * module.
 *
 * @typedef {ArrayBuffer | ArrayBufferView | Response | Request | URL | string | WasmModule} WasmSource
 */

/**
 * The module as JavaScript, as `mcp-oauth-wasm/javascript` has it.
 *
 * @typedef {object} JavaScriptModule
 * @property {(module: object, guarded: (entry: (...given: any[]) => any) => (...given: any[]) => any) => Promise<{ call: (name: string, input: unknown, host: unknown) => Promise<unknown>, size: () => number, stop: () => void }>} instantiate
 */

import { Trap, withEngine } from './engine.js';
import { errorOfKind } from './error_json.js';
import { AuthorizationError, IncompatibleError, MisuseError, TransportError } from './errors.js';
import { collecting, collectSent, fitToShow } from './fit_to_show.js';

/** @type {(() => WasmSource | JavaScriptModule) | undefined} */
let inlined;
/** @type {Promise<WasmModule | JavaScriptModule> | undefined} */
let loading;

/** When the calls of a server ended instances, in milliseconds since 1970. @type {Map<string, number[]>} */
const traps = new Map();

/** So many of them in that time stop the server's calls. */
const TRAP_LIMIT = 2;
const TRAP_MILLISECONDS = 60_000;

/** The steps whose requests may be sent again. @type {Step[]} */
const ASKING = ['call', 'discover', 'authorize'];

/** Those that are counted: all calls of an instance hear of its end. @type {WeakSet<Trap>} */
const noted = new WeakSet();

/**
 * Names where the module comes from when nobody brings it.
 *
 * @param {() => WasmSource | JavaScriptModule} source
 */
export function provide(source) {
  inlined = source;
}

/**
 * Loads the WebAssembly module. Optional with the entry that carries it, may be called any number of times, and
 * may be called again after it failed.
 *
 * @param {WasmSource | Promise<WasmSource>} [source] needed by `mcp-oauth-wasm/slim`
 * @returns {Promise<void>}
 * @throws {MisuseError} `wasm_missing`: nothing to load from
 * @throws {IncompatibleError} `wasm_blocked`: the page's content security policy lacks `'wasm-unsafe-eval'`;
 *   `wasm_failed`: the module cannot be loaded here
 */
export async function init(source) {
  await loaded(source);
}

/** @param {WasmSource | Promise<WasmSource>} [source] */
async function loaded(source) {
  loading ??= load(source);
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** @param {WasmSource | Promise<WasmSource>} [source] */
async function load(source) {
  const from = source ?? inlined?.();
  if (from === undefined) {
    throw new MisuseError({
      code: 'wasm_missing',
      message:
        'This entry does not carry the WebAssembly module: call `init(source)` with its bytes, a Response, a URL or a Module, or import `mcp-oauth-wasm`.',
    });
  }
  try {
    const module = await compiled(await from);
    // One that is there is used by the first call.
    await withEngine(module, { server: '', isAlone: false }, (engine) => engine.size());
    return module;
  } catch (cause) {
    throw notLoaded(cause);
  }
}

/** @param {WasmSource | JavaScriptModule} source */
async function compiled(source) {
  if (typeof source === 'object' && 'instantiate' in source) return source;
  if (source instanceof WebAssembly.Module) return source;
  // Whoever asks Node for `Request` or `Response` loads all of its `fetch`, which takes longer than all of this.
  if (ArrayBuffer.isView(source)) return compiledAtOnce(source) ?? WebAssembly.compile(/** @type {any} */ (source));
  const isAddress = typeof source === 'string' || source instanceof URL || source instanceof Request;
  const found = isAddress ? await fetch(source) : source;
  if (!(found instanceof Response)) return WebAssembly.compile(/** @type {BufferSource} */ (found));
  if (!found.ok) throw new Error(`its server answered ${found.status}`);
  // Only what is declared can be compiled while it arrives.
  const isDeclared = found.headers.get('content-type') === 'application/wasm';
  return isDeclared ? WebAssembly.compileStreaming(found) : WebAssembly.compile(await found.arrayBuffer());
}

/**
 * On Node the module is compiled in less time than it takes to hand it to another thread; a page stands still meanwhile.
 *
 * @param {ArrayBufferView} bytes
 */
function compiledAtOnce(bytes) {
  if (!(/** @type {any} */ (globalThis).process?.versions?.node)) return undefined;
  try {
    return new WebAssembly.Module(/** @type {any} */ (bytes));
  } catch {
    // The other way says why.
    return undefined;
  }
}

/** @param {unknown} cause */
function notLoaded(cause) {
  // Chromium says `wasm-unsafe-eval`, Firefox and Safari speak of the policy.
  const blocked = /unsafe-eval|content security policy|\bCSP\b/i.test(String(cause));
  return blocked
    ? new IncompatibleError({
        code: 'wasm_blocked',
        message:
          "The page's content security policy forbids WebAssembly: add 'wasm-unsafe-eval' to its `script-src`, or import `mcp-oauth-wasm/javascript`.",
        cause,
      })
    : new IncompatibleError({
        code: 'wasm_failed',
        message: `The WebAssembly module could not be loaded: ${cause instanceof Error ? cause.message : cause}`,
        cause,
      });
}

/** @typedef {{ left?: number[] }} Budget kept by Rust (src/flow/budget.rs); none is left where nothing is: as much as there is for one call */

/**
 * What a call needs of its host; all of it may be absent.
 *
 * @typedef {object} CallHost
 * @property {(input: string, init?: RequestInit, context?: { step?: Step, url: string, endpoint?: string }) => Promise<Response>} [fetch]
 *   default: `globalThis.fetch`
 * @property {string} [server] the MCP server that the call is about
 * @property {AbortSignal} [signal] cancels the call
 * @property {number} [timeoutMilliseconds] for each request, its body included; default: 30000
 * @property {(event: any, secrets: string[]) => void} [trace] receives every event, and the secrets of the call
 * @property {(name: string, input: any) => Promise<any>} [perform] does what Rust asks for beside requests (src/flow/effect.rs)
 * @property {(request: { issuer: string, clientId: string }) => Promise<string>} [clientAssertion] for clients that
 *   authenticate with a key
 * @property {Budget} [budget] what is left for the servers of all that this call is a part of
 * @property {boolean} [dpop] whether `fetch` proves possession of a key, so that tokens may be bound to it
 */

/**
 * Makes the call of that name.
 *
 * @param {string} name
 * @param {unknown} input
 * @param {CallHost} [host]
 * @returns {Promise<any>}
 */
export async function call(name, input, host = {}) {
  const { server = '' } = host;
  const module = await loaded();
  requireSound(server);
  /** @type {string[]} */
  const secrets = [];
  const trace = host.trace && ((/** @type {Event} */ event) => host.trace?.(event, secrets));
  /** What the host said last: it may know its platform's reasons and remedies. @type {AuthorizationError | undefined} */
  let said;
  /** Where a page was not allowed to see what there is. @type {AuthorizationError[]} */
  const kept = [];
  const listen = async (/** @type {() => Promise<unknown>} */ work) => {
    try {
      return await work();
    } catch (error) {
      said = isOurs(error) ? error : undefined;
      if (said?.code === 'cors_missing') kept.push(said);
      throw error;
    }
  };
  /** What the host failed with, told by Rust as a failure of its own. @type {{ error: unknown } | undefined} */
  let failure;
  const { fetch = globalThis.fetch, clientAssertion, perform } = host;
  /** Whether something was sent that counts once: a code, a registration, a refresh token. */
  let hasSent = false;
  /** What the host has done: a run after a trap goes on from there. @type {{ asked: string, answer: Promise<any> }[]} */
  let done = [];
  let used = 0;
  const listening = {
    fetch: (
      /** @type {string} */ url,
      /** @type {RequestInit} */ init,
      /** @type {Step} */ step,
      /** @type {string | undefined} */ endpoint,
    ) => {
      hasSent ||= init.method !== 'GET' && !ASKING.includes(step);
      collectSent(init, secrets);
      return listen(() => fetch(url, init, { step, url, endpoint }));
    },
    perform: async (/** @type {string} */ name, /** @type {any} */ input) => {
      const asked = JSON.stringify([name, input]);
      if (done[used]?.asked !== asked)
        done = [...done.slice(0, used), { asked, answer: (async () => perform?.(name, input))() }];
      try {
        return plain(await done[used++]?.answer, secrets);
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    clientAssertion:
      clientAssertion &&
      ((/** @type {{ issuer: string, clientId: string }} */ request) => listen(() => clientAssertion(request))),
  };
  const given = plain(input, secrets);
  try {
    for (let runs = 1; ; runs += 1) {
      used = 0;
      try {
        return await withEngine(module, { server, isAlone: runs > 1 }, (engine) =>
          engine.call(name, given, { ...host, ...listening, trace }),
        );
      } catch (error) {
        if (!(error instanceof Trap)) throw error;
        if (error.isKnown) noteTrap(server, error);
        if (hasSent || runs === TRAP_LIMIT) throw trapped(server, error);
        requireSound(server);
      }
    }
  } catch (error) {
    if (error instanceof AuthorizationError) throw error;
    const told = fromPlain(error, secrets);
    if (failure && told?.code === 'host_failed') throw failure.error;
    if (UNSEEN.includes(told?.code) && kept.length > 0) throw unseen(kept, told.step);
    throw said && ['network_failed', 'invalid_argument'].includes(told?.code)
      ? Object.assign(said, { step: told.step })
      : told;
  }
}

/** Errors that say what only who has seen the answers can know. */
const UNSEEN = ['cors_missing', 'no_protected_resource_metadata'];

/**
 * The last of them, which names all.
 *
 * @param {AuthorizationError[]} kept
 * @param {Step | undefined} step
 */
function unseen(kept, step) {
  const urls = [...new Set(kept.map(({ details }) => String(details.url)))];
  const error = /** @type {AuthorizationError} */ (kept.at(-1));
  const message = urls.length > 1 ? `${error.message} Kept from this page in all: ${urls.join(', ')}.` : error.message;
  return Object.assign(error, { message, step, details: { ...error.details, urls } });
}

/**
 * @param {string} server
 * @param {Trap} trap
 */
function noteTrap(server, trap) {
  const now = Date.now();
  for (const [other, times] of traps) if (now - Number(times.at(-1)) > TRAP_MILLISECONDS) traps.delete(other);
  const earlier = (traps.get(server) ?? []).filter((at) => now - at <= TRAP_MILLISECONDS);
  if (!noted.has(trap)) traps.set(server, [...earlier, now]);
  noted.add(trap);
}

/** @param {string} server whose calls are not made while they end one instance after the other */
function requireSound(server) {
  const recent = (traps.get(server) ?? []).filter((at) => Date.now() - at <= TRAP_MILLISECONDS);
  if (server !== '' && recent.length >= TRAP_LIMIT) throw trapped(server);
}

/**
 * @param {string} server
 * @param {unknown} [cause]
 */
function trapped(server, cause) {
  return new TransportError({
    code: 'engine_failed',
    message:
      `Something that ${server || 'a server'} answered was too much for this package, or a part of it is wrong. Nothing that is stored was changed. ` +
      'Try again in a minute, and please report it if it happens again.',
    details: { ...(server !== '' && { endpoint: server }) },
    cause,
  });
}

/**
 * @param {unknown} thrown by a host: anything at all, a proxy that throws when it is looked at included
 * @returns {thrown is AuthorizationError}
 */
function isOurs(thrown) {
  try {
    return thrown instanceof AuthorizationError;
  } catch {
    return false;
  }
}

/**
 * Plain data, read here: an accessor that throws must not do so inside the wasm.
 *
 * @param {unknown} input
 * @param {string[]} secrets gets those that are in it
 */
function plain(input, secrets) {
  try {
    return JSON.parse(JSON.stringify(input ?? null, collecting(secrets)));
  } catch (cause) {
    throw new MisuseError({ code: 'invalid_argument', message: 'The argument `input` must be plain data.', cause });
  }
}

/**
 * The error for what the WebAssembly module rejected with.
 *
 * @param {unknown} thrown `{ kind, code, message, step, details }`; anything else is passed through
 * @param {string[]} secrets
 * @returns {any}
 */
function fromPlain(thrown, secrets) {
  const { kind, ...parts } = /** @type {ErrorParts & { kind: keyof typeof errorOfKind }} */ (Object(thrown));
  const ErrorOfKind = errorOfKind[kind];
  return ErrorOfKind ? new ErrorOfKind(fitToShow(parts, secrets)) : thrown;
}

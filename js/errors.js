/**
 * The errors of this package: one class for each party that has to act.
 * Every error has a stable `code` to program against, and a `message` for a person:
 * what happened, why, and what to do next.
 */

/** @import { Code, Kind, Step } from './records.js' */

/**
 * Codes of JavaScript's part and of hosts; docs/errors.md explains them all.
 *
 * @typedef {'wasm_missing' | 'wasm_blocked' | 'wasm_failed' | 'not_initialised' | 'interaction_required' | 'no_redirect'
 *   | 'not_approved' | 'foreign_url' | 'fresh_token_refused' | 'scope_withheld' | 'store_corrupted' | 'store_newer' | 'store_unavailable'
 *   | 'lock_timeout' | 'callback_aborted' | 'redirect_port_taken'
 *   | 'certificate_untrusted' | 'proxy_credentials_required' | (string & {})} HostCode
 */

/**
 * @typedef {object} ErrorParts
 * @property {Code | HostCode} code Stable, snake_case.
 * @property {string} message What happened, why, and what to do next.
 * @property {Step} [step] The step of the sign-in in which it happened.
 * @property {Record<string, unknown>} [details] Facts for programs; never secrets.
 * @property {unknown} [cause] The error underneath.
 */

/** What all errors of this package have in common. */
export class AuthorizationError extends Error {
  /**
   * @param {Kind | 'interaction'} kind
   * @param {ErrorParts} parts
   */
  constructor(kind, { code, message, step, details = {}, cause }) {
    super(message, cause === undefined ? undefined : { cause });
    /** Who has to act. */
    this.kind = kind;
    /** Stable, snake_case. */
    this.code = code;
    /** The step of the sign-in in which it happened. */
    this.step = step;
    /** Facts for programs; never secrets. */
    this.details = details;
  }
}

/** The calling code has to be changed. */
export class MisuseError extends AuthorizationError {
  /** @override */
  name = 'MisuseError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('misuse', parts);
  }
}

/** The network, or the way to the person's browser, failed; a retry may help. */
export class TransportError extends AuthorizationError {
  /** @override */
  name = 'TransportError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('transport', parts);
  }
}

/** The person or the operator of the server said no. */
export class RefusedError extends AuthorizationError {
  /** @override */
  name = 'RefusedError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('refused', parts);
  }
}

/** The server lacks something that is needed. */
export class IncompatibleError extends AuthorizationError {
  /** @override */
  name = 'IncompatibleError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('incompatible', parts);
  }
}

/** A server did what it must not do: an attack or a bug. Carries no text of the server. */
export class MisbehavedError extends AuthorizationError {
  /** @override */
  name = 'MisbehavedError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('misbehaved', parts);
  }
}

/** A person is needed, and this call was not allowed to ask one. `details` has the issuer and the scope plan. */
export class InteractionRequiredError extends AuthorizationError {
  /** @override */
  name = 'InteractionRequiredError';
  /** @param {ErrorParts & { resume: (signal?: AbortSignal) => Promise<unknown> }} parts */
  constructor({ resume, ...parts }) {
    super('interaction', parts);
    /** Signs in after all, with the person. Then repeat the call. */
    this.resume = resume;
  }
}

/** The store could not be read, written or locked. Nothing that was stored is lost. */
export class StorageError extends AuthorizationError {
  /** @override */
  name = 'StorageError';
  /** @param {ErrorParts} parts */
  constructor(parts) {
    super('storage', parts);
  }
}

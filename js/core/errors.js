/**
 * The errors of this package: one class for each party that has to act.
 * Every error has a stable `code` to program against, and a `message` for a person:
 * what happened, why, and what to do next.
 */

/** @import { Code, Kind, Step } from './records.js' */

/**
 * A stable code of JavaScript's part or of a host; docs/errors.md explains them all.
 *
 * @typedef {'wasm_missing' | 'wasm_blocked' | 'wasm_failed' | 'engine_failed' | 'interaction_required'
 *   | 'foreign_url' | 'store_corrupted' | 'store_not_private' | 'store_newer' | 'store_unavailable'
 *   | 'lock_timeout' | 'callback_aborted' | 'sign_in_timed_out' | 'sign_in_cancelled' | 'redirect_port_taken' | 'no_web_crypto' | 'invalid_private_key' | 'invalid_key_pair'
 *   | 'id_token_of_other_issuer' | 'identity_provider_refused'
 *   | 'device_authorization_denied' | 'device_code_expired' | 'certificate_untrusted' | 'proxy_credentials_required'
 *   | 'proxy_not_used'
 *   | 'callback_not_pasted' | 'redirect_uri_invalid' | 'invalid_client_metadata' | 'session_of_other_issuer' | 'foreign_tokens'
 *   | 'popup_blocked' | 'proxy_refused' | 'token_needs_proof' | 'sdk_unsupported'
 *   | 'electron_missing' | 'electron_unsupported' | 'redirect_scheme_invalid' | 'store_unencrypted'
 *   | 'browser_not_opened' | 'callback_awaited' | 'inspector_port_taken' | 'keyring_missing' | 'keyring_unavailable' | 'dpop_missing'
 *   | 'redirect_host_not_loopback' | 'redirect_path_invalid' | 'redirect_port_invalid' | 'redirect_unavailable' | 'url_not_openable'
 *   | 'bridge_missing' | 'bridge_page_invalid' | 'bridge_page_refused' | 'bridge_request_refused' | (string & {})} HostCode
 */

/**
 * What an error is made of. Hosts and stores make some themselves.
 *
 * @typedef {object} ErrorParts
 * @property {Code | HostCode} code Stable, snake_case.
 * @property {string} message What happened, why, and what to do next.
 * @property {Step} [step] The step of the sign-in in which it happened.
 * @property {Record<string, unknown>} [details] Facts for programs; never secrets.
 * @property {unknown} [cause] The error underneath.
 */

/**
 * An error as plain data. `cause` and `resume` are left out.
 *
 * @typedef {object} ErrorJSON
 * @property {Kind | 'interaction'} kind Who has to act.
 * @property {string} code Stable, snake_case.
 * @property {string} message What happened, why, and what to do next.
 * @property {Step} [step] The step of the sign-in in which it happened.
 * @property {Record<string, unknown>} details Facts for programs; never secrets.
 */

/** What all errors of this package have in common. */
export class AuthorizationError extends Error {
  /**
   * @param {Kind | 'interaction'} kind who has to act
   * @param {ErrorParts} parts what it is made of
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

  /**
   * Plain data, for where an error of a class cannot go, such as another process; `errorFromJSON` makes an error of it again.
   *
   * @returns {ErrorJSON}
   */
  toJSON() {
    const { kind, code, message, step, details } = this;
    return { kind, code, message, ...(step && { step }), details: JSON.parse(JSON.stringify(details)) };
  }
}

/** The calling code has to be changed. */
export class MisuseError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'MisuseError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('misuse', parts);
  }
}

/** The network, or the way to the person's browser, failed; a retry may help. */
export class TransportError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'TransportError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('transport', parts);
  }
}

/** The person or the operator of the server said no. */
export class RefusedError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'RefusedError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('refused', parts);
  }
}

/** The server lacks something that is needed. */
export class IncompatibleError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'IncompatibleError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('incompatible', parts);
  }
}

/** A server did what it must not do: an attack or a bug. Carries no text of the server. */
export class MisbehavedError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'MisbehavedError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('misbehaved', parts);
  }
}

/** A person is needed, and this call was not allowed to ask one. `details` has the issuer and the scope plan. */
export class InteractionRequiredError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'InteractionRequiredError';
  /** @param {ErrorParts & { resume: (signal?: AbortSignal) => Promise<unknown> }} parts what it is made of */
  constructor({ resume, ...parts }) {
    super('interaction', parts);
    /** Signs in after all, with the person; rejects as that sign-in does. Then repeat the call. */
    this.resume = resume;
  }
}

/** The store could not be read, written or locked. Nothing that was stored is lost. */
export class StorageError extends AuthorizationError {
  /**
   * The class by name, for where `instanceof` does not reach.
   * @override
   */
  name = 'StorageError';
  /** @param {ErrorParts} parts what it is made of */
  constructor(parts) {
    super('storage', parts);
  }
}

/** Errors as plain data, and back. */

/** @import { AuthorizationError, ErrorJSON } from './errors.js' */

import {
  IncompatibleError,
  InteractionRequiredError,
  MisbehavedError,
  MisuseError,
  RefusedError,
  StorageError,
  TransportError,
} from './errors.js';

/** The class of each kind. */
export const errorOfKind = {
  misuse: MisuseError,
  transport: TransportError,
  refused: RefusedError,
  incompatible: IncompatibleError,
  misbehaved: MisbehavedError,
  storage: StorageError,
};

/**
 * The error that `toJSON` was called of, in another process. The `resume` of an `InteractionRequiredError` cannot reach there
 * and rejects with that error: the process that it is from has to sign in.
 *
 * @param {ErrorJSON} told what `toJSON` gave
 * @returns {AuthorizationError} of the same class
 * @throws {MisuseError} `invalid_argument`: it is none
 */
export function errorFromJSON(told) {
  const { kind, ...parts } = Object(told);
  if (kind === 'interaction') {
    /** @type {InteractionRequiredError} */
    const error = new InteractionRequiredError({ ...parts, resume: () => Promise.reject(error) });
    return error;
  }
  if (Object.hasOwn(errorOfKind, kind)) return new errorOfKind[/** @type {keyof typeof errorOfKind} */ (kind)](parts);
  throw new MisuseError({
    code: 'invalid_argument',
    message: 'The argument `told` must be what `toJSON` of an error of this package gave.',
  });
}

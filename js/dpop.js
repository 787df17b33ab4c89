/**
 * Tokens that are bound to a key (RFC 9449). Loaded by who imports it.
 *
 * @module
 */

export * from './connection/dpop.js';

/**
 * A redirect for hosts without a browser that comes back: the person pastes the address at which the browser ended.
 *
 * @module
 */

export * from './hosts/pasted_redirect.js';

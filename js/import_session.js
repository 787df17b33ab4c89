/**
 * Sessions that other clients have stored, so that adopting this package signs nobody out.
 *
 * @module
 */

export * from './adapters/import_session.js';

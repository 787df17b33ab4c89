/**
 * Client metadata documents: what a client publishes about itself at a URL that is its `client_id`. Made and checked here,
 * for the developer who publishes one; a sign-in needs only the URL, as `client.clientMetadataUrl`.
 *
 * @module
 */

export * from './adapters/client_metadata.js';

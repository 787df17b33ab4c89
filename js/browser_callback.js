/**
 * What the page at the redirect URI does: it hands the authorization response over to the page that waits for it.
 *
 * @module
 */

export * from './hosts/browser/callback_page.js';

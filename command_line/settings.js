/** From options to what the package needs. */

import { createFileStore, defaultStorePath, nodeHost } from 'mcp-oauth-wasm/node';
import { UsageError } from './arguments.js';

/** @import { ConnectionSettings, Host, TraceEvent } from 'mcp-oauth-wasm' */
/** @import { Output } from './output.js' */

/** @typedef {Record<string, string | boolean | undefined>} Options */

/** How this program presents itself to authorization servers. */
export const client = { clientName: 'mcp-oauth-wasm' };

/**
 * @param {Options} options
 * @returns {ConnectionSettings}
 */
export function settingsFrom(options) {
  const { 'client-id': clientId, issuer } = options;
  const clientSecret = process.env.MCP_OAUTH_CLIENT_SECRET;
  if (typeof clientId === 'string' && clientSecret && issuer === undefined)
    throw new UsageError(
      '--issuer is missing: MCP_OAUTH_CLIENT_SECRET is sent to the authorization server that you name there, and to no other. Nothing was sent.',
    );
  if (issuer !== undefined && typeof clientId !== 'string')
    throw new UsageError('--issuer says where the client of --client-id is registered: name that too.');
  return {
    ...(typeof options.scope === 'string' ? { scopes: scopesOf(options.scope) } : {}),
    ...(typeof clientId === 'string'
      ? {
          client: {
            clientId,
            ...(clientSecret ? { clientSecret } : {}),
            ...(typeof issuer === 'string' ? { issuer } : {}),
          },
        }
      : {}),
    ...(options['assume-s256'] ? { assumeS256: true } : {}),
    ...(options['omit-resource'] ? { omitResource: true } : {}),
    ...(options['allow-private-addresses'] ? { allowPrivateAddresses: true } : {}),
  };
}

/** @param {string} text */
function scopesOf(text) {
  const scopes = text.split(' ').filter((scope) => scope !== '');
  if (scopes.length === 0) throw new UsageError('--scope is empty: leave it out, or name scopes separated by spaces.');
  return scopes;
}

/** @param {Options} options */
export function storeFrom({ store }) {
  return createFileStore(typeof store === 'string' ? store : defaultStorePath({ application: client.clientName }));
}

/**
 * @param {Options} options
 * @param {Output} output
 * @param {Partial<Host>} [parts]
 */
export function hostFrom(options, output, parts = {}) {
  return nodeHost({ store: storeFrom(options), trace: progressOf(output, options.verbose === true), ...parts });
}

/** @param {Options} options */
export function accountFrom({ account }) {
  return typeof account === 'string' ? account : 'default';
}

/**
 * Shows what happens, as it happens.
 *
 * @param {Output} output
 * @param {boolean} verbose requests and answers too, beside what is decided
 * @returns {(event: TraceEvent) => void}
 */
export function progressOf(output, verbose) {
  return ({ step, kind, from, to, summary }) => {
    if (!verbose && (kind === 'request' || kind === 'answer')) return;
    const party = kind === 'request' ? `→ ${spaced(to)}: ` : kind === 'answer' ? `← ${spaced(from)}: ` : '';
    output.progress(['dim', `${step.padEnd(10)} `], ['dim', party], kind === 'failure' ? ['red', summary] : summary);
  };
}

/** @param {string} party */
function spaced(party) {
  return party.replaceAll('-', ' ');
}

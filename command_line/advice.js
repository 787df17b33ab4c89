/** What to type where a person has to sign in. */

/** @import { Connection, ScopePlan } from 'mcp-oauth-wasm' */
/** @import { Options } from './settings.js' */

import { InteractionRequiredError } from 'mcp-oauth-wasm';
import { grantedScopes } from './words.js';

/** The options of other commands that `login` has to have as well. */
const CARRIED = ['account', 'store', 'client-id', 'assume-s256', 'omit-resource', 'allow-private-addresses'];

/**
 * Works as a person who is signed in. Where somebody has to sign in first, the error says by which command, and that one
 * helps: a session that does not serve is not "signed in already".
 *
 * @template T
 * @param {Pick<Connection, 'endpoint' | 'session'>} connection
 * @param {Options} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function advising({ endpoint, session }, options, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InteractionRequiredError)) throw error;
    const there = await session();
    const granted = there ? grantedScopes(there) : [];
    const { scopes } = /** @type {ScopePlan} */ (error.details.plan);
    const required = scopes.filter((planned) => planned.required).map(({ scope }) => scope);
    const lacking = required.filter((scope) => !granted.includes(scope));
    const how = there && (lacking.length > 0 ? ['--scope', lacking.join(' ')] : ['--again']);
    const carried = CARRIED.flatMap((name) => {
      const value = options[name];
      return typeof value === 'string' ? [`--${name}`, value] : value ? [`--${name}`] : [];
    });
    const command = ['mcp-oauth-wasm', 'login', endpoint, ...(how ?? []), ...carried].map(quoted).join(' ');
    throw Object.assign(error, { command });
  }
}

/**
 * Fit for a shell: scopes are words of a server, and may have anything in them that a shell would execute.
 *
 * @param {string} text
 */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

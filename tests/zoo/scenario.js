/**
 * What a scenario is, and how what happened is held against it.
 */

/** @import { ServerPolicy } from './policies.js' */
/** @import { ResourcePolicy } from './protected_resource.js' */
/** @import { ServerSettings } from '../../js/core/records.js' */

import { scopes } from './told.js';

/**
 * One story: servers with policies, and phases that share a store. Every phase but the first begins with a restart of
 * the client, unless it `continues`.
 *
 * @typedef {object} Scenario
 * @property {string} name the policies and the trigger, in words
 * @property {string[]} proves requirements (`S4`) and interoperability rows (`interop 1`)
 * @property {ServerPolicy} server the authorization server
 * @property {ServerPolicy} [other] another one, to which the resource can move
 * @property {ResourcePolicy} resource the MCP server
 * @property {ServerSettings} [settings] what the host configured for it
 * @property {string} [clientMetadataUrl] of the application's client metadata document
 * @property {Phase[]} phases
 *
 * @typedef {object} Phase
 * @property {string[]} does `connect`, `sign in`, `sign out`, `refresh`, `forget`, or the name of an operation to call
 * @property {Expectation} expects
 * @property {boolean} [continues] in the same process
 * @property {number} [later] seconds since the phase before
 * @property {Event[]} [meanwhile] what happened since the phase before
 * @property {ServerPolicy} [server] its changed members
 * @property {ResourcePolicy} [resource] its changed members
 * @property {ServerSettings} [settings] their changed members
 * @property {boolean} [interaction] whether a browser may be opened; default: true
 * @property {boolean} [approves] what the host answers before a step-up or a changed issuer; default: true
 *
 * @typedef {'clients are forgotten' | 'access tokens are forgotten' | 'refresh tokens are forgotten' | 'the resource moves'
 *   | 'the port is taken'} Event
 *
 * What must come of a phase. Counts are limits: fewer are as good.
 *
 * @typedef {object} Expectation
 * @property {string} [granted] what the token of the last call grants, exactly
 * @property {string} [error] the code of the error in which the last step ends, all others having succeeded; `any`: of
 *   whatever code
 * @property {boolean} [open] whether it may succeed or fail, as long as the limits are kept
 * @property {string[]} [says] what that error's message names
 * @property {number} trips through the browser
 * @property {number} registrations requests to register, refused ones included
 * @property {number} [updates] of a registration (RFC 7592); default: 0
 * @property {number} [looks] at the authorization endpoint without the person; default: 0
 * @property {number} [clients] that registered themselves and are still known to the servers when the phase ends
 * @property {number} [untold] requests by clients that had to register without scope; default: 0
 * @property {string | null} [asks] the `scope` of the last authorization request, looks included; null: none was sent
 * @property {string | null} [registers] the `scope` of the last registration or update that was agreed to; null: none was sent
 * @property {(string | null)[]} [asked] the `scope` of all authorization requests, looks included
 */

/**
 * What happened in a phase.
 *
 * @typedef {object} Observed
 * @property {{ code: string, message: string, step: string, remaining: number } | undefined} failure
 * @property {string[] | undefined} granted
 * @property {number} trips
 * @property {number} registrations
 * @property {number} updates
 * @property {number} looks
 * @property {number} clients
 * @property {number} untold
 * @property {(string | null)[]} requested
 * @property {(string | undefined)[]} registered
 * @property {string[]} violations
 */

/**
 * What is wrong with a scenario, by phase.
 *
 * @param {Scenario} scenario
 * @param {Observed[]} phases
 * @returns {string[]}
 */
export function allComplaints(scenario, phases) {
  return scenario.phases.flatMap(({ expects }, at) => {
    const observed = phases[at];
    return observed
      ? complaints(expects, observed).map((complaint) => `phase ${at + 1}: ${complaint}`)
      : ['it did not happen'];
  });
}

/** @param {string | null | undefined} scope */
const sorted = (scope) => scopes(scope).sort().join(' ');

/**
 * What is wrong with a phase, in words; nothing: it is as it must be.
 *
 * @param {Expectation} expects
 * @param {Observed} observed
 * @returns {string[]}
 */
export function complaints(expects, observed) {
  const found = outcomeComplaints(expects, observed);
  const { failure, granted, requested, registered } = observed;
  if (!failure && expects.granted !== undefined && sorted(granted?.join(' ')) !== sorted(expects.granted)) {
    found.push(`granted ${granted?.join(' ') || 'nothing'}, not ${expects.granted || 'nothing'}`);
  }
  if (failure && expects.error && ![failure.code, 'any'].includes(expects.error))
    found.push(`failed with ${failure.code}, not ${expects.error}: ${failure.message}`);
  for (const word of failure ? (expects.says ?? []) : []) {
    if (!failure?.message.includes(word)) found.push(`the message does not name ${word}: ${failure?.message}`);
  }
  if (expects.clients !== undefined && observed.clients > expects.clients)
    found.push(`${observed.clients} clients are left, not ${expects.clients}`);
  if (expects.asks !== undefined) found.push(...differs('asked for', requested.at(-1), expects.asks));
  if (expects.registers !== undefined) found.push(...differs('registered', registered.at(-1), expects.registers));
  if (expects.asked) {
    for (let at = 0; at < Math.max(expects.asked.length, requested.length); at += 1)
      found.push(...differs(`asked in trip ${at + 1} for`, requested[at], expects.asked[at]));
  }
  return found;
}

/**
 * The part that any client can be held to: whether the person gets in, at what price, and without violations. Which
 * error, in which words, is its own affair.
 *
 * @param {Expectation} expects
 * @param {Observed} observed
 * @returns {string[]}
 */
export function outcomeComplaints(expects, observed) {
  const { failure } = observed;
  const found = [...observed.violations];
  if (expects.error === undefined && failure && !expects.open)
    found.push(`${failure.step} failed with ${failure.code}: ${failure.message}`);
  if (expects.error !== undefined && !failure) found.push(`succeeded, instead of ${expects.error}`);
  if (failure && failure.remaining > 0 && expects.error !== undefined)
    found.push(`${failure.step} failed too early, with ${failure.code}: ${failure.message}`);
  const lacking = scopes(expects.granted).filter(
    (scope) => scope !== 'offline_access' && !observed.granted?.includes(scope),
  );
  if (!failure && lacking.length > 0) found.push(`lacks ${lacking.join(' ')}`);
  for (const what of /** @type {const} */ (['trips', 'registrations', 'updates', 'looks', 'untold'])) {
    const allowed = expects[what] ?? 0;
    if (observed[what] > allowed) found.push(`${observed[what]} ${what}, not ${allowed}`);
  }
  return found;
}

/**
 * @param {string} what
 * @param {string | null | undefined} observed
 * @param {string | null | undefined} expected
 */
function differs(what, observed, expected) {
  const named = (/** @type {string | null | undefined} */ scope) =>
    scope == null ? 'no scope' : scope || 'an empty scope';
  return sorted(observed) === sorted(expected) && (observed == null) === (expected == null)
    ? []
    : [`${what} ${named(observed)}, not ${named(expected)}`];
}

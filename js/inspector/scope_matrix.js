/** Scopes in rows, and what became of each in columns. */

/** @import { ClientRegistration, Discovery, PlannedScope, ScopePlan } from '../core/records.js' */

/**
 * The columns of a scope matrix, in the order in which scopes pass through them.
 *
 * @typedef {'challenged' | 'resource' | 'catalogue' | 'registered' | 'requested' | 'granted'} ScopeColumn
 */

/**
 * The heading of a column.
 *
 * @typedef {object} ScopeHeading
 * @property {ScopeColumn} column Which it is.
 * @property {string} title For people.
 * @property {string} about What a yes means in it, with the section of the standard.
 */

/**
 * What a cell says. `yes`, `no`; `refused`: a server said no; `lacking`: it is required, and it is not there; `open`: not
 * known yet; `silent`: the server does not say.
 *
 * @typedef {'yes' | 'no' | 'refused' | 'lacking' | 'open' | 'silent'} ScopeState
 */

/**
 * One cell of the matrix.
 *
 * @typedef {object} ScopeCell
 * @property {ScopeState} state For colours.
 * @property {string} word For people who see no colours: a word or two.
 * @property {string} why A sentence.
 */

/**
 * One scope, and what became of it.
 *
 * @typedef {object} ScopeRow
 * @property {string} scope The scope. A server names it: it is foreign text.
 * @property {boolean} required Whether the sign-in is useless without it.
 * @property {boolean} planned Whether the plan has it; otherwise only the authorization server lists it.
 * @property {string} reason Why it is in the plan as it is, or why it is not in it.
 * @property {Record<ScopeColumn, ScopeCell>} cells What became of it.
 */

/**
 * Everything that is known of scopes, as far as the sign-in has come.
 *
 * @typedef {object} ScopeMatrix
 * @property {ScopeHeading[]} columns From left to right.
 * @property {ScopeRow[]} rows Those of the plan in its order, then those that only the authorization server lists.
 */

/**
 * What is known so far.
 *
 * @typedef {object} ScopeFacts
 * @property {Discovery} [discovery] What discovery found.
 * @property {ScopePlan} [plan] The latest plan: the one of the latest step, or of the latest trace event that has one.
 * @property {ClientRegistration} [registration] The client, once there is one.
 */

const columns = /** @type {const} */ ([
  { column: 'challenged', title: 'Challenged', about: 'The MCP server demands it in its 401 or 403 (RFC 6750 §3)' },
  { column: 'resource', title: 'Resource', about: "The MCP server's metadata lists it (RFC 9728 §2)" },
  { column: 'catalogue', title: 'Catalogue', about: "The authorization server's metadata lists it (RFC 8414 §2)" },
  { column: 'registered', title: 'Registered', about: 'The client may request it (RFC 7591 §3.2.1)' },
  { column: 'requested', title: 'Requested', about: 'The person is asked for it (RFC 6749 §3.3)' },
  { column: 'granted', title: 'Granted', about: 'The token carries it (RFC 6749 §5.1)' },
]);

/**
 * The scopes of a sign-in in rows (RFC 6749 §3.3), and in columns who named them and what became of them, each with a
 * state, a word and the reason. Pure: can be called after every step.
 *
 * @param {ScopeFacts} [facts] what is known so far; before discovery nothing
 * @returns {ScopeMatrix}
 * @throws nothing
 */
export function scopeMatrix({ discovery, plan, registration } = {}) {
  const planned = plan?.scopes ?? [];
  const catalogue = discovery?.authorizationServer.scopesSupported;
  const known = new Set(planned.map(({ scope }) => scope));
  const unplanned = [
    ...new Set([
      ...(discovery?.challenge?.scopes ?? []),
      ...(discovery?.protectedResource.scopesSupported ?? []),
      ...(catalogue ?? []),
    ]),
  ];
  return {
    columns: [...columns],
    rows: [
      ...planned.map((scope) =>
        rowOf(
          scope,
          discovery,
          registration,
          planned.some(({ granted }) => granted !== undefined),
        ),
      ),
      ...unplanned
        .filter((scope) => !known.has(scope))
        .map((scope) => unplannedRow(scope, discovery, plan !== undefined)),
    ],
  };
}

/**
 * @param {PlannedScope} planned
 * @param {Discovery | undefined} discovery
 * @param {ClientRegistration | undefined} registration
 * @param {boolean} isAnswered whether the token endpoint has answered
 * @returns {ScopeRow}
 */
function rowOf(planned, discovery, registration, isAnswered) {
  const { scope, required, reason } = planned;
  return {
    scope,
    required,
    planned: true,
    reason,
    cells: {
      ...namedIn(scope, discovery),
      registered: registeredCell(planned, registration),
      requested: requestedCell(planned),
      granted: grantedCell(planned, isAnswered),
    },
  };
}

/**
 * @param {string} scope
 * @param {Discovery | undefined} discovery
 * @param {boolean} isPlanned whether there is a plan
 * @returns {ScopeRow}
 */
function unplannedRow(scope, discovery, isPlanned) {
  const reason = isPlanned
    ? 'only the authorization server lists it: its whole catalogue is never requested'
    : 'nothing is planned yet';
  const left = isPlanned ? none(reason) : open(reason);
  return {
    scope,
    required: false,
    planned: false,
    reason,
    cells: { ...namedIn(scope, discovery), registered: left, requested: left, granted: left },
  };
}

/**
 * @param {string} scope
 * @param {Discovery | undefined} discovery
 */
function namedIn(scope, discovery) {
  const listed = (
    /** @type {string[] | undefined} */ scopes,
    /** @type {string} */ who,
    /** @type {string} */ does,
  ) => {
    if (!discovery) return open('nothing is discovered yet');
    if (!scopes) return silent(`${who} ${does} no scopes at all`);
    return scopes.includes(scope) ? yes(`${who} ${does} it`) : none(`${who} ${does} others`);
  };
  return {
    challenged: listed(discovery?.challenge?.scopes, "the MCP server's challenge", 'demands'),
    resource: listed(discovery?.protectedResource.scopesSupported, "the MCP server's metadata", 'lists'),
    catalogue: listed(discovery?.authorizationServer.scopesSupported, "the authorization server's metadata", 'lists'),
  };
}

/**
 * @param {PlannedScope} planned
 * @param {ClientRegistration | undefined} registration
 * @returns {ScopeCell}
 */
function registeredCell({ registered, outright, refused, purpose, reason }, registration) {
  if (registered) return yes('the client is registered for it');
  if (refused) return { state: 'refused', word: 'refused', why: 'the authorization server refused it' };
  if (outright === 'permitted')
    return {
      state: 'yes',
      word: 'permitted',
      why: 'the registration does not name it, and it was granted all the same',
    };
  if (registered === undefined && !registration)
    return open(purpose === 'left-out' ? reason : 'the client is not registered yet');
  if (registered === undefined) return silent('the authorization server did not say what it registered');
  return silent('the registration does not name it, which does not say that it is not permitted');
}

/**
 * @param {PlannedScope} planned
 * @returns {ScopeCell}
 */
function requestedCell({ requested, refused, required, registered, reason }) {
  if (refused) return { state: 'refused', word: 'refused', why: `the authorization server refused it: ${reason}` };
  if (requested) return yes('it is in the authorization request');
  if (required && registered === false)
    return {
      state: 'no',
      word: 'not yet',
      why: 'the registration does not name it: it is asked for if the MCP server insists',
    };
  if (required) return { state: 'lacking', word: 'missing', why: reason };
  return none(reason);
}

/**
 * @param {PlannedScope} planned
 * @param {boolean} isAnswered
 * @returns {ScopeCell}
 */
function grantedCell({ granted, requested, required }, isAnswered) {
  if (granted) return yes(requested ? 'the token carries it' : 'the token carries it, though it was not requested');
  if (!isAnswered)
    return requested ? open('the authorization server has not answered yet') : none('it is not requested');
  if (requested)
    return {
      state: required ? 'lacking' : 'refused',
      word: 'withheld',
      why: 'it was requested, and the token does not carry it',
    };
  return none('it was not requested');
}

/**
 * @param {ScopeState} state
 * @param {string} word
 * @returns {(why: string) => ScopeCell}
 */
function cell(state, word) {
  return (why) => ({ state, word, why });
}

const yes = cell('yes', 'yes');
const none = cell('no', 'no');
const open = cell('open', 'not yet');
const silent = cell('silent', 'not said');

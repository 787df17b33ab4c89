/** A failed sign-in in words: where it happened, at whom, for which scopes, and what to change. */

/** @import { Party, ScopePlan, Step } from '../core/records.js' */
/** @import { AuthorizationError } from '../core/errors.js' */
/** @import { TraceEvent } from '../core/host.js' */
/** @import { Row } from './failure_rows.js' */

import { rows as rowsOfProtocol } from './failure_rows.js';
import { denied, rowsOfHosts } from './failure_rows_of_hosts.js';
import { partyNames, stepNames } from './words.js';

/**
 * Who can end the failure. `network`: whoever looks after the network, or time. `person`: the one who signs in.
 *
 * @typedef {'authorization-server' | 'protected-resource' | 'settings' | 'application' | 'network' | 'person'} Remedy
 */

/**
 * What to change, and who can.
 *
 * @typedef {object} Change
 * @property {Remedy} by Who can do it.
 * @property {string} setting What is to be changed, in a few words: a member of `ServerSettings`, a member of the server's
 *   metadata, or the server's own configuration.
 * @property {string} words What to do, in a sentence or two.
 */

/**
 * A failure, ready to be shown.
 *
 * @typedef {object} FailureReport
 * @property {string} code The stable code of the error.
 * @property {string} title What happened, in a few words. Has no text of a server in it.
 * @property {string} message The error's own words. May have text of a server in it.
 * @property {Step | undefined} step In which step it happened.
 * @property {string} stepName The step for people.
 * @property {Party} party At whom it happened.
 * @property {string} partyName The party for people.
 * @property {string[]} scopes The scopes that it is about. Empty: it is about none.
 * @property {string} scopeWords The scopes for people, or why there are none.
 * @property {Change} change What to change.
 */

/**
 * What is known of a failed sign-in beside its error.
 *
 * @typedef {object} FailureFacts
 * @property {TraceEvent[]} [events] The trace so far. It tells who was asked last.
 * @property {ScopePlan} [plan] The latest plan. It tells which scopes were requested.
 * @property {Step} [step] The step that was under way, for errors that do not say.
 */

/** @type {Record<string, Row>} */
const byKind = {
  misuse: {
    title: 'The application asked for something that cannot be',
    party: 'client',
    by: 'application',
    setting: 'what the message names',
    words: 'Correct the calling code.',
  },
  transport: { title: 'The network failed', by: 'network', setting: 'the network', words: 'Try again.' },
  refused: {
    title: 'The server refused',
    by: 'authorization-server',
    setting: 'what the message names',
    words: "The server's operator has to permit it.",
  },
  incompatible: {
    title: 'The server lacks something',
    by: 'authorization-server',
    setting: 'what the message names',
    words: "The server's operator has to add it.",
  },
  misbehaved: {
    title: 'The server did what it must not do',
    by: 'authorization-server',
    setting: 'what the message names',
    words: "The server's operator has to correct it.",
  },
  storage: {
    title: 'The store failed',
    party: 'client',
    by: 'application',
    setting: 'the store',
    words: 'Look after the store; nothing was overwritten.',
  },
};

/** @type {Row} */
const unknown = {
  title: 'Something went wrong',
  party: 'client',
  by: 'application',
  setting: 'the application',
  words: 'Report it, with the message.',
};

/** What platforms call a request that never arrived; a `fetch` rejects with nothing else. */
const NETWORK_WORDS = /^(fetch failed|Failed to fetch|Load failed|NetworkError )/;

/**
 * At whom a step fails where no trace tells. @type {Partial<Record<Step, Party>>}
 */
const partyOfStep = {
  call: 'protected-resource',
  discover: 'protected-resource',
  register: 'authorization-server',
  authorize: 'authorization-server',
  token: 'authorization-server',
  refresh: 'authorization-server',
};

/**
 * Steps that are about the requested scopes, and codes that are whatever the step. @type {(Step | undefined)[]}
 */
const scopeSteps = ['authorize', 'callback', 'token', 'step-up'];

/**
 * What to tell people about an error of this package (RFC 6749 §4.1.2.1, RFC 7591 §3.2.2 and others): the step, the party, the
 * scopes and what to change, for every code. Pure.
 *
 * @param {AuthorizationError | Error} error what a step, a connection or a `fetch` rejected with
 * @param {FailureFacts} [facts] what else is known
 * @returns {FailureReport}
 * @throws nothing
 */
export function failure(error, { events = [], plan, step: underWay } = {}) {
  const {
    code = error instanceof TypeError && NETWORK_WORDS.test(error.message) ? 'network_failed' : error.name,
    kind = '',
    step = underWay,
    details = {},
  } = /** @type {Partial<AuthorizationError>} */ (error);
  const isDenied = code === 'authorization_refused' && details.error === 'access_denied';
  const row = (isDenied ? denied : rowFor(code)) ?? (Object.hasOwn(byKind, kind) ? byKind[kind] : undefined) ?? unknown;
  const party =
    row.party ?? lastAsked(events, step) ?? (step && row !== unknown ? partyOfStep[step] : undefined) ?? 'client';
  const scopes = scopesOf(details, code, step, plan);
  // Of a document, the party whose it is has to correct it.
  const isDocument = row.party === undefined && row.by === 'protected-resource';
  const by = isDocument && party === 'authorization-server' ? 'authorization-server' : row.by;
  return {
    code,
    title: row.title,
    message: error.message,
    step,
    stepName: step ? stepNames[step] : 'none',
    party,
    partyName: partyNames[party],
    scopes,
    scopeWords: scopes.length > 0 ? scopes.join(' ') : 'none: it is not about scopes',
    change: { by, setting: row.setting, words: row.words },
  };
}

/** @type {Record<string, Row>} */
const rows = { ...rowsOfProtocol, ...rowsOfHosts };

/** The codes that `failure` has words of its own for. */
export const explainedCodes = Object.keys(rows);

/** @param {string} code */
function rowFor(code) {
  return Object.hasOwn(rows, code) ? rows[code] : undefined;
}

/**
 * @param {TraceEvent[]} events
 * @param {Step | undefined} step
 */
function lastAsked(events, step) {
  const asked = events.filter(({ kind, to }) => kind === 'request' && to !== 'client');
  return (asked.findLast((event) => event.step === step) ?? asked.at(-1))?.to;
}

/**
 * @param {Record<string, unknown>} details
 * @param {string} code
 * @param {Step | undefined} step
 * @param {ScopePlan | undefined} plan
 */
function scopesOf({ scope }, code, step, plan) {
  if (typeof scope === 'string') return scope.split(' ').filter(Boolean);
  if (code === 'registration_refused') return scopesOfPlan(plan, ({ purpose }) => purpose !== 'left-out');
  return scopeSteps.includes(step) && ['authorization_refused', 'token_refused', 'attempts_exhausted'].includes(code)
    ? scopesOfPlan(plan, ({ requested }) => requested)
    : [];
}

/**
 * @param {ScopePlan | undefined} plan
 * @param {(planned: ScopePlan['scopes'][number]) => boolean} which
 */
function scopesOfPlan(plan, which) {
  return (plan?.scopes ?? []).filter(which).map(({ scope }) => scope);
}

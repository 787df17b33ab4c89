/**
 * The parts of an inspector as data, for hosts that show a sign-in to people: the trace as a picture, the scopes as a table,
 * a failure in words, a report without secrets, and what a connection is doing. They touch no page. What servers say is in them as
 * plain text: a page has to show it as text, never as HTML.
 *
 * @module
 */

/**
 * @typedef {import('./connection/state.js').ConnectionState} ConnectionState
 * @typedef {import('./connection/state.js').Shown} Shown
 * @typedef {import('./inspector/sequence.js').Sequence} Sequence
 * @typedef {import('./inspector/sequence.js').Lane} Lane
 * @typedef {import('./inspector/sequence.js').Section} Section
 * @typedef {import('./inspector/sequence.js').Arrow} Arrow
 * @typedef {import('./inspector/sequence.js').Tone} Tone
 * @typedef {import('./inspector/scope_matrix.js').ScopeMatrix} ScopeMatrix
 * @typedef {import('./inspector/scope_matrix.js').ScopeFacts} ScopeFacts
 * @typedef {import('./inspector/scope_matrix.js').ScopeRow} ScopeRow
 * @typedef {import('./inspector/scope_matrix.js').ScopeCell} ScopeCell
 * @typedef {import('./inspector/scope_matrix.js').ScopeColumn} ScopeColumn
 * @typedef {import('./inspector/scope_matrix.js').ScopeHeading} ScopeHeading
 * @typedef {import('./inspector/scope_matrix.js').ScopeState} ScopeState
 * @typedef {import('./inspector/failure.js').FailureReport} FailureReport
 * @typedef {import('./inspector/failure.js').FailureFacts} FailureFacts
 * @typedef {import('./inspector/failure.js').Change} Change
 * @typedef {import('./inspector/failure.js').Remedy} Remedy
 * @typedef {import('./inspector/report.js').Report} Report
 * @typedef {import('./inspector/report.js').ReportInput} ReportInput
 */

export { withState } from './connection/state.js';
export { explain } from './core/explain.js';
export { failure } from './inspector/failure.js';
export { report } from './inspector/report.js';
export { scopeMatrix } from './inspector/scope_matrix.js';
export { sequence } from './inspector/sequence.js';

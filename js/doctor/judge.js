/** From evidence to findings. */

/** @import { Finding, Seen, Severity } from './finding.js' */

import { fitToShow } from '../core/fit_to_show.js';

/** What servers say is cut beyond that many characters. */
const FOUND_LIMIT = 400;

/** @type {Severity[]} */
const severities = ['error', 'warning', 'advice'];

/**
 * @template E
 * @param {(Omit<Finding, 'found' | 'scopes'> & { look: (evidence: E) => Seen | Seen[] | false | undefined })[]} rules
 * @param {E} evidence
 * @returns {Finding[]} the worst first
 */
export function judge(rules, evidence) {
  const findings = rules.flatMap(({ look, ...rule }) =>
    [look(evidence) || []].flat().map((seen) => fitToShow({ ...rule, ...seen, found: cut(seen.found) }, [])),
  );
  return findings.sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity));
}

/** @param {string} text */
function cut(text) {
  return text.length > FOUND_LIMIT ? `${text.slice(0, FOUND_LIMIT)}…` : text;
}

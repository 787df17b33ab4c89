/** An examination: evidence is gathered, and judged by every rule. */

/** @import { Evidence, Finding, Rule } from './finding.js' */
/** @import { ExamineInput } from './gather.js' */
/** @import { StepHost } from '../connection/steps.js' */

import { MisuseError } from '../core/errors.js';
import { fitToShow } from '../core/fit_to_show.js';
import { gather } from './gather.js';
import { judge } from './judge.js';
import { authorizationServerRules } from './rules/authorization_server.js';
import { callRules } from './rules/call.js';
import { documentRules } from './rules/documents.js';
import { protectedResourceRules } from './rules/protected_resource.js';
import { registrationRules } from './rules/registration.js';
import { scopeRules } from './rules/scopes.js';
import { webPageRules } from './rules/web_pages.js';

/**
 * What is to be said about evidence.
 *
 * @typedef {object} Judged
 * @property {Finding[]} findings The worst first.
 */

/**
 * What `examine` saw, and what is to be said about it. The words of servers in `exchanges` and `findings` are cut, and made
 * fit to be shown.
 *
 * @typedef {Evidence & Judged} Examination
 */

/**
 * Everything that `examine` judges, in the order of a sign-in.
 *
 * @type {Rule[]}
 */
export const rules = [
  ...callRules,
  ...protectedResourceRules,
  ...documentRules,
  ...authorizationServerRules,
  ...scopeRules,
  ...registrationRules,
  ...webPageRules,
];

/**
 * Examines a server: discovery step by step (RFC 9728, RFC 8414), the scope plan, and what a registration would send
 * (RFC 7591). Signs nobody in, and registers nothing. Where discovery comes to grief of what can be assumed to be right, it
 * goes on, so that one mistake does not hide the next.
 *
 * @param {ExamineInput} input what is examined
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Examination>} also where nothing can be reached: that is a finding
 * @throws {MisuseError} `invalid_argument`: the endpoint is no URL
 */
export async function examine(input, host = {}) {
  if (!URL.canParse(input.endpoint))
    throw new MisuseError({
      code: 'invalid_argument',
      message: 'The argument `endpoint` must be a URL.',
      details: { path: 'endpoint' },
    });
  const evidence = await gather(input, host);
  return { ...evidence, exchanges: fitToShow(evidence.exchanges, []), findings: judge(rules, evidence) };
}

/**
 * Judges evidence that was gathered before, or elsewhere. Pure.
 *
 * @param {Evidence} evidence what was seen
 * @returns {Finding[]} the worst first
 * @throws nothing
 */
export function findingsOf(evidence) {
  return judge(rules, evidence);
}

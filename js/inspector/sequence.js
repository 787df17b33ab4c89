/** The trace of a sign-in as a picture of lanes and arrows. */

/** @import { Party, Step } from '../core/records.js' */
/** @import { TraceEvent } from '../core/host.js' */

import { partyNames, stepNames } from './words.js';

/**
 * Who takes part, from left to right.
 *
 * @typedef {object} Lane
 * @property {Party} party Which of the four.
 * @property {string} name For people.
 */

/**
 * How an arrow is to be looked at. `good`: the server did what was asked of it. `redirect`: it sends elsewhere, a first
 * challenge to the authorization server included. `bad`: it
 * refused, or something failed. `unavailable`: it is overloaded or broken, and nothing is decided. `neutral`: nothing is to
 * be judged.
 *
 * @typedef {'good' | 'redirect' | 'bad' | 'unavailable' | 'neutral'} Tone
 */

/**
 * One arrow of the picture; a note where `from` and `to` are the same.
 *
 * @typedef {object} Arrow
 * @property {Party} from Where it starts.
 * @property {Party} to Where it ends.
 * @property {'request' | 'answer' | 'decision' | 'failure'} kind What it tells.
 * @property {Tone} tone How it is to be looked at.
 * @property {string} label In a few words. May have text of a server in it.
 * @property {boolean} implied Whether it is concluded: nobody reports what the person's browser does at the authorization
 *   server.
 * @property {TraceEvent} event What it was made from.
 * @property {TraceEvent} [answers] The request that it answers.
 * @property {number} [durationMilliseconds] How long the answer took, in milliseconds.
 */

/**
 * The arrows of one step, in order.
 *
 * @typedef {object} Section
 * @property {Step} step Which step.
 * @property {string} title Its name for people.
 * @property {Arrow[]} arrows What happened in it.
 */

/**
 * The picture: four lanes, and below them what happened, step by step.
 *
 * @typedef {object} Sequence
 * @property {Lane[]} lanes From left to right.
 * @property {Section[]} sections From top to bottom. A step has as many as it was come back to.
 */

/**
 * The trace of a sign-in as lanes and arrows between the person's browser, the client, the MCP server and the authorization
 * server (RFC 6749 §1.2). Pure: can be called again with every event that arrives.
 *
 * @param {TraceEvent[]} events in the order in which they arrived
 * @returns {Sequence}
 * @throws nothing
 */
export function sequence(events) {
  /** @type {Section[]} */
  const sections = [];
  /** @type {Map<string, TraceEvent>} */
  const unanswered = new Map();
  for (const event of events) {
    if (sections.at(-1)?.step !== event.step)
      sections.push({ step: event.step, title: stepNames[event.step] ?? event.step, arrows: [] });
    sections.at(-1)?.arrows.push(...arrowsOf(event, unanswered));
  }
  return {
    lanes: Object.entries(partyNames).map(([party, name]) => ({ party: /** @type {Party} */ (party), name })),
    sections,
  };
}

/**
 * @param {TraceEvent} event
 * @param {Map<string, TraceEvent>} unanswered the latest request of each operation to each party
 * @returns {Arrow[]}
 */
function arrowsOf(event, unanswered) {
  const { from, to, kind } = event;
  const arrow = { from, to, kind, tone: toneOf(event), label: labelOf(event), implied: false, event };
  if (kind === 'request') unanswered.set(`${event.correlation} ${to}`, event);
  if (kind === 'answer') {
    const answers = unanswered.get(`${event.correlation} ${from}`);
    return [answers ? { ...arrow, answers, durationMilliseconds: Math.max(0, event.at - answers.at) } : arrow];
  }
  if (to === 'browser')
    return [arrow, impliedArrow(event, 'browser', 'authorization-server', 'the person signs in and agrees')];
  if (from === 'browser')
    return [impliedArrow(event, 'authorization-server', 'browser', 'sends the person back'), arrow];
  return [arrow];
}

/**
 * @param {TraceEvent} event
 * @param {Party} from
 * @param {Party} to
 * @param {string} label
 * @returns {Arrow}
 */
function impliedArrow(event, from, to, label) {
  return { from, to, kind: 'decision', tone: 'neutral', label, implied: true, event };
}

/**
 * @param {TraceEvent} event
 * @returns {Tone}
 */
function toneOf({ kind, details }) {
  if (kind === 'failure') return 'bad';
  const { status, error, challenge } = Object(details);
  if (typeof error === 'string') return 'bad';
  // Who has no token yet is sent to the authorization server.
  if (status === 401 && challenge && !challenge.error) return 'redirect';
  if (kind !== 'answer' || typeof status !== 'number') return 'neutral';
  if (status === 429 || status >= 500) return 'unavailable';
  if (status >= 400) return 'bad';
  return status >= 300 || status === 0 ? 'redirect' : 'good';
}

/** @param {TraceEvent} event */
function labelOf({ kind, summary, details }) {
  const { method, url, status, body, code } = Object(details);
  if (kind === 'failure' && typeof code === 'string') return `failed: ${code}`;
  if (kind === 'request' && summary === `${method} ${url}`) return `${method} ${pathOf(url)}`;
  const { error } = Object(body);
  if (kind === 'answer' && typeof status === 'number' && typeof error === 'string') return `${status} ${error}`;
  return kind === 'answer' && typeof status === 'number' && summary === `answered ${status}` ? String(status) : summary;
}

/** @param {string} url */
function pathOf(url) {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

/** What happened in a sign-in, as text to paste into a report of a bug. */

/** @import { ClientRegistration, Discovery, ScopePlan } from '../core/records.js' */
/** @import { Finding } from '../doctor/finding.js' */
/** @import { TraceEvent } from '../core/host.js' */
/** @import { FailureReport } from './failure.js' */
/** @import { Arrow } from './sequence.js' */
/** @import { ScopeMatrix } from './scope_matrix.js' */

import { fitToShow } from '../core/fit_to_show.js';
import { scopeMatrix } from './scope_matrix.js';
import { sequence } from './sequence.js';
import { partyNames } from './words.js';

/**
 * What a report is made of. All of it but `endpoint` may be absent.
 *
 * @typedef {object} ReportInput
 * @property {string} endpoint The MCP server's URL.
 * @property {TraceEvent[]} [events] The trace.
 * @property {Discovery} [discovery] What discovery found.
 * @property {ScopePlan} [plan] The latest plan.
 * @property {ClientRegistration} [registration] The client. Its credentials do not go into the report.
 * @property {FailureReport} [failure] How it failed, if it did.
 * @property {Finding[]} [findings] What `examine` of `mcp-oauth-wasm/doctor` found.
 * @property {string[]} [secrets] Values at hand that must not be in the report, such as tokens: should a server repeat one
 *   where nobody expects it, it is taken out.
 * @property {string} [software] What made the report, such as the package and its version.
 */

/**
 * A report in two forms.
 *
 * @typedef {object} Report
 * @property {string} markdown For people. What servers said stands in code, where it can neither format nor mention anybody.
 * @property {string} json For programs, indented.
 */

/**
 * A report of a sign-in without its secrets, to paste into a report of a bug: how it failed, the scopes, and what was sent
 * between whom (RFC 6749 §1.2). Pure.
 *
 * @param {ReportInput} input what happened
 * @returns {Report}
 * @throws nothing
 */
export function report({
  endpoint,
  events = [],
  discovery,
  plan,
  registration,
  failure,
  findings = [],
  secrets = [],
  software = 'mcp-oauth-wasm',
}) {
  const told = fitToShow(
    {
      version: 1,
      software,
      endpoint: withoutQuery(endpoint),
      failure,
      discovery,
      client: registration && {
        kind: registration.kind,
        clientId: registration.clientId,
        tokenEndpointAuthMethod: registration.tokenEndpointAuthMethod,
        redirectUri: registration.redirectUri,
        scopes: registration.scopes,
        askedScopes: registration.askedScopes,
      },
      scopes: scopeMatrix({ discovery, plan, registration }),
      findings,
      events,
    },
    secrets,
  );
  return { markdown: markdownOf(told), json: JSON.stringify(told, null, 2) };
}

/** @param {{ software: string, endpoint: string, failure?: FailureReport, discovery?: Discovery, scopes: ScopeMatrix, findings: Finding[], events: TraceEvent[] }} told */
function markdownOf({ software, endpoint, failure, discovery, scopes, findings, events }) {
  const issuer = discovery?.authorizationServer.issuer;
  const parts = [
    `# Sign-in at ${code(endpoint)}`,
    [`Made by ${code(software)}. Secrets are not in it.`, issuer && `Authorization server: ${code(issuer)}.`]
      .filter(Boolean)
      .join(' '),
    failure && failureInWords(failure),
    scopes.rows.some(({ planned }) => planned) && scopesInWords(scopes),
    findings.length > 0 && `## Findings\n\n${findings.map(findingInWords).join('\n')}`,
    events.length > 0 &&
      `## What was sent\n\n${sequence(events)
        .sections.map(({ title, arrows }) => `### ${title}\n\n${arrows.map(arrowInWords).join('\n')}`)
        .join('\n\n')}`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** @param {FailureReport} failure */
function failureInWords({ code: stable, title, message, stepName, partyName, scopes, scopeWords, change }) {
  return [
    `## ${title}`,
    '',
    `- code: ${code(stable)}`,
    `- step: ${stepName}`,
    `- party: ${partyName}`,
    `- scope: ${scopes.length > 0 ? scopes.map(code).join(' ') : scopeWords}`,
    `- to change: ${code(change.setting)}: ${change.words}`,
    `- message: ${code(message)}`,
  ].join('\n');
}

/** @param {ScopeMatrix} matrix */
function scopesInWords({ columns, rows }) {
  const planned = rows.filter((row) => row.planned);
  const others = rows.length - planned.length;
  return [
    '## Scopes',
    '',
    `| scope | needed | ${columns.map(({ title }) => title.toLowerCase()).join(' | ')} | why |`,
    `|---|---|${columns.map(() => '---|').join('')}---|`,
    ...planned.map(
      ({ scope, required, cells, reason }) =>
        `| ${code(scope)} | ${required ? 'required' : 'optional'} | ${columns.map(({ column }) => cells[column].word).join(' | ')} | ${code(reason)} |`,
    ),
    ...(others > 0
      ? ['', `${others} more ${others === 1 ? 'scope is' : 'scopes are'} listed by the servers, and not planned.`]
      : []),
  ].join('\n');
}

/** @param {Finding} finding */
function findingInWords({ id, severity, standard, title, found, change }) {
  return `- ${severity}: ${title} (${code(id)}, ${standard}). Found: ${code(found)}. To change: ${change}`;
}

/** @param {Arrow} arrow */
function arrowInWords({ from, to, label, implied, durationMilliseconds, event: { details } }) {
  const time = durationMilliseconds === undefined ? '' : ` (${durationMilliseconds} ms)`;
  const body = !implied && Object(details).body ? `\n${fenced(JSON.stringify(Object(details).body, null, 2))}` : '';
  return `- ${partyNames[from]}${from === to ? '' : ` → ${partyNames[to]}`}: ${code(label)}${time}${body}`;
}

/**
 * Foreign text as code: it formats nothing, links nothing and mentions nobody.
 *
 * @param {string} text
 */
function code(text) {
  // A bar would end the cell of a table, in code too.
  const line = text.replace(/\s+/g, ' ').replaceAll('|', '\u2502').trim() || ' ';
  const marks = '`'.repeat(longestRun(line) + 1);
  return marks.length > 1 ? `${marks} ${line} ${marks}` : `${marks}${line}${marks}`;
}

/** @param {string} text */
function fenced(text) {
  const marks = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return [`${marks}json`, text, marks]
    .flatMap((part) => part.split('\n'))
    .map((line) => `  ${line}`)
    .join('\n');
}

/** @param {string} text */
function longestRun(text) {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/** @param {string} url */
function withoutQuery(url) {
  if (!URL.canParse(url)) return '[not a URL]';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** `doctor`: what stands in the way of a sign-in. */

/** @import { Examination, Finding } from 'mcp-oauth-wasm/doctor' */
/** @import { ProbeResult, Trial } from 'mcp-oauth-wasm/doctor' */
/** @import { Run } from './main.js' */
/** @import { Output, Style } from './output.js' */

import { explain } from 'mcp-oauth-wasm';
import { examine, probe } from 'mcp-oauth-wasm/doctor';
import { nodeHost } from 'mcp-oauth-wasm/node';
import { wrapped } from './output.js';
import { client, settingsFrom, storeFrom } from './settings.js';

/** So that a terminal of 24 lines shows all that is said by default. */
const LINES_FOR_FINDINGS = 15;

/** @type {Record<Finding['severity'], Style>} */
const styles = { error: 'red', warning: 'yellow', advice: 'cyan' };

/** @param {Run} run */
export async function run({ parameters: [endpoint = ''], options, output, signal }) {
  const { fetch } = nodeHost();
  const settings = settingsFrom(options);
  output.progress(`Examining ${endpoint}. Nobody is signed in, and nothing is registered.`);
  const examination = await examine({ endpoint, client, settings }, { fetch, signal });
  const probed = options.probe ? await probeIfPossible(examination, { fetch, signal, settings }, output) : undefined;
  const answered = probed ? answeredBy(probed) : [];
  const examined = examination.findings.filter(({ id }) => !answered.includes(id));
  const findings = inOrder([...(await storeFindings(options)), ...(probed?.findings ?? []), ...examined]);
  output.document({ ...examination, findings, ...(probed ? { probe: probed } : {}) });
  if (!output.json) show(examination, findings, probed, options.verbose === true, output);
  return !findings.some(({ severity }) => severity === 'error');
}

/**
 * Whether this machine can keep a session. Nothing is kept.
 *
 * @param {Run['options']} options
 * @returns {Promise<Finding[]>}
 */
async function storeFindings(options) {
  try {
    await storeFrom(options).lock('doctor', async () => {});
    return [];
  } catch (error) {
    return [
      {
        id: 'store-unavailable',
        severity: 'error',
        step: 'register',
        party: 'client',
        title: 'Sessions cannot be kept on this machine',
        standard: 'this package',
        found: error instanceof Error ? error.message : String(error),
        effect: 'A sign-in ends before anything is registered, for nothing of it could be kept.',
        change: 'Make the file and its folder writable for this user, or name another file with `--store`.',
      },
    ];
  }
}

/**
 * @param {Finding[]} findings
 * @returns {Finding[]} the worst first
 */
function inOrder(findings) {
  const severities = Object.keys(styles);
  return findings.sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity));
}

/**
 * What an examination can only ask, and the probe has answered.
 *
 * @param {ProbeResult} probed
 */
function answeredBy({ careless }) {
  const isJudged = careless.answer === 'accepted' || careless.answer === 'refused';
  return [...(isJudged ? ['scope-to-be-registered'] : []), ...(careless.registered ? ['no-public-clients'] : [])];
}

/**
 * @param {Examination} examination
 * @param {Pick<import('mcp-oauth-wasm').StepHost, 'fetch' | 'signal'> & { settings: import('mcp-oauth-wasm').ServerSettings }} given
 * @param {Output} output
 */
async function probeIfPossible({ discovery, plan }, { settings, ...host }, output) {
  const at = discovery?.authorizationServer;
  if (!discovery || !plan || !at?.registrationEndpoint) {
    output.progress('There is nothing to probe: discovery found no place to register at.');
    return undefined;
  }
  output.progress(
    `Registering throwaway clients at ${at.issuer}, to see how they are answered. They are deleted afterwards, where the server lets them be.`,
  );
  return probe({ discovery, plan, settings }, host);
}

/**
 * @param {Examination} examination
 * @param {Finding[]} findings
 * @param {ProbeResult | undefined} probed
 * @param {boolean} verbose
 * @param {Output} output
 */
function show(examination, findings, probed, verbose, output) {
  output.line(['bold', examination.endpoint]);
  for (const [name, value] of facts(examination)) output.line(`  ${name.padEnd(21)}`, value);
  output.line();
  if (probed) showProbe(probed, output);
  if (verbose) showAll(findings, output);
  else showShort(findings, LINES_FOR_FINDINGS - (probed ? 8 : 0), output);
  output.line();
  output.line(summary(findings));
  if (verbose) showDetails(examination, output);
  else if (findings.length > 0) output.line(['dim', 'More: --verbose; for programs: --json.']);
}

/**
 * @param {Examination} examination
 * @returns {[string, string][]}
 */
function facts({ exchanges, challenge, discovery, plan, failures }) {
  const [call] = exchanges;
  const demands = challenge?.scopes ? `; demands ${challenge.scopes.join(' ')}` : '';
  const answer =
    call?.status === undefined ? `no answer: ${call?.failure}` : `answers ${call.status} without a token${demands}`;
  const scopes = (/** @type {(planned: import('mcp-oauth-wasm').PlannedScope) => boolean} */ which) =>
    plan?.scopes
      .filter(which)
      .map(({ scope }) => scope)
      .join(' ') || 'no scopes';
  if (!discovery) return [['MCP server', answer]];
  return [
    ['MCP server', answer],
    [
      'authorization server',
      `${discovery.authorizationServer.issuer}${failures.length > 0 ? ', if the errors were mended' : ''}`,
    ],
    ['would register', scopes(({ purpose }) => purpose !== 'left-out')],
    ['would request', scopes(({ requested }) => requested)],
  ];
}

/**
 * The change for what is bad, as far as there is room; the titles of all.
 *
 * @param {Finding[]} findings
 * @param {number} room lines
 * @param {Output} output
 */
function showShort(findings, room, output) {
  const long = findings.map((finding) =>
    finding.severity === 'advice' ? [] : wrapped(`→ ${finding.change}`, output.width - 10),
  );
  let left = room - findings.length;
  for (const [at, finding] of findings.entries()) {
    if (at >= room) break;
    output.line(
      [styles[finding.severity], finding.severity.padEnd(8)],
      '  ',
      cut(`${finding.title}${about(finding)}`, output.width - 10),
    );
    const change = long[at] ?? [];
    if (change.length <= left) for (const line of change) output.line(' '.repeat(10), ['dim', line]);
    left -= change.length;
  }
  if (findings.length > room) output.line(['dim', `and ${findings.length - room} more`]);
}

/** @param {Finding} finding */
function about({ scopes = [] }) {
  return scopes.length > 0 ? `: ${scopes.join(' ')}` : '';
}

/**
 * @param {Finding[]} findings
 * @param {Output} output
 */
function showAll(findings, output) {
  for (const { severity, id, title, step, party, standard, found, effect, change, setting } of findings) {
    output.line([styles[severity], severity.padEnd(8)], '  ', ['bold', title]);
    const details = {
      found,
      effect,
      change,
      standard,
      where: `${party.replaceAll('-', ' ')}, step ${step}`,
      setting,
      id,
    };
    for (const [name, value] of Object.entries(details)) {
      if (value === undefined) continue;
      const [first = '', ...more] = wrapped(value, output.width - 20);
      output.line(' '.repeat(10), ['dim', name.padEnd(10)], first);
      for (const line of more) output.line(' '.repeat(20), line);
    }
    output.line();
  }
}

/**
 * @param {ProbeResult} probed
 * @param {Output} output
 */
function showProbe({ careless, ours, clients }, output) {
  showTrial('registers without scope', careless, output);
  showTrial('registers by the plan', ours, output);
  const left = clients.filter(({ deleted }) => !deleted);
  output.line(
    '  ',
    left.length === 0
      ? `All ${clients.length} throwaway clients are deleted.`
      : `Not deleted, for the server does not let them be: ${left.map(({ clientId }) => clientId).join(', ')}`,
  );
  output.line();
}

/**
 * @param {string} name
 * @param {Trial} trial
 * @param {Output} output
 */
function showTrial(
  name,
  {
    registered,
    sentScope,
    registeredScope,
    requestedScope,
    answer,
    serverAnswer,
    permitted = [],
    notPermitted = [],
    notKnown = [],
    outrightAnswer,
  },
  output,
) {
  output.line('  ', ['bold', `A client that ${name}`]);
  const named = (registeredScope ?? sentScope ?? '').split(' ');
  const beyond = (requestedScope ?? '').split(' ').filter((scope) => !named.includes(scope));
  const why = beyond.length > 0 ? '' : ': all that it requests is registered';
  const answers = {
    accepted: `accepted${why}`,
    'sign-in':
      beyond.length > 0
        ? `asked to sign in first; not registered: ${beyond.join(' ')}`
        : `asked to sign in first${why}`,
  };
  const details = {
    'is registered for': registered ? (registeredScope ?? 'nobody says which scopes') : undefined,
    requests: requestedScope === undefined ? undefined : (requestedScope ?? 'no scope'),
    'is answered': answer === 'accepted' || answer === 'sign-in' ? answers[answer] : (serverAnswer ?? 'nothing'),
    'may request too': permitted.length > 0 ? `${permitted.join(' ')}, though not named` : undefined,
    'may not request': notPermitted.length > 0 ? `${notPermitted.join(' ')}: ${outrightAnswer}` : undefined,
    'is not told of': notKnown.length > 0 ? notKnown.join(' ') : undefined,
  };
  for (const [title, text] of Object.entries(details)) {
    if (text === undefined) continue;
    const [first = '', ...more] = wrapped(text, output.width - 23);
    output.line(
      `    ${title.padEnd(19)}`,
      title === 'is answered'
        ? [answer === 'accepted' ? 'green' : answer === 'sign-in' ? 'yellow' : 'red', first]
        : first,
    );
    for (const line of more) output.line(' '.repeat(23), line);
  }
}

/** @param {Finding[]} findings */
function summary(findings) {
  const count = (/** @type {Finding['severity']} */ severity) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, advice] = [count('error'), count('warning'), count('advice')];
  if (findings.length === 0) return 'Nothing was found that stands in the way of a sign-in.';
  return `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${advice} ${advice === 1 ? 'piece' : 'pieces'} of advice.`;
}

/**
 * @param {Examination} examination
 * @param {Output} output
 */
function showDetails({ plan, registrationRequest, exchanges }, output) {
  if (plan) {
    output.line();
    output.line(['bold', 'The scope plan']);
    output.text(explain(plan));
  }
  if (registrationRequest) {
    output.line();
    output.line(['bold', 'What registration would send']);
    output.text(JSON.stringify(registrationRequest, null, 2));
  }
  output.line();
  output.line(['bold', 'What was asked, and answered']);
  for (const { method, url, status, failure, headers } of exchanges) {
    output.line(`  ${method.padEnd(8)}${url}  `, [
      'dim',
      `${status ?? failure}${headers['content-type'] ? `, ${headers['content-type']}` : ''}`,
    ]);
  }
}

/**
 * @param {string} text
 * @param {number} length
 */
function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

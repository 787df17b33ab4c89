/** What the MCP server answers without a token (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1). */

/** @import { Evidence, Exchange, Rule } from '../finding.js' */

import { exchangesFor, firstCall, isDocument, isRedirect, isUnavailable, quoted } from '../evidence.js';

const mine = { step: /** @type {const} */ ('discover'), party: /** @type {const} */ ('protected-resource') };

/** @param {Evidence} evidence */
const challengeOf = (evidence) =>
  firstCall(evidence)?.status === 401 ? firstCall(evidence)?.headers['www-authenticate'] : undefined;

/** Whether a GET was not answered as by a server of HTTP+SSE. @param {Exchange} exchange */
const hasNoStream = ({ status, headers }) =>
  status !== 401 && !headers['content-type']?.startsWith('text/event-stream');

/** @type {Rule[]} */
export const callRules = [
  {
    ...mine,
    id: 'unreachable',
    severity: 'error',
    title: 'The MCP server cannot be reached',
    standard: 'RFC 9110 §15',
    effect: 'No client gets anywhere.',
    change: 'Check the URL, the name server, the certificate, and whether the server runs.',
    look: (evidence) =>
      firstCall(evidence)?.failure !== undefined && { found: `${evidence.endpoint}: ${firstCall(evidence)?.failure}` },
  },
  {
    ...mine,
    id: 'no-mcp-server',
    severity: 'error',
    title: 'What answers here may be no MCP server',
    standard: 'MCP, Streamable HTTP',
    effect: 'Nobody can sign in at what is no MCP server; whatever else is found below may be about something else.',
    change: 'Check the URL first: many MCP servers are at a path, such as `/mcp`.',
    look: (evidence) => {
      const { status = 0, headers = {} } = firstCall(evidence) ?? {};
      const isPage = status === 200 && headers['content-type']?.startsWith('text/html');
      const isNothing = [404, 405, 410].includes(status) && exchangesFor(evidence, 'stream').every(hasNoStream);
      return (
        (isPage || isNothing) &&
        !exchangesFor(evidence, 'resource-metadata').some(isDocument) && {
          found: `${evidence.endpoint} answers ${status}${isPage ? ' with a page' : ''}`,
        }
      );
    },
  },
  {
    ...mine,
    id: 'unavailable',
    severity: 'error',
    title: 'A server could not answer',
    standard: 'RFC 9110 §15.6',
    effect:
      'Nothing is decided; good clients report it and try again, others take it for "no metadata" and lock the person out.',
    change: 'Answer these URLs, also when the rest of the server is busy; 404 where there is nothing.',
    look: (evidence) =>
      exchangesFor(evidence, 'call', 'resource-metadata', 'server-metadata')
        .filter(isUnavailable)
        .map(({ url, status, to, purpose }) => ({
          party: to,
          found: `${url} answered ${status}`,
          // What was looked for stands elsewhere.
          ...(evidence.discovery && purpose !== 'call' ? { severity: /** @type {const} */ ('warning') } : {}),
        })),
  },
  {
    ...mine,
    id: 'endpoint-redirects',
    severity: 'warning',
    title: 'The endpoint redirects',
    standard: 'MCP, Streamable HTTP; RFC 9110 §15.4',
    effect:
      'A token follows no redirect. Clients get in only if they take the place where it leads for the endpoint, which they can within the origin, and if the redirect keeps the method (307, 308).',
    change: 'Answer at the URL itself, or publish the one to which it leads.',
    look: (evidence) => {
      const redirects = exchangesFor(evidence, 'call').filter(isRedirect);
      const last = firstCall(evidence);
      return (
        redirects.length > 0 && {
          found: redirects.map(({ url, status, headers }) => `${url}: ${status} to ${headers.location}`).join(', '),
          ...(last && isRedirect(last) ? { severity: /** @type {const} */ ('error') } : {}),
        }
      );
    },
  },
  {
    ...mine,
    id: 'no-token-needed',
    severity: 'advice',
    title: 'The MCP server answers without a token',
    standard: 'MCP, authorization: protocol requirements',
    effect: 'Clients sign nobody in until a later request is refused; some do so only on the first.',
    change: 'If the server is meant to be protected, answer every request without token with 401 and a challenge.',
    look: (evidence) => {
      const { status = 0 } = firstCall(evidence) ?? {};
      return status >= 200 && status < 300 && { found: `\`initialize\` without token was answered with ${status}` };
    },
  },
  {
    ...mine,
    id: 'refused-without-401',
    severity: 'warning',
    title: 'A request without token is refused with another status than 401',
    standard: 'MCP, authorization: error handling; RFC 9110 §15.5.2',
    effect: 'Clients begin a sign-in on 401 alone; here they report a broken server.',
    change: 'Answer requests without a valid token with 401 and a `WWW-Authenticate` challenge.',
    look: (evidence) => {
      const { status = 0, headers = {} } = firstCall(evidence) ?? {};
      const isOther = status >= 300 && status < 500 && status !== 401 && status !== 429;
      if (exchangesFor(evidence, 'stream').some((stream) => stream.status === 401)) return undefined;
      return isOther && { found: `status ${status}${headers.location ? `, to ${headers.location}` : ''}` };
    },
  },
  {
    ...mine,
    id: 'old-transport',
    severity: 'warning',
    title: 'The MCP server speaks HTTP+SSE alone',
    standard: 'MCP, transports: Streamable HTTP, backwards compatibility',
    effect:
      'Its messages go to another URL, which the server names in the stream. Clients that know only Streamable HTTP are shut out, and tokens for the URL of the stream are not sent there by careful ones; this package sends them with the option `wholeOrigin` of a connection.',
    change: 'Offer Streamable HTTP: messages and streams at one URL.',
    look: (evidence) => {
      const [stream] = exchangesFor(evidence, 'stream');
      return (
        stream &&
        !hasNoStream(stream) && {
          found: `POST was answered with ${firstCall(evidence)?.status}, GET with ${stream.status}`,
        }
      );
    },
  },
  {
    ...mine,
    id: 'no-challenge',
    severity: 'warning',
    title: 'The 401 carries no challenge',
    standard: 'RFC 9110 §11.6.1',
    effect: 'Clients are not told where the metadata is, nor which scopes are needed, and have to guess.',
    change: 'Send `WWW-Authenticate: Bearer resource_metadata="…", scope="…"` with every 401.',
    look: (evidence) =>
      firstCall(evidence)?.status === 401 &&
      challengeOf(evidence) === undefined && { found: '401 without `WWW-Authenticate`' },
  },
  {
    ...mine,
    id: 'no-bearer-challenge',
    severity: 'warning',
    title: 'The challenge is not for access tokens',
    standard: 'RFC 6750 §3',
    effect: 'Clients find no `Bearer` challenge to answer.',
    change: 'Send a `Bearer` challenge, alone or beside the others.',
    look: (evidence) =>
      challengeOf(evidence) !== undefined && !evidence.challenge && { found: String(challengeOf(evidence)) },
  },
  {
    ...mine,
    id: 'bearer-not-first',
    severity: 'advice',
    title: 'Another challenge stands before the one for access tokens',
    standard: 'RFC 9110 §11.6.1',
    effect: 'The standard permits it, and clients that read only the first challenge do not find it.',
    change: 'Put the `Bearer` challenge first.',
    look: (evidence) => {
      const text = challengeOf(evidence) ?? '';
      return evidence.challenge && !/^\s*(bearer|dpop)\b/i.test(text) && { found: text };
    },
  },
  {
    ...mine,
    id: 'single-quoted-challenge',
    severity: 'warning',
    title: 'Values of the challenge are in single quotes',
    standard: 'RFC 9110 §5.6.4',
    effect: 'The quotes are read as part of the value, or the whole challenge is dropped.',
    change: 'Put values into double quotes.',
    look: (evidence) => /=\s*'/.test(challengeOf(evidence) ?? '') && { found: String(challengeOf(evidence)) },
  },
  {
    ...mine,
    id: 'no-resource-metadata-in-challenge',
    severity: 'warning',
    title: 'The challenge does not say where the metadata is',
    standard: 'RFC 9728 §5.1',
    effect: 'Clients have to try well-known locations; those of MCP revision 2025-06-18 need not.',
    change: 'Add `resource_metadata="https://…/.well-known/oauth-protected-resource…"` to the challenge.',
    look: (evidence) =>
      evidence.challenge &&
      evidence.challenge.resourceMetadata === undefined && { found: String(challengeOf(evidence)) },
  },
  {
    ...mine,
    id: 'no-scope-in-challenge',
    severity: 'advice',
    title: 'The challenge names no scope',
    standard: 'MCP, authorization: scope selection',
    effect: 'Clients request everything that the metadata lists, or no scope at all.',
    change: 'Name in `scope` what the request at hand needs.',
    look: (evidence) =>
      evidence.challenge && !evidence.challenge.scopes?.length && { found: String(challengeOf(evidence)) },
  },
  {
    ...mine,
    id: 'commas-between-scopes',
    severity: 'warning',
    title: 'The scopes of the challenge are separated by commas',
    standard: 'RFC 6749 §3.3',
    effect: 'Clients request one scope with commas in it, which no authorization server knows.',
    change: 'Separate scopes by single spaces.',
    look: (evidence) => {
      const scope = /\bscope\s*=\s*"([^"]*)"/i.exec(challengeOf(evidence) ?? '')?.[1] ?? '';
      return scope.includes(',') && { found: `scope=${quoted(scope)}` };
    },
  },
];

/** How metadata documents are served (RFC 9728 §3.2, RFC 8414 §3.2), and what stops discovery. */

/** @import { Evidence, Exchange, Rule } from '../finding.js' */

import { exchangesFor, failureOf, firstCall, isDocument, isUnavailable, quoted, textOf } from '../evidence.js';

const either = { step: /** @type {const} */ ('discover'), party: /** @type {const} */ ('authorization-server') };

/** @param {Evidence} evidence */
const metadata = (evidence) => distinct(exchangesFor(evidence, 'resource-metadata', 'server-metadata'));

/** Discovery may have been repeated. @param {Exchange[]} exchanges */
const distinct = (exchanges) =>
  exchanges.filter(({ url }, at) => exchanges.findIndex((other) => other.url === url) === at);

/** Errors that other rules tell of, with what was seen. */
const toldElsewhere = [
  'resource_mismatch',
  'issuer_mismatch',
  'no_s256',
  'no_protected_resource_metadata',
  'no_authorization_server_metadata',
  'insecure_endpoint',
  'private_address',
  'server_unavailable',
];

/** @type {Rule[]} */
export const documentRules = [
  {
    ...either,
    id: 'discovery-fails',
    severity: 'error',
    title: 'Discovery comes to an end',
    standard: 'MCP, authorization server discovery',
    effect: 'There is no sign-in.',
    change: 'See what was found, and mend that first.',
    look: (evidence) => {
      const failure = evidence.failures.find(({ code }) => !toldElsewhere.includes(code));
      const isTold =
        firstCall(evidence)?.failure !== undefined ||
        (evidence.resourceMetadata && !evidence.resourceMetadata.authorization_servers);
      return failure && !evidence.discovery && !isTold && { found: `${failure.message} (${failure.code})` };
    },
  },
  {
    ...either,
    id: 'private-address',
    severity: 'error',
    title: 'A server names an address of a private network',
    standard: 'RFC 9728 §7.7',
    effect: 'Clients must not be sent into the networks of their users, and refuse.',
    change: "Name addresses that are as public as the MCP server is. Inside a company's network, users can allow it.",
    setting: 'allowPrivateAddresses',
    look: (evidence) => {
      const failure = failureOf(evidence, 'private_address');
      return failure && { found: failure.message };
    },
  },
  {
    ...either,
    id: 'insecure-endpoint',
    severity: 'error',
    title: 'An endpoint is not served by https',
    standard: 'OAuth 2.1 §1.5',
    effect: 'Codes and tokens could be read on their way. Clients refuse.',
    change: 'Serve every endpoint by https.',
    look: (evidence) => {
      const failure = failureOf(evidence, 'insecure_endpoint');
      return failure && { found: failure.message };
    },
  },
  {
    ...either,
    id: 'page-in-place-of-metadata',
    severity: 'warning',
    title: 'Something else is served where metadata would be',
    standard: 'RFC 9728 §3.2, RFC 8414 §3.2',
    effect: 'Clients that look only at the status stumble over it, and try no other location.',
    change: 'Answer with the document, or with 404.',
    look: (evidence) =>
      metadata(evidence)
        .filter(({ status, document }) => status === 200 && !document)
        .map(({ url, headers, to }) => ({
          party: to,
          found: `${url}: 200 with ${headers['content-type'] ?? 'no type'}, no JSON object`,
        })),
  },
  {
    ...either,
    id: 'metadata-of-other-type',
    severity: 'warning',
    title: 'Metadata is not served as application/json',
    standard: 'RFC 9728 §3.2, RFC 8414 §3.2',
    effect: 'Clients that check the type do not use it.',
    change: 'Serve it with `Content-Type: application/json`.',
    look: (evidence) =>
      metadata(evidence)
        .filter(
          (exchange) =>
            isDocument(exchange) && !/^application\/json\s*(;|$)/i.test(exchange.headers['content-type'] ?? ''),
        )
        .map(({ url, headers, to }) => ({ party: to, found: `${url}: ${headers['content-type'] ?? 'no type'}` })),
  },
  {
    ...either,
    id: 'redirected-metadata',
    severity: 'warning',
    title: 'Metadata is redirected',
    standard: 'RFC 9728 §3.1, RFC 8414 §3.1',
    effect: 'Clients follow redirects within one origin at most, and web pages and careful clients none.',
    change: 'Serve the document at the location itself.',
    look: (evidence) =>
      metadata(evidence)
        .filter(({ headers, status = 0 }) => status >= 300 && status < 400 && headers.location !== undefined)
        .map(({ url, headers, to, status }) => ({ party: to, found: `${url}: ${status} to ${headers.location}` })),
  },
  {
    ...either,
    id: 'miss-is-not-404',
    severity: 'advice',
    title: 'A location without metadata answers otherwise than with 404',
    standard: 'RFC 9110 §15.5.5',
    effect: 'Some clients take it for a failure, and try no other location.',
    change: 'Answer with 404 where there is nothing, and ask nobody for credentials there.',
    look: (evidence) =>
      metadata(evidence)
        .filter((exchange) => {
          const { status = 404 } = exchange;
          return status >= 400 && status !== 404 && status !== 410 && !isUnavailable(exchange);
        })
        .map(({ url, status, to }) => ({ party: to, found: `${url}: ${status}` })),
  },
  {
    ...either,
    id: 'metadata-differs-by-location',
    severity: 'warning',
    title: 'The authorization server says different things at different locations',
    standard: 'RFC 8414 §5',
    effect: 'What works depends on which location a client tries first.',
    change: 'Serve the same members in both documents.',
    look: (evidence) => {
      const { discovery, serverMetadata } = evidence;
      const members = [
        'issuer',
        'authorization_endpoint',
        'token_endpoint',
        'registration_endpoint',
        'code_challenge_methods_supported',
      ];
      const others = metadata(evidence).filter(
        ({ purpose, url, document }) =>
          purpose === 'server-metadata' &&
          url !== discovery?.authorizationServer.metadataUrl &&
          textOf(document, 'issuer'),
      );
      return others.flatMap(({ url, document }) => {
        const different = members.filter(
          (member) => discovery && quoted(document?.[member]) !== quoted(serverMetadata?.[member]),
        );
        return different.length > 0 ? [{ found: `${url}: other ${different.join(', ')}` }] : [];
      });
    },
  },
];

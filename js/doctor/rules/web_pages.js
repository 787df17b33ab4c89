/** What browsers let pages from elsewhere do (Fetch Standard, CORS protocol). */

/** @import { Discovery } from '../../core/records.js' */
/** @import { Evidence, Exchange, Rule } from '../finding.js' */

import { exchangesFor, firstCall } from '../evidence.js';

const effect =
  'Clients that run in a web page fail there, and their users see only "network error". Other clients do not notice.';

/**
 * The look at one URL, where a page could not read the answer.
 *
 * @param {Evidence} evidence
 * @param {(discovery: Discovery) => string | undefined} url
 * @param {string[]} [headers] that a page would send
 */
function closed(evidence, url, headers = []) {
  const { discovery } = evidence;
  const look = exchangesFor(evidence, 'web-page').find(
    (exchange) => discovery && exchange.url === url(discovery) && exchange.status !== undefined,
  );
  return look && !isOpen(look, headers)
    ? { found: `${look.method} ${look.url}: ${described(look, headers)}` }
    : undefined;
}

/**
 * @param {Exchange} look
 * @param {string[]} headers
 */
function isOpen({ headers: answered, method, status = 0 }, headers) {
  if (answered['access-control-allow-origin'] === undefined) return false;
  if (method !== 'OPTIONS') return true;
  const allowed = (answered['access-control-allow-headers'] ?? '').toLowerCase().split(/\s*,\s*/);
  return (
    status >= 200 &&
    status < 300 &&
    headers.every((header) => allowed.includes(header) || (allowed.includes('*') && header !== 'authorization'))
  );
}

/**
 * @param {Exchange} look
 * @param {string[]} headers
 */
function described({ status, headers: answered }, headers) {
  if (answered['access-control-allow-origin'] === undefined) return `${status} without \`Access-Control-Allow-Origin\``;
  return `${status}, \`Access-Control-Allow-Headers\` is ${answered['access-control-allow-headers'] ?? 'absent'}, needed: ${headers.join(', ')}`;
}

/** @type {Rule[]} */
export const webPageRules = [
  {
    id: 'mcp-server-closed-to-web-pages',
    severity: 'advice',
    step: 'call',
    party: 'protected-resource',
    title: 'Web pages cannot call the MCP server',
    standard: 'Fetch Standard, CORS protocol',
    effect,
    change:
      'Answer `OPTIONS` with `Access-Control-Allow-Origin`, and with `Authorization`, `Content-Type` and `MCP-Protocol-Version` in `Access-Control-Allow-Headers`.',
    look: (evidence) =>
      closed(evidence, ({ endpoint }) => endpoint, ['authorization', 'content-type', 'mcp-protocol-version']),
  },
  {
    id: 'challenge-hidden-from-web-pages',
    severity: 'advice',
    step: 'discover',
    party: 'protected-resource',
    title: 'Web pages cannot read the challenge',
    standard: 'Fetch Standard, CORS protocol; MCP, authorization server discovery',
    effect: 'Clients that run in a web page see neither where the metadata is nor which scopes are needed.',
    change: 'Send `Access-Control-Expose-Headers: WWW-Authenticate` with the 401.',
    look: (evidence) => {
      const { headers = {}, status } = firstCall(evidence) ?? {};
      const isHidden =
        status === 401 &&
        headers['www-authenticate'] !== undefined &&
        !/www-authenticate|^\s*\*\s*$/i.test(headers['access-control-expose-headers'] ?? '');
      return (
        evidence.discovery &&
        isHidden && {
          found: `\`Access-Control-Expose-Headers\` is ${headers['access-control-expose-headers'] ?? 'absent'}`,
        }
      );
    },
  },
  {
    id: 'resource-metadata-closed-to-web-pages',
    severity: 'advice',
    step: 'discover',
    party: 'protected-resource',
    title: "Web pages cannot read the protected resource's metadata",
    standard: 'Fetch Standard, CORS protocol',
    effect,
    change: 'Send `Access-Control-Allow-Origin: *` with the document: it is public.',
    look: (evidence) => closed(evidence, ({ protectedResource }) => protectedResource.metadataUrl),
  },
  {
    id: 'server-metadata-closed-to-web-pages',
    severity: 'advice',
    step: 'discover',
    party: 'authorization-server',
    title: "Web pages cannot read the authorization server's metadata",
    standard: 'Fetch Standard, CORS protocol',
    effect,
    change: 'Send `Access-Control-Allow-Origin: *` with the document: it is public.',
    look: (evidence) => closed(evidence, ({ authorizationServer }) => authorizationServer.metadataUrl),
  },
  {
    id: 'registration-closed-to-web-pages',
    severity: 'advice',
    step: 'register',
    party: 'authorization-server',
    title: 'Web pages cannot register',
    standard: 'Fetch Standard, CORS protocol',
    effect,
    change:
      'Answer `OPTIONS` at the registration endpoint with `Access-Control-Allow-Origin: *` and `Access-Control-Allow-Headers: Content-Type`.',
    look: (evidence) =>
      closed(evidence, ({ authorizationServer }) => authorizationServer.registrationEndpoint, ['content-type']),
  },
  {
    id: 'tokens-closed-to-web-pages',
    severity: 'advice',
    step: 'token',
    party: 'authorization-server',
    title: 'Web pages cannot trade codes for tokens',
    standard: 'Fetch Standard, CORS protocol',
    effect,
    change:
      'Send `Access-Control-Allow-Origin: *` with every answer of the token endpoint, and with that to `OPTIONS`.',
    look: (evidence) => closed(evidence, ({ authorizationServer }) => authorizationServer.tokenEndpoint),
  },
];

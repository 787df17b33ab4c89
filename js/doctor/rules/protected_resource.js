/** What the MCP server says of itself as a protected resource (RFC 9728). */

/** @import { Evidence, Rule } from '../finding.js' */

import { exchangesFor, failureOf, isDocument, isUnavailable, listOf, quoted, textOf, urlOf } from '../evidence.js';

const mine = { step: /** @type {const} */ ('discover'), party: /** @type {const} */ ('protected-resource') };

/** @param {string} url */
const withoutSlash = (url) => url.replace(/\/$/, '');

/** @param {Evidence} evidence */
const named = ({ resourceMetadata }) => textOf(resourceMetadata, 'resource');

/** @type {Rule[]} */
export const protectedResourceRules = [
  {
    ...mine,
    id: 'no-protected-resource-metadata',
    severity: 'error',
    title: 'The MCP server publishes no protected resource metadata',
    standard: 'RFC 9728 §3; MCP, authorization server discovery',
    effect:
      "Clients cannot learn who signs people in. Those that know MCP revision 2025-03-26 try the MCP server's own origin.",
    change: 'Publish the document at `/.well-known/oauth-protected-resource` followed by the path of the MCP server.',
    look: (evidence) => {
      const tried = exchangesFor(evidence, 'resource-metadata');
      const hasNone = tried.length > 0 && !tried.some((exchange) => isDocument(exchange) || isUnavailable(exchange));
      return (
        hasNone &&
        evidence.challenge?.resourceMetadata === undefined && {
          found: tried.map(({ url, status, failure }) => `${url}: ${status ?? failure}`).join(', '),
        }
      );
    },
  },
  {
    ...mine,
    id: 'named-metadata-missing',
    severity: 'error',
    title: 'There is no metadata where the challenge says that it is',
    standard: 'RFC 9728 §5.1',
    effect: 'Clients must not guess where else it might be, and give up.',
    change: 'Serve the document at the URL that the challenge names, or name the right one.',
    look: (evidence) => {
      const url = evidence.challenge?.resourceMetadata;
      const asked = exchangesFor(evidence, 'resource-metadata').filter((exchange) => exchange.url === url);
      const isMissing =
        asked.length > 0 &&
        !asked.some((exchange) => isDocument(exchange) || isUnavailable(exchange) || exchange.headers.location);
      return (
        isMissing && {
          found: `${url}: ${asked[0]?.status ?? asked[0]?.failure}${asked[0]?.status === 200 ? ', not a JSON object' : ''}`,
        }
      );
    },
  },
  {
    ...mine,
    id: 'resource-mismatch',
    severity: 'error',
    title: 'The metadata speaks of another resource',
    standard: 'RFC 9728 §3.3',
    effect: 'Clients must not use it: a token for another resource could be stolen so.',
    change: 'Set `resource` to the URL at which clients call the MCP server, byte for byte.',
    look: (evidence) =>
      failureOf(evidence, 'resource_mismatch') && {
        found: `\`resource\` is ${quoted(named(evidence))}, called is ${evidence.endpoint}`,
      },
  },
  {
    ...mine,
    id: 'resource-is-wider',
    severity: 'warning',
    title: 'The MCP server names more than itself as its resource',
    standard: 'RFC 9728 §3.3',
    effect: 'Clients that compare as the standard says refuse; the token is good for everything below that identifier.',
    change:
      'Set `resource` to the URL at which clients call the MCP server, and serve the document at the location that belongs to it.',
    look: (evidence) => {
      const resource = named(evidence);
      const isOther =
        resource !== undefined &&
        withoutSlash(resource) !== withoutSlash(evidence.endpoint) &&
        !failureOf(evidence, 'resource_mismatch');
      return isOther && { found: `\`resource\` is ${quoted(resource)}, called is ${evidence.endpoint}` };
    },
  },
  {
    ...mine,
    id: 'resource-trailing-slash',
    severity: 'warning',
    title: 'The resource identifier differs by a slash at its end',
    standard: 'RFC 9728 §3.3, RFC 8707 §2',
    effect: 'URL libraries add or take away that slash, and comparisons fail in clients or at the token endpoint.',
    change: 'Use the same spelling in `resource`, in the URL that people are given, and in the audience of tokens.',
    look: (evidence) => {
      const resource = named(evidence);
      const differs =
        resource !== undefined &&
        resource !== evidence.endpoint &&
        withoutSlash(resource) === withoutSlash(evidence.endpoint);
      return differs && { found: `\`resource\` is ${quoted(resource)}, called is ${evidence.endpoint}` };
    },
  },
  {
    ...mine,
    id: 'no-authorization-servers',
    severity: 'error',
    title: 'The metadata names no authorization server',
    standard: 'MCP, authorization server discovery; RFC 9728 §2',
    effect: 'Clients cannot learn who signs people in.',
    change: 'List at least one issuer in `authorization_servers`.',
    look: ({ resourceMetadata }) =>
      resourceMetadata !== undefined &&
      !listOf(resourceMetadata, 'authorization_servers')?.length && {
        found: `\`authorization_servers\` is ${quoted(resourceMetadata.authorization_servers)}`,
      },
  },
  {
    ...mine,
    id: 'several-authorization-servers',
    severity: 'advice',
    title: 'The metadata names several authorization servers',
    standard: 'RFC 9728 §7.6',
    effect: 'Many clients know only the first one, and fail where that does not serve them.',
    change: 'Put the one first that registers clients by itself.',
    look: ({ resourceMetadata }) => {
      const issuers = listOf(resourceMetadata, 'authorization_servers') ?? [];
      return issuers.length > 1 && { found: issuers.join(', ') };
    },
  },
  {
    ...mine,
    id: 'metadata-not-at-well-known',
    severity: 'advice',
    title: 'The metadata is not at the location that belongs to the MCP server',
    standard: 'RFC 9728 §3.1',
    effect: 'Clients that cannot read the challenge, as web pages often cannot, look there first.',
    change: 'Serve the document there as well.',
    look: (evidence) => {
      const url = urlOf(evidence.endpoint);
      const location = `${url?.origin}/.well-known/oauth-protected-resource${url?.pathname === '/' ? '' : url?.pathname}${url?.search}`;
      const asked = exchangesFor(evidence, 'resource-metadata').find((exchange) => exchange.url === location);
      return (
        evidence.resourceMetadata &&
        asked &&
        !isDocument(asked) && { found: `${location}: ${asked.status ?? asked.failure}` }
      );
    },
  },
  {
    ...mine,
    id: 'no-tokens-in-header',
    severity: 'error',
    title: 'The MCP server does not take tokens in the header',
    standard: 'RFC 6750 §2.1; MCP, token usage',
    effect: 'MCP clients send tokens in no other way.',
    change: 'Accept `Authorization: Bearer`, and list `header` in `bearer_methods_supported`.',
    look: ({ resourceMetadata }) => {
      const methods = listOf(resourceMetadata, 'bearer_methods_supported');
      return methods && !methods.includes('header') && { found: `\`bearer_methods_supported\` is ${quoted(methods)}` };
    },
  },
  {
    ...mine,
    id: 'bound-tokens-required',
    severity: 'warning',
    title: 'The MCP server takes only tokens that are bound to a key',
    standard: 'RFC 9449; RFC 9728 §2',
    effect: 'Few MCP clients can prove possession of a key; the others are refused with a token in their hands.',
    change: 'Accept bearer tokens as well, or tell users which clients serve.',
    look: ({ resourceMetadata }) =>
      resourceMetadata?.dpop_bound_access_tokens_required === true && {
        found: '`dpop_bound_access_tokens_required` is true',
      },
  },
  {
    ...mine,
    id: 'insecure-mcp-server',
    severity: 'error',
    title: 'The MCP server is called without TLS',
    standard: 'OAuth 2.1 §1.5; MCP, communication security',
    effect: 'Tokens could be read on their way. Clients refuse.',
    change: 'Serve it by https.',
    look: ({ endpoint }) => {
      const url = urlOf(endpoint);
      const isLoopback = url && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
      return url?.protocol === 'http:' && !isLoopback && { found: endpoint };
    },
  },
];

/** What the authorization server says of itself (RFC 8414, RFC 9207, RFC 9126). */

/** @import { JsonObject } from '../../core/host.js' */
/** @import { Evidence, Rule } from '../finding.js' */

import { exchangesFor, failureOf, isDocument, isUnavailable, listOf, quoted, textOf, urlOf } from '../evidence.js';

const mine = { step: /** @type {const} */ ('discover'), party: /** @type {const} */ ('authorization-server') };

/** How this package can authenticate without a key. */
const authenticationMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];

/** @param {Evidence} evidence the issuers that were asked for */
const askedIssuers = ({ resourceMetadata }) => listOf(resourceMetadata, 'authorization_servers') ?? [];

/**
 * @param {Evidence} evidence
 * @param {(asked: string, said: string) => boolean} differ
 */
function otherIssuer(evidence, differ) {
  const said = textOf(evidence.serverMetadata, 'issuer');
  const asked = askedIssuers(evidence);
  const [first = ''] = asked;
  return (
    said !== undefined &&
    first !== '' &&
    asked.every((issuer) => differ(issuer, said)) && { found: `asked for ${first}, \`issuer\` is ${quoted(said)}` }
  );
}

/** @param {string} url */
const withoutSlash = (url) => url.replace(/\/$/, '');

/**
 * @param {JsonObject | undefined} document
 * @param {string} member
 */
const lacks = (document, member) => document !== undefined && textOf(document, member) === undefined;

const optionalEndpoints = [
  'registration_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'jwks_uri',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
];

/** @param {string} text */
function isCallable(text) {
  const { protocol, hostname = '' } = urlOf(text) ?? {};
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|\[::1\]|127(\.\d+){3})$/.test(hostname));
}

/** @type {Rule[]} */
export const authorizationServerRules = [
  {
    ...mine,
    id: 'no-authorization-server-metadata',
    severity: 'error',
    title: 'The authorization server publishes no metadata',
    standard: 'RFC 8414 §3; MCP, authorization server discovery',
    effect: 'Clients cannot learn where to send people.',
    change:
      "Publish it at `/.well-known/oauth-authorization-server` or `/.well-known/openid-configuration`, with the issuer's path.",
    setting: 'authorizationServerMetadata',
    look: (evidence) => {
      const tried = exchangesFor(evidence, 'server-metadata');
      const hasNone = tried.length > 0 && !tried.some((exchange) => isDocument(exchange) || isUnavailable(exchange));
      return hasNone && { found: tried.map(({ url, status, failure }) => `${url}: ${status ?? failure}`).join(', ') };
    },
  },
  {
    ...mine,
    id: 'metadata-only-as-openid-configuration',
    severity: 'advice',
    title: 'The metadata is not where RFC 8414 has it',
    standard: 'RFC 8414 §3.1; MCP, authorization server discovery',
    effect: 'Clients of MCP revisions before 2025-11-25 try only `/.well-known/oauth-authorization-server`.',
    change: 'Serve the document there as well.',
    look: (evidence) => {
      const tried = exchangesFor(evidence, 'server-metadata');
      const [first] = tried.filter(({ url }) => url.includes('/.well-known/oauth-authorization-server'));
      return (
        first &&
        !tried.some((exchange) => exchange.url === first.url && (isDocument(exchange) || isUnavailable(exchange))) &&
        tried.some(isDocument) && { found: `${first.url}: ${first.status ?? first.failure}` }
      );
    },
  },
  {
    ...mine,
    id: 'issuer-mismatch',
    severity: 'error',
    title: 'The authorization server calls itself otherwise',
    standard: 'RFC 8414 §3.3',
    effect: 'Clients must not use the document: any server could pass for another.',
    change: 'Use one spelling in `issuer` and in the `authorization_servers` of the MCP server.',
    look: (evidence) =>
      failureOf(evidence, 'issuer_mismatch') &&
      otherIssuer(evidence, (asked, said) => withoutSlash(asked) !== withoutSlash(said)),
  },
  {
    ...mine,
    id: 'issuer-trailing-slash',
    severity: 'warning',
    title: 'The issuer differs by a slash at its end',
    standard: 'RFC 8414 §3.3',
    effect: 'Clients that compare as the standard says refuse.',
    change: 'Use one spelling in `issuer`, in the `authorization_servers` of the MCP server, and in `iss`.',
    look: (evidence) =>
      otherIssuer(evidence, (asked, said) => asked !== said && withoutSlash(asked) === withoutSlash(said)),
  },
  {
    ...mine,
    id: 'endpoint-missing',
    severity: 'error',
    title: 'The metadata lacks an endpoint',
    standard: 'RFC 8414 §2',
    effect: 'There is nowhere to send people, or to trade codes.',
    change: 'State `authorization_endpoint` and `token_endpoint`.',
    setting: 'authorizationServerMetadata',
    look: ({ serverMetadata }) => {
      const missing = ['authorization_endpoint', 'token_endpoint'].filter((member) => lacks(serverMetadata, member));
      return missing.length > 0 && { found: `without ${missing.join(' and ')}` };
    },
  },
  {
    ...mine,
    id: 'unusable-endpoint',
    severity: 'warning',
    title: 'An endpoint that not every sign-in needs cannot be called',
    standard: 'RFC 8414 §2, OAuth 2.1 §1.5',
    effect: 'Strict clients drop the whole document. The others do without what is there.',
    change: 'Publish whole https URLs, or leave the members out.',
    look: ({ serverMetadata, discovery }) => {
      const unusable = optionalEndpoints.filter((member) => {
        const text = textOf(serverMetadata, member);
        return text !== undefined && !isCallable(text);
      });
      return (
        discovery &&
        unusable.length > 0 && {
          found: unusable.map((member) => `\`${member}\` is ${quoted(serverMetadata?.[member])}`).join(', '),
        }
      );
    },
  },
  {
    ...mine,
    id: 'no-s256',
    severity: 'error',
    title: 'PKCE with S256 is not advertised',
    standard: 'RFC 7636 §4.2, RFC 8414 §2; MCP, authorization code protection',
    effect: 'Clients must refuse, since codes could be stolen.',
    change: 'Support S256, and say so: `"code_challenge_methods_supported": ["S256"]`.',
    setting: 'assumeS256',
    look: ({ serverMetadata }) =>
      serverMetadata !== undefined &&
      !listOf(serverMetadata, 'code_challenge_methods_supported')?.includes('S256') && {
        found: `\`code_challenge_methods_supported\` is ${quoted(serverMetadata.code_challenge_methods_supported)}`,
      },
  },
  {
    ...mine,
    id: 'no-code-flow',
    severity: 'error',
    title: 'The authorization code is not offered',
    standard: 'RFC 8414 §2, RFC 6749 §4.1',
    effect: 'People cannot sign in with a browser.',
    change: 'Offer `code` in `response_types_supported` and `authorization_code` in `grant_types_supported`.',
    look: ({ serverMetadata }) => {
      const [types, grants] = [
        listOf(serverMetadata, 'response_types_supported'),
        listOf(serverMetadata, 'grant_types_supported'),
      ];
      const lacking = (types && !types.includes('code')) || (grants && !grants.includes('authorization_code'));
      return (
        lacking && {
          found: `\`response_types_supported\` is ${quoted(types)}, \`grant_types_supported\` is ${quoted(grants)}`,
        }
      );
    },
  },
  {
    ...mine,
    id: 'no-refresh-tokens',
    severity: 'advice',
    title: 'Refresh tokens are not offered',
    standard: 'RFC 8414 §2, RFC 6749 §6',
    effect: 'People sign in again whenever an access token expires.',
    change: 'Issue refresh tokens to public clients, rotate them, and list `refresh_token` in `grant_types_supported`.',
    look: ({ serverMetadata }) => {
      const grants = listOf(serverMetadata, 'grant_types_supported');
      return grants && !grants.includes('refresh_token') && { found: `\`grant_types_supported\` is ${quoted(grants)}` };
    },
  },
  {
    ...mine,
    step: 'authorize',
    id: 'no-iss',
    severity: 'advice',
    title: 'Authorization responses do not say whose they are',
    standard: 'RFC 9207 §3, RFC 9700 §4.4.2',
    effect: 'Clients of several servers have to tell them apart by redirect URIs, or by `state` alone.',
    change:
      'Send `iss` with every authorization response, errors included, and state `"authorization_response_iss_parameter_supported": true`.',
    look: ({ serverMetadata }) =>
      serverMetadata !== undefined &&
      serverMetadata.authorization_response_iss_parameter_supported !== true && {
        found: `\`authorization_response_iss_parameter_supported\` is ${quoted(serverMetadata.authorization_response_iss_parameter_supported)}`,
      },
  },
  {
    ...mine,
    step: 'authorize',
    id: 'pushed-requests-required',
    severity: 'warning',
    title: 'Authorization requests have to be pushed',
    standard: 'RFC 9126 §5',
    effect: 'Many MCP clients cannot, and are refused in the browser.',
    change: 'Take authorization requests without a push as well, or tell users which clients serve.',
    look: ({ serverMetadata }) =>
      serverMetadata?.require_pushed_authorization_requests === true && {
        found: '`require_pushed_authorization_requests` is true',
      },
  },
  {
    ...mine,
    step: 'authorize',
    id: 'authorization-endpoint-with-query',
    severity: 'advice',
    title: 'The authorization endpoint has a query of its own',
    standard: 'RFC 6749 §3.1',
    effect: 'Clients that append their parameters with `?` send people to a broken URL.',
    change: 'Do without the query.',
    look: ({ serverMetadata }) => {
      const endpoint = textOf(serverMetadata, 'authorization_endpoint');
      return endpoint?.includes('?') && { found: endpoint };
    },
  },
  {
    ...mine,
    step: 'token',
    id: 'no-client-authentication',
    severity: 'error',
    title: 'Clients cannot authenticate in any common way',
    standard: 'RFC 8414 §2, RFC 7591 §2',
    effect: 'No client gets a token.',
    change: 'Offer `none`, for public clients, in `token_endpoint_auth_methods_supported`.',
    look: ({ serverMetadata }) => {
      const methods = listOf(serverMetadata, 'token_endpoint_auth_methods_supported');
      return (
        methods &&
        !methods.some((method) => authenticationMethods.includes(method)) && {
          found: `\`token_endpoint_auth_methods_supported\` is ${quoted(methods)}`,
        }
      );
    },
  },
  {
    ...mine,
    step: 'token',
    id: 'no-public-clients',
    severity: 'advice',
    title: 'Public clients are not listed',
    standard: 'OAuth 2.1 §2.1; RFC 8414 §2',
    effect:
      "Clients that go by the list register with a secret, which apps on people's machines cannot keep. Some servers register public clients all the same: `doctor --probe` tells.",
    change: 'Support public clients, and list `none` in `token_endpoint_auth_methods_supported`.',
    look: ({ serverMetadata }) => {
      const methods = listOf(serverMetadata, 'token_endpoint_auth_methods_supported');
      return (
        methods?.some((method) => authenticationMethods.includes(method)) &&
        !methods.includes('none') && { found: `\`token_endpoint_auth_methods_supported\` is ${quoted(methods)}` }
      );
    },
  },
  {
    ...mine,
    step: 'revoke',
    id: 'no-revocation',
    severity: 'advice',
    title: 'Tokens cannot be revoked',
    standard: 'RFC 7009 §2',
    effect: 'After signing out, tokens stay good until they expire.',
    change: 'Offer a `revocation_endpoint`.',
    look: ({ serverMetadata }) =>
      lacks(serverMetadata, 'revocation_endpoint') && { found: 'without `revocation_endpoint`' },
  },
  {
    ...mine,
    id: 'resource-not-among-protected',
    severity: 'warning',
    title: 'The authorization server lists its resources, and not this one',
    standard: 'RFC 9728 §4',
    effect: 'Clients that compare the two lists refuse.',
    change: "Add the MCP server's identifier to `protected_resources`, or leave the member out.",
    look: ({ serverMetadata, resourceMetadata }) => {
      const resources = listOf(serverMetadata, 'protected_resources');
      const resource = textOf(resourceMetadata, 'resource');
      return (
        resources &&
        resource !== undefined &&
        !resources.includes(resource) && { found: `\`protected_resources\` is ${quoted(resources)}` }
      );
    },
  },
];

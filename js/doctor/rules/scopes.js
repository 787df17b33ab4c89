/** What the servers say of scopes, and what clients make of it (RFC 6749 §3.3). */

/** @import { Evidence, Rule } from '../finding.js' */

import { listOf, quoted, requestedScopes } from '../evidence.js';

const resource = { step: /** @type {const} */ ('plan'), party: /** @type {const} */ ('protected-resource') };
const server = { step: /** @type {const} */ ('plan'), party: /** @type {const} */ ('authorization-server') };

/** @param {Evidence} evidence */
const demanded = ({ challenge }) => challenge?.scopes ?? [];

/** @param {Evidence} evidence */
const listed = ({ resourceMetadata }) => listOf(resourceMetadata, 'scopes_supported') ?? [];

/** @param {Evidence} evidence */
const catalogue = ({ serverMetadata }) => listOf(serverMetadata, 'scopes_supported');

/**
 * @param {string[]} scopes
 * @param {string} words
 */
const about = (scopes, words) => scopes.length > 0 && { scopes, found: `${words}: ${scopes.join(' ')}` };

/** @type {Rule[]} */
export const scopeRules = [
  {
    ...resource,
    id: 'no-scope-anywhere',
    severity: 'warning',
    title: 'Nobody says which scopes are needed',
    standard: 'MCP, authorization: scope selection; RFC 9728 §2',
    effect:
      'Clients request no scope. Some authorization servers refuse that, others issue tokens with which nothing works.',
    change:
      "Name them in the `scope` of the challenge, and list them in `scopes_supported` of the resource's metadata.",
    setting: 'scopes',
    look: (evidence) =>
      evidence.resourceMetadata !== undefined &&
      demanded(evidence).length === 0 &&
      listed(evidence).length === 0 && { found: 'no `scope` in the challenge, no `scopes_supported` in the metadata' },
  },
  {
    ...resource,
    id: 'resource-lists-no-scopes',
    severity: 'advice',
    title: "The resource's metadata lists no scopes",
    standard: 'RFC 9728 §2',
    effect: 'Clients register only what the first challenge names, and have to register anew for a later step-up.',
    change: 'List every scope that any tool needs in `scopes_supported`.',
    look: (evidence) =>
      evidence.resourceMetadata !== undefined &&
      demanded(evidence).length > 0 &&
      listed(evidence).length === 0 && {
        found: `\`scopes_supported\` is ${quoted(evidence.resourceMetadata.scopes_supported)}`,
      },
  },
  {
    ...resource,
    id: 'demanded-scope-not-listed',
    severity: 'advice',
    title: 'The challenge demands scopes that the resource does not list',
    standard: 'RFC 9728 §2; MCP, authorization: scope selection',
    effect: 'It is permitted; clients that register what is listed then request what they did not register.',
    change: "Add them to `scopes_supported` of the resource's metadata.",
    look: (evidence) =>
      listed(evidence).length > 0 &&
      about(
        demanded(evidence).filter((scope) => !listed(evidence).includes(scope)),
        'demanded, and not listed',
      ),
  },
  {
    ...server,
    id: 'demanded-scope-unknown',
    severity: 'warning',
    title: 'The challenge demands scopes that the authorization server does not list',
    standard: 'RFC 8414 §2',
    effect:
      'If it does not know them either, every sign-in ends with `invalid_scope`. Some clients leave out what is not listed, and are refused by the MCP server.',
    change: 'Add them to the authorization server, and to its `scopes_supported`.',
    look: (evidence) =>
      catalogue(evidence) &&
      about(
        demanded(evidence).filter((scope) => !catalogue(evidence)?.includes(scope)),
        'demanded, and not in the catalogue',
      ),
  },
  {
    ...server,
    id: 'listed-scope-unknown',
    severity: 'warning',
    title: 'The resource lists scopes that the authorization server does not',
    standard: 'RFC 9728 §2, RFC 8414 §2',
    effect:
      'Clients that register or request what the resource lists are refused if the authorization server does not know it.',
    change: "Add them to the authorization server, and to its `scopes_supported`; or take them out of the resource's.",
    look: (evidence) =>
      catalogue(evidence) &&
      about(
        listed(evidence).filter(
          (scope) => !demanded(evidence).includes(scope) && !catalogue(evidence)?.includes(scope),
        ),
        'listed by the resource, and not in the catalogue',
      ),
  },
  {
    ...server,
    id: 'no-catalogue',
    severity: 'advice',
    title: 'The authorization server does not list its scopes',
    standard: 'RFC 8414 §2',
    effect: 'Clients cannot tell whether it knows `offline_access`, and get no refresh token by it.',
    change: 'List them in `scopes_supported`.',
    look: (evidence) =>
      evidence.serverMetadata !== undefined &&
      !catalogue(evidence)?.length && {
        found: `\`scopes_supported\` is ${quoted(evidence.serverMetadata.scopes_supported)}`,
      },
  },
  {
    ...server,
    id: 'offline-access-not-listed',
    severity: 'advice',
    title: 'The authorization server does not list `offline_access`',
    standard: 'MCP, refresh tokens (SEP-2207); OpenID Connect Core §11',
    effect:
      'Clients do not ask for it. Unless refresh tokens are issued without, people sign in again whenever a token expires.',
    change: 'Issue refresh tokens without it, or list it.',
    look: (evidence) =>
      Boolean(catalogue(evidence)?.length) &&
      !catalogue(evidence)?.includes('offline_access') && {
        found: `\`scopes_supported\` is ${quoted(catalogue(evidence))}`,
      },
  },
  {
    ...resource,
    id: 'resource-asks-for-offline-access',
    severity: 'warning',
    title: 'The MCP server asks for `offline_access`',
    standard: 'MCP, refresh tokens (SEP-2207)',
    effect:
      'Refresh is between client and authorization server. Clients that do not want it have to ask for it all the same.',
    change: "Take it out of the challenge and of the resource's `scopes_supported`.",
    look: (evidence) =>
      [...demanded(evidence), ...listed(evidence)].includes('offline_access') && {
        scopes: ['offline_access'],
        found: demanded(evidence).includes('offline_access')
          ? 'in the challenge'
          : 'in `scopes_supported` of the resource',
      },
  },
  {
    ...resource,
    id: 'scope-with-impossible-name',
    severity: 'warning',
    title: 'A scope has a name that no scope can have',
    standard: 'RFC 6749 §3.3',
    effect: 'It cannot be requested: spaces separate scopes, and other characters are not permitted.',
    change: 'List every scope by itself, in printable ASCII without spaces, quotes and backslashes.',
    look: (evidence) =>
      [listed(evidence), catalogue(evidence) ?? []].flatMap((scopes, at) => {
        const odd = scopes.filter((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
        return odd.length > 0
          ? [{ party: at === 0 ? resource.party : server.party, found: `in \`scopes_supported\`: ${quoted(odd)}` }]
          : [];
      }),
  },
  {
    ...server,
    step: 'register',
    id: 'scope-to-be-registered',
    severity: 'advice',
    title: 'Clients that register without `scope` may be locked out',
    standard: 'RFC 7591 §2',
    effect:
      'A client that registers without `scope` gets what the server pleases. If that lacks one of these, the server answers `invalid_scope`, and the person is locked out. `doctor --probe` tells.',
    change:
      'Register clients that send no `scope` for every scope that may be requested; or refuse their registration.',
    look: (evidence) =>
      evidence.discovery?.authorizationServer.registrationEndpoint !== undefined &&
      about(requestedScopes(evidence), 'a sign-in requests'),
  },
];

/**
 * The rows of `npm run engines`: how an engine is set up, what the MCP server in front of it wants, and what has to come
 * of it. Whoever adds one writes it here; `world.js` says what each member means.
 */

/** @import { Expectation, Phase, ResourceOptions, Row } from './world.js' */
/** @import { KeycloakSetting } from './keycloak.js' */

import { extensions } from './extensions.js';
import { startInInspector, startInPage } from './in_browser.js';
import { registrationOpen } from './keycloak.js';
import { inTwoProcesses, startTwoProcesses } from './two_processes.js';

/** What the MCP server of the founding report publishes. */
const reported = 'openid profile email public_metadata private_metadata offline_access';

/** @type {ResourceOptions} */
const notes = {
  demands: 'openid email',
  lists: reported,
  insists: 'openid email',
  tools: { read_notes: 'private_metadata' },
};

/** @type {Row[]} */
export const hydra = [
  {
    shape: "the report's six published scopes",
    proves: ['interop 1', 'interop 98'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email private_metadata' },
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1, clients: 1 } }],
  },
  {
    shape: 'step-up to a scope that is not registered',
    proves: ['interop 98'],
    hydra: { scopes: [...reported.split(' '), 'files:write'] },
    resource: {
      demands: 'openid email',
      lists: 'openid email',
      insists: 'openid email',
      tools: { write_file: 'files:write' },
    },
    phases: [
      {
        does: ['connect', 'write_file'],
        expects: { trips: 2, clients: 1, grants: ['openid', 'email', 'files:write'] },
      },
    ],
  },
  {
    shape: 'nobody names a scope',
    proves: ['interop 90'],
    hydra: {},
    resource: {},
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1, asks: ['offline_access openid'] } }],
  },
  {
    shape: 'less is consented than was asked for',
    proves: ['S6'],
    hydra: {},
    resource: { lists: reported, insists: 'openid' },
    phases: [
      {
        does: ['connect'],
        person: { withholds: ['private_metadata'] },
        expects: { trips: 1, registrations: 1, grants: ['openid'], lacks: ['private_metadata'] },
      },
    ],
  },
  {
    shape: 'access tokens are JWTs',
    proves: ['interop 98'],
    hydra: { accessTokens: 'jwt' },
    resource: notes,
    phases: [
      {
        does: ['connect', 'read_notes'],
        expects: { trips: 2, registrations: 1, clients: 1, grants: ['private_metadata'] },
      },
    ],
  },
  {
    shape: 'the access token expires',
    proves: ['T4'],
    hydra: { accessTokenSeconds: 2 },
    resource: { lists: reported, insists: 'openid email' },
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], meanwhile: ['the access token expires'], expects: { trips: 0, registrations: 0 } },
    ],
  },
  {
    shape: 'the consent is revoked',
    proves: ['interop 73'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], meanwhile: ['the consent is revoked'], expects: { trips: 1, registrations: 0 } },
    ],
  },
  {
    shape: 'the client is deleted',
    proves: ['interop 80', 'interop 94'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], meanwhile: ['the client is deleted'], expects: { trips: 1, registrations: 1, clients: 1 } },
    ],
  },
  {
    shape: 'the operator has default scopes',
    proves: ['interop 1'],
    hydra: { defaultScopes: ['profile', 'email', 'offline_access'] },
    resource: notes,
    phases: [
      {
        does: ['connect', 'read_notes'],
        expects: { trips: 2, registrations: 1, clients: 1, grants: ['openid', 'private_metadata'] },
      },
    ],
  },
  {
    shape: 'two processes refresh at once, where a refresh token that is used twice ends the session',
    proves: ['T4', 'interop 41'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    start: startTwoProcesses,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: [inTwoProcesses], continues: true, expects: { trips: 0, refreshes: 1 } },
      { does: [inTwoProcesses], continues: true, expects: { trips: 0, refreshes: 1 } },
    ],
  },
  {
    shape: 'the person denies',
    proves: ['A11'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    alone: true,
    phases: [
      {
        does: ['connect'],
        person: { decision: 'cancel' },
        expects: { trips: 1, registrations: 1, error: 'authorization_refused', says: ['declined'] },
      },
      { does: ['connect'], expects: { trips: 1, registrations: 0 } },
    ],
  },
  {
    shape: 'the session at the authorization server ends',
    proves: ['S1'],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    alone: true,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect', 'sign in'], meanwhile: ['the session ends'], expects: { trips: 1, registrations: 0 } },
    ],
  },
  {
    shape: 'the inspector, in Chromium',
    proves: [],
    hydra: {},
    resource: { lists: reported, insists: 'openid email' },
    start: startInInspector,
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1, clients: 1 } }],
  },
];

const optionalScopes = ['mcp:read', 'mcp:write'];
/** @type {ResourceOptions} */
const readOnly = { demands: 'mcp:read', lists: 'mcp:read mcp:write', insists: 'mcp:read' };

/** `openid` is demanded; whether the MCP server insists on it is another matter. @type {ResourceOptions} */
const takes = { demands: 'openid mcp:read', lists: 'openid mcp:read mcp:write', insists: 'mcp:read' };
/** @type {ResourceOptions} */
const insists = { ...takes, insists: 'openid mcp:read' };

/**
 * A Keycloak whose MCP server demands `openid`, which no answer of Keycloak's registration names: where the token is taken
 * without it, and where it is not.
 *
 * @param {string} shape
 * @param {KeycloakSetting} keycloak
 * @param {Omit<Phase, 'expects'>[]} further
 * @param {{ takes: Expectation[], insists: Expectation[] }} expects by phase, after the first
 * @returns {Row[]}
 */
function openidDemanded(shape, keycloak, further, expects) {
  /** @param {Expectation} first */
  const phases = (first, /** @type {Expectation[]} */ others) => [
    { does: ['connect'], expects: first },
    ...further.map((phase, at) => ({ ...phase, expects: others[at] ?? { trips: 0 } })),
  ];
  return [
    {
      shape: `openid demanded, taken without it: ${shape}`,
      proves: ['S1'],
      keycloak: { optionalScopes, ...keycloak },
      resource: takes,
      phases: phases({ trips: 1, asks: ['mcp:read offline_access'] }, expects.takes),
    },
    {
      shape: `openid demanded and insisted on: ${shape}`,
      proves: ['S1'],
      keycloak: { optionalScopes, ...keycloak },
      resource: insists,
      phases: phases({ trips: 2, grants: ['openid', 'mcp:read'] }, expects.insists),
    },
  ];
}

/** @type {Row[]} */
export const keycloak = [
  {
    shape: 'registration open, optional scopes listed',
    proves: ['S4'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: readOnly,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1, clients: 1, asks: ['mcp:read offline_access'] } },
    ],
  },
  {
    shape: 'step-up to an optional scope',
    proves: ['S4'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: { demands: 'mcp:read', lists: 'mcp:read', insists: 'mcp:read', tools: { write_file: 'mcp:write' } },
    phases: [{ does: ['connect', 'write_file'], expects: { trips: 2, clients: 1, grants: ['mcp:read', 'mcp:write'] } }],
  },
  {
    shape: 'policy "Allowed Client Scopes" as shipped, optional scopes listed',
    proves: ['S4'],
    keycloak: { without: ['trusted-hosts', 'consent-required', 'scope'], optionalScopes },
    resource: { lists: 'mcp:read mcp:write' },
    phases: [{ does: ['connect'], expects: { trips: 1 } }],
  },
  ...openidDemanded(
    'with a consent page',
    { without: ['trusted-hosts', 'allowed-client-templates', 'scope'] },
    [{ does: ['sign out', 'connect'] }],
    { takes: [{ trips: 1, registrations: 0 }], insists: [{ trips: 1, registrations: 0, grants: ['openid'] }] },
  ),
  ...openidDemanded(
    'the access token expires',
    { ...registrationOpen, accessTokenSeconds: 2 },
    [{ does: ['connect'], meanwhile: ['the access token expires'] }],
    { takes: [{ trips: 0, registrations: 0 }], insists: [{ trips: 0, registrations: 0, grants: ['openid'] }] },
  ),
  ...openidDemanded(
    'signed out everywhere',
    { ...registrationOpen, accessTokenSeconds: 2 },
    [{ does: ['connect'], meanwhile: ['the session ends', 'the access token expires'] }],
    { takes: [{ trips: 1, registrations: 0 }], insists: [{ trips: 1, registrations: 0, grants: ['openid'] }] },
  ),
  ...openidDemanded(
    'the client is deleted',
    { ...registrationOpen, accessTokenSeconds: 2 },
    [{ does: ['connect'], meanwhile: ['the client is deleted', 'the access token expires'] }],
    { takes: [{ trips: 1, clients: 1 }], insists: [{ trips: 2, clients: 1, grants: ['openid'] }] },
  ),
  {
    shape: 'as shipped, openid profile email demanded, taken without openid',
    proves: ['S1'],
    keycloak: { trustedHosts: ['127.0.0.1'], optionalScopes },
    resource: {
      demands: 'openid profile email',
      lists: 'openid profile email mcp:read mcp:write',
      insists: 'profile email',
    },
    phases: [
      { does: ['connect'], expects: { trips: 1, clients: 1, grants: ['profile', 'email'] } },
      { does: ['sign out', 'connect'], expects: { trips: 1, registrations: 0 } },
    ],
  },
  {
    shape: 'as shipped, openid profile email demanded and insisted on',
    proves: ['S1'],
    keycloak: { trustedHosts: ['127.0.0.1'], optionalScopes },
    resource: {
      demands: 'openid profile email',
      lists: 'openid profile email mcp:read mcp:write',
      insists: 'openid profile email',
    },
    phases: [
      { does: ['connect'], expects: { trips: 2, clients: 1, grants: ['openid', 'profile', 'email'] } },
      { does: ['sign out', 'connect'], expects: { trips: 1, registrations: 0, grants: ['openid'] } },
    ],
  },
  {
    shape: 'policy "Trusted Hosts" as shipped',
    proves: ['interop 96'],
    keycloak: {},
    resource: { demands: 'openid', lists: 'openid' },
    alone: true,
    phases: [
      {
        does: ['connect'],
        expects: { trips: 0, registrations: 1, clients: 0, error: 'registration_refused', says: ['Trusted Hosts'] },
      },
    ],
  },
  {
    shape: 'the person denies',
    proves: ['A11'],
    keycloak: { without: ['trusted-hosts', 'allowed-client-templates', 'scope'], optionalScopes },
    resource: readOnly,
    alone: true,
    phases: [
      {
        does: ['connect'],
        person: { decision: 'cancel' },
        expects: { trips: 1, registrations: 1, error: 'authorization_refused', says: ['declined'] },
      },
      { does: ['connect'], expects: { trips: 1, registrations: 0 } },
    ],
  },
  {
    shape: 'the person has to choose a new password first',
    proves: ['S1'],
    keycloak: { ...registrationOpen, optionalScopes, requiredActions: ['UPDATE_PASSWORD'] },
    resource: readOnly,
    alone: true,
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1 } }],
  },
  {
    shape: 'the consent is revoked',
    proves: ['interop 73'],
    keycloak: {
      without: ['trusted-hosts', 'allowed-client-templates', 'scope'],
      optionalScopes,
      accessTokenSeconds: 2,
    },
    resource: readOnly,
    alone: true,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        does: ['connect'],
        meanwhile: ['the consent is revoked', 'the access token expires'],
        expects: { trips: 1, registrations: 0, clients: 1 },
      },
    ],
  },
  {
    shape: 'the keys are rotated',
    proves: ['T4'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: readOnly,
    alone: true,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], meanwhile: ['the keys are rotated'], expects: { trips: 0, registrations: 0 } },
    ],
  },
  {
    shape: 'nobody may have offline sessions',
    proves: ['S3'],
    keycloak: { ...registrationOpen, optionalScopes, offlineSessions: false },
    resource: readOnly,
    alone: true,
    phases: [{ does: ['connect'], expects: { trips: 2, clients: 1, grants: ['mcp:read'], lacks: ['offline_access'] } }],
  },
  {
    shape: 'the inspector, in Chromium',
    proves: [],
    keycloak: { without: ['trusted-hosts', 'allowed-client-templates', 'scope'], optionalScopes },
    resource: readOnly,
    start: startInInspector,
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1, clients: 1 } }],
  },
  {
    shape: 'a page of a web site, whose origin the client of its operator names',
    proves: ['interop 49'],
    keycloak: { optionalScopes, clients: [{ ...operatorsClient(true), webOrigins: ['*'] }] },
    settings: { client: { clientId: 'operators' } },
    resource: readOnly,
    start: startInPage,
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 0, grants: ['mcp:read'] } }],
  },
  {
    shape: 'a page of a web site, whose origin the client of its operator does not name',
    proves: ['interop 49'],
    keycloak: { optionalScopes, clients: [operatorsClient(true)] },
    settings: { client: { clientId: 'operators' } },
    resource: readOnly,
    start: startInPage,
    phases: [
      {
        does: ['connect'],
        expects: { trips: 1, error: 'cors_missing', says: ['Access-Control-Allow-Origin', '/token'] },
      },
    ],
  },
  {
    shape: 'a page of a web site that registers itself, whose origin no policy names',
    proves: ['interop 49'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: readOnly,
    start: startInPage,
    phases: [
      {
        does: ['connect'],
        expects: { trips: 0, clients: 0, error: 'cors_missing', says: ['clients-registrations', '`register`'] },
      },
    ],
  },
  ...['confidential', 'public'].map((kind) => ({
    shape: `a ${kind} client that the operator registered`,
    proves: ['R1'],
    keycloak: { optionalScopes, clients: [operatorsClient(kind === 'public')] },
    settings: {
      client: { clientId: 'operators', ...(kind === 'public' ? {} : { clientSecret: 'of this run alone' }) },
    },
    resource: readOnly,
    alone: true,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 0, clients: 0, grants: ['mcp:read'] } },
      { does: ['refresh', 'connect'], expects: { trips: 0, registrations: 0 } },
    ],
  })),
  ...extensions,
];

/**
 * @param {{ first: string, more: string }} scopes that the server has
 * @param {Expectation} nobodyNames a scope
 * @returns {Row[]}
 */
function threeRows({ first, more }, nobodyNames) {
  const both = `${first} ${more}`;
  return [
    {
      shape: 'nobody names a scope',
      proves: ['interop 90'],
      resource: {},
      phases: [{ does: ['connect'], expects: nobodyNames }],
    },
    {
      shape: 'step-up to a scope that is not registered',
      proves: ['interop 98'],
      resource: { demands: first, lists: first, insists: first, tools: { write_file: more } },
      phases: [{ does: ['connect', 'write_file'], expects: { trips: 2, grants: [first, more] } }],
    },
    {
      shape: 'the client is deleted',
      proves: ['interop 80', 'interop 94'],
      resource: { demands: first, lists: both, insists: first },
      phases: [
        { does: ['connect'], expects: { trips: 1, registrations: 1 } },
        {
          does: ['connect'],
          meanwhile: ['the client is deleted'],
          expects: { trips: 1, registrations: 1, clients: 1 },
        },
      ],
    },
  ];
}

export const spring = threeRows(
  { first: 'mcp:read', more: 'mcp:write' },
  // That it is an OpenID provider is only in its other metadata, openid-configuration.
  { trips: 1, registrations: 1, clients: 1, asks: ['openid'] },
);

/** Each client would start a server of its own, which takes half a minute: ours alone. */
export const solid = threeRows(
  { first: 'openid', more: 'webid' },
  { trips: 1, registrations: 1, clients: 1, asks: ['openid offline_access'] },
).map((row) => ({
  ...row,
  alone: true,
}));

/** @param {boolean} publicClient */
function operatorsClient(publicClient) {
  return {
    clientId: 'operators',
    publicClient,
    ...(publicClient ? {} : { secret: 'of this run alone' }),
    redirectUris: ['http://127.0.0.1/*'],
    defaultClientScopes: ['basic'],
    optionalClientScopes: [...optionalScopes, 'offline_access'],
  };
}

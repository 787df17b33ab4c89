/**
 * What servers do at discovery and registration that no standard foresees, and that need shut nobody out. Rows 54 to 72 of
 * docs/interop.md.
 */

/** @import { Scenario } from '../scenario.js' */

import { triggers } from './triggers.js';

const { demanded, listed } = triggers;

const offline = { lists: 'read write admin offline_access' };

/** @type {Scenario[]} */
export const promptRefused = [
  ...[
    { error: 'invalid_request', error_description: 'Unsupported prompt value: consent' },
    { error: 'invalid_request' },
    { error: 'unsupported_prompt_value', error_description: 'prompt=consent' },
  ].map((refusesPrompt) => ({
    name: `refuses prompt=consent (${refusesPrompt.error}: ${refusesPrompt.error_description ?? 'no words'}): it goes, the scopes stay, and that is remembered`,
    proves: ['A7', 'interop 54'],
    server: { ...offline, authorization: { refusesPrompt } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          granted: 'read offline_access',
          trips: 2,
          registrations: 1,
          asked: ['read offline_access', 'read offline_access'],
        },
      },
      {
        does: ['sign out', 'connect'],
        expects: { granted: 'read offline_access', trips: 1, registrations: 0, asks: 'read offline_access' },
      },
    ],
  })),
  {
    name: 'refuses prompt=consent of a client that was registered by hand: it goes, and that is remembered',
    proves: ['A7', 'interop 54'],
    server: {
      ...offline,
      registration: { offered: false },
      clients: { 'by-hand': { scope: 'read offline_access' } },
      authorization: { refusesPrompt: { error: 'invalid_request' } },
    },
    resource: demanded,
    settings: { client: { clientId: 'by-hand' } },
    phases: [
      { does: ['connect'], expects: { granted: 'read offline_access', trips: 2, registrations: 0 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read offline_access', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'refuses prompt=consent on a page that leads nowhere: the next sign-in finds out without the person',
    proves: ['A7', 'interop 54'],
    server: { ...offline, authorization: { refusesPrompt: { page: 'Bad request' } } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { error: 'any', trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read offline_access', trips: 1, registrations: 0, looks: 2 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read offline_access', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'refuses a scope, and then prompt=consent: no third trip, and the next sign-in does without at once',
    proves: ['A7', 'interop 54'],
    server: {
      ...offline,
      registration: { answers: 'sent' },
      authorization: {
        enforces: 'permitted',
        permits: 'read offline_access',
        names: 'not allowed',
        refusesPrompt: { error: 'invalid_request', late: true },
      },
    },
    resource: demanded,
    settings: { optionalScopes: ['write'] },
    phases: [
      { does: ['connect'], expects: { error: 'authorization_refused', trips: 2, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read offline_access', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'refuses the request with prompt=consent and without: an error that names the setting, and no third trip',
    proves: ['A7', 'interop 54'],
    server: {
      ...offline,
      authorization: { refusesPrompt: { error: 'invalid_request' }, always: 'invalid_request' },
    },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['consentPrompt'], trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'refuses prompt=consent, on which the host insists: an error that names the setting',
    proves: ['A7', 'interop 54'],
    server: {
      ...offline,
      authorization: { refusesPrompt: { error: 'invalid_request', error_description: 'prompt is not supported' } },
    },
    resource: demanded,
    settings: { consentPrompt: true },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['consentPrompt'], trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'a person declines where prompt=consent was sent: nothing is tried again',
    proves: ['A7', 'interop 54'],
    server: { ...offline, authorization: { refusesPrompt: { error: 'access_denied' } } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { error: 'authorization_refused', trips: 1, registrations: 1 } }],
  },
];

/** @type {Scenario[]} */
export const moved = [
  ...[307, 308].map((status) => ({
    name: `the endpoint redirects to itself with a slash (${status}) before there is a token: that is the endpoint from then on`,
    proves: ['D11', 'interop 55'],
    server: { token: { refreshTokens: /** @type {const} */ ('always') } },
    resource: { ...demanded, moved: { status } },
    phases: [
      {
        does: ['connect', 'edit', 'refresh', 'connect'],
        expects: { granted: 'read write', trips: 2, registrations: 1 },
      },
      { does: ['connect'], expects: { granted: 'read write', trips: 0, registrations: 0 } },
      {
        meanwhile: [
          /** @type {const} */ ('access tokens are forgotten'),
          /** @type {const} */ ('refresh tokens are forgotten'),
        ],
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 0 },
      },
    ],
  })),
  {
    name: 'the endpoint redirects to another path (308) before there is a token: that is the endpoint from then on',
    proves: ['D11', 'interop 55'],
    server: {},
    resource: { ...demanded, moved: { status: 308, to: '/v2/mcp' } },
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read write', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'the endpoint redirects to another origin: the error names where to, and nothing is sent there',
    proves: ['D11', 'interop 55'],
    server: {},
    resource: { ...demanded, moved: { status: 307, to: 'https://mcp.example/mcp?secret' } },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'redirect_refused', says: ['/mcp to https://mcp.example/mcp.'], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'the endpoint redirects in a way that makes a POST a GET: the error names where to',
    proves: ['D11', 'interop 55'],
    server: {},
    resource: { ...demanded, moved: { status: 302, to: '/login' } },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'redirect_refused', says: ['/login', 'Configure the URL'], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'the endpoint begins to redirect once there is a token: it does not follow, and the error names where to',
    proves: ['D11', 'interop 55'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      {
        resource: { moved: { status: 301 } },
        does: ['connect'],
        expects: { error: 'redirect_refused', says: ['/mcp/'], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'the MCP server is called without the slash with which it calls itself: the error says which URL to configure',
    proves: ['D4', 'interop 62'],
    server: {},
    resource: { ...demanded, callsItself: '/mcp/' },
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'resource_mismatch',
          says: ['calls itself http', '/mcp/, which'],
          trips: 0,
          registrations: 0,
        },
      },
    ],
  },
  {
    name: 'metadata stands for the other spelling of the endpoint, with a slash',
    proves: ['D3', 'interop 62'],
    server: {},
    resource: { ...demanded, metadataPath: '/.well-known/oauth-protected-resource/mcp/' },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'a gateway answers 502 where it routes nothing: the documents are at later locations',
    proves: ['D8', 'interop 64'],
    server: { gatewayStatus: 502, metadataPath: '/.well-known/openid-configuration' },
    resource: { ...demanded, gatewayStatus: 502, metadataPath: '/.well-known/oauth-protected-resource' },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'a gateway answers 503 wherever a document could stand: the outage is the error',
    proves: ['D8', 'interop 64'],
    server: {},
    resource: { ...demanded, gatewayStatus: 503, metadataPath: '/nowhere' },
    phases: [
      { does: ['connect'], expects: { error: 'server_unavailable', says: ['503'], trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'an endpoint that no sign-in needs is not https, another is relative: as if absent',
    proves: ['A6', 'interop 72'],
    server: {
      furtherMetadata: {
        jwks_uri: 'http://as.example/keys',
        device_authorization_endpoint: '/device',
      },
    },
    resource: demanded,
    phases: [{ does: ['connect', 'sign out'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
];

/** @type {Scenario[]} */
export const oddities = [
  ...[307, 308].map((status) => ({
    name: `the registration endpoint redirects to itself with a slash (${status}): followed once`,
    proves: ['D11', 'interop 56'],
    server: { registration: { moved: { status } } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  })),
  {
    name: 'the registration endpoint redirects elsewhere: the error names both',
    proves: ['D11', 'interop 56'],
    server: { registration: { moved: { status: 307, to: 'https://as.example/register' } } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'registration_refused',
          says: ['/register redirects to https://as.example/register'],
          trips: 0,
          registrations: 0,
        },
      },
    ],
  },
  ...[
    { member: 'application_type', words: 'Unrecognized key: application_type' },
    { member: 'client_name', words: 'client_name is reserved' },
    { member: 'response_types', words: 'response_types: extra inputs are not permitted' },
  ].map((refusesMember) => ({
    name: `registration refuses ${refusesMember.member}: that is changed or left out, and the scopes stay`,
    proves: ['R8', 'interop 58'],
    server: { registration: { refusesMember } },
    resource: listed,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 3, registers: 'read write', asks: 'read write' },
      },
    ],
  })),
  {
    name: 'registration wants what is never sent: an error with its words, and no scope is given up for it',
    proves: ['R8', 'interop 58'],
    server: { registration: { refusesMember: { member: 'redirect_uris', words: 'contacts is required' } } },
    resource: listed,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'registration_refused', says: ['contacts is required'], trips: 0, registrations: 1 },
      },
    ],
  },
  {
    name: 'registration takes redirect URIs at localhost alone: the last candidate, and it is kept',
    proves: ['A9', 'interop 63'],
    server: { registration: { redirectHosts: ['localhost'] } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 3 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'registration takes no redirect URI of this machine at all: the error names it, before any browser',
    proves: ['A9', 'interop 63'],
    server: { registration: { redirectHosts: ['app.example'] } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'registration_refused', says: ['app.example'], trips: 0, registrations: 4 },
      },
    ],
  },
  {
    name: 'registration answers with a secret that has expired: an error, and no trip',
    proves: ['R6', 'interop 69'],
    server: { registration: { secretSeconds: -1 } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'registration_refused',
          says: ['client_secret_expires_at', 'client.clientId'],
          trips: 0,
          registrations: 1,
        },
      },
    ],
  },
  {
    name: 'registration wants an initial access token: the error names the setting',
    proves: ['R1', 'interop 70'],
    server: { registration: { initialAccessToken: 'let-me-in' } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'registration_refused', says: ['initialAccessToken'], trips: 0, registrations: 1 },
      },
    ],
  },
];

const clientMetadataUrl = 'https://app.example/client.json';

/** @param {string[]} redirect_uris */
const documentWith = (redirect_uris) => ({
  metadataDocuments: { [clientMetadataUrl]: { scope: 'read', redirect_uris } },
});

/** @type {Scenario[]} */
export const documentsRefused = [
  {
    name: 'the client metadata document lists another redirect URI, which the host can have: that one is used',
    proves: ['A9', 'interop 59'],
    server: documentWith(['https://app.example/callback', 'http://127.0.0.1:3118/oauth/callback']),
    clientMetadataUrl,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } }],
  },
  {
    name: 'the client metadata document lists redirect URIs that the host cannot have: registered dynamically, and that is kept',
    proves: ['A9', 'interop 59'],
    server: documentWith(['https://app.example/callback']),
    clientMetadataUrl,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'the client metadata document lists redirect URIs that the host cannot have, and nobody can register: an error before any browser',
    proves: ['A9', 'interop 59'],
    server: { ...documentWith(['https://app.example/callback']), registration: { offered: false } },
    clientMetadataUrl,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'redirect_not_listed',
          says: [clientMetadataUrl, 'https://app.example/callback', ':1/callback'],
          trips: 0,
          registrations: 0,
        },
      },
    ],
  },
  ...[
    { error: 'unauthorized_client' },
    { error: 'invalid_request', error_description: 'client_id must be a UUID' },
    { error: 'server_error', error_description: 'Failed to fetch client metadata' },
    { error: 'invalid_client_metadata' },
  ].map((refusesDocuments) => ({
    name: `a client metadata document is refused by ${refusesDocuments.error}: registered dynamically, once, and that is kept`,
    proves: ['R1', 'R3', 'interop 60'],
    server: { ...documentWith(['http://127.0.0.1:1/callback']), authorization: { refusesDocuments } },
    clientMetadataUrl,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 2, registrations: 1 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  })),
  {
    name: 'a person declines at a client with a metadata document: nothing is registered, and nobody is asked again',
    proves: ['R1', 'interop 60'],
    server: {
      ...documentWith(['http://127.0.0.1:1/callback']),
      authorization: { refusesDocuments: { error: 'access_denied' } },
    },
    clientMetadataUrl,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { error: 'authorization_refused', trips: 1, registrations: 0 } }],
  },
];

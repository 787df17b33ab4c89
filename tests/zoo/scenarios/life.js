/**
 * What becomes of a session when its servers change: refreshes that are refused in odd words, servers that move, clients
 * that are forgotten without saying so.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy, Words } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, listed } = triggers;
const hour = 3600;
const day = 86_400;

/** @type {ServerPolicy} */
const withRefresh = { token: { refreshTokens: 'always' } };

/** Shortly before an access token expires it is renewed, and still good. */
const almostExpired = hour - 20;

/** @type {Record<string, Words>} */
const refusals = {
  'a 401 with a list': { status: 401, body: ['invalid refresh token'] },
  'a 400 with a message': { status: 400, body: { message: 'Refresh token not found' } },
  'an empty 400': { status: 400 },
  'a 422': { status: 422, body: { detail: [{ msg: 'unknown token' }] } },
  'a page with status 200': { status: 200, text: '<!doctype html><h1>Sign in</h1>' },
  'an empty 200': { status: 200 },
  'an answer without tokens': { status: 200, body: { ok: false } },
  'a 501': { status: 501, text: 'Not Implemented' },
};

/** @type {Scenario[]} */
export const refusedRefreshes = Object.entries(refusals).map(([what, answersRefresh]) => ({
  name: `a refresh is answered with ${what}: the access token is used while it lives, then the person is asked`,
  proves: ['T5', 'interop 73'],
  server: withRefresh,
  resource: demandedOnly,
  phases: [
    { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    {
      later: almostExpired,
      server: { token: { answersRefresh } },
      does: ['connect'],
      expects: { granted: 'read', trips: 0, registrations: 0 },
    },
    {
      later: hour,
      interaction: false,
      does: ['connect'],
      expects: { error: 'interaction_required', trips: 0, registrations: 0 },
    },
    { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
  ],
}));

/** @type {Scenario[]} */
export const moved = [
  .../** @type {const} */ (['not found', 'a page', 'unavailable']).map((off) => ({
    name: `the MCP server moved to another authorization server, and the old one is off (${off}): signed in at the new one, with approval`,
    proves: ['R2', 'interop 74'],
    server: withRefresh,
    other: withRefresh,
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      {
        later: day,
        meanwhile: [/** @type {const} */ ('the resource moves')],
        server: { off },
        approves: false,
        does: ['connect'],
        expects: { error: 'not_approved', trips: 0, registrations: 0 },
      },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  })),
  {
    name: 'the token endpoint moved: the refresh token is used at the new one',
    proves: ['T5', 'interop 74'],
    server: withRefresh,
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      {
        later: day,
        server: { token: { path: '/v2/token' } },
        does: ['connect'],
        expects: { granted: 'read', trips: 0, registrations: 0 },
      },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'the authorization server is down, and the MCP server still names it: an error, and the session is good afterwards',
    proves: ['T5', 'interop 74'],
    server: withRefresh,
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      {
        later: day,
        server: { off: 'unavailable' },
        does: ['connect'],
        expects: { error: 'server_unavailable', trips: 0, registrations: 0 },
      },
      { server: { off: undefined }, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
];

/** @type {Record<string, Words>} */
const unknownClients = {
  unauthorized_client: { status: 400, body: { error: 'unauthorized_client' } },
  'invalid_request, not found': {
    status: 400,
    body: { error: 'invalid_request', error_description: 'Client not found' },
  },
  'a 422': { status: 422, body: { message: 'Unrecognized client_id' } },
  'invalid_grant about the client': {
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Unknown client' },
  },
};

/** @type {Scenario[]} */
export const forgottenInOddWords = Object.entries(unknownClients).flatMap(([what, unknownClient]) => [
  {
    name: `the server has forgotten the client, and says so of a fresh code (${what}): the next sign-in registers anew`,
    proves: ['R8', 'interop 80'],
    server: { authorization: { unknownClient: /** @type {const} */ ('passes') }, token: { unknownClient } },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: [/** @type {const} */ ('clients are forgotten')],
        does: ['connect'],
        expects: { error: 'token_refused', trips: 1, registrations: 0 },
      },
      { does: ['connect', 'sign out'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: `the server has forgotten the client, and says so of a refresh (${what}): it is asked before the person is sent, and registered anew`,
    proves: ['R8', 'interop 80'],
    server: { token: { refreshTokens: /** @type {const} */ ('always'), unknownClient } },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        later: day,
        meanwhile: [/** @type {const} */ ('clients are forgotten')],
        does: ['connect'],
        expects: { granted: 'read', trips: 1, looks: 1, registrations: 1 },
      },
    ],
  },
]);

/** @type {Scenario[]} */
export const refusedCodes = [
  {
    name: 'every code is refused: one sign-in registers anew, and no later one',
    proves: ['R8', 'interop 80'],
    server: { token: { refusesCode: { status: 400, body: { error: 'invalid_grant' } } } },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { error: 'token_refused', trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { error: 'token_refused', trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { error: 'token_refused', trips: 1, registrations: 0 } },
      {
        server: { token: { refusesCode: undefined } },
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 0 },
      },
    ],
  },
  {
    name: 'a code is refused by a server that can be asked for its clients, and knows this one: nothing is registered',
    proves: ['R8', 'interop 80'],
    server: {
      registration: { management: {} },
      token: { refusesCode: { status: 400, body: { error: 'server says no' } } },
    },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { error: 'token_refused', trips: 1, registrations: 1 } },
      {
        server: { token: { refusesCode: undefined } },
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 0 },
      },
    ],
  },
];

/** @type {Scenario[]} */
export const exactly = [
  {
    name: 'the resource lists more than this company grants: exactly what the host says is registered and requested',
    proves: ['interop 65'],
    server: {
      lists: 'read write admin offline_access',
      registration: { permits: 'read', refuses: ['unpermitted scopes'] },
    },
    resource: listed,
    settings: { exactScopes: ['read'] },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 1, asked: ['read'], registers: 'read' },
      },
      {
        does: ['edit'],
        expects: { error: 'scope_not_registered', says: ['exactScopes', 'write'], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'the challenge demands more than this person may have: exactly what the host says is requested',
    proves: ['interop 65'],
    server: {},
    resource: { demands: 'read admin', lists: null, needs: { connect: 'read' } },
    settings: { exactScopes: ['read', 'offline_access'] },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read offline_access', trips: 1, registrations: 1, asked: ['read offline_access'] },
      },
    ],
  },
  {
    name: 'a registration names other scopes: exactly what the host says is requested all the same',
    proves: ['interop 65'],
    server: { registration: { substitutes: 'basic', unnamed: 'read' } },
    resource: demanded,
    settings: { exactScopes: ['read'] },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asked: ['read'] } }],
  },
  {
    name: 'a client registered by hand for other scopes, as it was said: exactly what the host says is requested all the same',
    proves: ['interop 65'],
    server: { registration: { offered: false }, clients: { byHand: { scope: 'read', told: 'basic' } } },
    resource: demanded,
    settings: { exactScopes: ['read'], client: { clientId: 'byHand', scopes: ['basic'] } },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0, asked: ['read'] } }],
  },
  {
    name: 'exactly none: no scope is sent anywhere',
    proves: ['interop 65'],
    server: { token: { unasked: 'read' } },
    resource: listed,
    settings: { exactScopes: [] },
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asked: [null], registers: null } },
    ],
  },
  {
    name: 'exactly these are refused: an error that names the setting, and no second trip',
    proves: ['interop 65'],
    server: { registration: { permits: 'read', answers: 'sent' } },
    resource: demandedOnly,
    settings: { exactScopes: ['read', 'internal'] },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['exactScopes'], trips: 1, registrations: 1 },
      },
    ],
  },
];

/** @type {Scenario[]} */
export const oddTokens = [
  {
    name: 'tokens of the type `user`, with a list of scopes: they are used, and nothing is asked for again',
    proves: ['S7', 'interop 82'],
    server: { token: { type: 'user', listsScopes: true } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 0, registrations: 0 } },
    ],
  },
];

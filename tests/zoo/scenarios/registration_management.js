/**
 * Registrations that are kept, widened and lost: RFC 7592 in the shapes that servers give it, clients that the server
 * has forgotten, secrets that expire, ports that are taken.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly } = triggers;
const day = 86_400;

/** @type {ServerPolicy} */
const oneOnly = { registration: { limit: 1, management: {} } };

/** @type {Scenario[]} */
export const managed = [
  {
    name: 'one registration per client; a 403 beyond it: updated',
    proves: ['R7', 'S4', 'S5', 'interop 13'],
    server: oneOnly,
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write',
          trips: 2,
          registrations: 1,
          updates: 1,
          asked: ['read', 'read write'],
          registers: 'read write',
        },
      },
    ],
  },
  {
    name: 'one registration per client, its access token rotating; two tools beyond it',
    proves: ['R7', 'S5', 'interop 13'],
    server: { registration: { limit: 1, management: { rotates: true } } },
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'edit', 'rule'],
        expects: { granted: 'read write admin', trips: 3, registrations: 1, updates: 2, asks: 'read write admin' },
      },
    ],
  },
  {
    name: 'one registration per client, its access token rotating; a restart before each tool',
    proves: ['R7', 'S5', 'interop 4'],
    server: { registration: { limit: 1, management: { rotates: true } } },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 1, registrations: 0, updates: 1 } },
      { does: ['rule'], expects: { granted: 'read write admin', trips: 1, registrations: 0, updates: 1 } },
    ],
  },
  {
    name: 'one registration per client; a stored one with fewer scopes is updated',
    proves: ['R7', 'S4', 'interop 4'],
    server: oneOnly,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'read write', needs: { connect: 'read write' } },
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 0, updates: 1 },
      },
    ],
  },
  {
    name: 'one registration per client; the management URL is relative',
    proves: ['R7', 'interop 31'],
    server: { registration: { limit: 1, management: { relative: true } } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, updates: 1 } }],
  },
  {
    name: 'one registration per client; the update narrows and tells: asked for outright, once, and the session stays',
    proves: ['R6', 'R7', 'S4'],
    server: { registration: { ...oneOnly.registration, permits: 'read write' } },
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'scope_not_registered', says: ['admin'], trips: 2, registrations: 1, updates: 1 },
      },
      {
        continues: true,
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 0, updates: 1 },
      },
    ],
  },
  {
    name: 'one registration per client; the update is refused: an error, and session and registration stay',
    proves: ['R7', 'R8', 'S6'],
    server: {
      registration: {
        ...oneOnly.registration,
        permits: 'read write',
        refuses: ['unpermitted scopes'],
        refusal: { names: 'a list' },
      },
      authorization: { names: 'a list' },
    },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'rule'], expects: { error: 'any', says: ['admin'], trips: 1, registrations: 2, updates: 3 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'one registration per client, without management: an error, and the session stays',
    proves: ['R8', 'S6', 'T5'],
    server: { registration: { limit: 1 } },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', trips: 1, registrations: 2 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'one registration per client; the port is taken: the redirect URI is updated',
    proves: ['R7', 'A9', 'interop 28'],
    server: oneOnly,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['the port is taken'],
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 0, updates: 1 },
      },
    ],
  },
  {
    name: 'registrations can be managed; a 403 beyond: updated rather than registered anew',
    proves: ['R7', 'S5'],
    server: { registration: { management: {} } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, updates: 1 } }],
  },
  {
    name: 'registrations can be managed; the update says nothing of scope: what was sent is registered',
    proves: ['R6', 'R7', 'interop 3'],
    server: { registration: { limit: 1, answers: 'nothing', management: {} } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, updates: 1 } }],
  },
  {
    name: 'registrations can be managed, and have a secret',
    proves: ['R7', 'T1', 'interop 30'],
    server: { registration: { limit: 1, secretSeconds: 0, management: { rotates: true } } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, updates: 1 } }],
  },
  ...[404, 405, 501].map((updateStatus) => ({
    name: `registrations can be read but not updated (${updateStatus}): registered anew`,
    proves: ['R7', 'R8', 'S5'],
    server: { registration: { management: { update: false, updateStatus } } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 2 } }],
  })),
  {
    name: 'registrations can be read and deleted but not updated: the old one goes once the new one has worked',
    proves: ['R7', 'R8'],
    server: { registration: { management: { update: false } } },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 2, clients: 1 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 0, registrations: 0, clients: 1 } },
    ],
  },
  {
    name: 'registrations can be read and deleted but not updated, and the new one does not work: the session lives on with the old one',
    proves: ['R7', 'R8', 'S6'],
    server: {
      registration: { permits: 'read write', answers: 'nothing', management: { update: false } },
      authorization: { names: 'MCP SDK' },
      token: { refreshTokens: 'always' },
    },
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'authorization_refused', says: ['admin'], trips: 3, registrations: 3 },
      },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  ...[{ status: 500 }, { status: 200, text: 'Welcome' }].map((fails) => ({
    name: `registrations could be managed, but that is always answered ${fails.status}: registered anew`,
    proves: ['R7', 'R8', 'S5', 'interop 93'],
    server: { registration: { management: { fails } } },
    resource: demandedOnly,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 2 } }],
  })),
  {
    name: 'registrations could be managed, but that is always answered 500, and the server has forgotten this one: registered anew after the page that does not lead back',
    proves: ['R7', 'R8', 'interop 93'],
    server: { registration: { management: { fails: { status: 500 } } } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { meanwhile: ['clients are forgotten'], does: ['connect'], expects: { open: true, trips: 2, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'registrations can be managed, but the server has forgotten this one: registered anew',
    proves: ['R7', 'R8', 'interop 32'],
    server: { registration: { management: {} } },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['edit'],
        expects: { granted: 'read write', trips: 1, registrations: 1 },
      },
    ],
  },
];

/** @type {ServerPolicy} */
const withRefresh = { token: { refreshTokens: 'always' } };

/** @type {Scenario[]} */
export const forgotten = [
  {
    name: 'the server has forgotten the client, and shows a page that does not lead back: after it, the client can be forgotten here as well',
    proves: ['R8', 'interop 32'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { error: 'any', trips: 1, registrations: 0 },
      },
      { does: ['forget', 'connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'the server has forgotten the client, and shows a page that does not lead back: the next sign-in looks, and registers anew',
    proves: ['R8', 'interop 32', 'interop 94'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { error: 'any', trips: 1, registrations: 0 },
      },
      { does: ['connect'], expects: { granted: 'read', trips: 1, looks: 1, registrations: 1 } },
    ],
  },
  {
    name: 'a person closed the sign-in page of a server that knows the client: the next sign-in looks, and registers nothing',
    proves: ['R8', 'interop 94'],
    server: { authorization: { refuses: 'page', enforces: 'permitted', permits: '' } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { error: 'any', trips: 1, registrations: 1 } },
      {
        server: { authorization: { refuses: undefined, enforces: 'registered' } },
        does: ['connect'],
        expects: { granted: 'read', trips: 1, looks: 1, registrations: 0 },
      },
    ],
  },
  {
    name: 'a look, made because a person closed the page, is answered with a refusal of scopes: repaired before the next trip',
    proves: ['R8', 'S6', 'interop 94'],
    server: { registration: { permits: 'read', answers: 'sent' }, authorization: { refuses: 'page', names: 'a list' } },
    resource: { lists: 'read write' },
    phases: [
      { does: ['connect'], expects: { error: 'any', trips: 1, registrations: 1 } },
      {
        server: { authorization: { refuses: undefined } },
        does: ['connect'],
        expects: { granted: 'read', trips: 1, looks: 1, registrations: 0, asked: ['read write', 'read'] },
      },
    ],
  },
  {
    name: "the server has forgotten the client, shows a page that does not lead back, but can be asked: replaced without anybody else's help",
    proves: ['R7', 'R8', 'interop 32'],
    server: { registration: { management: {} } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { meanwhile: ['clients are forgotten'], does: ['connect'], expects: { open: true, trips: 2, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'the server has forgotten the client, and sends the person back with invalid_client: replaced once',
    proves: ['R8', 'interop 32'],
    server: { authorization: { unknownClient: 'redirect' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { granted: 'read', trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'the server has forgotten the client, and notices at the token endpoint: replaced once',
    proves: ['R8', 'interop 32'],
    server: { authorization: { unknownClient: 'passes' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { granted: 'read', trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'the server has forgotten the client, and says so when tokens are refreshed: replaced before the browser opens',
    proves: ['R8', 'interop 32'],
    server: withRefresh,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        later: day,
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'the server knows no client at all: two trips with the same client, and a clear error',
    proves: ['R8', 'interop 45', 'interop 97'],
    server: { token: { knowsNobody: true } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { error: 'client_refused', trips: 2, registrations: 1 } }],
  },
  ...Object.entries({
    'sends the person back with invalid_client': {
      authorization: { unknownClient: /** @type {const} */ ('redirect'), learnsAfter: 1 },
    },
    'refuses it at the token endpoint': { token: { learnsAfter: 1 } },
  }).map(([what, server]) => ({
    name: `the server does not know at once whom it registered, and ${what}: the same client once more`,
    proves: ['R8', 'interop 97'],
    server,
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { granted: 'read', trips: 2, registrations: 1, clients: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  })),
  {
    name: 'the server has forgotten the client, and does not know at once whom it registered in its place: replaced once, and the next sign-in is in',
    proves: ['R8', 'interop 97'],
    server: { authorization: { unknownClient: 'redirect', learnsAfter: 1 } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 2, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { error: 'client_refused', trips: 2, registrations: 1 },
      },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'a dead refresh token: a new authorization with the same client and the same scopes',
    proves: ['R8', 'S5', 'T4'],
    server: { ...withRefresh },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      {
        later: day,
        meanwhile: ['refresh tokens are forgotten'],
        does: ['edit'],
        expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' },
      },
    ],
  },
  {
    name: 'a secret that has expired: registered anew before the browser opens',
    proves: ['R6', 'R8'],
    server: { registration: { secretSeconds: 7200 } },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { later: 3600, does: ['connect', 'sign out'], expects: { granted: 'read', trips: 1, registrations: 0 } },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'a secret that has expired, with a session to refresh: registered anew once',
    proves: ['R6', 'R8'],
    server: { ...withRefresh, registration: { secretSeconds: 7200 } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { later: 3700, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'a secret that never expires (0)',
    proves: ['R6', 'T1', 'interop 30'],
    server: { ...withRefresh, registration: { secretSeconds: 0 } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      { later: day, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'the same port again: the stored registration serves',
    proves: ['A9', 'interop 28'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'the port is taken, and redirect URIs are matched exactly: registered anew',
    proves: ['A9', 'interop 28'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { meanwhile: ['the port is taken'], does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
];

/** What token endpoints grant, say and leave out; and what becomes of it when tokens are refreshed. */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, listed, silent } = triggers;
const day = 86_400;

/** @type {Scenario[]} */
export const granted = [
  {
    name: 'grants more than was asked, and says so: no trip for it later',
    proves: ['S7', 'interop 11'],
    server: { token: { adds: 'write' } },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read' } },
      { does: ['edit'], expects: { granted: 'read write', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'grants more than was asked; the next step-up keeps it',
    proves: ['S5', 'S7', 'interop 11', 'interop 13'],
    server: { token: { adds: 'write' } },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 1 } },
      {
        does: ['rule'],
        expects: { granted: 'read write admin', trips: 1, registrations: 1, asks: 'read write admin' },
      },
    ],
  },
  {
    name: 'says nothing of scope: what was requested is granted',
    proves: ['S7'],
    server: { token: { says: 'nothing' } },
    resource: listed,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'separates scopes by commas: a scope granted is not asked for again',
    proves: ['S5', 'S7', 'interop 12'],
    server: { token: { separator: ',' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      {
        does: ['edit', 'rule'],
        expects: { granted: 'read write admin', trips: 1, registrations: 0, asks: 'read write admin' },
      },
    ],
  },
  {
    name: 'withholds what was only listed, and says so: the rest is used',
    proves: ['S7'],
    server: { token: { withholds: 'write' } },
    resource: listed,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'withholds what a tool needs, and says so: an error that names it, no loop, and the session stays',
    proves: ['S6', 'S7', 'interop 45'],
    server: { token: { withholds: 'write' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', says: ['write'], trips: 2, registrations: 1 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'withholds what a tool needs, and says nothing: an error, no loop, and the session stays',
    proves: ['S6', 'S7', 'interop 45'],
    server: { token: { withholds: 'write', says: 'nothing' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', trips: 3, registrations: 2 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'withholds what a tool needs, until the person signs in once more and ticks the box',
    proves: ['S5', 'S6', 'S7'],
    server: { token: { withholds: 'write' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', says: ['write'], trips: 2, registrations: 1 } },
      {
        server: { token: { withholds: '' } },
        does: ['sign in', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 0, asks: 'read write' },
      },
    ],
  },
];

/** @type {ServerPolicy} */
const offline = { lists: 'read write admin offline_access' };

/** @type {Scenario[]} */
export const offlineAccess = [
  {
    name: 'offline_access is listed: registered and requested from the start, and no trip the day after',
    proves: ['S3', 'S8', 'interop 7'],
    server: offline,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          granted: 'read offline_access',
          trips: 1,
          registrations: 1,
          asks: 'read offline_access',
          registers: 'read write admin offline_access',
        },
      },
      { later: day, does: ['connect'], expects: { granted: 'read offline_access', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'offline_access is listed by the resource only: not requested',
    proves: ['S3', 'interop 7'],
    server: { lists: 'read write' },
    resource: { ...listed, lists: 'read write offline_access' },
    phases: [{ does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' } }],
  },
  {
    name: 'offline_access is demanded by the challenge, though nobody lists it',
    proves: ['S2', 'S3'],
    server: { lists: 'read write' },
    resource: { ...listed, demands: 'read offline_access' },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read offline_access', trips: 1, registrations: 1, asks: 'read offline_access' },
      },
    ],
  },
  {
    name: 'offline_access is listed, and the host does not want to stay signed in',
    proves: ['S3'],
    server: offline,
    resource: demanded,
    settings: { refresh: false },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  {
    name: 'offline_access is listed, and nothing else is wanted: it does not take the place of the defaults',
    proves: ['S3', 'S9'],
    server: { ...offline, token: { unasked: 'basic' } },
    resource: silent,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asks: null, registers: null } },
    ],
  },
  {
    name: 'offline_access is wanted only later: registered first',
    proves: ['S3', 'S4', 'interop 4', 'interop 7'],
    server: offline,
    resource: demandedOnly,
    settings: { refresh: false },
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1, registers: 'read' } },
      {
        settings: { refresh: true },
        does: ['connect'],
        expects: { granted: 'read offline_access', trips: 1, registrations: 1, asks: 'read offline_access' },
      },
    ],
  },
  {
    name: 'offline_access is listed only later: registered first',
    proves: ['S3', 'S4', 'interop 4', 'interop 7'],
    server: { lists: 'read write' },
    resource: demandedOnly,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      {
        server: offline,
        later: day,
        does: ['connect'],
        expects: { granted: 'read offline_access', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'offline_access stays through a step-up',
    proves: ['S3', 'S5', 'S8'],
    server: offline,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write offline_access',
          trips: 2,
          registrations: 1,
          asks: 'read write offline_access',
        },
      },
      { later: day, does: ['edit'], expects: { granted: 'read write offline_access', trips: 0, registrations: 0 } },
    ],
  },
];

/** @type {Scenario[]} */
export const refreshed = [
  {
    name: 'refresh tokens rotate',
    proves: ['S8', 'T4', 'interop 41'],
    server: { ...offline, token: { rotates: true } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { later: day, does: ['connect'], expects: { granted: 'read offline_access', trips: 0, registrations: 0 } },
      {
        later: day,
        does: ['connect', 'refresh', 'connect'],
        expects: { granted: 'read offline_access', trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'a refresh answers without refresh token: the earlier one is kept',
    proves: ['S8', 'interop 42'],
    server: offline,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { later: day, does: ['connect'], expects: { trips: 0, registrations: 0 } },
      { later: day, does: ['connect'], expects: { granted: 'read offline_access', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'a refresh answers without scope: what was granted is remembered, and a step-up keeps it',
    proves: ['S5', 'S8', 'interop 13'],
    server: { ...offline, token: { rotates: true, refreshSaysScope: false } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { trips: 2, registrations: 1 } },
      { later: day, does: ['edit'], expects: { granted: 'read write offline_access', trips: 0, registrations: 0 } },
      {
        does: ['rule'],
        expects: {
          granted: 'read write admin offline_access',
          trips: 1,
          registrations: 0,
          asks: 'read write admin offline_access',
        },
      },
    ],
  },
  {
    name: 'a refresh narrows the grant, and says so: the next 403 asks for it again',
    proves: ['S5', 'S7', 'S8'],
    server: { ...offline, token: { rotates: true, refreshNarrowsTo: 'read offline_access' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { trips: 2, registrations: 1 } },
      {
        later: day,
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write offline_access',
          trips: 1,
          registrations: 0,
          asks: 'read write offline_access',
        },
      },
    ],
  },
  {
    name: 'a 401 for a token that was revoked: refreshed, and no trip',
    proves: ['S8', 'T5'],
    server: { ...offline, token: { rotates: true } },
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        continues: true,
        meanwhile: ['access tokens are forgotten'],
        does: ['connect'],
        expects: { granted: 'read offline_access', trips: 0, registrations: 0 },
      },
    ],
  },
];

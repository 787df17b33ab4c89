/**
 * Servers that have scopes of their own in mind: a default where none is sent, none at all without, or their own list
 * whatever is sent.
 */

/** @import { Scenario } from '../scenario.js' */

import { triggers } from './triggers.js';

const { demanded, listed, silent } = triggers;

/** What Clerk does. */
const defaultWhenOmitted = {
  lists: 'openid profile email offline_access',
  registration: { omitted: 'email offline_access profile' },
};
const identity = { demands: 'openid email', lists: 'openid profile email', needs: { connect: 'openid email' } };

/** @type {Scenario[]} */
export const defaulted = [
  {
    name: 'a default when scope is omitted; a 401 demands openid, which is not in it',
    proves: ['S3', 'S4', 'interop 1'],
    server: defaultWhenOmitted,
    resource: identity,
    phases: [
      {
        does: ['connect'],
        expects: {
          granted: 'openid email offline_access',
          trips: 1,
          registrations: 1,
          asks: 'openid email offline_access',
          registers: 'openid email profile offline_access',
        },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; a 401 without scope: what is listed, openid included',
    proves: ['S1', 'S4', 'interop 1'],
    server: defaultWhenOmitted,
    resource: { ...identity, demands: null },
    phases: [
      {
        does: ['connect'],
        expects: {
          granted: 'openid profile email offline_access',
          trips: 1,
          registrations: 1,
          asks: 'openid profile email offline_access',
        },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; nobody names a scope: the default is granted unasked',
    proves: ['S1', 'S9', 'interop 11'],
    server: defaultWhenOmitted,
    resource: silent,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'email offline_access profile', trips: 1, registrations: 1, asks: null, registers: null },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; nobody names a scope, until a tool needs openid',
    proves: ['S4', 'S5', 'interop 1', 'interop 4'],
    server: defaultWhenOmitted,
    resource: { demands: null, lists: null, needs: { identify: 'openid' } },
    phases: [
      {
        does: ['connect', 'identify'],
        expects: {
          granted: 'email offline_access profile openid',
          trips: 2,
          registrations: 2,
          asked: [null, 'email offline_access profile openid'],
        },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; a later 401 demands openid',
    proves: ['S4', 'S5', 'interop 1', 'interop 4'],
    server: defaultWhenOmitted,
    resource: { demands: 'email', lists: null, needs: { connect: 'email', identify: 'openid' }, status: 401 },
    phases: [
      {
        does: ['connect', 'identify'],
        expects: { granted: 'email offline_access openid', trips: 2, registrations: 2 },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; a stored registration made without scope does not serve for openid',
    proves: ['S4', 'interop 1', 'interop 4'],
    server: defaultWhenOmitted,
    resource: silent,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: identity,
        does: ['connect'],
        expects: { granted: 'openid email offline_access', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; a stored registration made without scope serves for what the answer told',
    proves: ['S4', 'R6', 'interop 4'],
    server: defaultWhenOmitted,
    resource: silent,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'email', needs: { connect: 'email' } },
        does: ['connect'],
        expects: { granted: 'email offline_access', trips: 1, registrations: 0, asks: 'email offline_access' },
      },
    ],
  },
  {
    name: 'a default when scope is omitted; only the host names a scope',
    proves: ['S1', 'S4', 'interop 6'],
    server: defaultWhenOmitted,
    resource: silent,
    settings: { scopes: ['openid'] },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'openid offline_access', trips: 1, registrations: 1, asks: 'openid offline_access' },
      },
    ],
  },
];

const requiresScope = { registration: { refuses: [/** @type {const} */ ('no scope')] } };

/** @type {Scenario[]} */
export const required = [
  {
    name: 'registration requires scope; a 401 demands',
    proves: ['R5', 'interop 10'],
    server: requiresScope,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'registration requires scope; a 401 without scope: what is listed',
    proves: ['R5', 'interop 10'],
    server: requiresScope,
    resource: listed,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1 } }],
  },
  {
    name: 'registration requires scope; nobody names one: the error names the setting',
    proves: ['interop 6', 'interop 10'],
    server: requiresScope,
    resource: silent,
    phases: [
      { does: ['connect'], expects: { error: 'registration_refused', says: ['`scopes`'], trips: 0, registrations: 1 } },
    ],
  },
  {
    name: 'registration requires scope; nobody names one but the host, at last',
    proves: ['interop 6', 'interop 10'],
    server: requiresScope,
    resource: silent,
    phases: [
      { does: ['connect'], expects: { error: 'registration_refused', trips: 0, registrations: 1 } },
      { settings: { scopes: ['mail'] }, does: ['connect'], expects: { granted: 'mail', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'registration requires scope, and refuses one of the listed without naming it: nothing is left to try',
    proves: ['R8', 'interop 10'],
    server: { registration: { permits: 'read write', refuses: ['no scope', 'unpermitted scopes'] } },
    resource: triggers.listedTooMuch,
    phases: [{ does: ['connect'], expects: { error: 'registration_refused', trips: 0, registrations: 3 } }],
  },
  {
    name: 'registration requires scope, and refuses one of the listed by name',
    proves: ['R8', 'interop 10'],
    server: {
      registration: {
        permits: 'read write',
        refuses: ['no scope', 'unpermitted scopes'],
        refusal: { names: 'a list' },
      },
    },
    resource: triggers.listedTooMuch,
    phases: [
      { does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 2, registers: 'read write' } },
    ],
  },
];

const substitutes = { registration: { substitutes: 'basic read' } };

/** @type {Scenario[]} */
export const substituted = [
  {
    name: 'its own list is registered; a 401 demands what is in it',
    proves: ['R6', 'S4', 'interop 2'],
    server: substitutes,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  {
    name: 'its own list is registered; a 401 demands what is not in it: asked for outright, once',
    proves: ['R6', 'S4', 'interop 2'],
    server: substitutes,
    resource: { demands: 'write', lists: null, needs: { connect: 'write' } },
    phases: [
      { does: ['connect'], expects: { error: 'scope_not_registered', says: ['write'], trips: 2, registrations: 1 } },
    ],
  },
  {
    name: 'its own list is registered; of what is listed, the part in it is requested',
    proves: ['R6', 'S4', 'interop 2'],
    server: substitutes,
    resource: listed,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  {
    name: 'its own list is registered, and nothing of it is listed: no scope is sent',
    proves: ['S4', 'S9', 'interop 9'],
    server: substitutes,
    resource: { demands: null, lists: 'alpha beta', needs: { connect: 'basic' } },
    phases: [{ does: ['connect'], expects: { granted: 'basic read', trips: 1, registrations: 1, asks: null } }],
  },
  {
    name: 'its own list is registered, though nobody named a scope',
    proves: ['S1', 'S9'],
    server: substitutes,
    resource: silent,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'basic read', trips: 1, registrations: 1, asks: null, registers: null },
      },
    ],
  },
  {
    name: 'its own list is registered; a tool needs what is not in it: asked for outright, once, and the session stays',
    proves: ['S4', 'S6', 'interop 13'],
    server: substitutes,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { error: 'scope_not_registered', says: ['write'], trips: 2, registrations: 2 },
      },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'its own list is registered; a stored registration serves for what is in it, though nobody asked',
    proves: ['R6', 'S4', 'interop 4'],
    server: substitutes,
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'basic', needs: { connect: 'basic' } },
        does: ['connect'],
        expects: { granted: 'basic', trips: 1, registrations: 0, asks: 'basic' },
      },
    ],
  },
  {
    name: 'its own list is registered, without the offline_access that the server lists',
    proves: ['S3', 'S4', 'interop 7'],
    server: { ...substitutes, lists: 'basic read offline_access' },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
];

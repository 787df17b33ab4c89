/**
 * Servers that register only a part of what is sent: they say so, say nothing, or say the opposite. The resource's
 * wishes must not be spoiled by a scope that is not to be had, unless an operation cannot do without.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { Wording } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, demandedTooMuch, listedTooMuch } = triggers;

const tells = { registration: { permits: 'read write' } };

/** @type {Scenario[]} */
export const narrowedAndTold = [
  {
    name: 'narrows and tells; a 401 demands what is left',
    proves: ['R6', 'S4', 'interop 2'],
    server: tells,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read', registers: 'read write admin' },
      },
    ],
  },
  {
    name: 'narrows and tells; a 401 demands what is gone: asked for outright, once',
    proves: ['R6', 'S4', 'interop 2'],
    server: tells,
    resource: demandedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'scope_not_registered', says: ['internal', 'http://127.0.0.1'], trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'narrows and tells; a scope that is only listed is done without',
    proves: ['R6', 'S4', 'interop 2'],
    server: tells,
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' } },
    ],
  },
  {
    name: 'narrows and tells, with commas',
    proves: ['R6', 'S4', 'interop 2', 'interop 12'],
    server: { ...tells, token: { separator: ',' } },
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' } },
    ],
  },
  {
    name: 'narrows and tells; the same registration serves at the next start, though it is not all that was asked for',
    proves: ['S4', 'interop 4'],
    server: tells,
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
  {
    name: 'narrows and tells; a 403 within what is left',
    proves: ['S5', 'interop 2', 'interop 13'],
    server: tells,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'narrows and tells; a 403 for what is gone: asked for outright, once, and the session stays',
    proves: ['S4', 'S6', 'interop 2', 'interop 13'],
    server: tells,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'scope_not_registered', says: ['admin'], trips: 2, registrations: 2 },
      },
      { continues: true, does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'narrows and tells; a later 401 for what is gone: asked for outright, once',
    proves: ['S4', 'S6', 'interop 2'],
    server: tells,
    resource: { ...demanded, status: 401 },
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'scope_not_registered', says: ['admin'], trips: 2, registrations: 2 },
      },
    ],
  },
  {
    name: 'narrows and tells, until the operator permits what a tool needs: registered anew',
    proves: ['S4', 'interop 2', 'interop 4'],
    server: tells,
    resource: demanded,
    phases: [
      { does: ['connect', 'rule'], expects: { error: 'scope_not_registered', trips: 2, registrations: 2 } },
      {
        server: { registration: { permits: 'read write admin' } },
        does: ['rule'],
        expects: { granted: 'read admin', trips: 1, registrations: 1, asks: 'read admin' },
      },
    ],
  },
  {
    name: 'narrows and tells, until the operator permits what the 401 demands: registered anew',
    proves: ['S4', 'interop 2', 'interop 4'],
    server: tells,
    resource: demandedTooMuch,
    phases: [
      { does: ['connect'], expects: { error: 'scope_not_registered', trips: 2, registrations: 1 } },
      {
        server: { registration: { permits: 'read internal' } },
        does: ['connect'],
        expects: { granted: 'read internal', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'narrows and tells; a stored registration without what is demanded now, and the operator permits it',
    proves: ['S4', 'interop 2', 'interop 4'],
    server: tells,
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        server: { registration: { permits: 'read write internal' } },
        resource: { demands: 'read internal', needs: { connect: 'read internal' } },
        does: ['connect'],
        expects: { granted: 'read internal', trips: 1, registrations: 1, asks: 'read internal' },
      },
    ],
  },
  {
    name: 'narrows and tells; what the host configured as required is gone: the error names the setting',
    proves: ['S4', 'interop 2', 'interop 6'],
    server: tells,
    resource: demanded,
    settings: { scopes: ['tenant'] },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'scope_not_registered', says: ['tenant', '`scopes`'], trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'narrows and tells; what the host configured as optional is gone: done without',
    proves: ['S4', 'interop 2', 'interop 6'],
    server: tells,
    resource: demanded,
    settings: { optionalScopes: ['tenant'] },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  {
    name: 'narrows and tells; what the host configured as optional is gone, though the first 401 names it too: done without',
    proves: ['S4', 'interop 2', 'interop 6'],
    server: tells,
    resource: { ...demanded, demands: 'read tenant' },
    settings: { optionalScopes: ['tenant'] },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  {
    name: 'narrows and tells; offline_access is gone, though the server lists it',
    proves: ['S3', 'S4', 'interop 7'],
    server: { ...tells, lists: 'read write offline_access' },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
];

/** @param {Wording} names */
const silently = (names) => ({
  registration: { permits: 'read write', answers: /** @type {const} */ ('nothing') },
  authorization: { names },
});

/** @type {Wording[]} */
const naming = [
  'fosite with backticks',
  'fosite with quotes',
  'oidc-provider',
  'MCP SDK',
  'a list',
  'a list, Better Auth',
  'not allowed',
  'words that sound like scopes',
];
/** @type {Wording[]} */
const notNaming = ['nothing', 'a scope that nobody requested'];

/** @type {Scenario[]} */
export const narrowedSilently = [
  {
    name: 'narrows silently; a 401 demands what is left: nobody notices',
    proves: ['S4', 'interop 3'],
    server: silently('nothing'),
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } }],
  },
  ...naming.map((names) => ({
    name: `narrows silently; a listed scope is refused (${names}): dropped once`,
    proves: ['S4', 'interop 3', 'interop 10'],
    server: silently(names),
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read write internal', 'read write'] },
      },
    ],
  })),
  ...notNaming.map((names) => ({
    name: `narrows silently; a listed scope is refused (naming ${names}): all that is only listed is dropped once`,
    proves: ['S4', 'S9', 'interop 10'],
    server: silently(names),
    resource: listedTooMuch,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, asks: null } }],
  })),
  {
    name: 'narrows silently; refused without a name: what is demanded stays, what is optional goes',
    proves: ['S4', 'interop 10'],
    server: silently('nothing'),
    resource: demanded,
    settings: { optionalScopes: ['tenant'] },
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 2, registrations: 1, asked: ['read tenant', 'read'] } },
    ],
  },
  ...[...naming, 'nothing'].map((names) => ({
    name: `narrows silently; what a 401 demands is refused (${names}): an error after the browser, and no loop`,
    proves: ['S4', 'S6', 'interop 10', 'interop 45'],
    server: silently(/** @type {Wording} */ (names)),
    resource: demandedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'authorization_refused',
          says: names === 'nothing' ? [] : ['internal'],
          trips: 2,
          registrations: 2,
        },
      },
    ],
  })),
  {
    name: 'narrows silently; what was refused is not requested again at the next start',
    proves: ['S4'],
    server: silently('MCP SDK'),
    resource: listedTooMuch,
    phases: [
      { does: ['connect'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      {
        meanwhile: ['access tokens are forgotten'],
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' },
      },
    ],
  },
  {
    name: 'narrows silently; what was refused is not requested again after signing out',
    proves: ['S4'],
    server: silently('MCP SDK'),
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 2, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
  {
    name: 'narrows silently; what was refused is not requested again with a step-up',
    proves: ['S4', 'S5', 'interop 13'],
    server: { ...silently('MCP SDK'), registration: { permits: 'read write extra', answers: 'nothing' } },
    resource: { demands: null, lists: 'read write internal', needs: { connect: 'read', more: 'extra' } },
    phases: [
      {
        does: ['connect', 'more'],
        expects: { granted: 'read write extra', trips: 3, registrations: 2, asks: 'read write extra' },
      },
    ],
  },
  {
    name: 'narrows silently; what a tool needs is refused: an error, and the session stays',
    proves: ['S4', 'S6', 'interop 13'],
    server: silently('MCP SDK'),
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'authorization_refused', says: ['admin'], trips: 3, registrations: 3 },
      },
      { continues: true, does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1 } },
    ],
  },
];

const lies = {
  registration: { permits: 'read write', answers: /** @type {const} */ ('sent') },
  authorization: { names: /** @type {const} */ ('oidc-provider') },
};

/** @type {Scenario[]} */
export const narrowedWithALie = [
  {
    name: 'echoes all and permits less; a listed scope is refused: dropped once',
    proves: ['S4', 'interop 2'],
    server: lies,
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read write internal', 'read write'] },
      },
    ],
  },
  {
    name: 'echoes all and permits less; refused without a name',
    proves: ['S4', 'S9', 'interop 2'],
    server: { ...lies, authorization: {} },
    resource: listedTooMuch,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } }],
  },
  {
    name: 'echoes all and permits less; a 401 demands what is not permitted: an error after the browser, and no loop',
    proves: ['S4', 'S6', 'interop 2'],
    server: lies,
    resource: demandedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 2, registrations: 2 },
      },
    ],
  },
  {
    name: 'echoes all and permits less; a stored registration is believed, refused, and replaced once in vain',
    proves: ['S4', 'S6', 'interop 4'],
    server: lies,
    resource: { ...listedTooMuch, demands: 'read' },
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'read internal', needs: { connect: 'read internal' } },
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'echoes all and permits less; a stored registration is believed, refused, and replaced once, since the operator permits more by now',
    proves: ['S4', 'interop 4'],
    server: lies,
    resource: { ...listedTooMuch, demands: 'read' },
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        server: { registration: { permits: 'read write internal' } },
        resource: { demands: 'read internal', needs: { connect: 'read internal' } },
        does: ['connect'],
        expects: { granted: 'read internal', trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'echoes all and permits less; a tool needs what is only said to be registered: an error, and the session stays',
    proves: ['S4', 'S6', 'interop 13'],
    server: lies,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'authorization_refused', says: ['admin'], trips: 3, registrations: 2 },
      },
      { continues: true, does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0 } },
    ],
  },
];

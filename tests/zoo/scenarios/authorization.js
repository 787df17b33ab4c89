/**
 * What authorization endpoints do with scopes that they do not like, beyond what registration has settled.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedTooMuch, listedTooMuch, silent } = triggers;

/** @type {ServerPolicy} */
const narrow = { registration: { permits: 'read write', answers: 'nothing' } };

/** @type {Scenario[]} */
export const issuerOfErrors = [
  {
    name: 'iss is promised, and missing on errors: nothing is believed, no repair, and the message says whose fault it is',
    proves: ['S4', 'A4', 'interop 37'],
    server: { ...narrow, authorization: { names: 'MCP SDK', issuer: 'not on errors' } },
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'response_issuer_mismatch', says: ['iss', 'http://127.0.0.1'], trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'iss is promised, and missing on errors: no matter, where the first plan needs no repair',
    proves: ['S4', 'A4', 'interop 37'],
    server: { ...narrow, authorization: { names: 'MCP SDK', issuer: 'not on errors' } },
    resource: demanded,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } }],
  },
  {
    name: 'iss is not promised, and missing: a refusal is repaired',
    proves: ['S4', 'A4'],
    server: { ...narrow, authorization: { names: 'MCP SDK', issuer: 'never' } },
    resource: listedTooMuch,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } }],
  },
];

/** @type {ServerPolicy} */
const wantsScope = { authorization: { needsScope: true } };

/** @type {Scenario[]} */
export const scopeNeeded = [
  {
    name: 'a request without scope is refused, and nobody names one: the error names the setting',
    proves: ['interop 6'],
    server: wantsScope,
    resource: silent,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['`scopes`'], trips: 1, registrations: 1, asks: null },
      },
    ],
  },
  {
    name: 'a request without scope is refused; the host names one at last',
    proves: ['S4', 'interop 6'],
    server: wantsScope,
    resource: silent,
    phases: [
      { does: ['connect'], expects: { error: 'authorization_refused', trips: 1, registrations: 1 } },
      {
        settings: { scopes: ['api://0f3c/.default'] },
        does: ['connect'],
        expects: { granted: 'api://0f3c/.default', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'a request without scope is refused; a 401 demands one',
    proves: ['S1', 'interop 6'],
    server: wantsScope,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
];

/** @type {Scenario[]} */
export const droppedOrRefused = [
  {
    name: 'refuses a listed scope on a page that does not lead back: an error, and no second trip',
    proves: ['S6', 'interop 45'],
    server: { ...narrow, authorization: { names: 'MCP SDK', refuses: 'page' } },
    resource: listedTooMuch,
    phases: [{ does: ['connect'], expects: { error: 'callback_aborted', trips: 1, registrations: 1 } }],
  },
  {
    name: 'drops what it does not permit, and says so; it was only listed',
    proves: ['S7'],
    server: { ...narrow, authorization: { drops: true } },
    resource: listedTooMuch,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1 } }],
  },
  {
    name: 'drops what it does not permit, and says so; the 401 demands it: an error that names it, and no loop',
    proves: ['S6', 'S7', 'interop 45'],
    server: { ...narrow, authorization: { drops: true } },
    resource: demandedTooMuch,
    phases: [{ does: ['connect'], expects: { error: 'any', says: ['internal'], trips: 2, registrations: 2 } }],
  },
  {
    name: 'drops what it does not permit, and says nothing; it was only listed',
    proves: ['S7'],
    server: { ...narrow, authorization: { drops: true }, token: { says: 'nothing' } },
    resource: listedTooMuch,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1 } }],
  },
  {
    name: 'drops what it does not permit, and says nothing; the 401 demands it: the next 403 decides, and no loop',
    proves: ['S6', 'S7', 'interop 45'],
    server: { ...narrow, authorization: { drops: true }, token: { says: 'nothing' } },
    resource: demandedTooMuch,
    phases: [{ does: ['connect'], expects: { error: 'any', trips: 2, registrations: 2 } }],
  },
  {
    name: 'drops what it does not permit, and says nothing; the answer is a 401 again and again: no loop',
    proves: ['S6', 'S7', 'interop 45'],
    server: { ...narrow, authorization: { drops: true }, token: { says: 'nothing' } },
    resource: { ...demandedTooMuch, status: 401 },
    phases: [{ does: ['connect'], expects: { error: 'any', trips: 2, registrations: 2 } }],
  },
  {
    name: 'drops what it does not permit, and says so; the answer is a 401 again and again: no loop',
    proves: ['S6', 'S7', 'interop 45'],
    server: { ...narrow, authorization: { drops: true } },
    resource: { ...demandedTooMuch, status: 401 },
    phases: [{ does: ['connect'], expects: { error: 'any', says: ['internal'], trips: 2, registrations: 2 } }],
  },
  {
    name: 'lists offline_access and refuses it to the client: dropped once',
    proves: ['S3', 'S4', 'interop 7'],
    server: { ...narrow, lists: 'read write offline_access', authorization: { names: 'not allowed' } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 2, registrations: 1, asked: ['read offline_access', 'read'] },
      },
    ],
  },
  {
    name: 'lists offline_access and refuses it to the client without naming it: dropped once',
    proves: ['S3', 'S4', 'interop 7'],
    server: { ...narrow, lists: 'read write offline_access' },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 2, registrations: 1, asked: ['read offline_access', 'read'] },
      },
    ],
  },
  {
    name: 'refuses two optional scopes, one after the other: one repair, then an error',
    proves: ['S4', 'S6', 'interop 45'],
    server: { registration: { permits: 'read write', answers: 'nothing' }, authorization: { names: 'MCP SDK' } },
    resource: { ...listedTooMuch, lists: 'read write internal secret' },
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'authorization_refused',
          says: ['secret'],
          trips: 2,
          registrations: 1,
          asked: ['read write internal secret', 'read write secret'],
        },
      },
    ],
  },
  {
    name: 'refuses two optional scopes, naming both: one repair',
    proves: ['S4', 'interop 10'],
    server: { registration: { permits: 'read write', answers: 'nothing' }, authorization: { names: 'a list' } },
    resource: { ...listedTooMuch, lists: 'read write internal secret' },
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1, asks: 'read write' } },
    ],
  },
];

/** @type {Scenario[]} */
export const nonceDemanded = [
  {
    name: 'demands a nonce with openid: it is there at the first trip',
    proves: ['A8', 'interop 99'],
    server: { authorization: { demandsNonce: true } },
    resource: { demands: 'openid', lists: null, needs: { connect: 'openid', edit: 'write' } },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'openid write', trips: 2, registrations: 2, asked: ['openid', 'openid write'] },
      },
    ],
  },
];

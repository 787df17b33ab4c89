/**
 * Servers that register what is sent, tell so, and refuse everything else at the authorization endpoint; and servers
 * that do not care at all. A right client asks for the same at both, and treats them alike.
 */

/** @import { Scenario } from '../scenario.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, listed, silent } = triggers;

/** @satisfies {import('../policies.js').ServerPolicy} */
const echoes = {};

/** @type {Scenario[]} */
export const echoed = [
  {
    name: 'echoes and enforces; a 401 demands less than is listed: the list is registered, the demand requested',
    proves: ['S1', 'S2', 'S4', 'interop 1'],
    server: echoes,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read', registers: 'read write admin' },
      },
    ],
  },
  {
    name: 'echoes and enforces; a 401 without scope: what is listed',
    proves: ['S1', 'S4'],
    server: echoes,
    resource: listed,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write', registers: 'read write' },
      },
    ],
  },
  {
    name: 'echoes and enforces; nobody names a scope: none is sent anywhere',
    proves: ['S1', 'S9', 'interop 9'],
    server: { ...echoes, token: { unasked: 'basic' } },
    resource: silent,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asks: null, registers: null } },
    ],
  },
  {
    name: 'echoes and enforces; an empty list means none',
    proves: ['S9', 'interop 8', 'interop 9'],
    server: { ...echoes, token: { unasked: 'basic' } },
    resource: { ...silent, lists: '' },
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asks: null, registers: null } },
    ],
  },
  {
    name: 'echoes and enforces; the catalogue of the authorization server is not requested',
    proves: ['S1', 'interop 5'],
    server: { ...echoes, lists: 'read write admin sudo', token: { unasked: 'basic' } },
    resource: silent,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asks: null, registers: null } },
    ],
  },
  {
    name: 'echoes and enforces; a 403 within what was registered: no new registration',
    proves: ['S4', 'S5', 'interop 13'],
    server: echoes,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'echoes and enforces; a 403 beyond what was registered: registered anew, then requested',
    proves: ['S4', 'S5', 'interop 4', 'interop 13'],
    server: echoes,
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write',
          trips: 2,
          registrations: 2,
          asked: ['read', 'read write'],
          registers: 'read write',
        },
      },
    ],
  },
  {
    name: 'echoes and enforces; a later 401 demands more',
    proves: ['S4', 'S5', 'interop 13'],
    server: echoes,
    resource: { ...demanded, status: 401 },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'echoes and enforces; a later 401 demands what was not registered',
    proves: ['S4', 'S5', 'interop 4'],
    server: echoes,
    resource: { ...demandedOnly, status: 401 },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 2, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'echoes and enforces; a stored registration with fewer scopes is not used for more',
    proves: ['S4', 'interop 4'],
    server: echoes,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'read write', needs: { connect: 'read write' } },
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' },
      },
    ],
  },
  {
    name: 'echoes and enforces; a stored registration with the same scopes is used again',
    proves: ['S4', 'interop 4'],
    server: echoes,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0, asks: 'read' } },
    ],
  },
  {
    name: 'echoes and enforces; a stored registration with more scopes does not widen the request',
    proves: ['S1', 'S4'],
    server: echoes,
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1, registers: 'read write admin' } },
      {
        resource: { demands: 'write', needs: { connect: 'write' } },
        does: ['connect'],
        expects: { granted: 'write', trips: 1, registrations: 0, asks: 'write' },
      },
    ],
  },
  {
    name: 'echoes and enforces; a stored registration of another server is not shown to this one',
    proves: ['S4', 'R2'],
    server: echoes,
    other: echoes,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        meanwhile: ['the resource moves'],
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'echoes and enforces; a session survives a restart',
    proves: ['I1'],
    server: echoes,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
  {
    name: 'echoes and enforces; the host wants more scopes than are demanded',
    proves: ['S1', 'interop 6'],
    server: echoes,
    resource: demanded,
    settings: { scopes: ['tenant'] },
    phases: [
      {
        does: ['connect'],
        expects: {
          granted: 'read tenant',
          trips: 1,
          registrations: 1,
          asks: 'read tenant',
          registers: 'read write admin tenant',
        },
      },
    ],
  },
  {
    name: 'echoes and enforces; the host comes to want more than is registered',
    proves: ['S4', 'interop 4', 'interop 6'],
    server: echoes,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        settings: { scopes: ['tenant'] },
        does: ['connect'],
        expects: { granted: 'read tenant', trips: 1, registrations: 1, asks: 'read tenant' },
      },
    ],
  },
  {
    name: 'echoes and enforces; scopes that are URLs pass through as they are',
    proves: ['interop 14'],
    server: echoes,
    resource: {
      demands: 'api://0f3c/read https://example.com/auth/Files.Read',
      lists: null,
      needs: { connect: 'api://0f3c/read' },
    },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'api://0f3c/read https://example.com/auth/Files.Read', trips: 1, registrations: 1 },
      },
    ],
  },
];

const indifferent = {
  registration: { answers: /** @type {const} */ ('nothing') },
  authorization: { enforces: /** @type {const} */ ('nothing') },
};

/** @type {Scenario[]} */
export const ignored = [
  {
    name: 'ignores scope at registration; a 401 demands',
    proves: ['S1', 'interop 3'],
    server: indifferent,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read', registers: 'read write admin' },
      },
    ],
  },
  {
    name: 'ignores scope at registration; a 401 without scope: what is listed',
    proves: ['S1', 'interop 3'],
    server: indifferent,
    resource: listed,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' } },
    ],
  },
  {
    name: 'ignores scope at registration; nobody names a scope, until a tool needs one',
    proves: ['S4', 'S5', 'interop 1'],
    server: { ...indifferent, token: { unasked: 'basic' } },
    resource: silent,
    phases: [
      // Nothing was sent, so nothing is registered as far as anybody was told.
      {
        does: ['connect', 'edit'],
        expects: { granted: 'basic write', trips: 2, registrations: 2, asked: [null, 'basic write'] },
      },
    ],
  },
  {
    name: 'ignores scope at registration; a 403 within what was sent',
    proves: ['S5', 'interop 3', 'interop 13'],
    server: indifferent,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'ignores scope at registration; a 403 beyond what was sent is registered first, since nobody told that it need not be',
    proves: ['S4', 'S5', 'interop 13'],
    server: indifferent,
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 2, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'ignores scope at registration; a stored registration with fewer scopes',
    proves: ['S4', 'interop 4'],
    server: indifferent,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'read write' },
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'ignores scope at registration; a stored registration with enough',
    proves: ['S4'],
    server: indifferent,
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        resource: { demands: 'read write' },
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 0 },
      },
    ],
  },
];

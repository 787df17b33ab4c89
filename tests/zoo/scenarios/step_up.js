/** More scopes for a session: how they are asked for, how often, and who is asked first. */

/** @import { Scenario } from '../scenario.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly } = triggers;

/** @type {Scenario[]} */
export const widened = [
  {
    name: 'a person presses "sign in" where only the challenge names scopes: the MCP server is asked for it',
    proves: ['S1', 'S5'],
    server: {},
    resource: demandedOnly,
    phases: [
      { does: ['sign in', 'connect'], expects: { granted: 'read', trips: 1, registrations: 1, asks: 'read' } },
      { does: ['sign in', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0, asks: 'read' } },
    ],
  },
  {
    name: 'a 403 names only what is missing: earlier scopes are asked for as well',
    proves: ['S5', 'interop 13'],
    server: {},
    resource: { ...demanded, says: 'what is missing' },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'two tools, one after the other, each named alone: the union grows',
    proves: ['S5', 'interop 13'],
    server: {},
    resource: { ...demanded, says: 'what is missing' },
    phases: [
      {
        does: ['connect', 'edit', 'rule', 'edit'],
        expects: {
          granted: 'read write admin',
          trips: 3,
          registrations: 1,
          asked: ['read', 'read write', 'read write admin'],
        },
      },
    ],
  },
  {
    name: 'two tools with a restart between them: the union grows',
    proves: ['S5', 'interop 13'],
    server: {},
    resource: { ...demanded, says: 'what is missing' },
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 1 } },
      {
        does: ['rule'],
        expects: { granted: 'read write admin', trips: 1, registrations: 0, asks: 'read write admin' },
      },
      { does: ['edit'], expects: { granted: 'read write admin', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'two tools beyond the ceiling with a restart between them: registered anew for each, with all that came before',
    proves: ['S4', 'S5', 'interop 13'],
    server: {},
    resource: { ...demandedOnly, says: 'what is missing' },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 2, registers: 'read write' },
      },
      {
        does: ['rule'],
        expects: {
          granted: 'read write admin',
          trips: 1,
          registrations: 1,
          asks: 'read write admin',
          registers: 'read write admin',
        },
      },
    ],
  },
  {
    name: 'a 403 names a scope beyond what is listed',
    proves: ['S2', 'S5'],
    server: {},
    resource: { ...demanded, needs: { connect: 'read', edit: 'elsewhere' } },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read elsewhere', trips: 2, registrations: 2, asks: 'read elsewhere' },
      },
    ],
  },
  {
    name: 'a 403 names no scope: what is listed is asked for',
    proves: ['S1', 'S5'],
    server: {},
    resource: { ...demanded, says: 'nothing' },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write admin', trips: 2, registrations: 1, asked: ['read', 'read write admin'] },
      },
    ],
  },
  {
    name: 'a later 401 names only what is missing',
    proves: ['S5', 'interop 13'],
    server: {},
    resource: { ...demanded, status: 401, says: 'what is missing' },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'a later 401 demands more from a session with a refresh token: not refreshed, authorized',
    proves: ['S5', 'S8', 'interop 13'],
    server: { token: { refreshTokens: 'always', rotates: true } },
    resource: { ...demanded, status: 401 },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'the resource lists more by now, and a tool needs it: registered for the new ceiling',
    proves: ['S2', 'S4', 'S5'],
    server: {},
    resource: { ...demanded, lists: 'read' },
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1, registers: 'read' } },
      {
        resource: { lists: 'read write admin' },
        does: ['edit', 'rule'],
        expects: {
          granted: 'read write admin',
          trips: 2,
          registrations: 1,
          registers: 'read write admin',
          asked: ['read write', 'read write admin'],
        },
      },
    ],
  },
];

/** @type {Scenario[]} */
export const stopped = [
  {
    name: 'a 403 that demands what is granted: no trip, no loop',
    proves: ['S6', 'interop 13', 'interop 45'],
    server: {},
    resource: { ...demanded, saysInstead: 'read' },
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'fresh_token_refused', trips: 1, registrations: 1 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'a 403 that names no scope, where nothing is listed: no trip, no loop',
    proves: ['S6', 'interop 13'],
    server: {},
    resource: { ...demandedOnly, says: 'nothing' },
    phases: [{ does: ['connect', 'edit'], expects: { error: 'any', trips: 1, registrations: 1 } }],
  },
  {
    name: 'a 403 that demands one thing and needs another: one step-up, no loop',
    proves: ['S6', 'interop 13', 'interop 45'],
    server: {},
    resource: {
      demands: 'read',
      lists: 'read write admin',
      needs: { connect: 'read', edit: 'root' },
      saysInstead: 'write',
    },
    phases: [{ does: ['connect', 'edit'], expects: { error: 'fresh_token_refused', trips: 2, registrations: 1 } }],
  },
  {
    name: 'what a tool needs is withheld, and the tool called again and again: the attempts are counted',
    proves: ['S6', 'interop 13', 'interop 45'],
    server: { token: { withholds: 'write' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', trips: 2, registrations: 1 } },
      { continues: true, does: ['edit'], expects: { error: 'any', trips: 1, registrations: 0 } },
      { continues: true, does: ['edit'], expects: { error: 'any', trips: 0, registrations: 0 } },
      { continues: true, does: ['edit'], expects: { error: 'any', trips: 0, registrations: 0 } },
    ],
  },
  {
    name: 'what a tool needs is withheld; another tool has attempts of its own',
    proves: ['S6', 'interop 13'],
    server: { token: { withholds: 'write' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', trips: 2, registrations: 1 } },
      { continues: true, does: ['edit'], expects: { error: 'any', trips: 1, registrations: 0 } },
      { continues: true, does: ['edit'], expects: { error: 'any', trips: 0, registrations: 0 } },
      { continues: true, does: ['rule'], expects: { granted: 'read admin', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'what a tool needs is withheld, and the program restarted again and again: the attempts are counted',
    proves: ['S6', 'interop 13', 'interop 45'],
    server: { token: { withholds: 'write' } },
    resource: demanded,
    phases: [
      { does: ['connect', 'edit'], expects: { error: 'any', trips: 2, registrations: 1 } },
      { does: ['edit'], expects: { error: 'any', trips: 1, registrations: 0 } },
      { does: ['edit'], expects: { error: 'any', trips: 1, registrations: 0 } },
      { does: ['edit'], expects: { error: 'any', trips: 0, registrations: 0 } },
      { does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
    ],
  },
];

/** @type {Scenario[]} */
export const asked = [
  {
    name: 'the host does not approve wider scopes: nothing is sent, and the session stays',
    proves: ['I2', 'S6'],
    server: {},
    resource: demanded,
    phases: [
      { approves: false, does: ['connect', 'edit'], expects: { error: 'not_approved', trips: 1, registrations: 1 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { does: ['edit'], expects: { granted: 'read write', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'the host does not approve scopes beyond the ceiling: nothing is registered',
    proves: ['I2', 'S6'],
    server: {},
    resource: demandedOnly,
    phases: [
      { approves: false, does: ['connect', 'edit'], expects: { error: 'not_approved', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'the host does not approve another authorization server: nothing is sent there',
    proves: ['I2', 'R2'],
    server: {},
    other: {},
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        approves: false,
        meanwhile: ['the resource moves'],
        does: ['connect'],
        expects: { error: 'not_approved', trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'a sign-in without interaction: the error has the plan, and nothing is registered',
    proves: ['I1'],
    server: {},
    resource: demanded,
    phases: [
      { interaction: false, does: ['connect'], expects: { error: 'interaction_required', trips: 0, registrations: 0 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'a step-up without interaction, and then with',
    proves: ['I1', 'S5'],
    server: {},
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1 } },
      {
        interaction: false,
        does: ['connect', 'edit'],
        expects: { error: 'interaction_required', trips: 0, registrations: 0 },
      },
      { does: ['edit'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
];

/** What a step-up added is not permitted any more when the person signs in again. @type {Scenario[]} */
export const takenAway = [
  { what: 'and the refusal names it', names: /** @type {const} */ ('fosite with backticks'), resource: demanded },
  { what: 'and the refusal names nothing', names: /** @type {const} */ ('nothing'), resource: demanded },
  {
    what: 'which is not listed, and the refusal names nothing',
    names: /** @type {const} */ ('nothing'),
    resource: demandedOnly,
  },
].map(({ what, names, resource }) => ({
  name: `a person signs in after the scope of a step-up was taken away, ${what}: two windows, the second without it`,
  proves: ['S5', 'S6'],
  server: {},
  resource,
  phases: [
    { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, registrations: 2 } },
    {
      server: { authorization: { enforces: 'permitted', permits: 'read', names } },
      does: ['sign in', 'connect'],
      expects: { granted: 'read', trips: 2, registrations: 0, asked: ['read write', 'read'] },
    },
  ],
}));

/**
 * Servers that refuse a whole registration for one scope, or for any `scope` at all. The ladder of three: everything;
 * without what was named, or only what is required; no scope.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { Refusal, ServerPolicy, Wording } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, demandedTooMuch, listed, listedTooMuch, silent } = triggers;

/**
 * @param {Refusal} refusal
 * @returns {ServerPolicy}
 */
const refusing = (refusal) => ({ registration: { permits: 'read write', refuses: ['unpermitted scopes'], refusal } });

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

/** @type {Scenario[]} */
export const refusedAsAWhole = [
  ...naming.map((names) => ({
    name: `refuses a registration for a listed scope (${names}): registered without it`,
    proves: ['S4', 'R8', 'interop 10'],
    server: refusing({ names }),
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 2, asks: 'read write', registers: 'read write' },
      },
    ],
  })),
  {
    name: 'refuses a registration with invalid_scope, naming two',
    proves: ['S4', 'R8', 'interop 10'],
    server: refusing({ error: 'invalid_scope', names: 'a list' }),
    resource: { ...listedTooMuch, lists: 'secret read write internal' },
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 2, registers: 'read write' },
      },
    ],
  },
  {
    name: 'refuses a registration with status 422',
    proves: ['S4', 'R8', 'interop 10'],
    server: refusing({ status: 422, names: 'a list' }),
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 2, registers: 'read write' },
      },
    ],
  },
  {
    name: 'refuses a registration for a ceiling beyond the demand, by name: the rest of the ceiling stays',
    proves: ['S4', 'R8', 'interop 10'],
    server: refusing({ names: 'a list' }),
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write',
          trips: 2,
          registrations: 2,
          registers: 'read write',
          asked: ['read', 'read write'],
        },
      },
    ],
  },
  {
    name: 'refuses a registration for a ceiling beyond the demand, without a name: only what is demanded is registered',
    proves: ['S4', 'R8', 'interop 10'],
    server: refusing({}),
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 2, registers: 'read', asks: 'read' } },
    ],
  },
  {
    name: 'refuses a registration without a name, and nothing is required: registered without scope, within what the answer tells',
    proves: ['S4', 'R8', 'interop 10'],
    server: { registration: { ...refusing({}).registration, omitted: 'read write' } },
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 3, registers: null, asks: 'read write' },
      },
    ],
  },
  {
    name: "refuses a registration as Keycloak's policy does, with 403 insufficient_scope",
    proves: ['S4', 'R8', 'interop 10'],
    server: {
      registration: {
        ...refusing({ status: 403, error: 'insufficient_scope', names: 'Keycloak' }).registration,
        omitted: 'read write',
      },
    },
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 3, asks: 'read write' } },
    ],
  },
  {
    name: 'refuses a registration without a name, and nothing is told of the one without scope: repaired once in the browser',
    proves: ['S4', 'S9', 'interop 10'],
    server: { ...refusing({}), token: { unasked: 'read' } },
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 2, registrations: 3, untold: 1, asked: ['read write internal', null] },
      },
    ],
  },
  {
    name: 'refuses a registration for what the 401 demands, and authorization as well: an error, and no loop',
    proves: ['S4', 'S6', 'R8', 'interop 10', 'interop 45'],
    server: { ...refusing({ names: 'a list' }), authorization: { enforces: 'permitted', names: 'a list' } },
    resource: demandedTooMuch,
    phases: [
      { does: ['connect'], expects: { error: 'any', says: ['internal'], trips: 1, registrations: 3, untold: 1 } },
    ],
  },
  {
    name: 'refuses a registration for what the 401 demands, but does not mind later',
    proves: ['R8', 'interop 10'],
    server: { ...refusing({ names: 'a list' }), authorization: { enforces: 'nothing' } },
    resource: demandedTooMuch,
    phases: [{ does: ['connect'], expects: { granted: 'read internal', trips: 1, registrations: 3, untold: 1 } }],
  },
  {
    name: 'refuses a registration for what the host can do without',
    proves: ['S4', 'R8', 'interop 6', 'interop 10'],
    server: refusing({ names: 'fosite with quotes' }),
    resource: demandedOnly,
    settings: { optionalScopes: ['tenant'] },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 2, asks: 'read' } }],
  },
  {
    name: 'refuses a registration for what the host cannot do without: an error that names it, and no loop',
    proves: ['S4', 'R8', 'interop 6', 'interop 10'],
    server: {
      ...refusing({ names: 'fosite with quotes' }),
      authorization: { enforces: 'permitted', names: 'fosite with quotes' },
    },
    resource: demandedOnly,
    settings: { scopes: ['tenant'] },
    phases: [{ does: ['connect'], expects: { error: 'any', says: ['tenant'], trips: 1, registrations: 3, untold: 1 } }],
  },
  {
    name: 'refuses a registration for offline_access, though it lists it',
    proves: ['S3', 'S4', 'R8', 'interop 7'],
    server: { ...refusing({ names: 'not allowed' }), lists: 'read write offline_access' },
    resource: demandedOnly,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 2, asks: 'read' } }],
  },
  {
    name: 'refuses a registration for what a tool needs: an error, and session and registration stay',
    proves: ['S4', 'S6', 'R8', 'interop 13'],
    server: { ...refusing({ names: 'a list' }), authorization: { enforces: 'permitted', names: 'a list' } },
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'rule'], expects: { error: 'any', says: ['admin'], trips: 2, registrations: 4, untold: 1 } },
      { continues: true, does: ['connect'], expects: { granted: 'read', trips: 0, registrations: 0 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 1, untold: 0 } },
    ],
  },
  {
    name: 'refuses a registration for what a later 401 demands, until the operator permits it',
    proves: ['S4', 'interop 4'],
    server: refusing({ names: 'a list' }),
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 1 } },
      {
        server: { registration: { permits: 'read write admin' } },
        resource: { demands: 'read admin', needs: { connect: 'read admin' } },
        does: ['connect'],
        expects: { granted: 'read admin', trips: 1, registrations: 1 },
      },
    ],
  },
  {
    name: 'refuses every registration: three attempts, and a clear error before any browser',
    proves: ['R8', 'interop 10', 'interop 45'],
    server: { registration: { refuses: ['everything'] } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'registration_refused', says: ['http://127.0.0.1'], trips: 0, registrations: 3 },
      },
    ],
  },
  {
    name: 'refuses every registration, and there is no scope to blame: one attempt',
    proves: ['R8', 'interop 10'],
    server: { registration: { refuses: ['everything'] } },
    resource: silent,
    phases: [{ does: ['connect'], expects: { error: 'registration_refused', trips: 0, registrations: 1 } }],
  },
];

/** @type {ServerPolicy} */
const noScopeMember = { registration: { refuses: ['any scope'] }, authorization: { enforces: 'nothing' } };

/** @type {Scenario[]} */
export const refusedForAnyScope = [
  {
    name: 'refuses any scope member; a 401 demands: the request is the plan',
    proves: ['S4', 'R8', 'interop 10'],
    server: noScopeMember,
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, registrations: 3, untold: 1, registers: null, asks: 'read' },
      },
    ],
  },
  {
    name: 'refuses any scope member; a 401 without scope: what is listed',
    proves: ['S4', 'R8', 'interop 10'],
    server: noScopeMember,
    resource: listed,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 3, untold: 1, asks: 'read write' },
      },
    ],
  },
  {
    name: 'refuses any scope member; nobody names a scope: nobody notices',
    proves: ['S9', 'interop 9'],
    server: { ...noScopeMember, token: { unasked: 'basic' } },
    resource: silent,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, registers: null, asks: null } },
    ],
  },
  {
    name: 'refuses any scope member; only the host names a scope',
    proves: ['S4', 'interop 6', 'interop 10'],
    server: noScopeMember,
    resource: silent,
    settings: { scopes: ['tenant'] },
    phases: [{ does: ['connect'], expects: { granted: 'tenant', trips: 1, registrations: 3, untold: 1 } }],
  },
  {
    name: 'refuses any scope member; a 403 needs no new registration, since no limit is known',
    proves: ['S5', 'interop 13'],
    server: noScopeMember,
    resource: demandedOnly,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 3, untold: 2, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'refuses any scope member; the stored registration is used again',
    proves: ['S4', 'interop 4'],
    server: noScopeMember,
    resource: demandedOnly,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 3, untold: 1 } },
      {
        resource: { demands: 'read write' },
        does: ['connect'],
        expects: { granted: 'read write', trips: 1, registrations: 0, untold: 1 },
      },
    ],
  },
  {
    name: 'refuses any scope member, and tells what it registered: requested within it',
    proves: ['R6', 'S4', 'interop 10'],
    server: { registration: { refuses: ['any scope'], omitted: 'read' } },
    resource: listed,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 3, asks: 'read' } }],
  },
  {
    name: 'refuses any scope member, and does not name the demanded scope: asked for outright, once',
    proves: ['R6', 'S4', 'interop 10'],
    server: { registration: { refuses: ['any scope'], omitted: 'read' } },
    resource: { demands: 'write', lists: null, needs: { connect: 'write' } },
    phases: [
      { does: ['connect'], expects: { error: 'scope_not_registered', says: ['write'], trips: 2, registrations: 3 } },
    ],
  },
  {
    name: 'refuses any scope member, and a listed scope later: dropped once',
    proves: ['S4', 'interop 10'],
    server: {
      registration: { refuses: ['any scope'] },
      authorization: { enforces: 'permitted', permits: 'read write', names: 'MCP SDK' },
    },
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write',
          trips: 2,
          registrations: 3,
          untold: 2,
          asked: ['read write internal', 'read write'],
        },
      },
    ],
  },
  {
    name: 'refuses any scope member, and a demanded scope later: no second trip, since nothing was registered meanwhile',
    proves: ['S4', 'S6', 'interop 10'],
    server: {
      registration: { refuses: ['any scope'] },
      authorization: { enforces: 'permitted', permits: 'read write', names: 'MCP SDK' },
    },
    resource: demandedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 1, registrations: 3, untold: 1 },
      },
    ],
  },
];

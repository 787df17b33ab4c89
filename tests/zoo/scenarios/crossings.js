/**
 * Every way of treating scope at registration, crossed with the ways in which scopes are needed: what the files of the
 * single policies leave out.
 */

/** @import { Expectation, Phase, Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, listedTooMuch, silent } = triggers;

/** @satisfies {Record<string, ServerPolicy>} */
const policies = {
  'a default when scope is omitted': { registration: { omitted: 'basic' } },
  'registration requires scope': { registration: { refuses: ['no scope'] } },
  'its own list is registered': { registration: { substitutes: 'basic read write' } },
  'narrows and tells': { registration: { permits: 'read write' } },
  'narrows silently': {
    registration: { permits: 'read write', answers: 'nothing' },
    authorization: { names: 'MCP SDK' },
  },
  'refuses a registration for one scope': {
    registration: { permits: 'read write', refuses: ['unpermitted scopes'], refusal: { names: 'a list' } },
  },
  'refuses any scope member': { registration: { refuses: ['any scope'] }, authorization: { enforces: 'nothing' } },
  'one registration per client': { registration: { limit: 1, management: {} } },
};

/** @typedef {[keyof typeof policies, Expectation]} Row */

/**
 * @param {string} trigger
 * @param {string[]} proves
 * @param {Row[]} rows
 * @param {(expects: Expectation, server: ServerPolicy) => Omit<Scenario, 'name' | 'proves' | 'server'>} story
 * @returns {Scenario[]}
 */
function crossed(trigger, proves, rows, story) {
  return rows.map(([policy, expects]) => {
    const server = policies[policy];
    return { name: `${policy}; ${trigger}`, proves, server, ...story(expects, server) };
  });
}

/**
 * The first phase of stories about stored registrations: whatever it takes.
 *
 * @param {ServerPolicy} server
 * @returns {Phase}
 */
function before({ registration }) {
  const untold = registration?.refuses?.includes('any scope') ? 1 : 0;
  return { does: ['connect', 'sign out'], expects: { trips: 1, registrations: 3, untold } };
}

/** @type {Scenario[]} */
export const crossings = [
  ...crossed(
    'a later 401 demands more',
    ['S4', 'S5', 'interop 13'],
    [
      [
        'a default when scope is omitted',
        { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      ],
      [
        'registration requires scope',
        { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      ],
      [
        'its own list is registered',
        { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      ],
      ['narrows and tells', { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] }],
      ['narrows silently', { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] }],
      [
        'refuses a registration for one scope',
        { granted: 'read write', trips: 2, registrations: 2, asked: ['read', 'read write'] },
      ],
      [
        'refuses any scope member',
        { granted: 'read write', trips: 2, registrations: 3, untold: 2, asked: ['read', 'read write'] },
      ],
      [
        'one registration per client',
        { granted: 'read write', trips: 2, registrations: 1, asked: ['read', 'read write'] },
      ],
    ],
    (expects) => ({ resource: { ...demanded, status: 401 }, phases: [{ does: ['connect', 'edit'], expects }] }),
  ),
  ...crossed(
    'nobody names a scope, until a tool needs one',
    ['S4', 'S5', 'S9', 'interop 4'],
    [
      [
        'a default when scope is omitted',
        { granted: 'basic write', trips: 2, registrations: 2, asked: [null, 'basic write'] },
      ],
      // Without scope everything registered is granted, and that is enough.
      ['its own list is registered', { granted: 'basic read write', trips: 1, registrations: 1, asked: [null] }],
      ['narrows and tells', { granted: 'write', trips: 2, registrations: 2, asked: [null, 'write'] }],
      ['narrows silently', { granted: 'write', trips: 2, registrations: 2, asked: [null, 'write'] }],
      [
        'refuses a registration for one scope',
        { granted: 'write', trips: 2, registrations: 2, asked: [null, 'write'] },
      ],
      // The first registration went without scope by itself; only the second is made to.
      ['refuses any scope member', { granted: 'write', trips: 2, registrations: 4, untold: 1, asked: [null, 'write'] }],
      [
        'one registration per client',
        { granted: 'write', trips: 2, registrations: 1, updates: 1, asked: [null, 'write'] },
      ],
    ],
    (expects) => ({ resource: silent, phases: [{ does: ['connect', 'edit'], expects }] }),
  ),
  ...crossed(
    'a scope is listed that other servers do not register',
    ['S1', 'S4'],
    [
      ['a default when scope is omitted', { granted: 'read write internal', trips: 1, registrations: 1 }],
      ['registration requires scope', { granted: 'read write internal', trips: 1, registrations: 1 }],
      ['its own list is registered', { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' }],
      ['refuses any scope member', { granted: 'read write internal', trips: 1, registrations: 3, untold: 1 }],
      ['one registration per client', { granted: 'read write internal', trips: 1, registrations: 1 }],
    ],
    (expects) => ({ resource: listedTooMuch, phases: [{ does: ['connect', 'edit'], expects }] }),
  ),
  ...crossed(
    'the stored registration is of another server with the same policy',
    ['S4', 'R2'],
    [
      ['a default when scope is omitted', { granted: 'read write', trips: 2, registrations: 1 }],
      ['registration requires scope', { granted: 'read write', trips: 2, registrations: 1 }],
      ['its own list is registered', { granted: 'read write', trips: 2, registrations: 1 }],
      ['narrows and tells', { granted: 'read write', trips: 2, registrations: 1 }],
      ['narrows silently', { granted: 'read write', trips: 2, registrations: 1 }],
      ['refuses a registration for one scope', { granted: 'read write', trips: 2, registrations: 2 }],
      ['refuses any scope member', { granted: 'read write', trips: 2, registrations: 3, untold: 2 }],
      ['one registration per client', { granted: 'read write', trips: 2, registrations: 1 }],
    ],
    (expects, server) => ({
      other: server,
      resource: demanded,
      phases: [
        { ...before(server), does: ['connect'] },
        { meanwhile: ['the resource moves'], does: ['connect', 'edit'], expects },
      ],
    }),
  ),
  ...crossed(
    'a stored registration with fewer scopes',
    ['S4', 'interop 4'],
    [
      ['a default when scope is omitted', { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' }],
      ['registration requires scope', { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' }],
      ['its own list is registered', { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' }],
      ['narrows and tells', { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' }],
      ['narrows silently', { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' }],
      [
        'refuses a registration for one scope',
        { granted: 'read write', trips: 1, registrations: 1, asks: 'read write' },
      ],
    ],
    (expects, server) => ({
      resource: demandedOnly,
      phases: [
        before(server),
        { resource: { demands: 'read write', needs: { connect: 'read write' } }, does: ['connect'], expects },
      ],
    }),
  ),
  ...crossed(
    'a stored registration with the same scopes',
    ['S4', 'interop 4'],
    [
      ['a default when scope is omitted', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['registration requires scope', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['its own list is registered', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['narrows and tells', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['narrows silently', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['refuses a registration for one scope', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
      ['refuses any scope member', { granted: 'read', trips: 1, registrations: 0, untold: 1, asks: 'read' }],
      ['one registration per client', { granted: 'read', trips: 1, registrations: 0, asks: 'read' }],
    ],
    (expects, server) => ({ resource: demandedOnly, phases: [before(server), { does: ['connect'], expects }] }),
  ),
  ...crossed(
    'a stored registration with more scopes does not widen the request',
    ['S1', 'S4'],
    [
      ['a default when scope is omitted', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['registration requires scope', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['its own list is registered', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['narrows and tells', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['narrows silently', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['refuses a registration for one scope', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
      ['refuses any scope member', { granted: 'write', trips: 1, registrations: 0, untold: 1, asks: 'write' }],
      ['one registration per client', { granted: 'write', trips: 1, registrations: 0, asks: 'write' }],
    ],
    (expects, server) => ({
      resource: demanded,
      phases: [
        before(server),
        { resource: { demands: 'write', needs: { connect: 'write' } }, does: ['connect'], expects },
      ],
    }),
  ),
  ...crossed(
    'the host wants one more scope',
    ['S4', 'interop 6'],
    [
      ['a default when scope is omitted', { granted: 'read tenant', trips: 1, registrations: 1, asks: 'read tenant' }],
      ['registration requires scope', { granted: 'read tenant', trips: 1, registrations: 1, asks: 'read tenant' }],
      ['its own list is registered', { error: 'scope_not_registered', says: ['tenant'], trips: 2, registrations: 1 }],
      ['narrows silently', { error: 'authorization_refused', says: ['tenant'], trips: 2, registrations: 2 }],
      [
        'refuses any scope member',
        { granted: 'read tenant', trips: 1, registrations: 3, untold: 1, asks: 'read tenant' },
      ],
      ['one registration per client', { granted: 'read tenant', trips: 1, registrations: 1, asks: 'read tenant' }],
    ],
    (expects) => ({
      resource: demandedOnly,
      settings: { scopes: ['tenant'] },
      phases: [{ does: ['connect'], expects }],
    }),
  ),
  ...crossed(
    'the host would like one more scope',
    ['S4', 'interop 6'],
    [
      ['a default when scope is omitted', { granted: 'read tenant', trips: 1, registrations: 1 }],
      ['its own list is registered', { granted: 'read', trips: 1, registrations: 1, asks: 'read' }],
      ['narrows silently', { granted: 'read', trips: 2, registrations: 1, asked: ['read tenant', 'read'] }],
      ['one registration per client', { granted: 'read tenant', trips: 1, registrations: 1 }],
    ],
    (expects) => ({
      resource: demandedOnly,
      settings: { optionalScopes: ['tenant'] },
      phases: [{ does: ['connect'], expects }],
    }),
  ),
];

/**
 * Servers that permit more than their registration's answer names, and servers that refuse a request in which a scope
 * is missing that nobody named. An answer's silence keeps nobody out: what the MCP server insists on is asked for
 * outright, once, and what comes of it is remembered.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

/** Every client gets `basic`, and may have `openid` all the same. */
const silent = { registration: { substitutes: 'basic', unnamed: 'openid' } };

/** Permits `openid` to nobody, and says nothing of it either. */
const truly = { registration: { substitutes: 'basic' }, authorization: { names: /** @type {const} */ ('a list') } };

/** The MCP server names `openid`, and takes a token without it. */
const named = { demands: 'openid', lists: null };

/** It insists on it. */
const insisted = { demands: 'openid', lists: null, needs: { connect: 'openid' } };

/** A tool insists on it. */
const ofTool = { demands: 'openid', lists: null, needs: { identity: 'openid' } };

const DAY = 86_400;

/** @type {Scenario[]} */
export const notNamed = [
  {
    name: 'does not name openid, and the resource takes the token without it: no scope is sent',
    proves: ['S4', 'interop 2'],
    server: silent,
    resource: named,
    phases: [{ does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asked: [null] } }],
  },
  {
    name: 'names a part of what is demanded, and the resource takes the token: only that is requested',
    proves: ['S4', 'interop 2'],
    server: { registration: { permits: 'read', unnamed: 'openid' } },
    resource: { demands: 'openid read', lists: null, needs: { connect: 'read' } },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1, asked: ['read'] } }],
  },
  {
    name: 'does not name openid, and the resource insists on it: asked for outright, and at once the next time',
    proves: ['S4', 'interop 2'],
    server: silent,
    resource: insisted,
    phases: [
      {
        does: ['connect', 'sign out'],
        expects: { granted: 'openid basic', trips: 2, registrations: 1, asked: [null, 'openid basic'] },
      },
      { does: ['connect'], expects: { granted: 'openid', trips: 1, registrations: 0, asked: ['openid'] } },
    ],
  },
  {
    name: 'names a part of what is demanded, and the resource insists on all of it: nothing is lost in the second trip',
    proves: ['S4', 'S5'],
    server: { registration: { permits: 'read', unnamed: 'openid' } },
    resource: { demands: 'openid read', lists: null, needs: { connect: 'openid read' } },
    phases: [
      {
        does: ['connect', 'sign out'],
        expects: { granted: 'openid read', trips: 2, registrations: 1, asked: ['read', 'read openid'] },
      },
      { does: ['connect'], expects: { granted: 'openid read', trips: 1, registrations: 0, asked: ['openid read'] } },
    ],
  },
  {
    name: 'does not name openid, and a tool insists on it in a later process',
    proves: ['S4', 'S5'],
    server: silent,
    resource: ofTool,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asked: [null] } },
      { does: ['identity'], expects: { granted: 'openid basic', trips: 1, registrations: 0, asked: ['openid basic'] } },
    ],
  },
  {
    name: 'does not name openid, and an expired token is no insistence: signed in again as before',
    proves: ['S4'],
    server: silent,
    resource: named,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, registrations: 1, asked: [null] } },
      {
        later: 7200,
        meanwhile: ['access tokens are forgotten'],
        does: ['connect'],
        expects: { granted: 'basic', trips: 1, registrations: 0, asked: ['basic'] },
      },
    ],
  },
  {
    name: 'does not name openid and refuses it: an error that stays by itself, until the operator permits it and a person asks',
    proves: ['S4', 'S6'],
    server: truly,
    resource: insisted,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'scope_not_registered', says: ['openid', 'operator'], trips: 2, registrations: 1 },
      },
      { does: ['connect'], expects: { error: 'scope_not_registered', trips: 0, registrations: 1 } },
      {
        server: { registration: { substitutes: 'basic', unnamed: 'openid' } },
        does: ['sign in', 'connect'],
        expects: { granted: 'openid basic', trips: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'does not name openid and refuses it: after a day it is asked for again by itself',
    proves: ['S4', 'S6'],
    server: truly,
    resource: insisted,
    phases: [
      { does: ['connect'], expects: { error: 'scope_not_registered', trips: 2, registrations: 1 } },
      {
        later: DAY + 1,
        server: { registration: { substitutes: 'basic', unnamed: 'openid' } },
        meanwhile: ['access tokens are forgotten'],
        does: ['connect'],
        expects: { granted: 'openid basic', trips: 2, registrations: 1, asked: ['basic', 'openid basic'] },
      },
    ],
  },
  {
    name: 'does not name openid, and no longer permits what it permitted: the person is signed in without it',
    proves: ['S4'],
    server: silent,
    resource: ofTool,
    phases: [
      {
        does: ['connect', 'identity', 'sign out'],
        expects: { granted: 'openid basic', trips: 2, registrations: 1, asked: [null, 'openid basic'] },
      },
      {
        server: { registration: { unnamed: '' } },
        does: ['connect'],
        expects: { granted: 'basic', trips: 2, registrations: 0, asked: ['openid', null] },
      },
    ],
  },
  {
    name: 'names none of the scopes that everybody gets: no scope is sent, and they come',
    proves: ['S4', 'S9'],
    server: {
      registration: { substitutes: 'phone', unnamed: 'profile email' },
      token: { unasked: 'profile email' },
    },
    resource: { demands: null, lists: 'profile email', needs: { connect: 'profile' } },
    phases: [{ does: ['connect'], expects: { granted: 'profile email', trips: 1, registrations: 1, asked: [null] } }],
  },
  {
    name: 'refuses to register what it permits without being asked: registered without scope, and no scope is sent',
    proves: ['S4', 'R8'],
    server: {
      registration: {
        permits: 'phone',
        refuses: ['unpermitted scopes'],
        refusal: { status: 403, error: 'insufficient_scope', names: 'Keycloak' },
        omitted: 'phone',
        unnamed: 'openid profile',
      },
      token: { unasked: 'profile' },
    },
    resource: { demands: 'openid profile', lists: null, needs: { connect: 'profile' } },
    phases: [{ does: ['connect'], expects: { granted: 'profile', trips: 1, registrations: 2, asked: [null] } }],
  },
  {
    name: 'names the ceiling and nothing that is demanded: registered without the ceiling, which a request without scope could be granted',
    proves: ['S4', 'S9'],
    server: { registration: { permits: 'read admin', unnamed: 'openid' } },
    resource: { demands: 'openid', lists: 'openid read admin' },
    phases: [{ does: ['connect'], expects: { granted: 'openid', trips: 1, registrations: 2, registers: 'openid' } }],
  },
  {
    name: 'names the ceiling and nothing that is demanded, and can be managed: updated without the ceiling',
    proves: ['S4', 'R7'],
    server: { registration: { permits: 'read admin', unnamed: 'openid', management: { rotates: true } } },
    resource: { demands: 'openid', lists: 'openid read admin' },
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'openid', trips: 1, registrations: 1, updates: 1, registers: 'openid' },
      },
    ],
  },
  {
    name: "does not name the host's scope, and permits it: asked for outright, and at once the next time",
    proves: ['S4'],
    server: { registration: { permits: 'read', unnamed: 'tenant' } },
    resource: { demands: 'read', lists: null, needs: { connect: 'read' } },
    settings: { scopes: ['tenant'] },
    phases: [
      {
        does: ['connect', 'sign out'],
        expects: { granted: 'read tenant', trips: 2, registrations: 1, asked: ['read', 'read tenant'] },
      },
      { does: ['connect'], expects: { granted: 'read tenant', trips: 1, registrations: 0, asked: ['read tenant'] } },
    ],
  },
];

/** @type {ServerPolicy} */
const provider = { openidProvider: true, lists: 'openid profile', authorization: { needsOpenid: 'page' } };

const nobody = { demands: null, lists: null };

/** @type {Scenario[]} */
export const nobodyNames = [
  {
    name: 'an OpenID provider, and nobody names a scope: openid is registered and requested',
    proves: ['S1', 'interop 90'],
    server: provider,
    resource: nobody,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'openid', trips: 1, registrations: 1, asked: ['openid'], registers: 'openid' },
      },
    ],
  },
  {
    name: 'an OpenID provider that lists offline_access, and nobody names a scope: openid counts as something requested',
    proves: ['S1', 'S3', 'interop 90'],
    server: { ...provider, lists: 'openid offline_access' },
    resource: nobody,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'openid offline_access', trips: 1, registrations: 1, asks: 'openid offline_access' },
      },
    ],
  },
  {
    name: 'an OpenID provider that does not name openid and shows a page without it: a look spares the person the page',
    proves: ['S1', 'interop 90'],
    server: { ...provider, registration: { substitutes: 'basic', unnamed: 'openid' } },
    resource: nobody,
    phases: [
      {
        does: ['connect', 'sign out'],
        expects: { granted: 'openid', trips: 1, looks: 1, registrations: 1, asked: [null, 'openid'] },
      },
      { does: ['connect'], expects: { granted: 'openid', trips: 1, looks: 0, registrations: 0, asked: ['openid'] } },
    ],
  },
  .../** @type {const} */ (['access_denied', 'invalid_request', 'invalid_scope']).map((needsOpenid) => ({
    name: `an OpenID provider that does not name openid and answers ${needsOpenid} without it: asked for outright`,
    proves: ['S1', 'interop 90'],
    server: {
      ...provider,
      registration: { substitutes: 'basic', unnamed: 'openid' },
      authorization: { needsOpenid },
    },
    resource: nobody,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'openid', trips: 1, looks: 1, registrations: 1, asked: [null, 'openid'] },
      },
    ],
  })),
  {
    name: 'an OpenID provider that does not name openid and does not need it: no scope is sent',
    proves: ['S1', 'interop 90'],
    server: { ...provider, authorization: {}, registration: { substitutes: 'basic', unnamed: 'openid' } },
    resource: nobody,
    phases: [
      { does: ['connect'], expects: { granted: 'basic', trips: 1, looks: 1, registrations: 1, asked: [null, null] } },
    ],
  },
  {
    name: 'an OpenID provider whose own list lacks openid, and nobody names a scope: none is sent',
    proves: ['S1', 'interop 90'],
    server: { openidProvider: true, lists: 'read' },
    resource: nobody,
    phases: [{ does: ['connect'], expects: { trips: 1, registrations: 1, asked: [null], registers: null } }],
  },
  {
    name: 'a plain server that refuses a request without scope, and nobody names one: what it registered is requested',
    proves: ['S1', 'interop 90'],
    server: { registration: { substitutes: 'basic' }, authorization: { needsScope: true } },
    resource: nobody,
    phases: [{ does: ['connect'], expects: { granted: 'basic', trips: 2, registrations: 1, asked: [null, 'basic'] } }],
  },
];

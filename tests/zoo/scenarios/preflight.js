/**
 * The opt-in preflight: a first look at the authorization endpoint, before the person is sent there. It acts on an
 * `invalid_scope` that is genuine, and on nothing else.
 */

/** @import { Scenario } from '../scenario.js' */
/** @import { ServerPolicy } from '../policies.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, demandedTooMuch, listedTooMuch } = triggers;

const settings = { preflight: true };
/** @type {ServerPolicy} */
const silently = { registration: { permits: 'read write', answers: 'nothing' }, authorization: { names: 'MCP SDK' } };

/** @type {Scenario[]} */
export const preflight = [
  {
    name: 'preflight; nothing is refused: one look, one trip, and its code is not redeemed',
    proves: ['S4'],
    server: {},
    resource: demanded,
    settings,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, looks: 1, registrations: 1, asked: ['read', 'read'] },
      },
    ],
  },
  {
    name: 'preflight; a listed scope is refused by name: dropped before the browser opens',
    proves: ['S4', 'interop 10'],
    server: silently,
    resource: listedTooMuch,
    settings,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: {
          granted: 'read write',
          trips: 1,
          looks: 1,
          registrations: 1,
          asked: ['read write internal', 'read write'],
        },
      },
    ],
  },
  {
    name: 'preflight; a listed scope is refused without a name: dropped before the browser opens',
    proves: ['S4', 'S9', 'interop 10'],
    server: { ...silently, authorization: {} },
    resource: listedTooMuch,
    settings,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, looks: 1, registrations: 1, asks: null },
      },
    ],
  },
  {
    name: 'preflight; offline_access is refused: dropped before the browser opens',
    proves: ['S3', 'S4', 'interop 7'],
    server: { ...silently, lists: 'read write offline_access', authorization: { names: 'not allowed' } },
    resource: demanded,
    settings,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read', trips: 1, looks: 1, registrations: 1, asked: ['read offline_access', 'read'] },
      },
    ],
  },
  {
    name: 'preflight; a demanded scope is refused: the registration is widened in vain, and an error, with one trip at most',
    proves: ['S4', 'S6'],
    server: silently,
    resource: demandedTooMuch,
    settings,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 1, looks: 2, registrations: 2 },
      },
    ],
  },
  {
    name: 'preflight; a demanded scope is refused to a stored registration: widened before the browser opens, since the operator permits more by now',
    proves: ['S4', 'interop 4'],
    server: { registration: { permits: 'read write', answers: 'sent' }, authorization: { names: 'oidc-provider' } },
    resource: { ...listedTooMuch, demands: 'read' },
    settings,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, looks: 1, registrations: 1 } },
      {
        server: { registration: { permits: 'read write internal' } },
        resource: { demands: 'read internal', needs: { connect: 'read internal' } },
        does: ['connect'],
        expects: { granted: 'read internal', trips: 1, looks: 2, registrations: 1 },
      },
    ],
  },
  {
    name: 'preflight; a demanded scope is refused to a client registered by hand: an error, and no browser',
    proves: ['S4', 'S6'],
    server: {
      registration: { offered: false },
      clients: { 'by-hand': { scope: 'read write' } },
      authorization: { names: 'fosite with quotes' },
    },
    resource: demandedTooMuch,
    settings: { ...settings, client: { clientId: 'by-hand' } },
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 0, looks: 1, registrations: 0 },
      },
    ],
  },
  {
    name: 'preflight; iss is promised, and missing on errors: the look is not believed, and neither is the trip',
    proves: ['A4', 'interop 37'],
    server: { ...silently, authorization: { names: 'MCP SDK', issuer: 'not on errors' } },
    resource: { ...listedTooMuch, demands: null },
    settings,
    phases: [
      { does: ['connect'], expects: { error: 'response_issuer_mismatch', trips: 1, looks: 1, registrations: 1 } },
    ],
  },
  {
    name: 'preflight; a step-up beyond the registration, one look for each sign-in',
    proves: ['S5', 'interop 13'],
    server: {},
    resource: demandedOnly,
    settings,
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 2, looks: 2, registrations: 2 } }],
  },
  {
    name: 'preflight; the server has forgotten the client, and shows a page that does not lead back: the next sign-in works at the latest',
    proves: ['R8', 'interop 32'],
    server: { registration: { management: {} } },
    resource: demanded,
    settings,
    phases: [
      { does: ['connect', 'sign out'], expects: { trips: 1, looks: 1, registrations: 1 } },
      {
        meanwhile: ['clients are forgotten'],
        does: ['connect'],
        expects: { open: true, trips: 2, looks: 2, registrations: 1 },
      },
      { does: ['connect'], expects: { granted: 'read', trips: 1, looks: 1, registrations: 1 } },
    ],
  },
];

/**
 * How the client got its identifier: registered by hand, by metadata document, or dynamically at servers with odd
 * ideas of registration.
 */

/** @import { Scenario } from '../scenario.js' */

import { triggers } from './triggers.js';

const { demanded, demandedOnly, demandedTooMuch, listed, listedTooMuch } = triggers;

const byHand = {
  registration: { offered: false },
  clients: { 'by-hand': { scope: 'read write', told: 'read write' } },
};
const byHandUntold = { ...byHand, clients: { 'by-hand': { scope: 'read write' } } };
const declared = { client: { clientId: 'by-hand', scopes: ['read', 'write'] } };
const undeclared = { client: { clientId: 'by-hand' } };

/** @type {Scenario[]} */
export const preRegistered = [
  {
    name: 'registered by hand, scopes declared; a 401 demands what is among them',
    proves: ['R1', 'S4'],
    server: byHand,
    resource: demanded,
    settings: declared,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 0, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'registered by hand, scopes declared; a 401 demands more: the error names scope and setting before a browser opens',
    proves: ['R1', 'S4'],
    server: byHand,
    resource: demandedTooMuch,
    settings: declared,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'scope_not_registered', says: ['internal', 'client.scopes'], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'registered by hand, scopes declared; more is listed',
    proves: ['S4'],
    server: byHand,
    resource: listedTooMuch,
    settings: declared,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
  {
    name: 'registered by hand, scopes declared; a tool needs more: no browser, and the session stays',
    proves: ['S4', 'S6', 'interop 13'],
    server: byHand,
    resource: demandedOnly,
    settings: declared,
    phases: [
      {
        does: ['connect', 'rule'],
        expects: { error: 'scope_not_registered', says: ['admin', 'client.scopes'], trips: 1, registrations: 0 },
      },
      { continues: true, does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'registered by hand; more scopes are given to it, there and in the settings',
    proves: ['S4', 'interop 4'],
    server: byHand,
    resource: demandedOnly,
    settings: declared,
    phases: [
      { does: ['connect', 'rule'], expects: { error: 'scope_not_registered', trips: 1, registrations: 0 } },
      {
        server: { clients: { 'by-hand': { scope: 'read write admin', told: 'read write admin' } } },
        settings: { client: { clientId: 'by-hand', scopes: ['read', 'write', 'admin'] } },
        does: ['rule'],
        expects: { granted: 'read admin', trips: 1, registrations: 0, asks: 'read admin' },
      },
    ],
  },
  {
    name: 'registered by hand, nothing declared; a 401 demands',
    proves: ['R1', 'S1'],
    server: byHandUntold,
    resource: demanded,
    settings: undeclared,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0, asks: 'read' } }],
  },
  {
    name: 'registered by hand, nothing declared; a listed scope is refused: dropped once',
    proves: ['S4'],
    server: { ...byHandUntold, authorization: { names: 'fosite with quotes' } },
    resource: listedTooMuch,
    settings: undeclared,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 0, asked: ['read write internal', 'read write'] },
      },
    ],
  },
  {
    name: 'registered by hand, nothing declared; a demanded scope is refused: an error, and no second trip',
    proves: ['S4', 'S6'],
    server: { ...byHandUntold, authorization: { names: 'fosite with quotes' } },
    resource: demandedTooMuch,
    settings: undeclared,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'authorization_refused', says: ['internal'], trips: 1, registrations: 0 },
      },
    ],
  },
  {
    name: 'registered by hand at one issuer; the resource moves to another: nothing is sent there',
    proves: ['R2'],
    server: byHand,
    other: byHand,
    resource: demanded,
    settings: declared,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
      {
        meanwhile: ['the resource moves'],
        does: ['connect'],
        expects: { error: 'client_of_other_issuer', trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'registered by hand, with a secret',
    proves: ['T1', 'interop 30'],
    server: { ...byHand, clients: { 'by-hand': { scope: 'read write', secret: 'a secret: with spaces & co' } } },
    resource: demanded,
    settings: { client: { clientId: 'by-hand', clientSecret: 'a secret: with spaces & co' } },
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } }],
  },
  {
    name: 'no registration is offered, and no client configured: the error names the issuer and the setting',
    proves: ['R1', 'interop 34'],
    server: { registration: { offered: false } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'needs_client_id',
          says: ['http://127.0.0.1', 'client.clientId'],
          trips: 0,
          registrations: 0,
        },
      },
    ],
  },
  {
    name: 'registration is offered, but forbidden (403): the error says so before any browser',
    proves: ['R1', 'interop 34'],
    server: { registration: { refuses: ['everything'], refusal: { status: 403, error: 'access_denied' } } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'registration_refused', says: ['http://127.0.0.1'], trips: 0, registrations: 1 },
      },
    ],
  },
];

const clientMetadataUrl = 'https://app.example/client.json';
const documented = { metadataDocuments: { [clientMetadataUrl]: { scope: 'read write' } } };

/** @type {Scenario[]} */
export const byMetadataDocument = [
  {
    name: 'a client metadata document with scope; a 401 demands what it declares',
    proves: ['R1', 'S4'],
    server: documented,
    clientMetadataUrl,
    resource: demanded,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 0, asked: ['read', 'read write'] },
      },
    ],
  },
  {
    name: 'a client metadata document with scope; more is listed: requested within the document',
    proves: ['S4'],
    server: documented,
    clientMetadataUrl,
    resource: listedTooMuch,
    phases: [
      { does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0, asks: 'read write' } },
    ],
  },
  {
    name: 'a client metadata document with scope; a 401 demands more: the error names the document before a browser opens',
    proves: ['S4'],
    server: documented,
    clientMetadataUrl,
    resource: demandedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { error: 'scope_not_registered', says: ['internal', clientMetadataUrl], trips: 0, registrations: 0 },
      },
    ],
  },
  {
    name: 'a client metadata document without scope: no ceiling',
    proves: ['R3', 'S4'],
    server: { metadataDocuments: { [clientMetadataUrl]: {} }, authorization: { enforces: 'nothing' } },
    clientMetadataUrl,
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect'],
        expects: { granted: 'read write internal', trips: 1, registrations: 0, asks: 'read write internal' },
      },
    ],
  },
  {
    name: 'a client metadata document without scope; a listed scope is refused: dropped once',
    proves: ['R3', 'S4'],
    server: {
      metadataDocuments: { [clientMetadataUrl]: {} },
      authorization: { enforces: 'permitted', permits: 'read write', names: 'a list' },
    },
    clientMetadataUrl,
    resource: listedTooMuch,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 2, registrations: 0, asked: ['read write internal', 'read write'] },
      },
    ],
  },
  {
    name: 'a client metadata document, of which the server grants a part: what it grants is used',
    proves: ['S7'],
    server: {
      metadataDocuments: { [clientMetadataUrl]: { scope: 'read write admin' } },
      token: { withholds: 'admin' },
    },
    clientMetadataUrl,
    resource: { demands: null, lists: 'read write admin', needs: { connect: 'read', edit: 'write' } },
    phases: [{ does: ['connect', 'edit'], expects: { granted: 'read write', trips: 1, registrations: 0 } }],
  },
  {
    name: 'a client metadata document at a server that does not know of such: registered dynamically',
    proves: ['R1'],
    server: {},
    clientMetadataUrl,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'a client metadata document that the server cannot fetch, and says so: registered dynamically, and that is kept',
    proves: ['R1', 'R3', 'interop 35'],
    server: { metadataDocuments: {}, authorization: { unknownClient: 'redirect' } },
    clientMetadataUrl,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { granted: 'read', trips: 2, registrations: 1 } },
      { does: ['sign out', 'connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'a client metadata document that the server cannot fetch, and shows a page that does not lead back: registered dynamically the next time',
    proves: ['R1', 'R3', 'interop 35'],
    server: { metadataDocuments: {} },
    clientMetadataUrl,
    resource: demanded,
    phases: [
      { does: ['connect'], expects: { error: 'any', trips: 1, registrations: 0 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } },
    ],
  },
  {
    name: 'a client metadata document that the server refuses, and nobody can register: an error, and no second trip',
    proves: ['R1', 'R3', 'interop 35'],
    server: { metadataDocuments: {}, registration: { offered: false }, authorization: { unknownClient: 'redirect' } },
    clientMetadataUrl,
    resource: demanded,
    phases: [{ does: ['connect'], expects: { error: 'client_refused', trips: 1, registrations: 0 } }],
  },
];

/** @type {Scenario[]} */
export const oddRegistration = [
  {
    name: 'registers loopback redirect URIs for native applications only',
    proves: ['R4', 'interop 27'],
    server: { registration: { applicationType: 'native' } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'registers web applications only: one more attempt',
    proves: ['R4', 'R8', 'interop 27'],
    server: { registration: { applicationType: 'web' } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 2 } }],
  },
  {
    name: 'registers web applications only, and refuses a listed scope',
    proves: ['R4', 'R8', 'interop 10', 'interop 27'],
    server: {
      registration: {
        applicationType: 'web',
        permits: 'read write',
        refuses: ['unpermitted scopes'],
        refusal: { names: 'a list' },
      },
    },
    resource: listedTooMuch,
    phases: [{ does: ['connect'], expects: { granted: 'read write', trips: 1, registrations: 3 } }],
  },
  {
    name: 'refuses unknown clients in plain text: the words reach the person',
    proves: ['interop 29'],
    server: {
      registration: {
        refuses: ['everything'],
        refusal: { status: 403, plainText: 'Forbidden: Zoo is not on the list of approved clients' },
      },
    },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'registration_refused',
          says: ['not on the list of approved clients'],
          trips: 0,
          registrations: 1,
        },
      },
    ],
  },
  {
    name: 'gives a secret, and wants it in the form',
    proves: ['R6', 'T1', 'interop 30'],
    server: { registration: { secretSeconds: 0 } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
  {
    name: 'answers with empty and null members',
    proves: ['interop 31', 'interop 98'],
    server: {
      registration: {
        furtherMembers: {
          client_uri: '',
          logo_uri: '',
          tos_uri: null,
          policy_uri: '',
          contacts: null,
          client_id_issued_at: 'yesterday',
          grant_types: null,
          response_types: null,
          client_secret: '',
          client_secret_expires_at: null,
          jwks: null,
          registration_access_token: '',
          registration_client_uri: '',
        },
      },
    },
    resource: demanded,
    phases: [
      { does: ['connect', 'sign out'], expects: { granted: 'read', trips: 1, registrations: 1 } },
      { does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 0 } },
    ],
  },
  {
    name: 'registers no clients for refresh tokens: they go, and the scopes stay',
    proves: ['R5', 'R8', 'interop 92'],
    server: { registration: { grants: ['authorization_code'] } },
    resource: listed,
    phases: [
      {
        does: ['connect', 'edit'],
        expects: { granted: 'read write', trips: 1, registrations: 2, registers: 'read write', asks: 'read write' },
      },
    ],
  },
  {
    name: 'sends whoever registers to a page to sign in: the error names it, and what to do, before any browser',
    proves: ['R1', 'interop 96'],
    server: { registration: { signInPage: '/login' } },
    resource: demanded,
    phases: [
      {
        does: ['connect'],
        expects: {
          error: 'registration_refused',
          says: ['/register', '/login', 'client.clientId'],
          trips: 0,
          registrations: 1,
        },
      },
    ],
  },
  {
    name: 'refuses members outside the registry',
    proves: ['R5', 'interop 36'],
    server: { registration: { onlyKnownMembers: true } },
    resource: demanded,
    phases: [{ does: ['connect'], expects: { granted: 'read', trips: 1, registrations: 1 } }],
  },
];

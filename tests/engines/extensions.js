/** Rows for what MCP's authorization has beyond the usual sign-in: each on a Keycloak that is set up for it. */

/** @import { Row, StartClient } from './world.js' */

import { generateKeyPairSync } from 'node:crypto';
import { createDpop } from '../../js/dpop.js';
import { clientCredentials, deviceAuthorization, privateKeyAssertion } from '../../js/grants.js';
import { startOurs } from '../zoo/clients/ours.js';
import { registrationOpen } from './keycloak.js';

const optionalScopes = ['mcp:read', 'mcp:write'];
const readOnly = { demands: 'mcp:read', lists: 'mcp:read mcp:write', insists: 'mcp:read' };

/** Its tokens are bound to a key that is kept beside them. @type {StartClient} */
const startWithKey = (surroundings) => startOurs(surroundings, { host: (store) => ({ dpop: createDpop({ store }) }) });

/** The person has no browser here, and approves on another device. @type {StartClient} */
const startOnOtherDevice = (surroundings) => {
  const grant = deviceAuthorization({
    async show({ verificationUri, verificationUriComplete = verificationUri }) {
      await surroundings.approve(verificationUriComplete);
    },
  });
  return startOurs(surroundings, { settings: { grant } });
};

const secret = 'of this run alone';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyId = 'of this run';
const publicKeys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'ES256' }] };
const assertion = privateKeyAssertion({ privateKey: String(privateKey.export({ format: 'pem', type: 'pkcs8' })), keyId });

/** What an operator registers for a program. */
const machine = {
  clientId: 'machine',
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  defaultClientScopes: ['basic'],
  optionalClientScopes: optionalScopes,
};

/** @type {Row[]} */
export const extensions = [
  {
    shape: 'pushed authorization requests, by a client that has to push them',
    proves: ['A7'],
    keycloak: {
      optionalScopes,
      clients: [
        {
          clientId: 'operators',
          publicClient: true,
          redirectUris: ['http://127.0.0.1/*'],
          attributes: { 'require.pushed.authorization.requests': 'true' },
          defaultClientScopes: ['basic'],
          optionalClientScopes: [...optionalScopes, 'offline_access'],
        },
      ],
    },
    settings: { client: { clientId: 'operators' }, pushedAuthorizationRequests: true },
    resource: readOnly,
    alone: true,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 0, asks: [null], posts: ['par/request', 'authorization_code'], grants: ['mcp:read'] } },
      { does: ['connect'], expects: { trips: 0 } },
    ],
  },
  {
    shape: 'pushed authorization requests, by a client that registered itself',
    proves: ['A7'],
    keycloak: { ...registrationOpen, optionalScopes },
    settings: { pushedAuthorizationRequests: true },
    resource: { ...readOnly, tools: { write_file: 'mcp:write' } },
    alone: true,
    phases: [{ does: ['connect', 'write_file'], expects: { trips: 2, asks: [null, null], grants: ['mcp:read', 'mcp:write'] } }],
  },
  {
    shape: 'tokens are bound to a key (DPoP)',
    proves: ['T7'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: { ...readOnly, bound: true },
    start: startWithKey,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1, posts: ['authorization_code with proof'] } },
      { does: ['refresh', 'connect'], expects: { trips: 0, refreshes: 1, posts: ['refresh_token with proof'] } },
    ],
  },
  {
    shape: 'the person signs in on another device (device code)',
    proves: ['G2'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: readOnly,
    start: startOnOtherDevice,
    phases: [
      { does: ['connect'], expects: { trips: 0, registrations: 1, clients: 1, grants: ['mcp:read'] } },
      { does: ['refresh', 'connect'], expects: { trips: 0, registrations: 0, refreshes: 1 } },
    ],
  },
  {
    shape: 'client credentials, by secret',
    proves: ['T8'],
    keycloak: { optionalScopes, clients: [{ ...machine, secret }], accessTokenSeconds: 2 },
    resource: readOnly,
    start: (surroundings) => startOurs(surroundings, { settings: { grant: clientCredentials(), client: { clientId: 'machine', clientSecret: secret } } }),
    phases: [
      { does: ['connect'], expects: { trips: 0, registrations: 0, posts: ['client_credentials by Basic'], grants: ['mcp:read'] } },
      { does: ['connect'], meanwhile: ['the access token expires'], expects: { trips: 0, posts: ['client_credentials by Basic'] } },
    ],
  },
  {
    shape: 'client credentials, by a signed assertion (private_key_jwt)',
    proves: ['T8'],
    keycloak: {
      optionalScopes,
      clients: [{ ...machine, clientAuthenticatorType: 'client-jwt', attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(publicKeys) } }],
      accessTokenSeconds: 2,
    },
    resource: readOnly,
    start: (surroundings) =>
      startOurs(surroundings, { settings: { grant: clientCredentials(), client: { clientId: 'machine', tokenEndpointAuthMethod: 'private_key_jwt', assertion } } }),
    phases: [
      { does: ['connect'], expects: { trips: 0, registrations: 0, posts: ['client_credentials by jwt-bearer'], grants: ['mcp:read'] } },
      { does: ['connect'], meanwhile: ['the access token expires'], expects: { trips: 0, posts: ['client_credentials by jwt-bearer'] } },
    ],
  },
];

/** Rows for what MCP's authorization has beyond the usual sign-in: each on a Keycloak that is set up for it. */

/** @import { Row, StartClient } from './world.js' */

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import { clientMetadataDocument } from '../../js/client_metadata.js';
import { createDpop } from '../../js/dpop.js';
import { clientCredentials, deviceAuthorization, enterpriseManaged, privateKeyAssertion } from '../../js/grants.js';
import { createServerCertificate } from '../servers/certificates.js';
import { startIdentityProvider } from '../servers/identity_provider.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { startOurs } from '../zoo/clients/ours.js';
import { authority, registrationOpen } from './keycloak.js';

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

/** Between browser and client somebody changes the callback: first its `iss`, then takes it away, then no more. @type {StartClient} */
const startWithForgedIssuer = (surroundings) => {
  const { memory, visit } = surroundings;
  return startOurs({
    ...surroundings,
    async visit(url) {
      const callback = new URL(await visit(url));
      const trips = memory.get('trips') ?? 0;
      memory.set('trips', trips + 1);
      if (trips === 0) callback.searchParams.set('iss', 'https://other.example/realms/other');
      if (trips === 1) callback.searchParams.delete('iss');
      return callback.href;
    },
  });
};

/** What its operator sent to whoever installed the client. @type {StartClient} */
const startWithInitialAccessToken = async (surroundings) => {
  const { engine } = surroundings;
  const token = (await engine.initialAccessToken?.()) ?? '';
  return startOurs(surroundings, { settings: { initialAccessToken: { issuer: engine.issuer, token } } });
};

/** It publishes a document about itself, and registers nowhere. @type {StartClient} */
const startWithDocument = async (surroundings) => {
  let document = '';
  const server = createServer(createServerCertificate(authority), (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(document);
  });
  const { origin, close } = await listenOnLoopback(server);
  const clientMetadataUrl = `${origin.replace('http:', 'https:')}/client.json`;
  document = JSON.stringify(
    clientMetadataDocument(
      { clientName: 'Zoo', clientMetadataUrl },
      { redirectUris: ['http://127.0.0.1/callback'], scopes: [...optionalScopes, 'offline_access'] },
    ),
  );
  const client = await startOurs({ ...surroundings, clientMetadataUrl });
  return { ...client, close };
};

/** The person's company has a sign-in of its own, and vouches for them. @type {StartClient} */
const startForCompany = async (surroundings) => {
  const { engine } = surroundings;
  const identityProvider = await startIdentityProvider({
    clientAt: (audience) => (audience === engine.issuer ? 'operators' : undefined),
  });
  await engine.trust?.({
    alias: company,
    issuer: identityProvider.issuer,
    keysUrl: identityProvider.keysUrl,
    subject: 'alice',
  });
  const grant = enterpriseManaged({ identityProvider, idToken: identityProvider.idToken });
  const client = await startOurs(surroundings, {
    settings: { grant, client: { clientId: 'operators', clientSecret: secret, issuer: surroundings.engine.issuer } },
  });
  return { ...client, close: identityProvider.close };
};

const company = 'company';
const secret = 'of this run alone';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyId = 'of this run';
const publicKeys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'ES256' }] };
const assertion = privateKeyAssertion({
  privateKey: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  keyId,
});

/** Its operator wants its requests pushed; the metadata of the server does not say so. */
const pushing = {
  clientId: 'operators',
  publicClient: true,
  redirectUris: ['http://127.0.0.1/*'],
  attributes: { 'require.pushed.authorization.requests': 'true' },
  defaultClientScopes: ['basic'],
  optionalClientScopes: [...optionalScopes, 'offline_access'],
};

/** What an operator registers for a program. */
const machine = {
  clientId: 'machine',
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  defaultClientScopes: ['basic'],
  optionalClientScopes: optionalScopes,
};

/** What Keycloak has only where its operator switches it on. */
const features = ['cimd', 'identity-assertion-jwt', 'jwt-authorization-grant'];

/** A realm that takes metadata documents from this machine. */
const documentsTaken = {
  clientProfiles: {
    profiles: [
      {
        name: 'documents',
        executors: [
          { executor: 'client-id-metadata-document', configuration: { 'cimd-allow-permitted-domains': ['127.0.0.1'] } },
        ],
      },
    ],
  },
  clientPolicies: {
    policies: [
      {
        name: 'documents',
        enabled: true,
        conditions: [
          {
            condition: 'client-id-uri',
            configuration: {
              'client-id-uri-scheme': ['https'],
              'client-id-uri-allow-permitted-domains': ['127.0.0.1'],
            },
          },
        ],
        profiles: ['documents'],
      },
    ],
  },
};

/** @type {Row[]} */
export const extensions = [
  {
    shape: 'pushed authorization requests, by a client that has to push them',
    proves: ['A7'],
    keycloak: { optionalScopes, clients: [pushing] },
    settings: { client: { clientId: 'operators' }, pushedAuthorizationRequests: true },
    resource: readOnly,
    alone: true,
    phases: [
      {
        does: ['connect'],
        expects: {
          trips: 1,
          registrations: 0,
          asks: [null],
          posts: ['par/request', 'authorization_code'],
          grants: ['mcp:read'],
        },
      },
      { does: ['connect'], expects: { trips: 0 } },
    ],
  },
  {
    shape: 'pushed authorization requests, by a client that has to push them and does not know',
    proves: ['A7'],
    keycloak: { optionalScopes, clients: [pushing] },
    settings: { client: { clientId: 'operators' } },
    resource: readOnly,
    alone: true,
    phases: [
      {
        does: ['connect'],
        expects: {
          trips: 1,
          posts: [],
          error: 'authorization_refused',
          says: ['pushedAuthorizationRequests', 'RFC 9126'],
        },
      },
    ],
  },
  {
    shape: 'pushed authorization requests, by a client that registered itself',
    proves: ['A7'],
    keycloak: { ...registrationOpen, optionalScopes },
    settings: { pushedAuthorizationRequests: true },
    resource: { ...readOnly, tools: { write_file: 'mcp:write' } },
    alone: true,
    phases: [
      { does: ['connect', 'write_file'], expects: { trips: 2, asks: [null, null], grants: ['mcp:read', 'mcp:write'] } },
    ],
  },
  {
    shape: 'tokens are bound to a key (DPoP)',
    proves: ['T7'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: { ...readOnly, bound: true },
    start: startWithKey,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1, posts: ['authorization_code by Basic with proof'] } },
      {
        does: ['refresh', 'connect'],
        meanwhile: ['the refresh token is stolen'],
        expects: { trips: 0, refreshes: 1, posts: ['refresh_token by Basic with proof'] },
      },
    ],
  },
  {
    shape: 'the callback names another issuer, or none',
    proves: ['A4'],
    keycloak: { ...registrationOpen, optionalScopes },
    resource: readOnly,
    start: startWithForgedIssuer,
    phases: [
      {
        does: ['connect'],
        expects: { trips: 1, registrations: 1, posts: [], error: 'response_issuer_mismatch', says: ['another issuer'] },
      },
      {
        does: ['connect'],
        expects: {
          trips: 1,
          registrations: 0,
          posts: [],
          error: 'response_issuer_mismatch',
          says: ['lacks the `iss`'],
        },
      },
      {
        does: ['connect'],
        expects: { trips: 1, registrations: 0, posts: ['authorization_code by Basic'], grants: ['mcp:read'] },
      },
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
    start: (surroundings) =>
      startOurs(surroundings, {
        settings: {
          grant: clientCredentials(),
          client: { clientId: 'machine', clientSecret: secret, issuer: surroundings.engine.issuer },
        },
      }),
    phases: [
      {
        does: ['connect'],
        expects: { trips: 0, registrations: 0, posts: ['client_credentials by Basic'], grants: ['mcp:read'] },
      },
      {
        does: ['connect'],
        meanwhile: ['the access token expires'],
        expects: { trips: 0, posts: ['client_credentials by Basic'] },
      },
    ],
  },
  {
    shape: 'client credentials, by a signed assertion (private_key_jwt)',
    proves: ['T8'],
    keycloak: {
      optionalScopes,
      clients: [
        {
          ...machine,
          clientAuthenticatorType: 'client-jwt',
          attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(publicKeys) },
        },
      ],
      accessTokenSeconds: 2,
    },
    resource: readOnly,
    start: (surroundings) =>
      startOurs(surroundings, {
        settings: {
          grant: clientCredentials(),
          client: {
            clientId: 'machine',
            tokenEndpointAuthMethod: 'private_key_jwt',
            issuer: surroundings.engine.issuer,
            assertion,
          },
        },
      }),
    phases: [
      {
        does: ['connect'],
        expects: { trips: 0, registrations: 0, posts: ['client_credentials by jwt-bearer'], grants: ['mcp:read'] },
      },
      {
        does: ['connect'],
        meanwhile: ['the access token expires'],
        expects: { trips: 0, posts: ['client_credentials by jwt-bearer'] },
      },
    ],
  },
  {
    shape: 'nobody may register without an initial access token',
    proves: ['R1'],
    // As shipped: nobody is trusted, and with such a token the scopes that a realm has are permitted.
    keycloak: {},
    resource: { demands: 'email', lists: 'email profile', insists: 'email' },
    start: startWithInitialAccessToken,
    phases: [
      { does: ['connect'], expects: { trips: 1, registrations: 1, clients: 1, grants: ['email'] } },
      { does: ['refresh', 'connect'], expects: { trips: 0, registrations: 0, refreshes: 1 } },
    ],
  },
  {
    shape: 'a client metadata document, and nobody registers',
    proves: ['R1', 'R3'],
    keycloak: { features, optionalScopes, realm: documentsTaken },
    resource: { ...readOnly, tools: { write_file: 'mcp:write' } },
    start: startWithDocument,
    phases: [
      {
        does: ['connect', 'refresh', 'write_file'],
        expects: { trips: 2, registrations: 0, clients: 0, refreshes: 1, grants: ['mcp:read', 'mcp:write'] },
      },
    ],
  },
  {
    shape: "the company's identity provider vouches for the person (identity assertion)",
    proves: ['T8'],
    keycloak: {
      features,
      optionalScopes,
      clients: [
        {
          clientId: 'operators',
          secret,
          serviceAccountsEnabled: true,
          attributes: {
            'oauth2.jwt.authorization.grant.enabled': 'true',
            'oauth2.jwt.authorization.grant.idp': company,
          },
          defaultClientScopes: ['basic'],
          optionalClientScopes: optionalScopes,
        },
      ],
      accessTokenSeconds: 2,
    },
    resource: readOnly,
    start: startForCompany,
    phases: [
      {
        does: ['connect'],
        expects: { trips: 0, registrations: 0, posts: ['jwt-bearer by Basic'], grants: ['mcp:read'] },
      },
      {
        does: ['connect'],
        meanwhile: ['the access token expires'],
        continues: true,
        expects: { trips: 0, posts: ['jwt-bearer by Basic'] },
      },
    ],
  },
];

// The client that the official conformance suite drives, one process for each scenario: `node client.js <MCP server>`.
// It is what an application is: an MCP client whose fetch is signed in, with what its user knows about the server.

import { argv, env } from 'node:process';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createDpop } from '../../js/dpop.js';
import { clientCredentials, enterpriseManaged, jwtBearer, privateKeyAssertion } from '../../js/grants.js';
import { createAuthorizer, createMemoryStore, discover } from '../../js/index.js';

/** @import { ConnectionSettings, Redirect } from '../../js/index.js' */

const {
  MCP_CONFORMANCE_SCENARIO: scenario = '',
  MCP_CONFORMANCE_PROTOCOL_VERSION: version = '',
  MCP_CONFORMANCE_CONTEXT: context = '{}',
} = env;
const [, , server = ''] = argv;
const known = JSON.parse(context);
/** The suite has one authorization server in each scenario, and does not always tell its issuer. */
const issuer =
  known.issuer ?? (known.client_id && (await discover({ endpoint: server }, {})).authorizationServer.issuer);

/**
 * What was agreed with the operators of single servers beforehand.
 *
 * @type {{ [scenario: string]: () => ConnectionSettings }}
 */
const agreed = {
  'auth/pre-registration': () => ({
    client: { clientId: known.client_id, clientSecret: known.client_secret, issuer },
  }),
  'auth/client-credentials-basic': () => ({
    client: { clientId: known.client_id, clientSecret: known.client_secret, issuer },
    grant: clientCredentials(),
  }),
  'auth/client-credentials-jwt': () => ({
    client: {
      clientId: known.client_id,
      issuer,
      tokenEndpointAuthMethod: 'private_key_jwt',
      assertion: privateKeyAssertion({ privateKey: known.private_key_pem, algorithm: known.signing_algorithm }),
    },
    grant: clientCredentials(),
  }),
  'auth/enterprise-managed-authorization': () => ({
    client: { clientId: known.client_id, clientSecret: known.client_secret, issuer },
    grant: enterpriseManaged({
      identityProvider: {
        issuer: known.idp_issuer,
        tokenEndpoint: known.idp_token_endpoint,
        clientId: known.idp_client_id,
      },
      idToken: () => known.idp_id_token,
    }),
  }),
  'auth/wif-jwt-bearer': () => ({ client: { clientId: known.client_id }, grant: jwtBearer(() => known.valid_jwt) }),
};

/**
 * A person who agrees at once, and whose browser tells where it was sent. Nothing listens at the redirect URI.
 *
 * @type {Redirect}
 */
const redirect = {
  prepare: async ({ preferred = 'http://127.0.0.1:33418/callback' }) => ({
    redirectUri: preferred,
    authorize: async ({ authorizationUrl }) => {
      const { headers } = await fetch(authorizationUrl, { redirect: 'manual' });
      return headers.get('location') ?? '';
    },
    close: async () => {},
  }),
};

const authorizer = createAuthorizer({
  client: { clientName: 'Conformance', clientMetadataUrl: 'https://conformance-test.local/client-metadata.json' },
  host: { store: createMemoryStore(), redirect, dpop: createDpop() },
  settings: () => agreed[scenario]?.(),
});
const signedIn = authorizer.fetch(server, { interaction: true });

const mode = version >= '2026-07-28' ? { pin: version } : 'legacy';
const client = new Client({ name: 'conformance', version: '1.0.0' }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(server), { fetch: signedIn }));
await client.listTools();
await client.callTool({ name: 'test-tool', arguments: {} });
await client.close();

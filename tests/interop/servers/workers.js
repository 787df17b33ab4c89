import { withMcpServer } from './interop_server.js';
import { startNewerNodeProgram } from './newer_node_program.js';

/**
 * Cloudflare's authorization server for workers, in their runtime. It asks nobody, refuses no scope, and knows clients
 * by registration, by metadata document, and by hand.
 *
 * @param {{ identityProvider?: { issuer: string, keysUrl: string } }} [trust] `identityProvider`: whose identity assertions
 *   it takes
 */
export async function startWorkers({ identityProvider } = {}) {
  const { listening, authorizationRequests, tell, close } = await startNewerNodeProgram('workers_server.js');
  const { issuer = '' } = listening;
  let resource = '';
  const server = await withMcpServer(
    {
      issuer,
      authorizationRequests,
      addProtectedResource(itsResource) {
        resource = itsResource;
        // Whoever can reach this port may ask: nothing is secret here.
        return { introspectionEndpoint: `${issuer}/introspect`, clientId: 'any', clientSecret: 'any' };
      },
      close,
    },
    ['profile'],
  );
  await tell({ resource, identityProvider });
  return { ...server, createClient: () => createClient(issuer) };
}

/**
 * What an operator does for an application.
 *
 * @param {string} issuer
 */
async function createClient(issuer) {
  const grantTypes = ['urn:ietf:params:oauth:grant-type:jwt-bearer'];
  const response = await fetch(`${issuer}/clients`, {
    method: 'POST',
    body: JSON.stringify({
      clientName: 'interoperability test',
      redirectUris: ['http://127.0.0.1/callback'],
      grantTypes,
      responseTypes: [],
      tokenEndpointAuthMethod: 'client_secret_basic',
    }),
  });
  const { clientId, clientSecret } = await response.json();
  return { clientId, clientSecret };
}

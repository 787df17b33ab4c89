import { UnauthorizedError } from 'mcp-sdk-1-27-1/client/auth.js';
import { Client } from 'mcp-sdk-1-27-1/client/index.js';
import { StreamableHTTPClientTransport } from 'mcp-sdk-1-27-1/client/streamableHttp.js';
import { InMemoryOAuthClientProvider } from 'mcp-sdk-1-27-1/examples/client/simpleOAuthClientProvider.js';

export const publishedClient = '@modelcontextprotocol/sdk 1.27.1';

/** Nothing has to listen there: `signIn` hands the callback URL over instead of opening it. */
const redirectUri = 'http://localhost:8090/callback';

/**
 * @typedef {object} PublishedClientOutcome
 * @property {Record<string, unknown>} registration the body that it sent to register itself
 * @property {string | undefined} registeredScope what the authorization server answered
 * @property {string | null} requestedScope what it then sent the person to the authorization server with
 * @property {string | null} error of the callback, and the two members below as well
 * @property {string | null} errorDescription
 * @property {string | null} refusedScope
 */

/**
 * Signs in with a published client, unmodified and through its own API: with the provider and the
 * client metadata of its own example, which names no scope. It registers with the scope of the client
 * metadata, here none, and authorizes with the scope of the protected resource's challenge.
 *
 * @param {string} serverUrl the MCP server
 * @param {(authorizationUrl: URL) => Promise<string>} signIn opens the authorization URL and resolves
 *   with the callback URL
 * @returns {Promise<PublishedClientOutcome>}
 */
export async function signInWithPublishedClient(serverUrl, signIn) {
  /** @type {URL | undefined} */
  let authorizationUrl;
  const provider = new InMemoryOAuthClientProvider(
    redirectUri,
    {
      client_name: 'Simple OAuth MCP Client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
    },
    (url) => void (authorizationUrl = url),
  );

  /** @type {Record<string, unknown>} */
  let registration = {};
  /** @type {any} */
  let registered;
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), {
    authProvider: provider,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const body = typeof init?.body === 'string' ? JSON.parse(init.body) : {};
      if (body.redirect_uris) {
        registration = body;
        registered = await response.clone().json();
      }
      return response;
    },
  });
  const client = new Client({ name: 'simple-oauth-client', version: '1.0.0' });
  await client.connect(transport).catch((error) => {
    if (!(error instanceof UnauthorizedError)) throw error;
  });
  await client.close();
  if (!authorizationUrl) throw new Error('The published client did not ask the person to sign in');

  const callback = new URL(await signIn(authorizationUrl)).searchParams;
  return {
    registration,
    registeredScope: registered?.scope,
    requestedScope: authorizationUrl.searchParams.get('scope'),
    error: callback.get('error'),
    errorDescription: callback.get('error_description'),
    refusedScope: callback.get('scope'),
  };
}

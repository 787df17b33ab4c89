/** Signs in as applications do that use the official SDK and no more: what its provider is told to keep is the outcome. */

import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError as UnauthorizedError1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as Client2, StreamableHTTPClientTransport as Transport2, UnauthorizedError as UnauthorizedError2 } from '@modelcontextprotocol/client';

/** @import { UserAgent } from '../servers/user_agent.js' */

/** Both majors, by name. */
export const majors = {
  'sdk 1.x': { Client: Client1, Transport: Transport1, UnauthorizedError: UnauthorizedError1 },
  'client 2.x': { Client: Client2, Transport: Transport2, UnauthorizedError: UnauthorizedError2 },
};

/** @typedef {keyof typeof majors} Major */

/**
 * @param {Major} major
 * @param {string} endpoint
 * @param {UserAgent} userAgent
 */
export async function signInWithSdk(major, endpoint, userAgent) {
  const { Client, Transport, UnauthorizedError } = majors[major];
  const provider = createProvider();
  const transport = new Transport(new URL(endpoint), { authProvider: provider });
  const connected = new Client({ name: 'the tests', version: '1' }).connect(/** @type {any} */ (transport));
  await connected.then(
    () => {
      throw new Error('it was signed in already');
    },
    (error) => {
      if (!(error instanceof UnauthorizedError)) throw error;
    },
  );
  const callback = new URL(await userAgent.signIn(provider.authorizationUrl));
  if (transport instanceof Transport2) await transport.finishAuth(callback.searchParams);
  else await transport.finishAuth(callback.searchParams.get('code') ?? '');
  await transport.close();
  const { tokens, clientInformation, discoveryState } = provider.records;
  return JSON.parse(JSON.stringify({ tokens, clientInformation, discoveryState }));
}

function createProvider() {
  /** @type {{ tokens?: any, clientInformation?: any, discoveryState?: any, verifier: string }} */
  const records = { verifier: '' };
  return {
    records,
    authorizationUrl: '',
    redirectUrl: 'http://127.0.0.1:48976/callback',
    clientMetadata: {
      client_name: 'the other client',
      redirect_uris: ['http://127.0.0.1:48976/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => records.clientInformation,
    saveClientInformation: (/** @type {any} */ information) => void (records.clientInformation = information),
    tokens: () => records.tokens,
    saveTokens: (/** @type {any} */ tokens) => void (records.tokens = tokens),
    discoveryState: () => records.discoveryState,
    saveDiscoveryState: (/** @type {any} */ state) => void (records.discoveryState = state),
    codeVerifier: () => records.verifier,
    saveCodeVerifier: (/** @type {string} */ verifier) => void (records.verifier = verifier),
    redirectToAuthorization(/** @type {URL} */ url) {
      this.authorizationUrl = String(url);
    },
  };
}

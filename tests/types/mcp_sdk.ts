// The entries that meet the official SDK, against the types of both its majors. Nothing here is run.

import type { AuthProvider as AuthProvider2, OAuthClientProvider as Provider2 } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import type { OAuthClientProvider as Provider1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InvalidGrantError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { AuthorizerOptions, Connection } from 'mcp-oauth-wasm';
import * as importing from 'mcp-oauth-wasm/import';
import type { SdkAuthProvider } from 'mcp-oauth-wasm/mcp-sdk';
import * as sdk from 'mcp-oauth-wasm/mcp-sdk';
import { exactly } from './exactly.js';

exactly<'createAuthProvider'>()({} as keyof typeof sdk);
exactly<'importSession' | 'readRmcpCredentials'>()({} as keyof typeof importing);

declare const connection: Connection;
declare const options: AuthorizerOptions;
const url = new URL('https://mcp.example/mcp');

// It is a provider of both majors, and both things that the second takes for one.
const provider = sdk.createAuthProvider(connection, { InvalidGrantError });
exactly<SdkAuthProvider>()(provider);
export const first: Provider1 = provider;
export const second: Provider2 & AuthProvider2 = provider;
new Transport1(url, { authProvider: provider });
new Transport2(url, { authProvider: sdk.createAuthProvider(connection) });

// So is the fetch of a connection what both take for one.
new Transport1(url, { fetch: connection.fetch });
new Transport2(url, { fetch: connection.fetch });

// What they have stored can be imported as it is.
type Stored<Provider> = Provider extends {
  tokens(...context: never): infer T;
  clientInformation(...context: never): infer C;
}
  ? { tokens: Exclude<Awaited<T>, undefined>; clientInformation: Exclude<Awaited<C>, undefined> }
  : never;
type Discovered<Provider> = Provider extends { saveDiscoveryState?(state: infer State): unknown } ? State : never;
export async function importAll(
  one: Stored<Provider1>,
  two: Stored<Provider2>,
  found: Discovered<Provider1>,
  foundToo: Discovered<Provider2>,
) {
  exactly<boolean>()(await importing.importSession(options, { endpoint: url, ...one, discoveryState: found }));
  await importing.importSession(
    { host: options.host },
    { endpoint: 'https://mcp.example/mcp', account: 'x', ...two, discoveryState: foundToo, receivedAt: 1 },
  );
  const stored = {
    client_id: 'x',
    token_response: { access_token: 'x', token_type: 'bearer', vendor: 1 },
    granted_scopes: ['x'],
    token_received_at: null,
    issuer: null,
  };
  await importing.importSession(options, { endpoint: url, ...importing.readRmcpCredentials(stored) });
}

// What is wrong is refused.

// @ts-expect-error a connection is needed
sdk.createAuthProvider();
// @ts-expect-error whose client it was has to be said
importing.importSession(options, { endpoint: url, tokens: { access_token: 'x' } });
// @ts-expect-error there has to be a store
importing.importSession({}, { endpoint: url, tokens: { access_token: 'x' }, clientInformation: { client_id: 'x' } });

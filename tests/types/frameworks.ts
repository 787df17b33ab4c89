// What frameworks for agents take for a `fetch` or a provider, as they declare it, under `--strict` alone. Nothing here is run.

import type { FetchLike as FetchLike2, OAuthClientProvider as Provider2 } from '@modelcontextprotocol/client';
import type { OAuthClientProvider as Provider1 } from '@modelcontextprotocol/sdk/client/auth.js';
import type { FetchLike as FetchLike1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Connection, Fetch } from 'mcp-oauth-wasm';
import { createAuthProvider } from 'mcp-oauth-wasm/mcp-sdk';
import type { OAuthClientProvider as Provider127 } from 'mcp-sdk-1-27-1/client/auth.js';

declare const connection: Connection;
declare const fetch: Fetch;

// @mastra/mcp 2.0: what a request is for in its own words, or null.
interface RequestContext {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}
type MastraFetch = (url: string | URL, init?: RequestInit, requestContext?: RequestContext | null) => Promise<Response>;
// The same before 1.0, which requires its arguments.
type MastraFetch0 = (url: string | URL, init: RequestInit | undefined, context: object | null) => Promise<Response>;

export const fetches: [MastraFetch, MastraFetch0, FetchLike1, FetchLike2, typeof globalThis.fetch] = [
  connection.fetch,
  connection.fetch,
  connection.fetch,
  connection.fetch,
  fetch,
];

// @langchain/mcp-adapters and others take the provider of the SDK that they bundle, whichever that is.
const provider = createAuthProvider(connection);
export const providers: [Provider1, Provider127, Provider2] = [provider, provider, provider];

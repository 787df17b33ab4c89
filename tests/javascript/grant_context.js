/** What a grant works with, in place of the package: every request is recorded and answered by the test. */

import { RefusedError, TransportError } from 'mcp-oauth-wasm';

/** @import { GrantContext } from 'mcp-oauth-wasm/grants' */
/** @import { Session } from 'mcp-oauth-wasm' */

export const session = /** @type {Session} */ (/** @type {unknown} */ ({ tokens: { accessToken: 'a' } }));

/**
 * @typedef {object} Answers
 * @property {(parameters: Record<string, string>) => Promise<Session> | Session} [redeem]
 * @property {(endpoint: string, parameters: Record<string, string>, client: unknown) => any} [post]
 */

/**
 * @param {Answers & { signal?: AbortSignal, resource?: string | null, scopes?: string[], server?: object }} [options]
 */
export function grantContext({
  redeem = () => session,
  post,
  signal,
  resource = 'https://mcp.example/mcp',
  scopes = ['read', 'write'],
  server,
} = {}) {
  /** @type {Record<string, string>[]} */
  const redeemed = [];
  /** @type {unknown[][]} */
  const posted = [];
  const planned = [
    ...scopes.map((scope) => ({ scope, requested: true })),
    { scope: 'registered-only', requested: false },
  ];
  const context = /** @type {GrantContext} */ (
    /** @type {unknown} */ ({
      discovery: {
        authorizationServer: { issuer: 'https://as.example', tokenEndpoint: 'https://as.example/token', ...server },
      },
      registration: { clientId: 'client', issuer: 'https://as.example' },
      plan: { version: 1, scopes: planned },
      resource: resource ?? undefined,
      signal,
      async redeem(/** @type {Record<string, string>} */ parameters) {
        redeemed.push(parameters);
        return redeem(parameters);
      },
      async post(
        /** @type {string} */ endpoint,
        /** @type {Record<string, string>} */ parameters,
        /** @type {unknown} */ client,
      ) {
        posted.push([endpoint, parameters, client]);
        return post?.(endpoint, parameters, client);
      },
    })
  );
  return { context, redeemed, posted };
}

/** @param {string} error of the token endpoint */
export function refused(error) {
  return new RefusedError({
    code: 'token_refused',
    message: `The server says: ${error}`,
    step: 'token',
    details: { error },
  });
}

/** @param {string} code */
export function undecided(code) {
  return new TransportError({ code, message: code, step: 'token' });
}

/** A client that makes every mistake with scopes: the books of the policy server have to notice. */

/** @import { Surroundings, ZooClient } from '../world.js' */

import { createHash, randomUUID } from 'node:crypto';

/**
 * Registers without scope, asks for whatever the challenge demands, and sends an empty scope if that is nothing.
 *
 * @param {Surroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startCareless({ endpoint, fetch, visit, redirectUri }) {
  /** @type {string | undefined} */
  let token;

  /** @param {object} message */
  const send = (message) =>
    fetch(endpoint, {
      method: 'POST',
      headers: token ? { authorization: `Bearer ${token}` } : {},
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
    });

  /** @param {string} challenge */
  async function signIn(challenge) {
    const scope = /scope="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const resource = await json(new URL('/.well-known/oauth-protected-resource/mcp', endpoint));
    const server = await json(`${resource.authorization_servers[0]}/.well-known/oauth-authorization-server`);
    const { client_id } = await json(server.registration_endpoint, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [redirectUri] }),
    });
    const verifier = randomUUID() + randomUUID();
    const url = new URL(server.authorization_endpoint);
    url.search = String(
      new URLSearchParams({
        response_type: 'code',
        client_id,
        redirect_uri: redirectUri,
        scope,
        state: 'careless',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }),
    );
    const callback = new URL(await visit(url)).searchParams;
    const error = callback.get('error');
    if (error) throw Object.assign(new Error(`The server answered ${error}.`), { code: error });
    const code = String(callback.get('code'));
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    });
    token = (await json(server.token_endpoint, { method: 'POST', body })).access_token;
  }

  /**
   * @param {string | URL} url
   * @param {RequestInit} [init]
   */
  const json = async (url, init) => (await fetch(url, init)).json();

  /** @param {object} message */
  async function call(message) {
    const response = await send(message);
    if (response.status !== 401) return;
    await signIn(response.headers.get('www-authenticate') ?? '');
    const again = await send(message);
    if (!again.ok) throw new Error(`answered ${again.status}`);
  }

  return {
    connect: () => call({ method: 'initialize', params: {} }),
    call: (operation) => call({ method: 'tools/call', params: { name: operation } }),
    signIn: () => signIn(''),
    signOut: async () => void (token = undefined),
    refresh: async () => {},
    forget: async () => {},
  };
}

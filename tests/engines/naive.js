/**
 * The client of the founding report: registers without scope, and then requests all that is published. It is as short as
 * such clients are: no refresh, nothing remembered but the token.
 */

/** @import { Surroundings, ZooClient } from '../zoo/world.js' */

import { createHash, randomBytes } from 'node:crypto';

/**
 * @param {Pick<Surroundings, 'endpoint' | 'memory' | 'visit' | 'redirectUri'>} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startNaive({ endpoint, memory, visit, redirectUri }) {
  /** @param {object} message */
  const send = (message) =>
    fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(memory.has('token') ? { authorization: `Bearer ${memory.get('token')}` } : {}),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
    });

  /** @param {string} [challenge] */
  async function signIn(challenge = '') {
    const resource = await json(new URL('/.well-known/oauth-protected-resource/mcp', endpoint));
    const [issuer] = resource.authorization_servers;
    const server = await json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const scopes = new Set(
      [/scope="([^"]*)"/.exec(challenge)?.[1] ?? [], resource.scopes_supported ?? []]
        .flat()
        .flatMap((text) => text.split(' ')),
    );
    const { client_id } = await json(server.registration_endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'naive',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      }),
    });
    const verifier = randomBytes(32).toString('base64url');
    const url = new URL(server.authorization_endpoint);
    const request = {
      response_type: 'code',
      client_id,
      redirect_uri: redirectUri,
      scope: [...scopes].join(' '),
      state: randomBytes(16).toString('base64url'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(request)) if (value) url.searchParams.set(name, value);
    const callback = new URL(await visit(url)).searchParams;
    const code = callback.get('code');
    if (!code) throw Object.assign(new Error(`${callback.get('error_description')}`), { code: callback.get('error') });
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    });
    memory.set('token', (await json(server.token_endpoint, { method: 'POST', body })).access_token);
  }

  /** @param {object} message */
  async function call(message) {
    let response = await send(message);
    if (response.status === 401 || response.status === 403) {
      await signIn(response.headers.get('www-authenticate') ?? '');
      response = await send(message);
    }
    if (!response.ok) throw new Error(`The MCP server answered ${response.status}.`);
    await response.body?.cancel();
  }

  return {
    connect: () =>
      call({
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'naive', version: '1' } },
      }),
    call: (operation) => call({ method: 'tools/call', params: { name: operation, arguments: {} } }),
    signIn,
    signOut: async () => void memory.delete('token'),
    refresh: () => Promise.reject(new Error('This client has no refresh.')),
    forget: async () => {},
  };
}

/**
 * @param {string | URL} url
 * @param {RequestInit} [init]
 */
async function json(url, init) {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** An MCP server and its authorization server in one, that say whatever they are told to. */

import { createServer } from 'node:http';

import { listenOnLoopback } from '../servers/loopback.js';

/**
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: unknown }} Scripted
 * @typedef {object} Script
 * @property {Scripted} [call] to a request without token
 * @property {string} [scope] of the challenge. Default: read
 * @property {Record<string, unknown> | Scripted} [resource] members of the protected resource's metadata
 * @property {Record<string, unknown>} [server] members of the authorization server's metadata
 * @property {Scripted} [serverAnswer] in place of that metadata
 * @property {Scripted} [registration]
 * @property {Record<string, string>} [authorization] parameters of the authorization response
 * @property {Scripted} [token]
 * @property {unknown[]} [tools]
 * @property {Scripted} [tool] what a call of any tool is answered with
 */

/** @param {Script} script */
export async function startScripted(script) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const {
      status = 200,
      headers = {},
      body: answer,
    } = answerTo(request.method ?? '', new URL(request.url ?? '/', origin), request.headers.authorization, body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof answer === 'string' ? answer : answer === undefined ? undefined : JSON.stringify(answer));
  });
  const { origin, close } = await listenOnLoopback(server);
  const endpoint = `${origin}/mcp`;

  /**
   * @param {string} method
   * @param {URL} url
   * @param {string | undefined} authorization
   * @param {string} body
   * @returns {Scripted}
   */
  function answerTo(method, url, authorization, body) {
    const { pathname } = url;
    if (pathname === '/mcp') return authorization ? called(body) : (script.call ?? challenge());
    if (pathname === '/.well-known/oauth-protected-resource/mcp')
      return (
        scripted(script.resource) ?? {
          body: { resource: endpoint, authorization_servers: [origin], ...script.resource },
        }
      );
    if (pathname === '/.well-known/oauth-authorization-server') return script.serverAnswer ?? { body: metadata() };
    if (pathname === '/register' && method === 'POST')
      return script.registration ?? { status: 201, body: { ...JSON.parse(body), client_id: 'client' } };
    if (pathname === '/authorize') return authorized(url.searchParams);
    if (pathname === '/token')
      return (
        script.token ?? { body: { access_token: 'access-token-of-the-test', token_type: 'Bearer', expires_in: 3600 } }
      );
    return { status: 404 };
  }

  function challenge() {
    return {
      status: 401,
      headers: {
        'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="${script.scope ?? 'read'}"`,
      },
    };
  }

  function metadata() {
    return {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
      ...script.server,
    };
  }

  /** @param {URLSearchParams} query */
  function authorized(query) {
    const location = new URL(query.get('redirect_uri') ?? '');
    const parameters = {
      state: query.get('state') ?? '',
      iss: origin,
      ...(script.authorization ?? { code: 'code-of-the-test' }),
    };
    for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
    return { status: 302, headers: { location: location.href } };
  }

  /**
   * @param {string} body
   * @returns {Scripted}
   */
  function called(body) {
    const { id, method } = JSON.parse(body);
    if (id === undefined) return { status: 202 };
    if (method === 'tools/call' && script.tool) return script.tool;
    /** @type {Record<string, object>} */
    const results = {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'scripted', version: '1' },
      },
      'tools/list': { tools: script.tools ?? [] },
      'tools/call': { content: [{ type: 'text', text: 'done' }] },
    };
    return { body: { jsonrpc: '2.0', id, result: results[method] ?? {} } };
  }

  return { endpoint, origin, close };
}

/**
 * @param {Script['resource']} resource
 * @returns {Scripted | undefined}
 */
function scripted(resource) {
  return resource && ('status' in resource || 'body' in resource) ? resource : undefined;
}

import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { listenOnLoopback } from './loopback.js';
import { createProofChecker } from './proof_of_possession.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js' */
/** @import { ProtectedResourceCredentials } from './authorization_server.js' */

/**
 * @typedef {object} IntrospectingServer an authorization server that answers about tokens (RFC 7662)
 * @property {string} issuer
 * @property {(resource: string) => ProtectedResourceCredentials} addProtectedResource
 */

/**
 * @typedef {object} ExaminedServer an authorization server about whose tokens is asked in another way
 * @property {string} issuer
 * @property {(token: string, resource: string) => Promise<Record<string, any>>} examine answers as RFC 7662 would
 */

/**
 * @typedef {object} ProtectedResourceOptions
 * @property {IntrospectingServer | ExaminedServer} authorizationServer
 * @property {IntrospectingServer[]} [furtherAuthorizationServers] whose tokens are accepted as well
 * @property {string} [origin] where clients reach it, if something stands in front; default: the server's own
 * @property {boolean} [isWholeOrigin] whether its resource identifier is the origin; default: the URL that is called
 * @property {boolean} [namesMetadata] whether the challenge says where the metadata is; default: true
 * @property {string[]} [requiredScopes] what every request needs
 * @property {string[] | null} [challengeScopes] what the 401 challenge demands; null: it names no scope
 * @property {string[] | null} [scopesSupported] of the protected resource metadata; null: not listed
 * @property {Record<string, string[]>} [furtherTools] more tools, by name, and the scopes that calling
 *   each of them needs on top; answered with 403 `insufficient_scope` where they are missing
 * @property {boolean} [bound] whether it takes only tokens that are bound to a key, with a proof and our nonce in it
 *   (RFC 9449)
 * @property {boolean} [forWebPages] whether web pages may see its answers (CORS). Default: true
 */

/**
 * One request as the protected resource saw it.
 *
 * @typedef {object} ResourceRequest
 * @property {string} method
 * @property {string} path
 * @property {boolean} bearer whether it carried a token
 * @property {string[]} calls the tools that it called
 * @property {string[]} [scopes] what its token grants; absent: nothing that holds
 * @property {number} status of the answer
 */

class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Record<string, string>} challenge the parameters of the `WWW-Authenticate` challenge
   */
  constructor(status, challenge) {
    super(challenge.error_description ?? 'a token is required');
    this.status = status;
    this.challenge = challenge;
  }
}

/**
 * A protected MCP server on loopback: the official SDK's server over Streamable HTTP, stateless, with
 * protected resource metadata (RFC 9728). It asks the authorization server about the token of every
 * request. The tool `whoami` answers who is signed in.
 *
 * @param {ProtectedResourceOptions} options
 */
export async function startProtectedResource(options) {
  const {
    authorizationServer,
    furtherAuthorizationServers = [],
    isWholeOrigin = false,
    namesMetadata = true,
    requiredScopes = ['openid', 'email'],
    challengeScopes = requiredScopes,
    scopesSupported = ['openid', 'profile', 'email'],
    furtherTools = {},
    bound = false,
    forWebPages = true,
  } = options;

  const server = createServer();
  const { origin: own, close } = await listenOnLoopback(server);
  const { origin = own } = options;
  const url = `${origin}/mcp`;
  const resource = isWholeOrigin ? origin : url;
  const metadataPath = '/.well-known/oauth-protected-resource/mcp';
  const issuers = [authorizationServer, ...furtherAuthorizationServers].map((issuing) => ({
    issuer: issuing.issuer,
    examine: 'examine' in issuing ? issuing.examine : introspection(issuing),
  }));
  const scheme = bound ? 'DPoP' : 'Bearer';
  const proofs = bound ? createProofChecker(origin) : undefined;
  /** @type {ResourceRequest[]} */
  const requests = [];

  server.on('request', async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin);
    /** @type {ResourceRequest} */
    const record = {
      method: request.method ?? '',
      path: pathname,
      bearer: tokenOf(request, scheme) !== undefined,
      calls: [],
      get status() {
        return response.statusCode;
      },
    };
    requests.push(record);
    try {
      if (forWebPages) allowWebPages(response);
      proofs?.bringNonce(response);
      if (request.method === 'OPTIONS') return response.writeHead(204).end();
      if (pathname === metadataPath) return answerJson(response, 200, metadata());
      if (pathname !== '/mcp') return answerJson(response, 404, { error: 'not_found' });

      const authorization = await checkedAuthorization(request, record);
      if (request.method !== 'POST') return response.writeHead(405, { Allow: 'POST' }).end();
      const message = JSON.parse(await bodyOf(request));
      record.calls = toolsCalled(message);
      requireScopes(
        authorization,
        record.calls.flatMap((name) => furtherTools[name] ?? []),
      );
      await serve(Object.assign(request, { auth: authorization }), response, message);
    } catch (error) {
      if (error instanceof Refusal) refuse(response, error);
      else answerJson(response, 500, { error: 'server_error', error_description: String(error) });
    }
  });

  function metadata() {
    return {
      resource,
      authorization_servers: issuers.map(({ issuer }) => issuer),
      bearer_methods_supported: ['header'],
      ...(scopesSupported && { scopes_supported: scopesSupported }),
    };
  }

  /**
   * @param {IncomingMessage} request
   * @param {ResourceRequest} record
   * @returns {Promise<AuthInfo>}
   */
  async function checkedAuthorization(request, record) {
    /** @type {Record<string, string>} */
    const demanded = challengeScopes ? { scope: challengeScopes.join(' ') } : {};
    const token = tokenOf(request, scheme);
    if (token === undefined) throw new Refusal(401, demanded);
    const answers = await Promise.all(issuers.map(({ examine }) => examine(token, resource)));
    const { active, ...answer } = answers.find((answer) => answer.active === true) ?? answers[0] ?? { active: false };
    const audiences = [answer.aud ?? []].flat();
    if (active !== true || !audiences.includes(resource)) {
      throw new Refusal(401, {
        error: 'invalid_token',
        error_description:
          active === true ? 'The token was not issued for this resource' : 'The token is not or no longer valid',
        ...demanded,
      });
    }
    const error = await proofs?.refusal(request, token, answer.cnf?.jkt);
    if (error) throw new Refusal(401, { error, ...demanded });
    const authorization = {
      token,
      clientId: answer.client_id,
      scopes: answer.scope?.split(' ') ?? [],
      expiresAt: answer.exp,
      resource: new URL(resource),
      extra: { subject: answer.sub, email: answer.email },
    };
    record.scopes = authorization.scopes;
    requireScopes(authorization, requiredScopes);
    return authorization;
  }

  /**
   * RFC 7662.
   *
   * @param {IntrospectingServer} server
   * @returns {ExaminedServer['examine']}
   */
  function introspection({ issuer, addProtectedResource }) {
    const { introspectionEndpoint, clientId, clientSecret } = addProtectedResource(resource);
    return async (token) => {
      const response = await fetch(introspectionEndpoint, {
        method: 'POST',
        headers: { Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
        body: new URLSearchParams({ token }),
      });
      if (!response.ok) throw new Error(`Introspection failed: ${response.status} ${await response.text()}`);
      const answer = await response.json();
      return { ...answer, active: answer.active === true && (answer.iss ?? issuer) === issuer };
    };
  }

  /**
   * @param {AuthInfo} authorization
   * @param {string[]} scopes
   */
  function requireScopes(authorization, scopes) {
    if (scopes.every((scope) => authorization.scopes.includes(scope))) return;
    throw new Refusal(403, {
      error: 'insufficient_scope',
      error_description: 'The token does not carry every scope that this request needs',
      scope: scopes.join(' '),
    });
  }

  /**
   * @param {IncomingMessage & { auth: AuthInfo }} request
   * @param {ServerResponse} response
   * @param {unknown} message
   */
  async function serve(request, response, message) {
    const mcp = new McpServer({ name: 'protected-resource', version: '1.0.0' });
    mcp.registerTool('whoami', { description: 'Who is signed in' }, ({ authInfo }) => ({
      content: [{ type: 'text', text: JSON.stringify(authInfo?.extra) }],
    }));
    for (const name of Object.keys(furtherTools)) {
      mcp.registerTool(name, { description: `Needs ${furtherTools[name]?.join(' ')}` }, () => ({
        content: [{ type: 'text', text: `${name}: done` }],
      }));
    }
    const transport = new StreamableHTTPServerTransport();
    response.on('close', () => mcp.close());
    await mcp.connect(transport);
    await transport.handleRequest(request, response, message);
  }

  /**
   * @param {ServerResponse} response
   * @param {Refusal} refusal
   */
  function refuse(response, { status, challenge, message }) {
    const named = namesMetadata ? { resource_metadata: `${origin}${metadataPath}` } : {};
    const parameters = Object.entries({ ...named, ...challenge });
    const challengeText = parameters.map(([name, value]) => `${name}="${value}"`).join(', ');
    response.setHeader('WWW-Authenticate', `${scheme} ${challengeText}`);
    answerJson(response, status, { error: challenge.error ?? 'unauthorized', error_description: message });
  }

  return {
    url,
    /** Where the server itself listens. */
    origin: own,
    requests,
    close,
  };
}

/** @typedef {Awaited<ReturnType<typeof startProtectedResource>>} ProtectedResource */

/**
 * The scheme has to be written as the standards do: RFC 9110 permits any case, but servers exist that do not. The token
 * need not be: some servers' have characters that RFC 6750 §2.1 does not foresee.
 *
 * @param {IncomingMessage} request
 * @param {'Bearer' | 'DPoP'} scheme
 */
function tokenOf(request, scheme) {
  return new RegExp(`^${scheme} (\\S+)$`).exec(request.headers.authorization ?? '')?.[1];
}

/** @param {IncomingMessage} request */
async function bodyOf(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

/**
 * @param {unknown} message one JSON-RPC message, or a batch
 * @returns {string[]}
 */
function toolsCalled(message) {
  return [message]
    .flat()
    .flatMap((/** @type {any} */ { method, params }) => (method === 'tools/call' ? [params.name] : []));
}

/** @param {ServerResponse} response */
function allowWebPages(response) {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader(
    'Access-Control-Allow-Headers',
    'Authorization, DPoP, Content-Type, Accept, Mcp-Protocol-Version, Mcp-Session-Id',
  );
  response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id');
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {object} members
 */
function answerJson(response, status, members) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(members));
}

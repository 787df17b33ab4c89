/** Servers that are nothing but recorded answers, played by a `fetch`. */

/** @import { Fetch } from 'mcp-oauth-wasm' */

/**
 * An answer; undefined: 404. `json` with a type of its own where `headers` say so.
 *
 * @typedef {{ status?: number, json?: unknown, text?: string, headers?: Record<string, string> } | undefined} Answer
 */

/** @typedef {Record<string, Answer | 'unreachable'>} Answers by method and URL */

export const endpoint = 'https://mcp.example.com/mcp';
export const issuer = 'https://auth.example.com';
export const resourceMetadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
export const serverMetadataUrl = 'https://auth.example.com/.well-known/oauth-authorization-server';
export const openidConfigurationUrl = 'https://auth.example.com/.well-known/openid-configuration';

const open = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'Authorization, Content-Type, MCP-Protocol-Version',
};

/** What a server says at which there is nothing to be found. */
export const challenge = `Bearer resource_metadata="${resourceMetadataUrl}", scope="read"`;

export const resourceMetadata = {
  resource: endpoint,
  authorization_servers: [issuer],
  scopes_supported: ['read', 'write'],
  bearer_methods_supported: ['header'],
};

export const serverMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  revocation_endpoint: `${issuer}/revoke`,
  scopes_supported: ['read', 'write', 'offline_access'],
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
};

/** @returns {Answers} */
export function faultless() {
  return {
    [`POST ${endpoint}`]: refusal(challenge),
    [`OPTIONS ${endpoint}`]: { status: 204, headers: open },
    [`GET ${resourceMetadataUrl}`]: { json: resourceMetadata, headers: open },
    [`GET ${serverMetadataUrl}`]: { json: serverMetadata, headers: open },
    [`GET ${openidConfigurationUrl}`]: { json: serverMetadata, headers: open },
    [`OPTIONS ${issuer}/register`]: { status: 204, headers: open },
    [`OPTIONS ${issuer}/token`]: { status: 204, headers: open },
  };
}

/** @param {string} challenge */
export function refusal(challenge) {
  return {
    status: 401,
    headers: { 'www-authenticate': challenge, 'access-control-expose-headers': 'WWW-Authenticate' },
  };
}

/** @param {Record<string, unknown>} members in place of its own; undefined takes one away */
export function resource(members) {
  return { [`GET ${resourceMetadataUrl}`]: { json: { ...resourceMetadata, ...members }, headers: open } };
}

/** @param {Record<string, unknown>} members in place of its own; undefined takes one away */
export function server(members) {
  const answer = { json: { ...serverMetadata, ...members }, headers: open };
  return { [`GET ${serverMetadataUrl}`]: answer, [`GET ${openidConfigurationUrl}`]: answer };
}

/**
 * @param {Answers} answers
 * @param {string[]} [sent] receives what was asked
 * @returns {Fetch}
 */
export function playing(answers, sent = []) {
  return async (input, init) => {
    const request = `${init?.method ?? 'GET'} ${input}`;
    sent.push(request);
    const answer = answers[request];
    if (answer === 'unreachable') throw new TypeError('fetch failed');
    const { status = answer ? 200 : 404, json, text, headers = {} } = answer ?? {};
    const type = json === undefined ? 'text/html' : 'application/json';
    const body = json === undefined ? text : JSON.stringify(json);
    return new Response(body, {
      status,
      headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    });
  };
}

/** For every finding, servers at which it is found: what they answer in place of the faultless one. */

/** @import { ServerSettings } from 'mcp-oauth-wasm' */
/** @import { Answers } from './played.js' */

import {
  challenge,
  endpoint,
  issuer,
  openidConfigurationUrl,
  refusal,
  resource,
  resourceMetadata,
  resourceMetadataUrl,
  server,
  serverMetadata,
  serverMetadataUrl,
} from './played.js';

/** Another location of each document, at which discovery looks first or as well. */
const rootMetadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource';
const called = `POST ${endpoint}`;

/**
 * @typedef {object} Case
 * @property {Answers} answers
 * @property {string} [endpoint]
 * @property {ServerSettings} [settings]
 */

/** @type {Record<string, Case[]>} */
export const cases = {
  unreachable: [{ answers: { [called]: 'unreachable' } }],
  'no-mcp-server': [
    { answers: { [called]: { status: 404 }, [`GET ${resourceMetadataUrl}`]: { status: 404 } } },
    {
      answers: {
        [called]: { text: '<h1>Hello</h1>', headers: { 'content-type': 'text/html' } },
        [`GET ${resourceMetadataUrl}`]: { status: 404 },
      },
    },
  ],
  unavailable: [
    { answers: { [called]: { status: 503 } } },
    { answers: { [`GET ${resourceMetadataUrl}`]: { status: 500 } } },
    { answers: { [`GET ${serverMetadataUrl}`]: { status: 429 } } },
  ],
  'endpoint-redirects': [
    {
      answers: {
        [called]: { status: 307, headers: { location: '/mcp/' } },
        [`${called}/`]: refusal(challenge),
      },
    },
    { answers: { [called]: { status: 308, headers: { location: 'https://other.example.com/mcp' } } } },
    { answers: { [called]: { status: 302, headers: { location: '/login' } } } },
  ],
  'no-token-needed': [{ answers: { [called]: { json: { jsonrpc: '2.0', id: 1, result: {} } } } }],
  'refused-without-401': [
    { answers: { [called]: { status: 403 } } },
    { answers: { [called]: { status: 302, headers: { location: '/login' } } } },
  ],
  'old-transport': [
    {
      answers: {
        [called]: { status: 405 },
        [`GET ${endpoint}`]: {
          text: 'event: endpoint\ndata: /messages\n\n',
          headers: { 'content-type': 'text/event-stream' },
        },
      },
    },
    { answers: { [called]: { status: 404 }, [`GET ${endpoint}`]: refusal(challenge) } },
  ],
  'no-challenge': [{ answers: { [called]: { status: 401 } } }],
  'no-bearer-challenge': [{ answers: { [called]: refusal('Negotiate') } }],
  'bearer-not-first': [{ answers: { [called]: refusal(`Negotiate, ${challenge}`) } }],
  'single-quoted-challenge': [{ answers: { [called]: refusal(challenge.replaceAll('"', "'")) } }],
  'no-resource-metadata-in-challenge': [{ answers: { [called]: refusal('Bearer scope="read"') } }],
  'no-scope-in-challenge': [{ answers: { [called]: refusal(`Bearer resource_metadata="${resourceMetadataUrl}"`) } }],
  'commas-between-scopes': [{ answers: { [called]: refusal(challenge.replace('"read"', '"read,write"')) } }],

  'unusable-endpoint': [
    { answers: server({ jwks_uri: 'http://auth.example.com/keys' }) },
    { answers: server({ device_authorization_endpoint: '/device' }) },
    { answers: server({ revocation_endpoint: 'http://auth.example.com/revoke' }) },
  ],
  'no-protected-resource-metadata': [
    { answers: { [called]: refusal('Bearer scope="read"'), [`GET ${resourceMetadataUrl}`]: undefined } },
  ],
  'named-metadata-missing': [
    { answers: { [called]: refusal('Bearer resource_metadata="https://mcp.example.com/nowhere"') } },
    { answers: { [`GET ${resourceMetadataUrl}`]: { text: '<h1>Hello</h1>' } } },
  ],
  'resource-mismatch': [
    { answers: resource({ resource: 'https://mcp.example.com/other' }) },
    { answers: resource({ resource: 'https://other.example' }) },
    // It calls itself by the other name of this machine.
    {
      endpoint: 'http://127.0.0.1:4321/mcp',
      answers: {
        'POST http://127.0.0.1:4321/mcp': refusal('Bearer'),
        'GET http://127.0.0.1:4321/.well-known/oauth-protected-resource/mcp': {
          json: { ...resourceMetadata, resource: 'http://localhost:4321/mcp' },
        },
      },
    },
  ],
  'resource-is-wider': [
    {
      answers: {
        ...resource({ resource: 'https://mcp.example.com' }),
        [`GET ${rootMetadataUrl}`]: { json: { ...resourceMetadata, resource: 'https://mcp.example.com' } },
      },
    },
  ],
  'resource-trailing-slash': [{ answers: resource({ resource: `${endpoint}/` }) }],
  'no-authorization-servers': [
    { answers: resource({ authorization_servers: undefined }) },
    { answers: resource({ authorization_servers: [] }) },
  ],
  'several-authorization-servers': [
    { answers: resource({ authorization_servers: [issuer, 'https://second.example'] }) },
  ],
  'metadata-not-at-well-known': [
    {
      answers: {
        [called]: refusal('Bearer resource_metadata="https://mcp.example.com/metadata.json", scope="read"'),
        'GET https://mcp.example.com/metadata.json': { json: resourceMetadata },
        [`GET ${resourceMetadataUrl}`]: undefined,
      },
    },
  ],
  'no-tokens-in-header': [{ answers: resource({ bearer_methods_supported: ['query'] }) }],
  'bound-tokens-required': [{ answers: resource({ dpop_bound_access_tokens_required: true }) }],
  'insecure-mcp-server': [
    { endpoint: 'http://mcp.example.com/mcp', answers: { 'POST http://mcp.example.com/mcp': { status: 401 } } },
  ],

  'discovery-fails': [{ answers: resource({ resource: 7 }) }],
  'private-address': [{ answers: resource({ authorization_servers: ['https://10.0.0.1'] }) }],
  'insecure-endpoint': [{ answers: server({ token_endpoint: 'http://auth.example.com/token' }) }],
  'page-in-place-of-metadata': [{ answers: { [`GET ${serverMetadataUrl}`]: { text: '<!doctype html>' } } }],
  'metadata-of-other-type': [
    { answers: { [`GET ${serverMetadataUrl}`]: { json: serverMetadata, headers: { 'content-type': 'text/plain' } } } },
  ],
  'redirected-metadata': [
    {
      answers: {
        [`GET ${serverMetadataUrl}`]: { status: 302, headers: { location: `${issuer}/moved` } },
        [`GET ${issuer}/moved`]: { json: serverMetadata },
      },
    },
  ],
  'miss-is-not-404': [{ answers: { [`GET ${serverMetadataUrl}`]: { status: 403 } } }],
  'metadata-differs-by-location': [
    {
      answers: {
        [`GET ${openidConfigurationUrl}`]: { json: { ...serverMetadata, code_challenge_methods_supported: undefined } },
      },
    },
  ],

  'no-authorization-server-metadata': [
    { answers: { [`GET ${serverMetadataUrl}`]: undefined, [`GET ${openidConfigurationUrl}`]: undefined } },
  ],
  'metadata-only-as-openid-configuration': [{ answers: { [`GET ${serverMetadataUrl}`]: undefined } }],
  'issuer-mismatch': [{ answers: server({ issuer: 'https://other.example' }) }],
  'issuer-trailing-slash': [{ answers: server({ issuer: `${issuer}/` }) }],
  'endpoint-missing': [{ answers: server({ token_endpoint: undefined }) }],
  'no-s256': [
    { answers: server({ code_challenge_methods_supported: undefined }) },
    { answers: server({ code_challenge_methods_supported: ['plain'] }) },
  ],
  'no-code-flow': [
    { answers: server({ response_types_supported: ['token'] }) },
    { answers: server({ grant_types_supported: ['client_credentials'] }) },
  ],
  'no-refresh-tokens': [{ answers: server({ grant_types_supported: ['authorization_code'] }) }],
  'no-iss': [{ answers: server({ authorization_response_iss_parameter_supported: undefined }) }],
  'pushed-requests-required': [
    {
      answers: server({
        require_pushed_authorization_requests: true,
        pushed_authorization_request_endpoint: `${issuer}/par`,
      }),
    },
  ],
  'authorization-endpoint-with-query': [
    { answers: server({ authorization_endpoint: `${issuer}/authorize?tenant=1` }) },
  ],
  'no-client-authentication': [{ answers: server({ token_endpoint_auth_methods_supported: ['tls_client_auth'] }) }],
  'no-public-clients': [{ answers: server({ token_endpoint_auth_methods_supported: ['client_secret_basic'] }) }],
  'no-revocation': [{ answers: server({ revocation_endpoint: undefined }) }],
  'resource-not-among-protected': [{ answers: server({ protected_resources: ['https://mcp.example.com/other'] }) }],

  'no-scope-anywhere': [
    {
      answers: {
        [called]: refusal(`Bearer resource_metadata="${resourceMetadataUrl}"`),
        ...resource({ scopes_supported: undefined }),
      },
    },
  ],
  'resource-lists-no-scopes': [
    { answers: resource({ scopes_supported: [] }) },
    { answers: resource({ scopes_supported: undefined }) },
  ],
  'demanded-scope-not-listed': [{ answers: resource({ scopes_supported: ['write'] }) }],
  'demanded-scope-unknown': [{ answers: server({ scopes_supported: ['write', 'offline_access'] }) }],
  'listed-scope-unknown': [{ answers: server({ scopes_supported: ['read', 'offline_access'] }) }],
  'no-catalogue': [{ answers: server({ scopes_supported: undefined }) }],
  'offline-access-not-listed': [{ answers: server({ scopes_supported: ['read', 'write'] }) }],
  'resource-asks-for-offline-access': [
    { answers: resource({ scopes_supported: ['read', 'write', 'offline_access'] }) },
    { answers: { [called]: refusal(challenge.replace('"read"', '"read offline_access"')) } },
  ],
  'scope-with-impossible-name': [
    { answers: resource({ scopes_supported: ['read', 'write all'] }) },
    { answers: server({ scopes_supported: ['read', 'write', 'offline_access', 'schön'] }) },
  ],

  'no-registration': [
    { answers: server({ registration_endpoint: undefined, client_id_metadata_document_supported: undefined }) },
  ],
  'no-metadata-documents': [{ answers: server({ client_id_metadata_document_supported: undefined }) }],
  'only-metadata-documents': [{ answers: server({ registration_endpoint: undefined }) }],

  'mcp-server-closed-to-web-pages': [
    { answers: { [`OPTIONS ${endpoint}`]: { status: 401 } } },
    {
      answers: {
        [`OPTIONS ${endpoint}`]: {
          status: 204,
          headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
        },
      },
    },
  ],
  'challenge-hidden-from-web-pages': [
    { answers: { [called]: { status: 401, headers: { 'www-authenticate': challenge } } } },
  ],
  'resource-metadata-closed-to-web-pages': [
    { answers: { [`GET ${resourceMetadataUrl}`]: { json: resourceMetadata } } },
  ],
  'server-metadata-closed-to-web-pages': [{ answers: { [`GET ${serverMetadataUrl}`]: { json: serverMetadata } } }],
  'registration-closed-to-web-pages': [{ answers: { [`OPTIONS ${issuer}/register`]: { status: 405 } } }],
  'tokens-closed-to-web-pages': [{ answers: { [`OPTIONS ${issuer}/token`]: undefined } }],
};

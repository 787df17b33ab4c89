/** What `failure` says of the codes that src/data/error.rs has. */

/** @import { Party, ServerSettings } from '../core/records.js' */
/** @import { Remedy } from './failure.js' */

/** @typedef {{ title: string, party?: Party, by: Remedy, setting: string, words: string }} Row */

/** @type {(member: keyof ServerSettings) => string} */
const setting = (member) => member;

/** @type {Record<string, Row>} */
export const rows = {
  invalid_argument: {
    title: 'An argument has the wrong shape',
    party: 'client',
    by: 'application',
    setting: 'the argument that the message names',
    words: 'Correct what the application passes in.',
  },
  invalid_url: {
    title: 'The URL cannot be used',
    party: 'client',
    by: 'application',
    setting: "the MCP server's URL",
    words: 'Give an https URL, or http on this machine.',
  },
  reserved_parameter: {
    title: 'An extra parameter would replace one of the protocol',
    party: 'client',
    by: 'settings',
    setting: setting('authorizationParameters'),
    words: 'Take the parameter out that the message names.',
  },
  client_of_other_issuer: {
    title: 'The client belongs to another authorization server',
    party: 'client',
    by: 'settings',
    setting: setting('client'),
    words: 'Give the client that was registered at this issuer, or correct `client.issuer`.',
  },
  no_refresh_token: {
    title: 'There is no refresh token',
    party: 'client',
    by: 'settings',
    setting: setting('refresh'),
    words:
      'Sign in again with `refresh` not set to false; some servers give refresh tokens only for a parameter of their own: `authorizationParameters`.',
  },
  invalid_client_metadata_url: {
    title: "The client metadata document's URL cannot be a client identifier",
    party: 'client',
    by: 'application',
    setting: 'client.clientMetadataUrl',
    words: 'Give an https URL with a path, without fragment, user name or dot segments.',
  },

  no_redirect: {
    title: 'There is no way for a person to come back',
    party: 'client',
    by: 'application',
    setting: 'redirect',
    words: 'Give the host a `redirect`.',
  },
  internal: {
    title: 'This package contradicts itself',
    party: 'client',
    by: 'application',
    setting: 'nothing',
    words: 'Please report it, with the trace.',
  },

  host_failed: {
    title: 'The host failed',
    party: 'client',
    by: 'application',
    setting: 'the store, or the redirect',
    words: 'The host has to say why.',
  },
  network_failed: {
    title: 'The request failed',
    by: 'network',
    setting: 'the network, or the URL',
    words:
      'Check that the URL is right and that this machine reaches it. In a web page the server may lack CORS headers.',
  },
  cors_missing: {
    title: 'A server does not let this page see its answers',
    by: 'protected-resource',
    setting: 'its CORS headers, or `fetch` of the host',
    words:
      'The operator has to add the headers that the message names; until then the `fetch` of the host can send such requests through a server of your own.',
  },
  engine_failed: {
    title: 'An answer was too much for this package',
    by: 'protected-resource',
    setting: 'what the server answers',
    words:
      'Try again in a minute. If it happens again, the server sends something that it should not, or there is a bug here: report it.',
  },
  timed_out: {
    title: 'No complete answer came in time',
    by: 'network',
    setting: 'timeoutMilliseconds, or the server',
    words: 'Try again; if the server is always slow, raise `timeoutMilliseconds`.',
  },
  aborted: {
    title: 'It was cancelled',
    party: 'client',
    by: 'person',
    setting: 'nothing',
    words: 'Start again when you are ready.',
  },
  sign_in_timed_out: {
    title: 'Nobody finished the sign-in in time',
    party: 'authorization-server',
    by: 'person',
    setting: 'signInTimeoutMilliseconds',
    words: 'Sign in again. If the page of the server led nowhere, the next sign-in registers anew.',
  },
  sign_in_cancelled: {
    title: 'The sign-in was cancelled',
    party: 'client',
    by: 'person',
    setting: 'nothing',
    words: 'Start again when you are ready.',
  },
  server_unavailable: {
    title: 'The server is overloaded or broken',
    by: 'network',
    setting: "the server's availability",
    words: 'Try again later. Nothing was decided and nothing deleted; its operator may have to look into it.',
  },
  no_randomness: {
    title: 'There is no source of randomness',
    party: 'client',
    by: 'application',
    setting: 'the platform',
    words: 'Use a platform with `crypto.getRandomValues`.',
  },
  certificate_untrusted: {
    title: 'The certificate leads to nobody who is trusted',
    by: 'network',
    setting: 'NODE_EXTRA_CA_CERTS',
    words: "Give Node the certificate of the company's own authority.",
  },
  proxy_credentials_required: {
    title: "The network's proxy wants credentials",
    by: 'network',
    setting: 'HTTPS_PROXY',
    words: 'Put the credentials where the message says.',
  },
  proxy_not_used: {
    title: 'Only the proxy gets out, and Node does not use it',
    by: 'network',
    setting: 'NODE_USE_ENV_PROXY',
    words: 'Start the program with NODE_USE_ENV_PROXY=1, beside HTTPS_PROXY and NO_PROXY.',
  },

  authorization_refused: {
    title: 'The authorization server refused',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the scopes and grants that it permits this client',
    words:
      'Its operator has to permit what was refused. Where it wants a scope that nobody names, add it to `scopes` in the settings.',
  },
  token_refused: {
    title: 'The token endpoint refused',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'what the token endpoint accepts',
    words:
      'Its operator has to look into the answer; a `resource` that it does not know is left out by `omitResource`, and replaced by `resource`.',
  },
  refresh_token_refused: {
    title: 'The refresh token is not accepted any more',
    party: 'authorization-server',
    by: 'person',
    setting: 'nothing',
    words: 'Sign in again; the client is still registered.',
  },
  client_refused: {
    title: 'The authorization server does not know this client',
    party: 'authorization-server',
    by: 'settings',
    setting: setting('client'),
    words:
      'Sign in again to register anew; of a client that was registered by hand, correct `client.clientId`, `client.clientSecret` or `client.tokenEndpointAuthMethod`.',
  },
  registration_refused: {
    title: 'The authorization server refused to register the client',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'its registration policy, or client',
    words:
      'Its operator has to permit dynamic registration of what was sent; or configure a client that was registered by hand as `client`.',
  },
  scope_not_registered: {
    title: 'A required scope is not permitted for this client',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the scopes that clients may register',
    words:
      'Its operator has to permit the scope for clients that register themselves; or configure a client as `client` that has it. A scope of your own that you can do without belongs in `optionalScopes`.',
  },
  not_approved: {
    title: 'It was not approved',
    party: 'client',
    by: 'person',
    setting: 'what you agree to',
    words: 'Nothing was sent. Start again, and agree, if it is what you want.',
  },
  attempts_exhausted: {
    title: 'Everything was tried',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the scopes that it permits',
    words: 'Its operator has to permit the scopes at registration and at authorization alike.',
  },
  insufficient_scope: {
    title: 'The token lacks a scope',
    party: 'protected-resource',
    by: 'person',
    setting: 'what you agree to',
    words: 'Step up: sign in for the scopes that the MCP server demands, on top of those that there are.',
  },
  scope_withheld: {
    title: 'A required scope was not granted',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the scopes that this person may have',
    words: 'Its operator has to permit the scope for this person or client; then sign in again.',
  },

  no_protected_resource_metadata: {
    title: 'The MCP server publishes no metadata',
    party: 'protected-resource',
    by: 'protected-resource',
    setting: '/.well-known/oauth-protected-resource',
    words:
      'Its operator has to publish protected resource metadata (RFC 9728) and to name it in the 401 challenge as `resource_metadata`.',
  },
  no_authorization_server_metadata: {
    title: 'No metadata of an authorization server was found',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: '/.well-known/oauth-authorization-server',
    words:
      'Its operator has to publish its metadata (RFC 8414); until then give the members as `authorizationServerMetadata`.',
  },
  no_s256: {
    title: 'The authorization server does not offer PKCE with S256',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'code_challenge_methods_supported, or assumeS256',
    words: 'Its operator has to list `S256`; where you know that it does S256 without saying so, set `assumeS256`.',
  },
  redirect_of_other_issuer: {
    title: 'The redirect URI belongs to another authorization server',
    party: 'client',
    by: 'settings',
    setting: '`redirectUri`, or `pathPerIssuer`, of the redirect of the host',
    words: 'Give this server a redirect URI of its own, for its responses do not say whose they are.',
  },
  redirect_not_listed: {
    title: 'The client is not registered with the redirect URI',
    party: 'client',
    by: 'settings',
    setting: 'the `redirect_uris` of the document, `client.redirectUri`, or `redirect` of the host',
    words: 'List it in the document, or let the host have one with which the client is registered.',
  },
  needs_client_id: {
    title: 'There is no way to register',
    party: 'authorization-server',
    by: 'settings',
    setting: setting('client'),
    words: 'Register a client by hand, and give its `clientId` as `client`.',
  },
  no_client_authentication: {
    title: 'No way to authenticate a client is supported',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'token_endpoint_auth_methods_supported',
    words: 'Its operator has to offer `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`.',
  },
  no_device_authorization_endpoint: {
    title: 'There is no sign-in on another device',
    party: 'authorization-server',
    by: 'application',
    setting: 'grant',
    words: 'Use another way to sign in: the server offers no device authorization (RFC 8628).',
  },
  token_type_unsupported: {
    title: 'The token is of an unknown type',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'token_type',
    words: 'Its operator has to issue `Bearer` tokens, or `DPoP` where the client can prove possession.',
  },

  not_json: {
    title: 'A document is not JSON',
    by: 'protected-resource',
    setting: 'the document',
    words: 'The operator has to serve JSON as `application/json`.',
  },
  invalid_document: {
    title: 'A document is unusable',
    by: 'protected-resource',
    setting: 'the member that the message names',
    words:
      "The operator has to correct it; for the authorization server's, `authorizationServerMetadata` can replace members.",
  },
  response_too_large: {
    title: 'Too much was answered',
    by: 'protected-resource',
    setting: 'the document',
    words: 'The operator has to serve smaller documents.',
  },
  limit_exceeded: {
    title: 'The servers cost too much',
    by: 'authorization-server',
    setting: 'what the limit is of, in the message',
    words:
      'One sign-in may take 40 requests, 512 KiB and a minute of its servers, and leave 32 KiB in the store. The operators have to answer sooner, and with less.',
  },
  redirect_refused: {
    title: 'A redirect was not followed',
    by: 'protected-resource',
    setting: 'the URL that redirects',
    words: 'The operator has to answer at the URL itself; if it has moved, use the new URL.',
  },
  unexpected_status: {
    title: 'The status is not one that the protocol foresees',
    by: 'protected-resource',
    setting: 'the endpoint',
    words: 'The operator has to look into the answer.',
  },
  issuer_mismatch: {
    title: "The document's issuer is not the one that was asked",
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'issuer',
    words: 'The `issuer` in its metadata has to be exactly what the MCP server names in `authorization_servers`.',
  },
  resource_mismatch: {
    title: 'The metadata speaks of another resource',
    party: 'protected-resource',
    by: 'protected-resource',
    setting: 'resource',
    words: 'The `resource` in its metadata has to be exactly the URL that is called.',
  },
  insecure_endpoint: {
    title: 'An endpoint is not https',
    by: 'protected-resource',
    setting: 'the endpoint that the message names',
    words: 'The operator has to use https; http is for this machine only.',
  },
  private_address: {
    title: 'A public server named a private address',
    by: 'settings',
    setting: setting('allowPrivateAddresses'),
    words: "The request was not sent. If that is your company's network, set `allowPrivateAddresses`.",
  },
  state_mismatch: {
    title: 'The response belongs to another sign-in',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'state',
    words: 'Start again. If it happens again, the authorization server does not send `state` back as it came.',
  },
  response_issuer_mismatch: {
    title: 'The response comes from another authorization server',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'iss, or authorization_response_iss_parameter_supported',
    words:
      'It promises to send `iss` with every response (RFC 9207): its operator has to do that, with exactly its issuer.',
  },
  invalid_authorization_response: {
    title: 'The authorization response is not one',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the authorization response',
    words: 'It has to come to the redirect URI that was sent, with a code or an error.',
  },
  invalid_token: {
    title: 'The token could not stand in a header',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'access_token',
    words: 'Its operator has to issue tokens of printable ASCII (RFC 6750 §2.1).',
  },
  id_token_invalid: {
    title: 'The ID Token does not hold',
    party: 'authorization-server',
    by: 'authorization-server',
    setting: 'the ID Token',
    words: 'Its operator has to correct what the message names.',
  },
  fresh_token_refused: {
    title: 'The MCP server refuses a fresh token',
    party: 'protected-resource',
    by: 'protected-resource',
    setting: 'how it checks tokens: issuer, audience, scopes',
    words: 'Everything that it demands was granted: its operator has to look into it.',
  },

  wasm_blocked: {
    title: 'The page forbids WebAssembly',
    party: 'client',
    by: 'application',
    setting: "script-src 'wasm-unsafe-eval'",
    words: "Add 'wasm-unsafe-eval' to the page's content security policy, or import `mcp-oauth-wasm/javascript`.",
  },
};

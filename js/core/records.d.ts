// Made from the Rust records by `UPDATE=1 cargo test typescript_types`. Do not edit.

/** Who can act on an error. */
export type Kind =
  /** The calling code. */
  | 'misuse'
  /** The network; a retry may help. */
  | 'transport'
  /** The user or the operator of a server, who refused; `details.error` carries the OAuth error. */
  | 'refused'
  /** Nobody today: the server lacks something that MCP authorization needs. */
  | 'incompatible'
  /** An attack or a bug at the other side. Such an error carries no words of the server's, only URLs that it named. */
  | 'misbehaved'
  /** Whoever keeps the store: a record cannot be read. It is never overwritten. */
  | 'storage';

/** A stable error code. */
export type Code =
  /** An argument has the wrong shape; `details.path` says where. */
  | 'invalid_argument'
  /** A URL given by the host cannot be used. */
  | 'invalid_url'
  /** An extra authorization parameter would replace one of the protocol's own. */
  | 'reserved_parameter'
  /** A client belongs to another issuer; its credentials are not sent. */
  | 'client_of_other_issuer'
  /** The redirect URI belongs to another authorization server; `details.redirectUri` has it. */
  | 'redirect_of_other_issuer'
  /** There is no refresh token to refresh with. */
  | 'no_refresh_token'
  /** Interaction was allowed, but the host has no `redirect` to send the person with. */
  | 'no_redirect'
  /** A part of this package contradicted itself, which is a bug of it. */
  | 'internal'
  /** The client metadata document lists redirect URIs, or the client was registered by hand with one, and the host can have none of them; `details.redirectUris` has them. */
  | 'redirect_not_listed'
  /** The client metadata document's URL cannot be a client identifier. */
  | 'invalid_client_metadata_url'
  /** The request could not be sent or its answer not received. */
  | 'network_failed'
  /** The server answers, and does not let this page see what (CORS); `details.url`, `headers` that are needed, `urls` with everything that was kept from the page. */
  | 'cors_missing'
  /** No complete answer came in time. */
  | 'timed_out'
  /** The host cancelled the call. */
  | 'aborted'
  /** The host failed at what it was asked to do. */
  | 'host_failed'
  /** The server answered 429 or 5xx: nothing is decided, nothing was deleted. `details.retryAfterSeconds`, where it says so. */
  | 'server_unavailable'
  /** The platform has no source of randomness. */
  | 'no_randomness'
  /** The authorization server sent the user back with an error (RFC 6749 §4.1.2.1). */
  | 'authorization_refused'
  /** The token endpoint refused (RFC 6749 §5.2). */
  | 'token_refused'
  /** The refresh token is dead (RFC 6749 §5.2, `invalid_grant`), or its use was refused without an OAuth error: sign in again, with the same client. */
  | 'refresh_token_refused'
  /** The authorization server does not know the client, or not by this secret (`invalid_client`). */
  | 'client_refused'
  /** Registration was refused (RFC 7591 §3.2.2). */
  | 'registration_refused'
  /** A scope that is required is beyond what the host declared for its client, or the authorization server refused it. */
  | 'scope_not_registered'
  /** The host, or the person through it, did not approve. Nothing was sent. */
  | 'not_approved'
  /** The MCP server demands scopes that were requested, and that the authorization server did not grant. */
  | 'scope_withheld'
  /** The attempts of this sign-in are used up. */
  | 'attempts_exhausted'
  /** The MCP server publishes no protected resource metadata (RFC 9728). */
  | 'no_protected_resource_metadata'
  /** No authorization server metadata was found (RFC 8414). */
  | 'no_authorization_server_metadata'
  /** The authorization server does not offer PKCE with S256 (RFC 7636). */
  | 'no_s256'
  /** The authorization server offers no way to register, and no `client_id` is configured. */
  | 'needs_client_id'
  /** None of the server's ways to authenticate a client is supported. */
  | 'no_client_authentication'
  /** The authorization server offers no sign-in on another device (RFC 8628). */
  | 'no_device_authorization_endpoint'
  /** The access token is of a type that is not supported. */
  | 'token_type_unsupported'
  /** A document is not JSON, or not of the declared type; `details.reason` says more. */
  | 'not_json'
  /** A document lacks a member or has one of the wrong type; `details.member` names it. */
  | 'invalid_document'
  /** A body was larger than 256 KiB. */
  | 'response_too_large'
  /** The servers of one call cost more than they may; `details.limit`: `requests`, `bytes`, `seconds`, or `record` for what would have to be stored. */
  | 'limit_exceeded'
  /** A redirect led elsewhere, down to http, or in circles (or a POST was redirected). */
  | 'redirect_refused'
  /** The server answered with a status that the protocol does not foresee. */
  | 'unexpected_status'
  /** The document's issuer is not the one that was asked for (RFC 8414 §3.3). */
  | 'issuer_mismatch'
  /** The protected resource's metadata speaks of another resource (RFC 9728 §3.3). */
  | 'resource_mismatch'
  /** An endpoint is not https (http on loopback), or has an active scheme. */
  | 'insecure_endpoint'
  /** A public server named a loopback, private or link-local address. */
  | 'private_address'
  /** The authorization response lacks `state`, has another or a used one (RFC 6749 §10.12). */
  | 'state_mismatch'
  /** The authorization response comes from another issuer, or does not say (RFC 9207 §2.4). */
  | 'response_issuer_mismatch'
  /** The authorization response is not one: wrong redirect URI, repeated members, neither code nor error. */
  | 'invalid_authorization_response'
  /** The MCP server refuses tokens that have everything it demands. */
  | 'fresh_token_refused'
  /** An ID Token does not hold (OpenID Connect Core §3.1.3.7); `details.reason` names the check. */
  | 'id_token_invalid'
  /** A token could not stand in a header. */
  | 'invalid_token'
  /** A stored record is not what it should be; it was left as it is. */
  | 'record_invalid'
  /** A stored record was written by a newer version; it was left as it is. */
  | 'record_newer';

/** The step of a sign-in that was under way. */
export type Step =
  /** Reading the challenge, the protected resource's metadata and the authorization server's. */
  | 'discover'
  /** Planning scopes. */
  | 'plan'
  /** Registering the client. */
  | 'register'
  /** Building the authorization request. */
  | 'authorize'
  /** Reading the authorization response. */
  | 'callback'
  /** Trading the authorization code for tokens. */
  | 'token'
  /** Refreshing tokens. */
  | 'refresh'
  /** Calling the protected resource. */
  | 'call'
  /** Asking for more scopes. */
  | 'step-up'
  /** Revoking tokens. */
  | 'revoke';

/** What a protected resource asks for in its `WWW-Authenticate` header. */
export interface Challenge {
  /** The scheme as it is written by the standards: `Bearer` or `DPoP`. */
  scheme: string;
  /** Where the protected resource's metadata is (RFC 9728 §5.1), as received. */
  resourceMetadata?: string;
  /** The scopes that the operation at hand needs (RFC 6750 §3). */
  scopes?: string[];
  /** The error code, such as `invalid_token` or `insufficient_scope` (RFC 6750 §3.1). */
  error?: string;
  /** The server's words, cut and made printable. */
  errorDescription?: string;
}

/** What an MCP server says of itself as a protected resource (RFC 9728 §2). */
export interface ProtectedResource {
  /** Its resource identifier, byte for byte as received: the value of every `resource` parameter (RFC 8707). */
  resource: string;
  /** The authorization servers that it accepts tokens from, in its order, as far as they may be called. */
  authorizationServers: string[];
  /** The scopes that it lists; absent where it lists none. */
  scopesSupported?: string[];
  /** Its name for people, where it has one. */
  resourceName?: string;
  /** The URL that its metadata was read from; absent where it publishes none (MCP revision 2025-03-26). */
  metadataUrl?: string;
}

/** What an authorization server says of itself (RFC 8414 §2). Exists only if its issuer was verified. */
export interface AuthorizationServer {
  /** Its issuer identifier, as its own document spells it: what `iss` is compared with. */
  issuer: string;
  /** Where people are sent. */
  authorizationEndpoint: string;
  /** Where codes and refresh tokens are traded. */
  tokenEndpoint: string;
  /** Where clients are registered (RFC 7591); absent where there is no dynamic registration. */
  registrationEndpoint?: string;
  /** Its other endpoints, by the names that its document gives them: those of [`OTHER_ENDPOINTS`] that it has. */
  endpoints?: Record<string, string>;
  /** Whether authorization requests have to be pushed (RFC 9126 §5). */
  requirePushedAuthorizationRequests?: boolean;
  /** Every scope that the server lists. Never requested as a whole; it only answers whether one is known. */
  scopesSupported?: string[];
  /**
   * Whether it is an OpenID provider: its document has the members that OpenID Connect Discovery §3 requires, and
   * `openid` among its scopes, where it lists any.
   */
  openidProvider?: boolean;
  /** How clients may authenticate at the token endpoint; absent where the server does not say. */
  tokenEndpointAuthMethodsSupported?: string[];
  /** The grants that it lists; absent where it does not say. */
  grantTypesSupported?: string[];
  /** Whether every authorization response carries `iss` (RFC 9207). */
  authorizationResponseIssParameterSupported: boolean;
  /** Whether a client identifier may be the URL of a metadata document. */
  clientIdMetadataDocumentSupported: boolean;
  /** The URL that the metadata was read from; absent where it publishes none (MCP revision 2025-03-26). */
  metadataUrl?: string;
}

/** Where a scope comes from. */
export type Source =
  /** The challenge of a 401 or 403: what the operation at hand needs. */
  | 'challenge'
  /** The protected resource's metadata. */
  | 'protected-resource'
  /** The host's settings for this server. */
  | 'host'
  /** The host's settings for this server, which it can do without. */
  | 'host-optional'
  /** The wish to stay signed in. */
  | 'refresh'
  /** The authorization server, which granted it unasked, or registered it by default. */
  | 'authorization-server'
  /** Nobody; but the authorization server is an OpenID provider, whose requests have it. */
  | 'openid-provider';

/** What a scope is in the plan for. */
export type Purpose =
  /** To be registered and requested. */
  | 'request'
  /** To be registered only, so that a step-up needs no new registration. */
  | 'ceiling'
  /** Named by somebody, and left out for the reason given. */
  | 'left-out';

/** Why a scope is requested though the registration does not name it (RFC 7591 §3.2.1). */
export type Outright =
  /** It was demanded of a token that lacks it, or a request was refused for want of it. */
  | 'insisted'
  /** It was asked for before, and granted. */
  | 'permitted';

/** One scope of a plan (RFC 6749 §3.3). `null` or absent means: not known yet. */
export interface PlannedScope {
  /** The scope, opaque and case-sensitive. */
  scope: string;
  /** Where it comes from. */
  sources: Source[];
  /** Whether the sign-in is useless without it. */
  required: boolean;
  /** Whether a step-up added it: the first sign-in did without. */
  fromStepUp?: boolean;
  /** What it is in the plan for. */
  purpose: Purpose;
  /** Whether the registration names it; absent before registration, and where the server does not tell. */
  registered?: boolean;
  /** Why it may be requested though the registration does not name it; absent: it may not. */
  outright?: Outright;
  /** Whether it is in the authorization request. */
  requested: boolean;
  /** Whether the server refused it; then it is not requested again unless it was registered since. */
  refused: boolean;
  /** Whether it was granted; absent before the token answer. */
  granted?: boolean;
  /** Why, in words for people. */
  reason: string;
}

/**
 * The scopes of a connection (RFC 6749 §3.3), from the first challenge to the last step-up. Never changed, only
 * replaced.
 */
export interface ScopePlan {
  /** The version of this record: 1. */
  version: number;
  /** Every scope that anybody named, in order. */
  scopes: PlannedScope[];
  /** Whether the host said exactly what to request: then nothing that a server says changes it. */
  exact?: boolean;
}

/** Everything that a plan is made from. */
export interface ScopeSources {
  /** The challenge's scopes, where it names any (RFC 6750 §3). */
  challenge?: string[];
  /** The protected resource's `scopes_supported` (RFC 9728 §2). */
  protectedResource?: string[];
  /** Whether what was granted was not enough, and nobody says what is missing. */
  insufficient?: boolean;
  /** What the protected resource demands of a token that lacks it. */
  insisted?: string[];
  /** The host's scopes for this server: required. */
  host?: string[];
  /** The host's scopes for this server that it can do without. */
  hostOptional?: string[];
  /** The host's scopes for this server where it says exactly what to request. */
  exact?: string[];
  /** Whether the host wants to stay signed in. */
  refresh?: boolean;
  /** The authorization server's `scopes_supported` (RFC 8414 §2): only asked whether it lists `offline_access`. */
  authorizationServer?: string[];
  /** Whether a person signs in at an OpenID provider, whose requests have `openid`. */
  openidProvider?: boolean;
  /** Whether a person asks to sign in: then what was refused earlier may be asked for again. */
  pressed?: boolean;
}

/** A code verifier and its challenge (RFC 7636 §4). A verifier is used once. */
export interface Pkce {
  /** The secret: stays here until the code is traded. */
  codeVerifier: string;
  /** What the authorization request carries. */
  codeChallenge: string;
  /** Always `S256`. */
  codeChallengeMethod: string;
}

/** A method of client authentication (RFC 7591 §2, `token_endpoint_auth_method`). */
export type ClientAuthentication =
  /** A public client: its `client_id` in the form. */
  | 'none'
  /** Identifier and secret in the `Authorization` header. */
  | 'client_secret_basic'
  /** Identifier and secret in the form. */
  | 'client_secret_post'
  /** An assertion that is signed with the client's key (RFC 7523 §2.2). */
  | 'private_key_jwt';

/** The client, as it presents itself to authorization servers (RFC 7591 §2). */
export interface ClientDescription {
  /** Its name, shown to people on the consent page. */
  clientName?: string;
  /** Its home page. */
  clientUri?: string;
  /** Its logo. */
  logoUri?: string;
  /** An identifier of the software, the same in every installation. */
  softwareId?: string;
  /** The software's version. */
  softwareVersion?: string;
  /** The URL of a client metadata document: the `client_id` at servers that support such documents. */
  clientMetadataUrl?: string;
}

/** A client that was registered by hand (RFC 6749 §2). */
export interface PreRegisteredClient {
  /** The client identifier. */
  clientId: string;
  /** Its secret, if it has one. */
  clientSecret?: string;
  /**
   * The issuer that it was registered at. It is never sent to another. Needed where it has a secret or a key. Absent: the
   * first issuer that it is used with.
   */
  issuer?: string;
  /** How it authenticates. Absent: with a secret by Basic, or in the form where the server lists only that; else not at all. */
  tokenEndpointAuthMethod?: ClientAuthentication;
  /** The scopes that it was given. Absent: unknown. */
  scopes?: string[];
  /** The redirect URI that it was registered with, without port where any will do. Absent: whatever the host's `redirect` has. */
  redirectUri?: string;
}

/** What lets a client register where not everybody may (RFC 7591 §3). */
export interface InitialAccessToken {
  /** The authorization server that gave it. It is sent to no other. */
  issuer: string;
  /** The token. */
  token: string;
}

/** What the host knows about one MCP server and its authorization server. Every member is optional. */
export interface ServerSettings {
  /** A client registered by hand, for servers without dynamic registration. */
  client?: PreRegisteredClient;
  /** Goes with dynamic registration, for servers that register nobody without one (RFC 7591 §3). */
  initialAccessToken?: InitialAccessToken;
  /** Scopes to request on top of what the server demands. The sign-in fails without them. */
  scopes?: string[];
  /** Scopes to request on top, and to do without where the server refuses. */
  optionalScopes?: string[];
  /**
   * Exactly the scopes to register and request, whatever anybody else names or registers: for a server that lists more
   * than this person or company may have. An empty list: none. A step-up beyond them is an error.
   */
  exactScopes?: string[];
  /** Whether to ask for `offline_access`, where the authorization server lists it, to stay signed in. Default: true. */
  refresh?: boolean;
  /** Whether `prompt=consent` goes with `offline_access` (OpenID Connect Core §11). Default: true. */
  consentPrompt?: boolean;
  /** The `resource` parameter (RFC 8707), in place of the protected resource's own identifier. */
  resource?: string;
  /** Leave `resource` out, for servers that refuse it. Default: false. */
  omitResource?: boolean;
  /** Further authorization parameters by name, such as `audience`. Those of the protocol are refused. */
  authorizationParameters?: Record<string, string>;
  /**
   * Push the authorization request to the server first, where it takes such (RFC 9126), so that the browser sees
   * none of it. Default: only where the server requires it.
   */
  pushedAuthorizationRequests?: boolean;
  /** Take it for granted that the authorization server does PKCE with S256 though it does not say so. Default: false. */
  assumeS256?: boolean;
  /**
   * Look at the authorization endpoint's first answer before a browser opens, so that refused scopes are repaired
   * without a trip. Where the platform shows redirects (Node, Electron's main process). Default: false.
   */
  preflight?: boolean;
  /**
   * Sign in at the MCP server's own origin where it publishes no metadata at all, as servers of MCP revision
   * 2025-03-26 have it. Never where it once did publish metadata. Default: true.
   */
  withoutMetadata?: boolean;
  /**
   * Members of the authorization server's metadata (RFC 8414 §2) in place of what it publishes, by the names that
   * they have there, for servers whose own are wrong or missing. Checked like the server's own.
   */
  authorizationServerMetadata?: unknown;
  /** Let a public server name addresses of this machine and of private networks. Default: false. */
  allowPrivateAddresses?: boolean;
}

/**
 * What discovery found for one MCP server (RFC 9728 §3, RFC 8414 §3). Exists only if the protected resource is the one
 * that is called, and the authorization server one of those that it names.
 */
export interface Discovery {
  /** The MCP server's URL, as it is called. */
  endpoint: string;
  /** The challenge that was answered, where there was one. */
  challenge?: Challenge;
  /** The MCP server as a protected resource. */
  protectedResource: ProtectedResource;
  /** The authorization server that will be used, its issuer verified. */
  authorizationServer: AuthorizationServer;
}

/** How the client got its `client_id`. */
export type RegistrationKind =
  /** By hand. */
  | 'pre-registered'
  /** It is the URL of a client metadata document. */
  | 'metadata-document'
  /** Dynamically (RFC 7591). */
  | 'dynamic';

/** What came of asking for scopes that the registration does not name (RFC 6749 §3.3). Forgotten after a day. */
export interface OutrightOutcome {
  /** Those that were granted. */
  permitted: string[];
  /** Those that the server refused. */
  refused: string[];
  /** When, in seconds since 1970. */
  at: number;
}

/** A client that an authorization server knows (RFC 7591 §3.2.1). Bound to its issuer: never sent to another. */
export interface ClientRegistration {
  /** The version of this record: 1. */
  version: number;
  /** How it came about. */
  kind: RegistrationKind;
  /** The issuer that knows it. */
  issuer: string;
  /** The client identifier. */
  clientId: string;
  /** Its secret, where it has one. */
  clientSecret?: string;
  /** When the secret expires, in seconds since 1970; absent: never. */
  clientSecretExpiresAt?: number;
  /** How it authenticates at the token endpoint. */
  tokenEndpointAuthMethod: ClientAuthentication;
  /** The redirect URI that is registered, and sent; absent where no browser comes back. */
  redirectUri?: string;
  /** The scopes that it may request, as we were told; absent: unknown. */
  scopes?: string[];
  /** The scopes that its registration asked for. */
  askedScopes?: string[];
  /** Those of them that were demanded. */
  demandedScopes?: string[];
  /** When the server answered to that, in seconds since 1970. */
  answeredAt?: number;
  /** What came of asking for others. */
  outright?: OutrightOutcome;
  /** Whether the server refused `prompt=consent` of this client. */
  consentPromptRefused?: boolean;
  /** Whether its authorization requests have to be pushed (RFC 9126 §6). */
  requirePushedAuthorizationRequests?: boolean;
  /** For managing it (RFC 7592), where the server offers that. */
  registrationAccessToken?: string;
  /** Where it is managed (RFC 7592). */
  registrationClientUri?: string;
}

/** How often things were tried in one sign-in. Kept with the pending authorization, so that no restart resets it. */
export interface Attempts {
  /** How many registrations were sent, updates included. */
  registrations: number;
  /** How many of them were another attempt at the same scopes. */
  scopeRegistrations: number;
  /** How many trips there were through the browser, and looks that spared one. */
  authorizations: number;
  /** Whether the opt-in preflight was made. */
  preflighted: boolean;
}

/**
 * An authorization that waits for its response (RFC 6749 §4.1). The process may end meanwhile: this is all that
 * is needed to go on. Stored under its `state`, used once.
 */
export interface PendingAuthorization {
  /** The version of this record: 1. */
  version: number;
  /** The unguessable value that the response has to carry (RFC 6749 §10.12). */
  state: string;
  /** The secret half of PKCE (RFC 7636 §4.1). */
  codeVerifier: string;
  /** What an ID Token has to repeat, where `openid` was requested. */
  nonce?: string;
  /** What discovery found. */
  discovery: Discovery;
  /** The `resource` parameter, where one is sent (RFC 8707 §2). */
  resource?: string;
  /** The client. */
  registration: ClientRegistration;
  /** The scopes. */
  plan: ScopePlan;
  /** Whether `prompt=consent` was sent, which nobody asked for. */
  consentPrompt?: boolean;
  /** What was tried so far. */
  attempts: Attempts;
  /** When it began, in seconds since 1970. */
  createdAt: number;
}

/** A grant (RFC 6749 §1.3), by its `grant_type`. */
export type GrantType =
  /** A person signs in with a browser (RFC 6749 §4.1). */
  | 'authorization_code'
  /** A person signs in on another device (RFC 8628). */
  | 'urn:ietf:params:oauth:grant-type:device_code'
  /** The client acts for itself (RFC 6749 §4.4). */
  | 'client_credentials'
  /** Somebody else vouches for the client or its user (RFC 7523 §2.1). */
  | 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** What an access token is bound to, where having it is not enough. */
export type TokenType =
  /** A key: every request proves that it is at hand (RFC 9449). */
  | 'DPoP';

/** The tokens of a session (RFC 6749 §5.1). */
export interface Tokens {
  /** The access token, fit to stand in a header (RFC 6750 §2.1). */
  accessToken: string;
  /** What it is bound to; absent for a bearer token. */
  tokenType?: TokenType;
  /** The ID Token of the sign-in, as received (OpenID Connect Core §2), where there is one. */
  idToken?: string;
  /** When it expires, in seconds since 1970; absent: the server did not say. */
  expiresAt?: number;
  /** The refresh token, where there is one (RFC 6749 §1.5). */
  refreshToken?: string;
  /** When they were received, in seconds since 1970. */
  receivedAt: number;
}

/** A signed-in connection to one MCP server, as it is stored. */
export interface Session {
  /** The version of this record: 1. */
  version: number;
  /** How it came about. */
  grant: GrantType;
  /** The sign-in that it is from, where a person took part. */
  signIn?: string;
  /** What discovery found. */
  discovery: Discovery;
  /** The `resource` parameter, the same on every request (RFC 8707 §2). */
  resource?: string;
  /** The client. */
  registration: ClientRegistration;
  /** The scopes, with what was granted. */
  plan: ScopePlan;
  /** The tokens. */
  tokens: Tokens;
  /** The challenge with which the MCP server refused the token of the sign-in; absent where it did not. */
  refusedWith?: Challenge;
  /** When it did, in seconds since 1970. */
  refusedAt?: number;
}

/** What an event tells. */
export type EventKind =
  /** A request was sent. */
  | 'request'
  /** Its answer arrived. */
  | 'answer'
  /** Something was decided. */
  | 'decision'
  /** Something failed. */
  | 'failure';

/** Who takes part in a sign-in. */
export type Party =
  /** This package and its host. */
  | 'client'
  /** The person's browser. */
  | 'browser'
  /** The MCP server. */
  | 'protected-resource'
  /** The authorization server. */
  | 'authorization-server';

/** One event of a sign-in. Secrets are not in it. */
export interface Event {
  /** The step that it belongs to. */
  step: Step;
  /** What it tells. */
  kind: EventKind;
  /** Who acts. */
  from: Party;
  /** On whom. */
  to: Party;
  /** In words, for people. */
  summary: string;
  /** For programs: `method`, `url`, `status`, `body`, or what was decided. */
  details?: unknown;
}

/** Why a stored registration is in doubt. */
export type Doubt =
  /** The person was sent to the authorization server with it, and never came back. */
  | 'unanswered'
  /** The server sent the person back with a code, and refused it. */
  | 'code-refused'
  /** The server refused scopes for which it was said to be registered. */
  | 'refused'
  /** The server said, without the person, that it does not know the client. */
  | 'forgotten';

/** What discovery starts from (RFC 9728 §3, RFC 8414 §3). */
export interface DiscoverInput {
  /** The MCP server's URL. */
  endpoint: string;
  /** The challenge of its 401 or 403, where there was one. */
  challenge?: Challenge;
  /** The issuer of a stored session: tried first where the server names several. */
  preferredIssuer?: string;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** What a plan for a discovered server starts from (RFC 6749 §3.3). */
export interface PlanInput {
  /** What discovery found. */
  discovery: Discovery;
  /** The plan of the same connection that is to be widened or repeated. */
  earlier?: ScopePlan;
  /** What the protected resource demands of a token that lacks it: asked for outright, if need be. */
  insisted?: string[];
  /** What the client will give for tokens. Default: the authorization code. */
  grant?: GrantType;
  /** Whether a person asks to sign in, rather than a call: what was refused earlier may then be asked for again. */
  pressed?: boolean;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** What registration starts from (RFC 7591 §3). */
export interface RegisterInput {
  /** What discovery found. */
  discovery: Discovery;
  /** The scope plan. */
  plan: ScopePlan;
  /** Where the authorization response will come back to (RFC 6749 §3.1.2); absent for other grants. */
  redirectUri?: string;
  /** What the client will give for tokens. Default: the authorization code. */
  grant?: GrantType;
  /** The client, as it presents itself. */
  client?: ClientDescription;
  /** A stored registration: used again if it serves, widened or replaced if not. */
  registration?: ClientRegistration;
  /** Why the stored registration is in doubt, if it is. */
  doubt?: Doubt;
  /** Whether a person asks to sign in, rather than a call: what was refused earlier may then be asked for again. */
  pressed?: boolean;
  /** What was tried in this sign-in so far. */
  attempts?: Attempts;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** A client that is ready to be used, and the plan within what it is registered for (RFC 7591 §3.2.1). */
export interface Registered {
  /** The client. */
  registration: ClientRegistration;
  /** The plan, which now knows what is registered. */
  plan: ScopePlan;
  /** What was tried in this sign-in so far. */
  attempts: Attempts;
}

/** What an authorization request is built from (RFC 6749 §4.1.1). */
export interface BeginInput {
  /** What discovery found. */
  discovery: Discovery;
  /** The client. */
  registration: ClientRegistration;
  /** The scope plan. */
  plan: ScopePlan;
  /** The client, as it presents itself, should it have to be registered anew. */
  client?: ClientDescription;
  /** What was tried in this sign-in so far. */
  attempts?: Attempts;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** An authorization request that is ready to be opened in a browser (RFC 6749 §4.1.1). */
export interface Begun {
  /** The URL to open: https, or http on loopback. */
  authorizationUrl: string;
  /** What to keep until the response arrives, under its `state`. */
  pending: PendingAuthorization;
}

/** What an authorization response is read with (RFC 6749 §4.1.2). */
export interface CompleteInput {
  /** What was kept since the authorization request. Use it once. */
  pending: PendingAuthorization;
  /** The whole URL that the browser was sent back to. */
  callbackUrl: string;
  /** The client, as it presents itself, should it have to be registered anew. */
  client?: ClientDescription;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** The person is signed in (RFC 6749 §4.1.4). */
export interface SignedIn {
  /** The session, to be stored. */
  session: Session;
}

/** How a trip through the browser ended (RFC 6749 §4.1.2). */
export type Completion =
  /** The person is signed in. */
  | ({
      /** Which it is. */
      kind: 'signed-in';
    } & SignedIn)
  /** The server refused scopes, and one repair is possible: open this URL. */
  | ({
      /** Which it is. */
      kind: 'authorize-again';
    } & Begun);

/** What a refresh starts from (RFC 6749 §6). */
export interface RefreshInput {
  /** The session, whose refresh token is used. */
  session: Session;
}

/** What the deletion of a registration starts from (RFC 7592 §2.3). */
export interface UnregisterInput {
  /** The registration that is no longer needed. */
  registration: ClientRegistration;
}

/**
 * What discovery found, kept with the client for the next sign-in. It leads a person to the sign-in page sooner; nothing
 * secret is sent by it.
 */
export interface KeptDiscovery {
  /** The identifier of the protected resource for which it was found. */
  resource: string;
  /** Where that has its metadata. */
  metadataUrl: string;
  /** The authorization server. */
  authorizationServer: AuthorizationServer;
  /** When it was read, in seconds since 1970. */
  readAt: number;
  /** The sign-in that came to a session by it. */
  signIn?: string;
  /** Whether that session could be refreshed. */
  refreshes?: boolean;
}

/** A registered client, as it is stored (RFC 7591 §3.2.1). */
export interface KeptRegistration {
  /** The client. */
  registration: ClientRegistration;
  /** The accounts whose sessions use it. */
  accounts: string[];
  /** Whether a refusal spoke of the client, which may be forgotten. */
  doubtful?: boolean;
  /** How often a fresh code was refused since it last worked, by which some servers say that they have forgotten it. */
  refusedCodes?: number;
  /** What discovery found when somebody signed in with it last. */
  discovery?: KeptDiscovery;
}

/** That a person was asked for something, and had not asked for it. */
export interface Question {
  /** When, in seconds since 1970. */
  at: number;
  /** What tells the scopes of a step-up apart from those of others; empty for a sign-in. */
  scopes: string;
}

/**
 * A sign-in that sends a person, from its beginning on. It is under way for as long as it is renewed: who waits for it
 * sees that. Once there is a session that names it, it is over; without one, nobody answered.
 */
export interface KeptSignIn {
  /** The version of this record: 1. */
  version: number;
  /** Tells it apart from others. */
  id: string;
  /** When it was renewed last, in seconds since 1970; 0 once nobody waits for it any more. */
  renewedAt: number;
  /** Whether the person came back, with whatever answer. */
  answered?: boolean;
  /** Whether a person has said no since they asked to sign in themselves: nobody is asked for more scopes then. */
  declined?: boolean;
  /** What people were asked in the last day, since they asked to sign in themselves. */
  questions?: Question[];
  /**
   * The one that a press went ahead of with this, and that may still wait for its person: it is waited for again once
   * this one has come to nothing.
   */
  before?: string;
}

/** Where an access token is from that the MCP server has not accepted yet. */
export type TokenOrigin =
  /** A sign-in. */
  | 'sign-in'
  /** A refresh. */
  | 'refresh';

/** What is to be done about a refusal (RFC 6750 §3.1). */
export type Action =
  /** It is the caller's: no token would change it. */
  | 'hand-back'
  /** Send the request again: there is another token by now. */
  | 'send-again'
  /** Use the refresh token; sign in where that brings no other tokens. */
  | 'refresh'
  /** Sign in. */
  | 'sign-in'
  /** Sign in for more scopes. */
  | 'step-up';

/** What is to be done about it (RFC 6750 §3.1). */
export interface Decision {
  /** What. */
  action: Action;
  /** The challenge, where there is one for us. */
  challenge?: Challenge;
  /** The scopes that are demanded, and that the token lacks. */
  demanded: string[];
}

/** Where the person has to go (RFC 6749 §4.1.1). */
export interface Departure {
  /** The URL to open: https, or http on loopback. */
  authorizationUrl: string;
  /** What the response will carry. */
  state: string;
  /** The authorization server. */
  issuer: string;
  /** Documents to ask for while the person is away, since they will be wanted then. */
  askAhead?: string[];
}

/** What a person would have to do. */
export interface InteractionRequired {
  /** The authorization server at which somebody has to sign in. */
  issuer: string;
  /** What would be asked for. */
  plan: ScopePlan;
}

/** What was agreed to, by whoever was shown it: that somebody signs in there, for no more than that. */
export interface Consent {
  /** The authorization server. */
  issuer: string;
  /** The scopes. */
  scopes: string[];
}

/**
 * A sign-in of another process, for which this one has to wait. Ask again after a second. It has `ended` where it is not
 * renewed any more: neither seen to be in six seconds, nor for fifteen by the clock, which may jump.
 */
export interface UnderWay {
  /** What tells it apart from others. */
  id: string;
  /** When it was renewed last, in seconds since 1970. */
  renewedAt: number;
}

/** How far a sign-in came. */
export type SignInOutcome =
  /** The person is signed in; the session is stored. */
  | ({
      /** Which it is. */
      kind: 'signed-in';
    } & SignedIn)
  /** The person has to be sent to the authorization server; all that is needed to go on is stored. */
  | ({
      /** Which it is. */
      kind: 'authorize';
    } & Departure)
  /** A person is needed, and may not be asked. */
  | ({
      /** Which it is. */
      kind: 'interaction-required';
    } & InteractionRequired)
  /** Another process sends the person. Whoever asks for it by a press goes ahead all the same. */
  | ({
      /** Which it is. */
      kind: 'under-way';
    } & UnderWay);

/** What a renewal came to. */
export interface Renewal {
  /** The session that is to be used; absent where there is none any more. */
  session?: Session;
  /** Whether the server gave new tokens for it. */
  renewed: boolean;
  /** Whether it is stored. If not, it has to be: the refresh token in the store is used up. */
  stored: boolean;
}

/** What another grant than the authorization code is traded with (RFC 6749 §1.3, §4.5). */
export interface GrantInput {
  /** What discovery found. */
  discovery: Discovery;
  /** The client. */
  registration: ClientRegistration;
  /** The scope plan. */
  plan: ScopePlan;
  /** The grant. */
  grant: GrantType;
  /** The parameters that belong to the grant, such as `assertion`. */
  parameters: Record<string, string>;
  /** What the host knows about this server. */
  settings?: ServerSettings;
}

/** What is asked of another endpoint of an authorization server (RFC 7009, RFC 8628, RFC 8693, RFC 7517). */
export interface AskInput {
  /** The endpoint. */
  endpoint: string;
  /** On whose word it is asked: the MCP server's. Default: the issuer's that the client belongs to, else the host's own. */
  namedBy?: string;
  /** The client, which authenticates to send a form. */
  registration?: ClientRegistration;
  /** The form. */
  parameters?: Record<string, string>;
}

/** An authorization response that held (RFC 6749 §4.1.2). */
export interface GenuineResponse {
  /** The authorization code. */
  code: string;
}

/** @import { AuthorizerOptions } from '../connection/authorizer.js' */
/** @import { ConnectionSettings } from '../core/host.js' */
/** @import { AuthorizationServer, ClientAuthentication, ClientRegistration, Discovery, PlannedScope, Session, Tokens } from '../core/records.js' */

import { discover } from '../connection/steps.js';
import { storedRegistration, storedSession } from '../connection/stored.js';
import { IncompatibleError, MisuseError } from '../core/errors.js';
import { isRedirectUri } from '../hosts/redirect.js';

/**
 * What a token endpoint answered (RFC 6749 §5.1), as a provider of the MCP SDK was given it by `saveTokens`.
 *
 * @typedef {object} StoredTokens
 * @property {string} access_token used until the MCP server refuses it or it expires
 * @property {string | undefined} [token_type] `Bearer` in any case. Default: that
 * @property {number | undefined} [expires_in] its lifetime in seconds; counts only beside `receivedAt`
 * @property {string | undefined} [refresh_token] absent: the person signs in when the access token is refused or has expired
 * @property {string | undefined} [scope] what was granted. Absent: unknown; then the session is renewed before its first use, where it
 *   can be, and what the answer does not tell is asked for when it is demanded
 * @property {string | undefined} [issuer] the authorization server, as both majors of the SDK stamp it
 */

/**
 * What a registration endpoint answered (RFC 7591 §3.2.1), as a provider of the MCP SDK was given it by
 * `saveClientInformation`; or the identifier and secret of a client that was registered by hand.
 *
 * @typedef {object} StoredClient
 * @property {string} client_id the client that the tokens were issued to: they are refreshed as that one
 * @property {string | undefined} [client_secret] absent: a public client
 * @property {number | undefined} [client_secret_expires_at] in seconds since 1970; 0: never
 * @property {string | undefined} [token_endpoint_auth_method] absent: what the server lists and the secret permits
 * @property {string | undefined} [scope] what it is registered for. Absent: unknown; then the next sign-in or step-up registers anew
 * @property {string[] | undefined} [redirect_uris] the first one is used again by the next sign-in, if the host's redirect can have it
 * @property {string | undefined} [registration_access_token] for managing the registration (RFC 7592)
 * @property {string | undefined} [registration_client_uri] where that is done
 * @property {string | undefined} [issuer] the authorization server, as both majors of the SDK stamp it
 */

/**
 * What discovery had found, as a provider of the MCP SDK was given it by `saveDiscoveryState`. Only whom it names counts
 * (RFC 8414 §2): everything else is discovered anew.
 *
 * @typedef {object} StoredDiscovery
 * @property {string | URL} authorizationServerUrl whom the SDK asked
 * @property {StoredServer | undefined} [authorizationServerMetadata] what it was answered
 */

/**
 * What the authorization server had said of itself (RFC 8414 §2).
 *
 * @typedef {object} StoredServer
 * @property {string | undefined} [issuer] its issuer identifier
 */

/**
 * A session that another client has stored for one MCP server (RFC 6749 §5.1).
 *
 * @typedef {object} StoredElsewhere
 * @property {string | URL} endpoint the MCP server's URL, as connections to it are made
 * @property {string} [account] tells several accounts at one server apart. Default: `default`
 * @property {StoredTokens} tokens what `saveTokens` was given last
 * @property {StoredClient} clientInformation what `saveClientInformation` was given last
 * @property {string} [issuer] the authorization server that issued all this. Default: what `tokens`, `clientInformation`,
 *   `discoveryState` or the settings for this client name; where none of them does, refresh token and secrets are left out: the
 *   MCP server would choose who gets them, and the person signs in when the access token serves no longer
 * @property {StoredDiscovery} [discoveryState] what `saveDiscoveryState` was given last
 * @property {number} [receivedAt] when the tokens were received, in seconds since 1970, such as the time at which a file was
 *   written. Default: unknown, and an expired access token shows itself by its refusal
 */

/**
 * Stores what another client had stored as a session of this package. The person is not asked, and no credential is sent:
 * the MCP server is asked who signs people in for it (RFC 9728, RFC 8414), and if that is still the issuer of the tokens,
 * the session is used, refreshed and stepped up like any other. Its refresh token goes to that issuer alone.
 *
 * A session that is there already stays as it is. Delete the other client's records after the import: refresh tokens that
 * rotate serve only one, and a session that the person has ended must not come back.
 *
 * A client that was registered by hand belongs into `settings(endpoint).client` as well: where a sign-in finds it there,
 * it does not register another.
 *
 * @param {Pick<AuthorizerOptions, 'host' | 'settings'>} options what `createAuthorizer` is given
 * @param {StoredElsewhere} record what the other client has stored
 * @returns {Promise<boolean>} whether it was imported; false: there was a session already
 * @throws {MisuseError} `invalid_argument` with `details.path`; `session_of_other_issuer`: the MCP server names another
 *   authorization server now, so the person has to sign in
 * @throws {IncompatibleError} `token_type_unsupported`: the access token is bound to a key (RFC 9449) that stays where it is;
 *   also what `discover` rejects with, after which nothing is stored
 * @throws {StorageError} of the store
 */
export async function importSession({ host, settings: settingsOf = () => undefined }, record) {
  const { account = 'default' } = record;
  const endpoint = String(record.endpoint);
  requireRecord(record.tokens, record.clientInformation);
  const kept = storedSession(host.store, endpoint, account);
  if (await kept.read()) return false;

  const settings = settingsOf(endpoint) ?? {};
  const issuer = issuerOf(record, settings);
  const discovery = await discover({ endpoint, preferredIssuer: issuer, settings }, host);
  requireSameIssuer(issuer, discovery);
  const bound = issuer === undefined ? withoutCredentials(record) : record;
  const session = sessionFrom(bound, discovery, settings);
  // Without its secret the client would not be taken for itself.
  if (bound.clientInformation.client_secret === record.clientInformation.client_secret)
    await keepRegistration(session.registration, { host, endpoint, account, settings });
  let isImported = false;
  await kept.change((there) => {
    isImported = there === null;
    return there ?? session;
  });
  return isImported;
}

/**
 * What rmcp, the Rust SDK of MCP, hands to a `CredentialStore`, as JSON (RFC 6749 §5.1).
 *
 * @typedef {object} RmcpCredentials
 * @property {string} client_id the client that the tokens were issued to
 * @property {(StoredTokens & { [member: string]: unknown }) | null} token_response null: nobody is signed in
 * @property {string[]} [granted_scopes] count where the token answer names none
 * @property {number | null} [token_received_at] in seconds since 1970
 * @property {string | null} [issuer] the authorization server
 */

/**
 * Reads the `StoredCredentials` of rmcp 3 for `importSession` (RFC 6749 §5.1). It stores no client secret: add one to
 * `clientInformation` where there is one.
 *
 * @param {RmcpCredentials} credentials as they were stored
 * @returns {Pick<StoredElsewhere, 'tokens' | 'clientInformation' | 'issuer' | 'receivedAt'>}
 * @throws {MisuseError} `invalid_argument`: they hold no tokens
 */
export function readRmcpCredentials(credentials) {
  const {
    client_id,
    token_response: tokens,
    granted_scopes: granted = [],
    token_received_at: receivedAt,
    issuer,
  } = credentials;
  if (!tokens) throw invalid('token_response', 'holds no tokens: there is nothing to import');
  return {
    tokens: { ...tokens, ...(tokens.scope === undefined && granted.length > 0 && { scope: granted.join(' ') }) },
    clientInformation: { client_id },
    ...(issuer != null && { issuer }),
    ...(receivedAt != null && { receivedAt }),
  };
}

/**
 * What is left where nobody says whose the credentials are.
 *
 * @param {StoredElsewhere} record
 * @returns {StoredElsewhere}
 */
function withoutCredentials(record) {
  const { refresh_token: _refreshToken, ...tokens } = record.tokens;
  const {
    client_secret: _secret,
    registration_access_token: _managementToken,
    ...clientInformation
  } = record.clientInformation;
  return { ...record, tokens, clientInformation };
}

/**
 * @param {StoredElsewhere} record
 * @param {ConnectionSettings} settings
 * @returns {string | undefined}
 */
function issuerOf({ issuer, tokens, clientInformation, discoveryState }, { client }) {
  const byHand = client?.clientId === clientInformation.client_id ? client.issuer : undefined;
  const named = [issuer, tokens.issuer, clientInformation.issuer, byHand].filter((name) => typeof name === 'string');
  const [first, ...others] = named;
  const other = others.find((name) => first !== undefined && !isSameIssuer(name, first));
  if (first !== undefined && other !== undefined)
    throw ofOtherIssuer(first, other, 'The records do not belong together.');
  const discovered =
    discoveryState &&
    (discoveryState.authorizationServerMetadata?.issuer ?? String(discoveryState.authorizationServerUrl));
  return first ?? discovered;
}

/**
 * @param {string | undefined} issuer
 * @param {Discovery} discovery
 */
function requireSameIssuer(issuer, { authorizationServer, protectedResource }) {
  if (issuer !== undefined) {
    if (isSameIssuer(issuer, authorizationServer.issuer)) return;
    throw ofOtherIssuer(
      issuer,
      authorizationServer.issuer,
      'The MCP server has another authorization server now: sign in there.',
    );
  }
  if (protectedResource.authorizationServers.length > 1) {
    throw invalid(
      'issuer',
      'is needed: the MCP server accepts tokens of several authorization servers, and the records do not say whose they are',
    );
  }
}

/**
 * Whether both spell one URL: the SDK stamps what it asked, not what the metadata says.
 *
 * @param {string} one
 * @param {string} other
 */
function isSameIssuer(one, other) {
  return one === other || (URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href);
}

/**
 * @param {string} issuer
 * @param {string} other
 * @param {string} reason
 */
function ofOtherIssuer(issuer, other, reason) {
  return new MisuseError({
    code: 'session_of_other_issuer',
    message: `The stored session belongs to ${issuer}, not to ${other}. ${reason} Nothing was imported, and no credential was sent.`,
    details: { issuer, other },
  });
}

/**
 * @param {StoredElsewhere} record
 * @param {Discovery} discovery
 * @param {ConnectionSettings} settings
 * @returns {Session}
 */
function sessionFrom({ tokens, clientInformation, receivedAt }, discovery, settings) {
  const { resource: ownResource, metadataUrl } = discovery.protectedResource;
  const resource = settings.omitResource ? undefined : (settings.resource ?? (metadataUrl && ownResource));
  const granted = scopesOf(tokens.scope);
  return {
    version: 1,
    grant: 'authorization_code',
    discovery,
    ...(resource !== undefined && { resource }),
    registration: registrationFrom(clientInformation, discovery.authorizationServer, settings),
    plan: { version: 1, scopes: (granted ?? []).map(grantedBefore) },
    tokens: tokensFrom(tokens, receivedAt, granted !== undefined),
  };
}

/**
 * @param {StoredTokens} tokens
 * @param {number | undefined} receivedAt
 * @param {boolean} knowsScopes
 * @returns {Tokens}
 */
function tokensFrom(
  { access_token: accessToken, expires_in: lifetime, refresh_token: refreshToken },
  receivedAt,
  knowsScopes,
) {
  const now = Math.floor(Date.now() / 1000);
  const known = wholeSeconds(Number(receivedAt) + Number(lifetime));
  // A challenge that names scopes would look like a step-up: the answer to a refresh may say what was granted.
  const expiresAt = refreshToken && !knowsScopes ? now : known;
  return {
    accessToken,
    ...(refreshToken && { refreshToken }),
    ...(expiresAt !== undefined && { expiresAt }),
    receivedAt: wholeSeconds(receivedAt) ?? now,
  };
}

/**
 * @param {number | undefined} seconds
 * @returns {number | undefined} undefined for what a record cannot hold
 */
function wholeSeconds(seconds = NaN) {
  const whole = Math.floor(seconds);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : undefined;
}

/**
 * Without its scopes a registration is kept without its redirect URI, too: it would be taken for one that is registered
 * for whatever is wanted.
 *
 * @param {StoredClient} client
 * @param {AuthorizationServer} server
 * @param {ConnectionSettings} settings
 * @returns {ClientRegistration}
 */
function registrationFrom(client, server, { client: configured }) {
  const byHand = configured?.clientId === client.client_id ? configured : undefined;
  const clientSecret = client.client_secret || byHand?.clientSecret;
  const {
    client_secret_expires_at: secretExpiresAt,
    registration_access_token: managementToken,
    registration_client_uri: managedAt,
  } = client;
  const scopes = byHand?.scopes ?? scopesOf(client.scope);
  const redirectUri = client.redirect_uris?.[0];
  const isDocument = server.clientIdMetadataDocumentSupported && client.client_id.startsWith('https://');
  return {
    version: 1,
    kind: byHand ? 'pre-registered' : isDocument ? 'metadata-document' : 'dynamic',
    issuer: server.issuer,
    clientId: client.client_id,
    ...(clientSecret && { clientSecret }),
    ...(wholeSeconds(secretExpiresAt) && { clientSecretExpiresAt: wholeSeconds(secretExpiresAt) }),
    tokenEndpointAuthMethod:
      byHand?.tokenEndpointAuthMethod ?? methodOf(client.token_endpoint_auth_method, clientSecret, server),
    ...(scopes && isRedirectUri(redirectUri) && { redirectUri }),
    ...(scopes && { scopes }),
    ...(managementToken &&
      isManagedBy(server, managedAt) && {
        registrationAccessToken: managementToken,
        registrationClientUri: managedAt,
      }),
  };
}

/**
 * Whether a registration may be managed there: nowhere else than where clients are registered.
 *
 * @param {AuthorizationServer} server
 * @param {string | undefined} managedAt
 */
function isManagedBy({ issuer, registrationEndpoint = issuer }, managedAt = '') {
  return URL.canParse(managedAt) && new URL(managedAt).origin === new URL(registrationEndpoint).origin;
}

/**
 * @param {string | undefined} stated
 * @param {string | undefined} secret
 * @param {AuthorizationServer} server
 * @returns {ClientAuthentication}
 */
function methodOf(stated, secret, { tokenEndpointAuthMethodsSupported: supported = [] }) {
  if (!secret) return 'none';
  if (stated === 'client_secret_basic' || stated === 'client_secret_post') return stated;
  const isFormOnly = supported.includes('client_secret_post') && !supported.includes('client_secret_basic');
  return isFormOnly ? 'client_secret_post' : 'client_secret_basic';
}

/**
 * @param {string} scope
 * @returns {PlannedScope}
 */
function grantedBefore(scope) {
  return {
    scope,
    sources: [],
    required: false,
    purpose: 'request',
    requested: true,
    refused: false,
    granted: true,
    reason: 'granted before',
  };
}

/**
 * @param {string | undefined} parameter
 * @returns {string[] | undefined} undefined: unknown
 */
function scopesOf(parameter) {
  const scopes = [...new Set(parameter?.split(/[\s,]+/).filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))];
  return scopes.length > 0 ? scopes : undefined;
}

/**
 * Keeps the client for the next sign-in. One that is there already is ours, and better known.
 *
 * @param {ClientRegistration} registration
 * @param {Pick<AuthorizerOptions, 'host'> & { endpoint: string, account: string, settings: ConnectionSettings }} setting
 */
async function keepRegistration(registration, { host, endpoint, account, settings }) {
  const byHand = registration.kind === 'pre-registered' ? settings.client : undefined;
  const kept = storedRegistration(host.store, endpoint, registration.issuer, byHand);
  const there = await kept.read();
  if (!there) await kept.write({ registration, accounts: [account] });
  else if (there.registration.clientId === registration.clientId)
    await kept.write({ ...there, accounts: [...new Set([...there.accounts, account])] });
}

/**
 * @param {StoredTokens | undefined} tokens
 * @param {StoredClient | undefined} client
 */
function requireRecord(tokens, client) {
  const { access_token: accessToken, token_type: type = 'Bearer' } = tokens ?? {};
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken))
    throw invalid('tokens.access_token', 'must be a text that can stand in a header');
  if (typeof client?.client_id !== 'string' || client.client_id === '')
    throw invalid('clientInformation.client_id', 'must be a text');
  if (type.toLowerCase() === 'bearer') return;
  throw new IncompatibleError({
    code: 'token_type_unsupported',
    message:
      'The stored access token is no bearer token: it is bound to a key that the other client keeps. It was not imported; sign in.',
    details: { tokenType: type },
  });
}

/**
 * @param {string} path
 * @param {string} rule
 */
function invalid(path, rule) {
  return new MisuseError({
    code: 'invalid_argument',
    message: `What was to be imported has something wrong: \`${path}\` ${rule}.`,
    details: { path },
  });
}

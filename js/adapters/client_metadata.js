/** @import { JsonObject } from '../core/host.js' */
/** @import { ClientDescription } from '../core/records.js' */

import { MisuseError } from '../core/errors.js';
import { isRedirectUri } from '../hosts/redirect.js';

/** The size up to which authorization servers read the document, in bytes (Client ID Metadata Document draft). */
const SIZE_LIMIT = 5 * 1024;

/**
 * What the document says beyond the description of the client.
 *
 * @typedef {object} ClientMetadataOptions
 * @property {string[]} redirectUris every redirect URI that the client uses (RFC 7591 §2). For the loopback interface one
 *   without port stands for all ports (RFC 8252 §7.3); `loopbackRedirect` then needs `pathPerIssuer: false`
 * @property {string[]} [scopes] what the client may ever request. Leave it out: it binds the client at servers that it has
 *   not met yet, which may demand others. Default: the document names none
 * @property {boolean} [refresh] whether refresh tokens are wanted (RFC 6749 §6). Default: true
 * @property {'native' | 'web'} [applicationType] OpenID Connect Registration §2. Default: `web` where all redirect URIs are
 *   https, else `native`
 * @property {JsonObject} [publicKeys] the public keys by which the client authenticates, as a JWK Set (RFC 7517 §5): its
 *   method is then `private_key_jwt`. Default: a public client
 * @property {string} [publicKeysUrl] where those are, in place of `publicKeys` (`jwks_uri`)
 * @property {JsonObject} [further] further members of the registry, such as `policy_uri`, by their names (RFC 7591 §4.1)
 */

/**
 * A client metadata document, ready to be published as JSON with the media type `application/json` (RFC 7591 §2).
 *
 * @typedef {JsonObject & RequiredMetadata} ClientMetadataDocument
 */

/**
 * The members that every client metadata document has (RFC 7591 §2).
 *
 * @typedef {object} RequiredMetadata
 * @property {string} client_id the URL of the document
 * @property {string} client_name what people see on the consent page
 * @property {string[]} redirect_uris every redirect URI that the client uses
 */

/**
 * One thing that is wrong with a client metadata document (RFC 7591 §2).
 *
 * @typedef {object} ClientMetadataProblem
 * @property {string} [member] the member that it is about; absent: the document as a whole
 * @property {string} problem what is wrong with it, and what would be right, in words for developers
 */

/**
 * Makes the document to publish at `client.clientMetadataUrl`, and checks it (Client ID Metadata Document draft; RFC 7591 §2).
 *
 * @param {ClientDescription} client the application, as `createAuthorizer` gets it: with `clientMetadataUrl` and `clientName`
 * @param {ClientMetadataOptions} options what the document says beyond that
 * @returns {ClientMetadataDocument}
 * @throws {MisuseError} `invalid_client_metadata`: it would not be accepted; `details.problems` has every reason
 */
export function clientMetadataDocument(
  client,
  { redirectUris, scopes, refresh = true, applicationType, publicKeys, publicKeysUrl, further },
) {
  const isWeb = redirectUris.every((uri) => uri.startsWith('https:'));
  const described = {
    client_id: client.clientMetadataUrl,
    client_name: client.clientName,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    software_id: client.softwareId,
    software_version: client.softwareVersion,
    application_type: applicationType ?? (isWeb ? 'web' : 'native'),
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', ...(refresh ? ['refresh_token'] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: publicKeys || publicKeysUrl ? 'private_key_jwt' : 'none',
    jwks: publicKeys,
    jwks_uri: publicKeysUrl,
    scope: scopes?.join(' '),
  };
  /** @type {ClientMetadataDocument} */
  const document = { ...further, ...JSON.parse(JSON.stringify(described)) };
  const problems = checkClientMetadataDocument(client.clientMetadataUrl ?? '', document);
  if (problems.length === 0) return document;
  const reasons = problems.map(({ member, problem }) => (member ? `\`${member}\` ${problem}` : `It ${problem}`));
  throw new MisuseError({
    code: 'invalid_client_metadata',
    message: `Authorization servers would not accept this client metadata document. ${reasons.join('. ')}.`,
    details: { problems },
  });
}

/**
 * Lists what is wrong with a published document (Client ID Metadata Document draft; RFC 7591 §2). It fetches
 * nothing, and a member that it does not know is none of its business.
 *
 * @param {string} url where the document is published, as it is used for `client_id`
 * @param {unknown} document what is published there, as parsed JSON
 * @returns {ClientMetadataProblem[]} empty where nothing is wrong. Never rejects, never throws
 */
export function checkClientMetadataDocument(url, document) {
  if (!isObject(document)) return [...wrong('client_id', urlProblem(url)), { problem: 'has to be a JSON object' }];
  const { token_endpoint_auth_method: method } = document;
  const size = new TextEncoder().encode(JSON.stringify(document)).length;
  return [
    ...wrong(
      'client_id',
      urlProblem(url) ?? (document.client_id !== url && 'has to be the URL of the document, character by character'),
    ),
    ...wrong('client_name', !isText(document.client_name) && 'is missing: people see it on the consent page'),
    ...wrong('redirect_uris', redirectUriProblem(document.redirect_uris)),
    ...wrong('application_type', applicationTypeProblem(document)),
    ...wrong('grant_types', lacks(document.grant_types, 'authorization_code')),
    ...wrong('response_types', lacks(document.response_types, 'code')),
    ...wrong(
      'token_endpoint_auth_method',
      !['none', 'private_key_jwt'].includes(method) &&
        'has to be `none` or `private_key_jwt`: a secret that is published is none, and without this member it would be `client_secret_basic`',
    ),
    ...wrong('jwks', keysProblem(document)),
    ...wrong(
      'scope',
      document.scope !== undefined && !isText(document.scope) && 'has to name scopes, or to be left out',
    ),
    ...['client_secret', 'client_secret_expires_at'].flatMap((member) =>
      wrong(member, member in document && 'must not be in a document that everybody can read'),
    ),
    ...['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri'].flatMap((member) =>
      wrong(member, document[member] !== undefined && !isHttps(document[member]) && 'has to be an https URL'),
    ),
    ...(size > SIZE_LIMIT ? [{ problem: `has ${size} bytes; servers read up to ${SIZE_LIMIT}` }] : []),
  ];
}

/**
 * @param {string} member
 * @param {string | false | undefined} problem
 * @returns {ClientMetadataProblem[]}
 */
function wrong(member, problem) {
  return problem ? [{ member, problem }] : [];
}

/**
 * The rules for a URL that is a client identifier: there is one spelling of it, and no secret in it.
 *
 * @param {unknown} url
 * @returns {string | undefined}
 */
function urlProblem(url) {
  if (!isHttps(url)) return 'has to be an https URL';
  const { username, password, pathname, href } = new URL(url);
  if (url.includes('#')) return 'must not have a fragment';
  if (username || password) return 'must not have a user name or password';
  // The parser has resolved them already.
  if (/\/(\.|%2e){1,2}(?=[/?]|$)/i.test(url)) return 'must not have the path segments `.` and `..`';
  if (pathname === '/') return 'needs a path, such as `/oauth/client.json`';
  if (href !== url) return `has to be spelled in its normal form: ${href}`;
}

/**
 * @param {unknown} uris
 * @returns {string | undefined}
 */
function redirectUriProblem(uris) {
  if (!Array.isArray(uris) || uris.length === 0) return 'is missing: it lists every redirect URI that is used';
  const unusable = uris.find((uri) => !isRedirectUri(uri));
  if (unusable === undefined) return;
  return `has ${JSON.stringify(unusable)}, which is neither https, nor http on loopback, nor a private-use scheme such as com.example.app:/callback, without user name and fragment`;
}

/**
 * @param {Record<string, any>} document
 * @returns {string | undefined}
 */
function applicationTypeProblem({ application_type: type, redirect_uris: uris }) {
  if (type === undefined || type === 'native') return;
  if (type !== 'web') return 'has to be `native` or `web`';
  const isNative = Array.isArray(uris) && uris.some((uri) => typeof uri === 'string' && !uri.startsWith('https:'));
  return isNative ? 'is `web`, but not every redirect URI is https: it has to be `native`' : undefined;
}

/**
 * @param {unknown} words
 * @param {string} word
 */
function lacks(words, word) {
  return words !== undefined && !(Array.isArray(words) && words.includes(word)) && `has to list \`${word}\``;
}

/**
 * @param {Record<string, any>} document
 * @returns {string | undefined}
 */
function keysProblem({ jwks, jwks_uri: url, token_endpoint_auth_method: method }) {
  if (jwks !== undefined && url !== undefined) return 'and `jwks_uri` exclude each other';
  if (jwks === undefined)
    return method === 'private_key_jwt' && url === undefined
      ? 'or `jwks_uri` is needed for `private_key_jwt`'
      : undefined;
  if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0) return 'has to be a JWK Set: an object with `keys`';
  const isPublic = (/** @type {unknown} */ key) =>
    isObject(key) && key.kty !== 'oct' && !['d', 'k', 'p', 'q'].some((member) => member in key);
  return jwks.keys.every(isPublic) ? undefined : 'has a private or symmetric key: publish the public ones alone';
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string' && value.trim() !== '';
}

/**
 * @param {unknown} url
 * @returns {url is string}
 */
function isHttps(url) {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).protocol === 'https:';
}

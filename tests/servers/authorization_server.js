import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { listenOnLoopback } from './loopback.js';
import { maskAuthorization, maskLocation, maskMembers } from './secrets.js';

/** @import { default as Provider, Configuration, KoaContextWithOIDC } from 'oidc-provider' */

/**
 * One request as the authorization server saw it. Secrets are masked, so that a record can be printed.
 *
 * @typedef {object} RecordedRequest
 * @property {string} method
 * @property {string} path
 * @property {Record<string, unknown>} query
 * @property {string | undefined} authorization the header
 * @property {Record<string, unknown>} body members of the form or of the JSON object; empty without one
 * @property {{ clientId: string, name: string | undefined, scope: string | undefined } | undefined} client
 *   the client that the server recognised, with what was registered for it at that moment
 * @property {number} status of the answer
 * @property {string | undefined} location of the answer
 * @property {Record<string, unknown>} answer members of the answer if it was a JSON object; else empty
 */

/**
 * What the authorization server gives to a protected resource so that it can check tokens.
 *
 * @typedef {object} ProtectedResourceCredentials
 * @property {string} introspectionEndpoint
 * @property {string} clientId
 * @property {string} clientSecret
 */

/**
 * @typedef {Omit<NonNullable<Configuration['features']>, 'introspection' | 'openid4vci' | 'richAuthorizationRequests'>} OtherFeatures
 */

/**
 * @typedef {object} AuthorizationServerOptions
 * @property {string} [issuer] its identifier where something stands in front of it; default: the server's own origin
 * @property {string[]} [scopes] the catalogue
 * @property {string | null} [defaultScope] what a client that is registered without scope gets; null: nothing
 * @property {string[]} [resourceScopes] the scopes that an access token for a protected resource can
 *   carry; default: all of the catalogue
 * @property {number} [accessTokenSeconds]
 * @property {NonNullable<Configuration['clients']>} [clients] registered by hand
 * @property {boolean} [rotateRegistrationAccessToken] on every RFC 7592 update
 * @property {boolean} [forWebPages] whether web pages may see its answers (CORS). Default: true
 * @property {OtherFeatures} [features] of oidc-provider, such as pushed authorization requests; a
 *   member replaces ours
 * @property {Omit<Configuration, 'features'>} [configuration] of oidc-provider; a member replaces ours
 */

/**
 * A real authorization server on loopback: `oidc-provider`, unmodified.
 *
 * Clients register themselves (RFC 7591) and manage their registration (RFC 7592). PKCE with S256 is
 * required, refresh tokens rotate, and an authorization request for a scope that its client did not
 * register is refused.
 *
 * Access tokens are opaque and bound to one resource (RFC 8707). The protected resource learns by
 * introspection (RFC 7662) whether a token is alive, for whom it was issued, which scopes it carries,
 * and, if `email` is among them, the person's address. One question thus answers everything, and a
 * revoked token is dead at once.
 *
 * @param {AuthorizationServerOptions} [options]
 */
export async function startAuthorizationServer(options = {}) {
  const {
    scopes = ['openid', 'profile', 'email', 'public_metadata', 'private_metadata', 'offline_access'],
    defaultScope = 'profile email',
    resourceScopes = scopes,
    accessTokenSeconds = 3600,
    clients = [],
    rotateRegistrationAccessToken = false,
    features = {},
    configuration = {},
    forWebPages = true,
  } = options;

  const server = createServer();
  const { origin, close } = await listenOnLoopback(server);
  const { issuer = origin } = options;

  /** @type {Set<string>} */
  const protectedResources = new Set();
  const credentials = {
    introspectionEndpoint: `${origin}/token/introspection`,
    clientId: 'protected-resource',
    clientSecret: randomBytes(32).toString('base64url'),
  };

  const { Provider, errors } = await withoutAdvice(() => import('oidc-provider'));

  const provider = await withoutAdvice(
    () =>
      new Provider(issuer, {
        scopes,
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
        clientDefaults: defaultScope === null ? {} : { scope: defaultScope },
        clients: [
          {
            client_id: credentials.clientId,
            client_secret: credentials.clientSecret,
            grant_types: [],
            response_types: [],
            redirect_uris: [],
          },
          ...clients,
        ],
        jwks: { keys: [(signingKey ??= newSigningKey())] },
        cookies: { keys: [randomBytes(32).toString('base64url')] },
        pkce: { required: () => true },
        rotateRefreshToken: true,
        clientBasedCORS: () => true,
        findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...person(accountId) }) }),
        extraTokenClaims: (_context, token) =>
          token.kind === 'AccessToken' && token.scope?.split(' ').includes('email')
            ? { email: person(token.accountId).email }
            : undefined,
        renderError: (context, out) => {
          context.type = 'text/plain';
          context.body = `${out.error}: ${out.error_description ?? 'no description'}\n`;
        },
        ttl: {
          AccessToken: accessTokenSeconds,
          AuthorizationCode: 60,
          ClientCredentials: accessTokenSeconds,
          DeviceCode: 600,
          Grant: 86_400,
          IdToken: 3600,
          Interaction: 3600,
          RefreshToken: 86_400,
          Session: 86_400,
        },
        ...configuration,
        features: {
          devInteractions: { enabled: true },
          registration: { enabled: true },
          registrationManagement: { enabled: true, rotateRegistrationAccessToken },
          revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
          resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (_context, resource) => {
              if (!protectedResources.has(resource)) throw new errors.InvalidTarget();
              return {
                audience: resource,
                scope: resourceScopes.join(' '),
                accessTokenTTL: accessTokenSeconds,
                accessTokenFormat: 'opaque',
              };
            },
          },
          ...features,
          introspection: {
            enabled: true,
            allowedPolicy: (_context, client) => client.clientId === credentials.clientId,
          },
        },
      }),
  );

  // What stands in front says by `X-Forwarded-Proto` how it was reached.
  provider.proxy = issuer !== origin;

  /** @type {RecordedRequest[]} */
  const requests = [];
  provider.use(async (context, next) => {
    await next();
    requests.push(recorded(/** @type {KoaContextWithOIDC} */ (context)));
  });
  provider.use(allowRegistrationFromWebPages);
  if (!forWebPages) server.on('request', (_request, response) => withoutCors(response));
  server.on('request', provider.callback());

  return {
    issuer,
    /** Where the server itself listens. */
    origin,
    requests,
    /** The running oidc-provider, for a test that has to reach inside. */
    provider,
    /**
     * Makes a protected resource known: tokens can be requested for it from now on.
     *
     * @param {string} resource its identifier, byte for byte
     * @returns {ProtectedResourceCredentials}
     */
    addProtectedResource(resource) {
      protectedResources.add(resource);
      return credentials;
    },
    close,
  };
}

/** @typedef {Awaited<ReturnType<typeof startAuthorizationServer>>} AuthorizationServer */

/**
 * Sign-in for other devices (RFC 8628), as a member of `features`.
 *
 * @type {NonNullable<OtherFeatures['deviceFlow']>}
 */
export const deviceFlow = {
  enabled: true,
  userCodeInputSource: (context, form, _out, error) => show(context, `${error?.message ?? 'Enter the code'} ${form}`),
  userCodeConfirmSource: (context, form) =>
    show(context, `${form}<button type="submit" form="op.deviceConfirmForm" value="yes" name="abort">Abort</button>`),
  successSource: (context) => show(context, 'Signed in'),
};

/**
 * @param {KoaContextWithOIDC} context
 * @param {string} html
 */
function show(context, html) {
  context.type = 'text/html';
  context.body = html;
}

/** @param {string} accountId */
function person(accountId) {
  return { name: accountId, email: `${accountId}@example.com`, email_verified: true };
}

/** Of all servers of this process, since it takes long to make one. @type {ReturnType<typeof newSigningKey> | undefined} */
let signingKey;

function newSigningKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
}

/**
 * oidc-provider advises operators on the console while it loads and starts: to replace its sign-in
 * page, its memory store and older versions of Node. All of it is meant for production.
 *
 * @template T
 * @param {() => T | Promise<T>} work
 */
async function withoutAdvice(work) {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 */
function withoutCors(response) {
  const write = response.writeHead.bind(response);
  response.writeHead = (/** @type {any[]} */ ...head) => {
    for (const name of response.getHeaderNames()) if (/^access-control-/i.test(name)) response.removeHeader(name);
    return write(.../** @type {[any]} */ (head));
  };
}

/**
 * oidc-provider sends CORS headers everywhere but at the registration endpoint.
 *
 * @type {Parameters<Provider['use']>[0]}
 */
async function allowRegistrationFromWebPages(context, next) {
  if (context.path !== '/reg' && !context.path.startsWith('/reg/')) return next();
  context.set('Access-Control-Allow-Origin', '*');
  if (context.method !== 'OPTIONS') return next();
  context.set('Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE');
  context.set('Access-Control-Allow-Headers', 'Authorization, Content-Type');
  context.status = 204;
}

/**
 * @param {KoaContextWithOIDC} context
 * @returns {RecordedRequest}
 */
function recorded(context) {
  const authorization = context.get('authorization');
  const location = context.response.get('location');
  const client = context.oidc?.client;
  const answer = context.body;
  return {
    method: context.method,
    path: context.path,
    query: maskMembers(context.query),
    authorization: authorization ? maskAuthorization(authorization) : undefined,
    body: maskMembers(context.oidc?.body ?? {}),
    client: client && { clientId: client.clientId, name: client.clientName, scope: client.scope },
    status: context.status,
    location: location ? maskLocation(location) : undefined,
    answer: isPlainObject(answer) ? maskMembers(answer) : {},
  };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isPlainObject(value) {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

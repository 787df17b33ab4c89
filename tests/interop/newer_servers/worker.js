// The authorization server as a Cloudflare worker. Everybody who asks is signed in as alice.

import { AuthorizationError, OAuthAuthorizationServer } from './oauth-provider.js';

/** @typedef {{ ISSUER: string, RESOURCE: string, IDENTITY_PROVIDER: string, REPORT: { fetch: typeof fetch } }} Environment */

/** @type {any} */
let server;

/** @param {Environment} environment */
function serverIn({ ISSUER, RESOURCE, IDENTITY_PROVIDER }) {
  server ??= new OAuthAuthorizationServer({
    issuer: ISSUER,
    resources: [RESOURCE],
    scopesSupported: ['profile', 'files:write', 'files:delete', 'files:share'],
    clientRegistrationEndpoint: '/oauth/register',
    clientIdMetadataDocumentEnabled: true,
    ...(IDENTITY_PROVIDER && {
      enterpriseManagedAuthorization: {
        trustedIssuers: async (/** @type {{ iss: string }} */ { iss }) =>
          iss === IDENTITY_PROVIDER
            ? { issuer: iss, jwksUri: `${IDENTITY_PROVIDER}/jwks`, algorithms: ['ES256'] }
            : null,
        mapClaims: async (/** @type {any} */ { claims, requestedScope }) => ({
          userId: claims.sub,
          scope: requestedScope,
          metadata: {},
          props: {},
        }),
      },
    }),
  });
  return server;
}

export default {
  /**
   * @param {Request} request
   * @param {Environment} environment
   * @param {unknown} context
   */
  async fetch(request, environment, context) {
    const { pathname } = new URL(request.url);
    if (pathname === '/authorize') return authorize(request, environment);
    if (pathname === '/introspect') return introspect(request, environment);
    if (pathname === '/clients')
      return Response.json(
        await serverIn(environment)
          .getOAuthApi(environment)
          .createClient(await request.json()),
      );
    return serverIn(environment).fetch(request, environment, context);
  },
};

/**
 * @param {Request} request
 * @param {Environment} environment
 */
async function authorize(request, environment) {
  const helpers = serverIn(environment).getOAuthApi(environment);
  const redirectTo = await answered(helpers, request);
  const { searchParams: parameters } = new URL(request.url);
  const record = {
    clientId: parameters.get('client_id'),
    redirectUri: parameters.get('redirect_uri'),
    // It takes no notice of the scopes that a client registers.
    registered: parameters.get('scope'),
    requested: parameters.get('scope'),
    error: new URL(redirectTo).searchParams.get('error'),
  };
  await environment.REPORT.fetch('http://report/', { method: 'POST', body: JSON.stringify(record) });
  return new Response(null, { status: 302, headers: { location: redirectTo } });
}

/**
 * @param {any} helpers
 * @param {Request} request
 * @returns {Promise<string>}
 */
async function answered(helpers, request) {
  try {
    const parsed = await helpers.parseAuthRequest(request);
    const granted = { userId: 'alice', metadata: {}, scope: parsed.scope, props: {} };
    // One person may be signed in in several applications at once.
    const { redirectTo } = await helpers.completeAuthorization({
      request: parsed,
      ...granted,
      revokeExistingGrants: false,
    });
    return redirectTo;
  } catch (error) {
    const redirectTo = error instanceof AuthorizationError && /** @type {any} */ (error).redirectTo;
    if (redirectTo) return redirectTo;
    throw error;
  }
}

/**
 * RFC 7662.
 *
 * @param {Request} request
 * @param {Environment} environment
 */
async function introspect(request, environment) {
  const token = (await request.formData()).get('token');
  const valid = await serverIn(environment).validateToken(environment.RESOURCE, token, environment);
  if (!valid) return Response.json({ active: false });
  const { userId, audience, clientId, scope, expiresAt } = valid;
  return Response.json({
    active: true,
    sub: userId,
    aud: audience,
    client_id: clientId,
    scope: scope.join(' '),
    exp: expiresAt,
  });
}

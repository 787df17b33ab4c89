/**
 * The servers of one row of the matrix, all of them real, each with a front before it; and the names of all requests that
 * a client sends to them.
 */

import { createServer } from 'node:http';
import { startAuthorizationServer } from '../servers/authorization_server.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { startProtectedResource } from '../servers/protected_resource.js';
import { createUserAgent } from '../servers/user_agent.js';
import { startFront } from './front.js';

/** @import { Certificate } from '../servers/certificates.js' */
/** @import { Asked } from './front.js' */

/**
 * @typedef {object} WorldOptions
 * @property {string} [issuerPath] what stands behind the origin in the issuer's identifier
 * @property {boolean} [namesMetadata] whether the challenge says where the resource's metadata is; default: true
 * @property {boolean} [isWholeOrigin] whether the resource identifier is the MCP server's origin
 * @property {boolean} [hasOtherServer] whether the MCP server accepts tokens of a second authorization server
 * @property {string[]} [lacks] names of requests that find nothing
 *
 * @typedef {{ certificate: Certificate, untrusted: Certificate }} Certificates
 */

/**
 * @param {WorldOptions} options
 * @param {Certificates} certificates
 */
export async function startWorld(options, certificates) {
  const { issuerPath = '', namesMetadata, isWholeOrigin, hasOtherServer = false, lacks } = options;
  /** Every request that has a name, in order. @type {(Asked & { name: string })[]} */
  const arrived = [];
  const ofAll = {
    ...certificates,
    lacks,
    onArrival: (/** @type {Asked & { name: string }} */ asked) => arrived.push(asked),
  };

  const applicationFront = await startFront({
    ...ofAll,
    nameOf: ({ path }) => (path === '/client.json' ? 'client document' : undefined),
  });
  const clientMetadataUrl = `${applicationFront.origin}/client.json`;
  const application = await startApplication(clientMetadataUrl);
  applicationFront.standBefore(application.origin);

  const start = async (/** @type {string} */ prefix, /** @type {string} */ path) => {
    const front = await startFront({
      ...ofAll,
      nameOf: (asked) => prefixed(prefix, nameAtAuthorizationServer(asked, path)),
      pathBehind: (asked) => (asked.includes('/.well-known/') ? asked.replace(path, '') : asked),
    });
    const server = await startAuthorizationServer({
      issuer: front.origin + path,
      rotateRegistrationAccessToken: true,
      features: {
        clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
        pushedAuthorizationRequests: { enabled: true },
      },
      // Behind the front, so that what arrives there is the client's.
      configuration: { fetch: () => fetch(`${application.origin}/client.json`) },
    });
    front.standBefore(server.origin);
    return { front, server };
  };
  const first = await start('', issuerPath);
  const other = hasOtherServer ? await start('other ', '') : undefined;

  const resourceFront = await startFront({
    ...ofAll,
    nameOf: nameAtProtectedResource,
    pathBehind: (asked) => asked.replace(/(\/oauth-protected-resource)$/, '$1/mcp'),
  });
  const resource = await startProtectedResource({
    origin: resourceFront.origin,
    authorizationServer: first.server,
    furtherAuthorizationServers: other ? [other.server] : [],
    namesMetadata,
    isWholeOrigin,
    furtherTools: { edit: ['private_metadata'] },
  });
  resourceFront.standBefore(resource.origin);

  const fronts = [resourceFront, first.front, applicationFront, ...(other ? [other.front] : [])];
  const servers = [resource, first.server, application, ...(other ? [other.server] : [])];
  return {
    server: resource.url,
    issuer: first.server.issuer,
    clientMetadataUrl,
    fronts,
    arrived,
    person: createUserAgent(),

    /**
     * Does a piece of work, which sends that request. It may find that the server cannot be reached.
     *
     * @template T
     * @param {string | URL | Request} input
     * @param {RequestInit | undefined} init
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    around(input, init, work) {
      const { origin, pathname, search } = new URL(String(input));
      const asked = {
        method: init?.method ?? 'GET',
        path: pathname + search,
        headers: new Headers(init?.headers),
        body: String(init?.body ?? ''),
      };
      const front = fronts.find((candidate) => candidate.origin === origin);
      return front ? front.around(asked, work) : work();
    },

    async close() {
      await Promise.all([...fronts, ...servers].map((server) => server.close()));
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startWorld>>} World */

/** Where the application publishes its client metadata document. @param {string} url */
async function startApplication(url) {
  const document = JSON.stringify({
    client_id: url,
    client_name: 'The tests',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    scope: 'openid profile email offline_access',
  });
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(document),
  );
  return listenOnLoopback(server);
}

/** @param {Asked} asked */
function nameAtProtectedResource({ path, headers }) {
  if (path === '/mcp') return headers.has('authorization') ? 'signed call' : 'call';
  if (path === '/.well-known/oauth-protected-resource/mcp') return 'resource metadata';
  if (path === '/.well-known/oauth-protected-resource') return 'root resource metadata';
  return undefined;
}

/**
 * @param {Asked} asked
 * @param {string} issuerPath
 */
function nameAtAuthorizationServer({ method, path, headers, body }, issuerPath) {
  if (path === `/.well-known/oauth-authorization-server${issuerPath}`) return 'server metadata';
  if (path === `/.well-known/openid-configuration${issuerPath}`) return 'OpenID metadata';
  if (path === `${issuerPath}/.well-known/openid-configuration`) return 'appended OpenID metadata';
  // A browser wants a page.
  if (path.startsWith('/auth?')) return headers.get('accept') === 'application/json' ? 'look' : 'browser';
  if (path === '/token') return new URLSearchParams(body).get('grant_type') === 'refresh_token' ? 'refresh' : 'code';
  if (path === '/token/revocation') return 'revoke';
  if (path === '/request') return 'push';
  if (path === '/jwks') return 'keys';
  if (path === '/reg') return 'register';
  if (path.startsWith('/reg/')) return { GET: 'read client', PUT: 'update client', DELETE: 'delete client' }[method];
  return undefined;
}

/**
 * @param {string} prefix
 * @param {string | undefined} name
 */
function prefixed(prefix, name) {
  return name && prefix + name;
}

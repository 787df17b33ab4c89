import { request as send } from 'node:http';
import { json } from 'node:stream/consumers';
import { withMcpServer } from './interop_server.js';
import { startNewerNodeProgram } from './newer_node_program.js';

/**
 * The authorization server of AT Protocol. It registers nobody, knows clients by metadata document, and refuses scopes
 * that are not in it. Authorization requests have to be pushed, tokens are bound, and proofs need nonces.
 */
export async function startAtproto() {
  const { listening, authorizationRequests, tell, close } = await startNewerNodeProgram('atproto_server.js');
  const { issuer = '' } = listening;
  let resource = '';
  const server = await withMcpServer(
    {
      issuer,
      authorizationRequests,
      addProtectedResource(itsResource) {
        resource = itsResource;
        // Whoever can reach this port may ask: nothing is secret here.
        return { introspectionEndpoint: `${issuer}/introspect`, clientId: 'any', clientSecret: 'any' };
      },
      signIn,
      close,
    },
    ['atproto'],
    { bound: true, tools: { write_file: ['transition:generic'] } },
  );
  await tell({ resource });
  return server;
}

/**
 * What a browser and the scripts on the pages do when alice signs in and consents. `fetch` says of itself that it is no
 * browser, and these pages look at that.
 *
 * @param {string | URL} authorizationUrl
 * @returns {Promise<string>}
 */
async function signIn(authorizationUrl) {
  const { origin, href } = new URL(authorizationUrl);
  /** @type {Map<string, string>} */
  const cookies = new Map();

  /**
   * @param {string} url
   * @param {Record<string, string>} headers
   * @param {object} [body]
   */
  async function ask(url, headers, body) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const request = send(url, {
      method: body ? 'POST' : 'GET',
      headers: { ...headers, cookie, 'user-agent': 'the tests', ...(body && { 'content-type': 'application/json' }) },
    });
    request.end(body && JSON.stringify(body));
    /** @type {import('node:http').IncomingMessage} */
    const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response;
  }

  const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const first = await ask(href, { ...page, 'sec-fetch-site': 'cross-site' });
  first.resume();
  if (first.headers.location) return first.headers.location;

  const script = () => ({
    'sec-fetch-mode': 'same-origin',
    'sec-fetch-site': 'same-origin',
    origin,
    referer: href,
    'x-csrf-token': cookies.get('csrf-token') ?? '',
  });
  const api = `${origin}/@atproto/oauth-provider/~api`;
  const credentials = { locale: 'en-US', username: 'alice.example', password: 'the password of alice' };
  const { account, ephemeralToken } = /** @type {any} */ (
    await json(await ask(`${api}/sign-in`, script(), credentials))
  );
  const consent = await ask(
    `${api}/consent`,
    { ...script(), authorization: `Bearer ${ephemeralToken}` },
    { did: account.did },
  );
  const { url } = /** @type {{ url: string }} */ (await json(consent));
  const last = await ask(url, { ...page, 'sec-fetch-site': 'same-origin', referer: href });
  last.resume();
  return String(last.headers.location);
}

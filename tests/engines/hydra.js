/** Ory Hydra, a process of its own for each story, and the login and consent application that it leaves to its operator. */

/** @import { Engine } from './world.js' */
/** @import { Asked } from './front.js' */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFront } from './front.js';
import { password } from './person.js';
import { freePort, startProgram } from './program.js';

/**
 * @typedef {object} HydraSetting
 * @property {string[]} [scopes] that it publishes; default: those of the report
 * @property {string[]} [defaultScopes] of clients that register without any
 * @property {'opaque' | 'jwt'} [accessTokens]
 * @property {number} [accessTokenSeconds]
 */

/** Hydra would make keys at the first request, of 4096 bits, which takes seconds, and each Hydra of a run its own. */
const signingKey = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: 'of-this-run',
  use: 'sig',
  alg: 'RS256',
};

const person = { username: 'alice', password };

/** What the authorization server of the founding report publishes. */
const reportedScopes = ['openid', 'profile', 'email', 'public_metadata', 'private_metadata', 'offline_access'];

/**
 * @param {string} program
 * @param {HydraSetting} [setting]
 * @returns {Promise<Engine>}
 */
export async function startHydra(
  program,
  { scopes = reportedScopes, defaultScopes = [], accessTokens = 'opaque', accessTokenSeconds = 3600 } = {},
) {
  const front = await startFront(ownPages);
  const [publicPort, adminPort] = await Promise.all([freePort(), freePort()]);
  const admin = `http://127.0.0.1:${adminPort}/admin`;
  const folder = await mkdtemp(join(tmpdir(), 'hydra-'));
  const config = join(folder, 'config.json');
  await writeFile(
    config,
    JSON.stringify({
      dsn: 'memory',
      serve: { public: { host: '127.0.0.1', port: publicPort }, admin: { host: '127.0.0.1', port: adminPort } },
      urls: {
        self: { issuer: `${front.origin}/` },
        login: `${front.origin}/login`,
        consent: `${front.origin}/consent`,
      },
      secrets: { system: ['of this run alone, and of no other'] },
      oidc: { dynamic_client_registration: { enabled: true, default_scope: defaultScopes } },
      webfinger: {
        oidc_discovery: { supported_scope: scopes, client_registration_url: `${front.origin}/oauth2/register` },
      },
      strategies: { access_token: accessTokens },
      ttl: { access_token: `${accessTokenSeconds}s` },
    }),
  );
  front.open(`http://127.0.0.1:${publicPort}`);

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | URLSearchParams} [body]
   */
  async function ask(method, path, body) {
    const isForm = body instanceof URLSearchParams;
    const response = await fetch(`${admin}${path}`, {
      method,
      headers: body && !isForm ? { 'content-type': 'application/json' } : {},
      body: isForm ? body : JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`Hydra answered ${method} ${path} with ${response.status}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  /** @param {Asked} asked */
  function ownPages({ method, url, body }) {
    const kind = /^\/(login|consent)$/.exec(url.pathname)?.[1];
    if (!kind) return undefined;
    const challenge = url.searchParams.get(`${kind}_challenge`) ?? '';
    const path = (/** @type {string} */ end) => `/oauth2/auth/requests/${kind}${end}?${kind}_challenge=${challenge}`;
    return kind === 'login'
      ? loginPage(method, path, new URLSearchParams(body))
      : consentPage(method, path, new URLSearchParams(body));
  }

  /**
   * @param {string} method
   * @param {(end: string) => string} path
   * @param {URLSearchParams} filledIn
   */
  async function loginPage(method, path, filledIn) {
    const { skip } = await ask('GET', path(''));
    const known = filledIn.get('username') === person.username && filledIn.get('password') === person.password;
    if (!skip && (method !== 'POST' || !known)) {
      return {
        page: page(
          'Sign in',
          '<label>Name <input name="username"></label> <label>Password <input name="password" type="password"></label> <button>Sign in</button>',
        ),
      };
    }
    const { redirect_to: location } = await ask('PUT', path('/accept'), { subject: person.username, remember: true });
    return { location };
  }

  /**
   * @param {string} method
   * @param {(end: string) => string} path
   * @param {URLSearchParams} filledIn
   */
  async function consentPage(method, path, filledIn) {
    const {
      client,
      requested_scope: requested,
      requested_access_token_audience: audience,
    } = await ask('GET', path(''));
    if (method !== 'POST') {
      const boxes = requested.map(
        (/** @type {string} */ scope) =>
          `<label><input type="checkbox" name="scope" value="${escape(scope)}" checked> ${escape(scope)}</label>`,
      );
      const buttons =
        '<button name="accept" value="yes">Allow</button> <button name="cancel" value="yes">Deny</button>';
      return {
        page: page(`May ${escape(client.client_name ?? client.client_id)} have this?`, `${boxes.join(' ')} ${buttons}`),
      };
    }
    const answer = filledIn.has('accept')
      ? ask('PUT', path('/accept'), {
          grant_scope: filledIn.getAll('scope'),
          grant_access_token_audience: audience,
          session: { id_token: { email: 'alice@example.com' } },
        })
      : ask('PUT', path('/reject'), {
          error: 'access_denied',
          error_description: 'The resource owner denied the request.',
        });
    return { location: (await answer).redirect_to };
  }

  /** @returns {Promise<string[]>} */
  const clients = async () =>
    (await ask('GET', '/clients')).map((/** @type {{ client_id: string }} */ { client_id }) => client_id);
  const tokensExpire = () => new Promise((resolve) => setTimeout(resolve, accessTokenSeconds * 1000 + 1000));

  const server = await startProgram('Ory Hydra', program, ['serve', 'all', '--dev', '-c', config], {
    readyAt: `http://127.0.0.1:${adminPort}/health/ready`,
    env: { SQA_OPT_OUT: 'true' },
  });
  for (const set of ['hydra.openid.id-token', 'hydra.jwt.access-token'])
    await ask('PUT', `/keys/${set}`, { keys: [signingKey] });
  return {
    name: 'Ory Hydra',
    issuer: `${front.origin}/`,
    front,
    person,
    authorizationPath: '/oauth2/auth',
    registrationPath: '/oauth2/register',
    examine: (token) => ask('POST', '/oauth2/introspect', new URLSearchParams({ token })),
    clients,
    events: {
      'the access token expires': async () => void (await tokensExpire()),
      'the consent is revoked': () =>
        ask('DELETE', `/oauth2/auth/sessions/consent?subject=${person.username}&all=true`),
      'the session ends': () => ask('DELETE', `/oauth2/auth/sessions/login?subject=${person.username}`),
      'the client is deleted': async () => {
        for (const client of await clients()) await ask('DELETE', `/clients/${client}`);
      },
    },
    async close() {
      await server.close();
      await Promise.all([front.close(), rm(folder, { recursive: true })]);
    },
  };
}

/**
 * @param {string} title
 * @param {string} controls
 */
function page(title, controls) {
  return `<!doctype html><title>${title}</title><h1>${title}</h1><form method="post">${controls}</form>`;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

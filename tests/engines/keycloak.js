/** Keycloak: one process for a run, and a realm of its own for each story. */

/** @import { Engine } from './world.js' */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createDpop } from '../../js/dpop.js';
import { createAuthority } from '../servers/certificates.js';
import { passOn, startFront } from './front.js';
import { password } from './person.js';
import { freePort, startProgram } from './program.js';

/** A kind of policy that governs anonymous registration, by the name that Keycloak's administration has for its provider. */
/** @typedef {'trusted-hosts' | 'allowed-client-templates' | 'consent-required' | 'scope' | 'max-clients' | 'allowed-protocol-mappers' | 'registration-web-origins'} Policy */

/**
 * @typedef {object} KeycloakSetting
 * @property {string[]} [optionalScopes] client scopes of the realm that a client has to ask for
 * @property {Policy[]} [without] policies of anonymous registration that the operator took away
 * @property {string[]} [trustedHosts] of the policy "Trusted Hosts"; default: as shipped, none
 * @property {number} [accessTokenSeconds]
 * @property {string[]} [requiredActions] of the person at the next sign-in
 * @property {boolean} [offlineSessions] whether its people may have them; default: true
 * @property {string[]} [features] of Keycloak that have to be switched on
 * @property {object} [realm] further members of the realm
 * @property {object[]} [clients] that the operator registered
 */

/** Everybody may register, with any client scope of the realm, and no consent is asked for. @type {KeycloakSetting} */
export const registrationOpen = { without: ['trusted-hosts', 'allowed-client-templates', 'consent-required', 'scope'] };

const administrator = { username: 'administrator', password: 'of this run alone' };

/** Whoever has a certificate of it is trusted by Keycloak. */
export const authority = createAuthority();

/**
 * @param {string} folder of the distribution
 * @param {string[]} [features] to switch on
 */
export async function startKeycloak(folder, features = []) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const trusted = await mkdtemp(join(tmpdir(), 'trusted by Keycloak '));
  await writeFile(join(trusted, 'authority.pem'), authority.cert);
  const args = [
    'start-dev',
    `--truststore-paths=${join(trusted, 'authority.pem')}`,
    '--db=dev-mem',
    '--http-host=127.0.0.1',
    `--http-port=${port}`,
    ...(features.length > 0 ? [`--features=${features}`] : []),
  ];
  const [command, ...script] =
    process.platform === 'win32' ? [join(folder, 'bin', 'kc.bat')] : ['sh', join(folder, 'bin', 'kc.sh')];
  const { close } = await startProgram('Keycloak', command, [...script, ...args], {
    readyAt: `${origin}/realms/master`,
    env: {
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx700m',
      // It runs for a few minutes: code that is compiled once is quicker than code that is compiled well.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
    },
  });

  return {
    origin,
    realm: realmsOf(origin),
    async close() {
      await close();
      await rm(trusted, { recursive: true });
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startKeycloak>>} Keycloak */

/**
 * @param {string} origin
 * @returns {(setting?: KeycloakSetting) => Promise<() => Promise<Engine>>} makes a realm, and then what each client has of
 *   it: a person, and an address under which the realm is reached
 */
export function realmsOf(origin) {
  const administer = administrationOf(origin);
  return async (setting = {}) => {
    const name = `row-${randomBytes(4).toString('hex')}`;
    await makeRealm(name, setting, administer);
    let people = 0;
    return () => enterRealm({ origin, name, username: `alice-${(people += 1)}` }, setting, administer);
  };
}

/** @typedef {(method: string, path: string, body?: object) => Promise<any>} Administer */

/**
 * The administration, below `/admin/realms`.
 *
 * @param {string} origin
 * @param {string} [host] that Keycloak is to take for its own, and to put into what it issues; default: the origin's
 * @returns {Administer}
 */
function administrationOf(origin, host = new URL(origin).host) {
  let token = '';
  let tokenEnds = 0;

  /**
   * Not by `fetch`, which sends no other Host than the origin's.
   *
   * @param {string} method
   * @param {string} path
   * @param {string[]} headers
   * @param {string} body
   */
  async function ask(method, path, headers, body) {
    const content = Buffer.from(body);
    const answer = await passOn(
      new URL(origin + path),
      method,
      ['host', host, 'content-length', String(content.length), ...headers],
      content,
    );
    const text = answer.body.toString();
    if (answer.status >= 300) throw new Error(`Keycloak answered ${method} ${path} with ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  return async (method, path, body) => {
    if (Date.now() > tokenEnds) {
      const credentials = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...administrator });
      const answer = await ask(
        'POST',
        '/realms/master/protocol/openid-connect/token',
        ['content-type', 'application/x-www-form-urlencoded'],
        String(credentials),
      );
      token = answer.access_token;
      tokenEnds = Date.now() + (answer.expires_in * 1000) / 2;
    }
    const json = body ? ['content-type', 'application/json'] : [];
    return ask(
      method,
      `/admin/realms${path}`,
      ['authorization', `Bearer ${token}`, ...json],
      body ? JSON.stringify(body) : '',
    );
  };
}

/**
 * @param {string} name
 * @param {KeycloakSetting} setting
 * @param {Administer} administer
 */
async function makeRealm(
  name,
  {
    optionalScopes = [],
    without = [],
    trustedHosts,
    accessTokenSeconds = 300,
    offlineSessions = true,
    realm,
    clients = [],
  },
  administer,
) {
  await administer('POST', '', { realm: name, enabled: true, accessTokenLifespan: accessTokenSeconds, ...realm });
  for (const scope of optionalScopes) {
    const attributes = { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' };
    await administer('POST', `/${name}/client-scopes`, { name: scope, protocol: 'openid-connect', attributes });
  }
  for (const policy of await administer(
    'GET',
    `/${name}/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy`,
  )) {
    const path = `/${name}/components/${policy.id}`;
    if (policy.subType !== 'anonymous') continue;
    if (without.includes(policy.providerId)) await administer('DELETE', path);
    else if (policy.providerId === 'trusted-hosts' && trustedHosts) {
      await administer('PUT', path, { ...policy, config: { ...policy.config, 'trusted-hosts': trustedHosts } });
    }
  }
  if (!offlineSessions) {
    const role = await administer('GET', `/${name}/roles/offline_access`);
    await administer('DELETE', `/${name}/roles/default-roles-${name}/composites`, [role]);
  }
  for (const client of clients) await administer('POST', `/${name}/clients`, client);
}

/**
 * @param {{ origin: string, name: string, username: string }} of
 * @param {KeycloakSetting} setting
 * @param {Administer} administer
 * @returns {Promise<Engine>}
 */
async function enterRealm({ origin, name, username }, { accessTokenSeconds = 300, requiredActions = [] }, administer) {
  const person = { username, password };
  await administer('POST', `/${name}/users`, {
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: 'Alice',
    lastName: 'Example',
    credentials: [{ type: 'password', value: password, temporary: false }],
    requiredActions,
  });
  const [{ id: user }] = await administer('GET', `/${name}/users?exact=true&username=${username}`);

  const front = await startFront();
  front.open(origin);
  const issuer = `${front.origin}/realms/${name}`;
  const keys = createRemoteJWKSet(new URL(`${origin}/realms/${name}/protocol/openid-connect/certs`), {
    cooldownDuration: 0,
  });
  const registrationPath = `/realms/${name}/clients-registrations/openid-connect`;

  /** Those that came by this address. */
  async function registered() {
    const answers = front.exchanges.filter(
      ({ method, path, status }) => method === 'POST' && path === registrationPath && status === 201,
    );
    const ids = answers.map(({ answer }) => JSON.parse(answer).client_id);
    const all = /** @type {{ id: string, clientId: string }[]} */ (await administer('GET', `/${name}/clients`));
    return all.filter(({ clientId }) => ids.includes(clientId));
  }

  return {
    name: 'Keycloak',
    issuer,
    front,
    person,
    authorizationPath: `/realms/${name}/protocol/openid-connect/auth`,
    registrationPath,
    /** By the realm's keys, as a resource server of Keycloak does: a session that ended is no matter to it. */
    async examine(token) {
      const verified = await jwtVerify(token, keys, { issuer }).catch(() => undefined);
      if (!verified) return { active: false };
      const { payload } = verified;
      return { ...payload, active: true, scope: String(payload.scope ?? ''), client_id: String(payload.azp) };
    },
    clients: async () => (await registered()).map(({ clientId }) => clientId),
    events: {
      'the access token expires': () => new Promise((resolve) => setTimeout(resolve, accessTokenSeconds * 1000 + 1000)),
      async 'the consent is revoked'() {
        for (const { clientId } of await administer('GET', `/${name}/users/${user}/consents`))
          await administer('DELETE', `/${name}/users/${user}/consents/${clientId}`);
      },
      /** The offline sessions too, which Keycloak lists apart, and which a plain sign-out leaves alone. */
      async 'the session ends'() {
        await administer('POST', `/${name}/users/${user}/logout`);
        for (const { id } of await registered()) {
          for (const session of await administer('GET', `/${name}/users/${user}/offline-sessions/${id}`))
            await administer('DELETE', `/${name}/sessions/${session.id}?isOffline=true`);
        }
      },
      async 'the client is deleted'() {
        for (const { id } of await registered()) await administer('DELETE', `/${name}/clients/${id}`);
      },
      /** Whoever has it, and neither the client's secret nor the key that it is bound to, gets nothing for it. */
      async 'the refresh token is stolen'() {
        const url = `${issuer}/protocol/openid-connect/token`;
        const answers = front.exchanges.filter(({ path, status }) => path === new URL(url).pathname && status === 200);
        const { refresh_token } = JSON.parse(answers.at(-1)?.answer ?? '{}');
        const [{ clientId: client_id } = { clientId: '' }] = await registered();
        const ofAnotherKey = await createDpop().proof({ method: 'POST', url });
        for (const headers of /** @type {Record<string, string>[]} */ ([{}, { dpop: ofAnotherKey }])) {
          const response = await fetch(url, {
            method: 'POST',
            headers,
            body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id }),
          });
          const answer = await response.text();
          if (response.ok)
            throw new Error(`Keycloak answered a stolen refresh token with ${response.status}: ${answer}`);
        }
      },
      async 'the keys are rotated'() {
        const keys = `/${name}/components?type=org.keycloak.keys.KeyProvider`;
        const { id: parentId } = await administer('GET', `/${name}`);
        const earlier = (await administer('GET', keys)).filter(
          (/** @type {{ providerId: string }} */ { providerId }) => providerId === 'rsa-generated',
        );
        await administer('POST', `/${name}/components`, {
          name: 'newer',
          providerId: 'rsa-generated',
          providerType: 'org.keycloak.keys.KeyProvider',
          parentId,
          config: { priority: ['1000'] },
        });
        for (const { id } of earlier) await administer('DELETE', `/${name}/components/${id}`);
      },
    },
    async initialAccessToken() {
      // It holds where it was issued alone.
      const atFront = administrationOf(origin, new URL(front.origin).host);
      const { token } = await atFront('POST', `/${name}/clients-initial-access`, { count: 1, expiration: 600 });
      return token;
    },
    async trust({ alias, issuer, keysUrl, subject }) {
      const elsewhere = {
        authorizationUrl: `${issuer}/authorize`,
        tokenUrl: `${issuer}/token`,
        clientId: 'of Keycloak',
        clientSecret: 'unused',
      };
      const config = {
        issuer,
        jwksUrl: keysUrl,
        useJwksUrl: 'true',
        validateSignature: 'true',
        jwtAuthorizationGrantEnabled: 'true',
        ...elsewhere,
      };
      await administer('POST', `/${name}/identity-provider/instances`, {
        alias,
        providerId: 'oidc',
        enabled: true,
        config,
      });
      await administer('POST', `/${name}/users/${user}/federated-identity/${alias}`, {
        userId: subject,
        userName: subject,
      });
    },
    close: front.close,
  };
}

/** Keycloak: one process for a run, and a realm of its own for each story. */

/** @import { Engine } from './world.js' */

import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startFront } from './front.js';
import { login } from './person.js';
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
 * @property {object} [realm] further members of the realm
 * @property {object[]} [clients] that the operator registered
 */

/** Everybody may register, with any client scope of the realm, and no consent is asked for. @type {KeycloakSetting} */
export const registrationOpen = { without: ['trusted-hosts', 'allowed-client-templates', 'consent-required', 'scope'] };

const administrator = { username: 'administrator', password: 'of this run alone' };

/**
 * @param {string} folder of the distribution
 * @param {string[]} [features] to switch on
 */
export async function startKeycloak(folder, features = []) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const args = ['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`, ...(features.length > 0 ? [`--features=${features}`] : [])];
  const [command, ...script] = process.platform === 'win32' ? [join(folder, 'bin', 'kc.bat')] : ['sh', join(folder, 'bin', 'kc.sh')];
  const { close } = await startProgram('Keycloak', command, [...script, ...args], {
    readyAt: `${origin}/realms/master`,
    env: {
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx700m',
    },
  });

  return { realm: realmsOf(origin), close };
}

/** @typedef {Awaited<ReturnType<typeof startKeycloak>>} Keycloak */

/**
 * @param {string} origin
 * @returns {(setting?: KeycloakSetting) => Promise<Engine>} makes a realm
 */
export function realmsOf(origin) {
  let token = '';
  let tokenEnds = 0;

  /**
   * The administration, below `/admin/realms`.
   *
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async function administer(method, path, body) {
    if (Date.now() > tokenEnds) {
      const response = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...administrator }),
      });
      const answer = await response.json();
      token = answer.access_token;
      tokenEnds = Date.now() + (answer.expires_in - 10) * 1000;
    }
    const response = await fetch(`${origin}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Keycloak answered ${method} ${path} with ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  let realms = 0;
  return (setting = {}) => startRealm({ origin, administer, name: `row-${++realms}` }, setting);
}

/**
 * @param {object} server
 * @param {string} server.origin
 * @param {(method: string, path: string, body?: object) => Promise<any>} server.administer
 * @param {string} server.name of the realm
 * @param {KeycloakSetting} setting
 * @returns {Promise<Engine>}
 */
async function startRealm({ origin, administer, name }, { optionalScopes = [], without = [], trustedHosts, accessTokenSeconds = 300, requiredActions = [], realm, clients = [] }) {
  await administer('POST', '', {
    realm: name,
    enabled: true,
    accessTokenLifespan: accessTokenSeconds,
    users: [
      {
        username: login.username,
        enabled: true,
        email: 'alice@example.com',
        emailVerified: true,
        firstName: 'Alice',
        lastName: 'Example',
        credentials: [{ type: 'password', value: login.password, temporary: false }],
        requiredActions,
        realmRoles: [`default-roles-${name}`],
      },
    ],
    ...realm,
  });
  const ask = (/** @type {string} */ method, /** @type {string} */ path, /** @type {object | undefined} */ body) => administer(method, `/${name}${path}`, body);
  const listed = async () => /** @type {{ id: string, clientId: string }[]} */ (await ask('GET', '/clients', undefined));

  for (const scope of optionalScopes) {
    const attributes = { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' };
    await ask('POST', '/client-scopes', { name: scope, protocol: 'openid-connect', attributes });
  }
  if (optionalScopes.length > 0) {
    for (const scope of await ask('GET', '/client-scopes', undefined)) {
      if (optionalScopes.includes(scope.name)) await ask('PUT', `/default-optional-client-scopes/${scope.id}`, undefined);
    }
  }
  const policies = await ask('GET', '/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy', undefined);
  for (const policy of policies) {
    if (policy.subType !== 'anonymous') continue;
    if (without.includes(policy.providerId)) await ask('DELETE', `/components/${policy.id}`, undefined);
    else if (policy.providerId === 'trusted-hosts' && trustedHosts) {
      await ask('PUT', `/components/${policy.id}`, { ...policy, config: { ...policy.config, 'trusted-hosts': trustedHosts } });
    }
  }
  for (const client of clients) await ask('POST', '/clients', client);
  const operators = new Set((await listed()).map(({ id }) => id));
  const registered = async () => (await listed()).filter(({ id }) => !operators.has(id));

  const front = await startFront();
  front.open(origin);
  const issuer = `${front.origin}/realms/${name}`;
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`), { cooldownDuration: 0 });
  const users = async () => /** @type {{ id: string }[]} */ (await ask('GET', '/users', undefined));

  return {
    name: 'Keycloak',
    issuer,
    front,
    authorizationPath: `/realms/${name}/protocol/openid-connect/auth`,
    registrationPath: `/realms/${name}/clients-registrations/openid-connect`,
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
      'the consent is revoked': async () => {
        for (const { id } of await users()) {
          for (const { clientId } of await ask('GET', `/users/${id}/consents`, undefined)) await ask('DELETE', `/users/${id}/consents/${clientId}`, undefined);
        }
      },
      'the session ends': async () => {
        for (const { id } of await users()) await ask('POST', `/users/${id}/logout`, undefined);
      },
      'the client is deleted': async () => {
        for (const { id } of await registered()) await ask('DELETE', `/clients/${id}`, undefined);
      },
      'the keys are rotated': async () => {
        const { id } = await administer('GET', `/${name}`);
        await ask('POST', '/components', {
          name: 'newer',
          providerId: 'rsa-generated',
          providerType: 'org.keycloak.keys.KeyProvider',
          parentId: id,
          config: { priority: ['1000'], enabled: ['true'], active: ['true'] },
        });
        for (const component of await ask('GET', '/components?type=org.keycloak.keys.KeyProvider', undefined)) {
          if (component.providerId === 'rsa-generated' && component.name !== 'newer') await ask('DELETE', `/components/${component.id}`, undefined);
        }
      },
    },
    async close() {
      await front.close();
      await administer('DELETE', `/${name}`);
    },
  };
}

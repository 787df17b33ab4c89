/** Spring Authorization Server: one process for a run, in which everybody may register. Its issuer is the address by which it is reached. */

/** @import { Engine } from './world.js' */

import { startFront } from './front.js';
import { password } from './person.js';
import { freePort, startProgram } from './program.js';

const person = { username: 'alice', password };
const resourceServer = { id: 'resource-server', secret: 'of this run alone' };

/** @param {string} program */
export async function startSpring(program) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const { close } = await startProgram(
    'Spring Authorization Server',
    'java',
    ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-jar', program],
    {
      readyAt: `${origin}/admin/clients`,
      env: {
        SERVER_ADDRESS: '127.0.0.1',
        SERVER_PORT: String(port),
        ENGINE_PERSON_NAME: person.username,
        ENGINE_PERSON_PASSWORD: person.password,
        ENGINE_RESOURCE_SERVER_ID: resourceServer.id,
        ENGINE_RESOURCE_SERVER_SECRET: resourceServer.secret,
      },
    },
  );
  return { enter: () => enter(origin), close };
}

/**
 * @param {string} origin
 * @returns {Promise<Engine>}
 */
async function enter(origin) {
  const front = await startFront();
  front.open(origin);
  const registrationPath = '/oauth2/register';

  /** @returns {Promise<string[]>} those that came by this address */
  async function clients() {
    const answers = front.exchanges.filter(
      ({ method, path, status }) => method === 'POST' && path === registrationPath && status === 201,
    );
    const ids = answers.map(({ answer }) => JSON.parse(answer).client_id);
    const all = /** @type {string[]} */ (await ask('GET', '/admin/clients'));
    return all.filter((id) => ids.includes(id));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {URLSearchParams} [body]
   */
  async function ask(method, path, body) {
    const authorization = `Basic ${btoa(`${resourceServer.id}:${encodeURIComponent(resourceServer.secret)}`)}`;
    const response = await fetch(`${origin}${path}`, { method, headers: body ? { authorization } : {}, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`Spring answered ${method} ${path} with ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  return {
    name: 'Spring Authorization Server',
    issuer: front.origin,
    front,
    person,
    authorizationPath: '/oauth2/authorize',
    registrationPath,
    examine: (token) => ask('POST', '/oauth2/introspect', new URLSearchParams({ token })),
    clients,
    events: {
      async 'the client is deleted'() {
        for (const client of await clients()) await ask('DELETE', `/admin/clients/${client}`);
      },
    },
    close: front.close,
  };
}

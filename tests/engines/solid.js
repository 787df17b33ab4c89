/** Solid Community Server, a process of its own for each story, with everything in memory: who starts it again, starts anew. */

/** @import { Page } from '../servers/user_agent.js' */
/** @import { Engine } from './world.js' */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startFront } from './front.js';
import { password } from './person.js';
import { freePort, startProgram } from './program.js';

const program = fileURLToPath(new URL('solid/node_modules/@solid/community-server/bin/server.js', import.meta.url));

const person = { username: 'alice@example.com', password };

/** @returns {Promise<Engine>} */
export async function startSolid() {
  const front = await startFront();
  const issuer = `${front.origin}/`;
  const folder = await mkdtemp(join(tmpdir(), 'solid-'));
  const accounts = join(folder, 'accounts.json');
  await writeFile(accounts, JSON.stringify([{ email: person.username, password, pods: [{ name: 'alice' }] }]));
  let registrationsBefore = 0;

  async function start() {
    const port = await freePort();
    front.open(`http://127.0.0.1:${port}`);
    const args = [
      program,
      '--config',
      '@css:config/default.json',
      '--port',
      String(port),
      '--baseUrl',
      issuer,
      '--seedConfig',
      accounts,
      '--loggingLevel',
      'warn',
    ];
    const { close } = await startProgram('Solid Community Server', process.execPath, args, {
      readyAt: `${issuer}.well-known/openid-configuration`,
      env: {},
    });
    return { close, keys: createRemoteJWKSet(new URL(`${issuer}.oidc/jwks`)) };
  }
  let server = await start();

  const authorizationPath = '/.oidc/auth';
  const registrationPath = '/.oidc/reg';
  const registered = () =>
    front.exchanges.filter(
      ({ method, path, status }) => method === 'POST' && path === registrationPath && status === 201,
    );
  return {
    name: 'Solid Community Server',
    issuer,
    front,
    person,
    answer: answerPages(issuer),
    authorizationPath,
    registrationPath,
    /** By its keys. Its tokens name no scope, and its answers an empty one: what it gave a code for is what it granted. */
    async examine(token) {
      const verified = await jwtVerify(token, server.keys, { issuer }).catch(() => undefined);
      if (!verified) return { active: false };
      const { payload } = verified;
      const answered = front.exchanges.findIndex(({ answer }) => answer.includes(token));
      const asked = front.exchanges
        .slice(0, answered)
        .findLast(({ path, query }) => path === authorizationPath && query.get('client_id') === payload.client_id);
      return { ...payload, active: true, scope: asked?.query.get('scope') ?? '', client_id: String(payload.client_id) };
    },
    clients: async () =>
      registered()
        .slice(registrationsBefore)
        .map(({ answer }) => JSON.parse(answer).client_id),
    events: {
      async 'the client is deleted'() {
        await server.close();
        registrationsBefore = registered().length;
        server = await start();
      },
    },
    async close() {
      await server.close();
      await Promise.all([front.close(), rm(folder, { recursive: true })]);
    },
  };
}

/**
 * Its pages are filled in by their scripts, which send these.
 *
 * @param {string} issuer
 * @returns {(page: Page) => Request | undefined}
 */
function answerPages(issuer) {
  let webIdChosen = false;
  const send = (/** @type {string} */ url, /** @type {object} */ body) =>
    new Request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return ({ text }) => {
    if (!text.startsWith('{')) return undefined;
    const { location, controls } = JSON.parse(text);
    if (location) return new Request(location);
    if (!controls?.oidc) return undefined;
    if (!controls.account?.logout)
      return send(controls.password.login, { email: person.username, password: person.password, remember: false });
    webIdChosen = !webIdChosen;
    return webIdChosen
      ? send(controls.oidc.webId, { webId: `${issuer}alice/profile/card#me`, remember: false })
      : send(controls.oidc.consent, { remember: true });
  };
}

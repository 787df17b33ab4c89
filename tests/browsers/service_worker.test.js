// The packed package in a service worker, which is what every browser extension of today runs in.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createUserAgent } from '../servers/user_agent.js';
import { browserNames } from './browser.js';
import { startStage } from './stage.js';

/** @import { Stage } from './stage.js' */

const machine = {
  client_id: 'machine',
  client_secret: 'a secret, of the length that secrets should have',
  token_endpoint_auth_method: /** @type {const} */ ('client_secret_basic'),
  grant_types: ['client_credentials'],
  response_types: /** @type {[]} */ ([]),
  redirect_uris: /** @type {[]} */ ([]),
  scope: 'email',
};

for (const name of browserNames) {
  describe(`a service worker in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name, {
        world: {
          authorizationServer: {
            features: {
              clientCredentials: { enabled: true },
              dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
            },
            clients: [machine],
          },
          protectedResource: { bound: true, requiredScopes: ['email'], scopesSupported: ['email'] },
        },
      });
    });
    after(() => stage?.close());

    /** @param {object} [client] */
    async function life(client) {
      const page = await stage.open('/lab.html');
      await page.exposeFunction('signInElsewhere', createUserAgent().signIn);
      return page.evaluate(
        async (where) => {
          await navigator.serviceWorker.register('/service_worker.js', { type: 'module' });
          const { active } = await navigator.serviceWorker.ready;
          const { port1, port2 } = new MessageChannel();
          return new Promise((/** @type {(outcome: any) => void} */ resolve) => {
            port1.onmessage = async ({ data: { authorizationUrl, outcome } }) => {
              if (outcome) resolve(outcome);
              else port1.postMessage(await /** @type {any} */ (globalThis).signInElsewhere(authorizationUrl));
            };
            active?.postMessage(where, [port2]);
          });
        },
        { server: stage.world.server, client, scopes: client ? [] : ['openid'] },
      );
    }

    test('[accepts T7] [accepts A8] signs in with an ID Token and a key of its own, refreshes, and signs out', async () => {
      assert.deepEqual(await life(), { statuses: [200, 200], tokenType: 'DPoP', hasIdToken: true, revoked: true });
    });

    test('has a session by another grant', async () => {
      const client = {
        issuer: stage.world.issuer,
        clientId: machine.client_id,
        clientSecret: machine.client_secret,
        tokenEndpointAuthMethod: machine.token_endpoint_auth_method,
      };
      assert.deepEqual(await life(client), {
        statuses: [200, 200],
        tokenType: 'DPoP',
        hasIdToken: false,
        revoked: true,
      });
    });
  });
}

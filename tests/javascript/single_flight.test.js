/**
 * A thousand requests meet an expired token, and it is refreshed once: in one process, and in four that share a file. The
 * authorization server is real: it rotates refresh tokens, and takes all tokens away when one is used twice.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { refreshes, sessionIn, signedInMachine, testFourProcesses } from './single_flight_processes.js';
import { temporaryFolder } from './temporary_folder.js';
import { callTool, expire, startWorld } from './world.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { World } from './world.js' */

describe('a thousand requests at once in one process', () => {
  /** @type {World} */
  let world;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  for (const [what, spoil] of Object.entries({
    'whose token has expired': (/** @type {Store} */ store) => expire(store, world.server),
    'whose token the server does not take any more': async (/** @type {Store} */ store) => {
      const { tokens } = await sessionIn(world, store);
      await (await world.authorizationServer.provider.AccessToken.find(tokens.accessToken))?.destroy();
    },
  })) {
    test(`[accepts T4, interop 41] ${what}: one refresh`, async () => {
      const { host, start } = await signedInMachine(world);
      await spoil(host.store);
      const { fetch } = start().connection(world.server);
      const statuses = await Promise.all(
        Array.from({ length: 1000 }, async () => {
          const response = await callTool(fetch, world.server);
          await response.text();
          return response.status;
        }),
      );
      assert.deepEqual([...new Set(statuses)], [200]);
      assert.deepEqual(refreshes(world), [200]);
    });
  }
});

const folder = await temporaryFolder();
let files = 0;
testFourProcesses('one file store', () => {
  const place = { file: join(folder, `${(files += 1)}.json`) };
  return { store: createFileStore(place.file), place };
});

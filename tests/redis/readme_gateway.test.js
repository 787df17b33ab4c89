import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { createMachine, startWorld } from '../javascript/world.js';
import { startRedisServer } from '../servers/redis_server.js';
import { connectBy } from './clients/clients.js';

const root = new URL('../../', import.meta.url);
const run = promisify(execFile);

test('the gateway of the README has at most twelve lines, and serves each user by a session that Redis keeps', async () => {
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const example = /^### A gateway\n.*?^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
  assert.ok(example.includes('fetchFor') && example.split('\n').length - 1 <= 12);
  const clientPackage = new URL('tests/redis/clients/node_modules/redis/dist/index.js', root).href;
  assert.equal(example.split("'redis'").length, 2);
  assert.equal(example.split('{ url: process.env.REDIS_URL }').length, 2);

  const world = await startWorld();
  const redis = await startRedisServer();
  const connected = await connectBy.redis?.(redis.path);
  try {
    assert.ok(connected);
    const store = createRedisStore({ client: connected.client });
    for (const user of ['alice', 'bob']) {
      await createMachine({ login: user, store })
        .start()
        .connection(world.server, { account: user, interaction: true })
        .signIn();
    }
    const program = example
      .replace("'redis'", JSON.stringify(clientPackage))
      .replace('{ url: process.env.REDIS_URL }', JSON.stringify({ socket: { path: redis.path } }))
      .concat(`
        import { callTool } from './tests/javascript/world.js';
        for (const user of ['alice', 'bob']) console.log(await (await callTool(fetchFor(user, ${JSON.stringify(world.server)}), ${JSON.stringify(world.server)})).text());
        client.destroy();`);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: fileURLToPath(root),
      timeout: 60_000,
    });
    assert.match(stdout, /alice@example\.com[^]*bob@example\.com/);
  } finally {
    connected?.disconnect();
    await redis.close();
    await world.close();
  }
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { untilReady } from './until_ready.js';

/**
 * A real Redis of its own, that keeps nothing: at a socket in a folder that nobody else can enter.
 *
 * @returns {Promise<{ path: string, close: () => Promise<void> }>} `path`: of its socket
 */
export async function startRedisServer() {
  const folder = await mkdtemp(join(tmpdir(), 'redis '));
  const path = join(folder, 'redis.sock');
  const settings = { port: '0', unixsocket: path, save: '', appendonly: 'no', dir: folder };
  const server = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const end = () => void server.kill('SIGKILL');
  process.once('exit', end);
  try {
    await untilReady(server, { name: 'redis-server', log: server.stdout, missing });
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return {
    path,
    async close() {
      process.off('exit', end);
      if (server.kill('SIGKILL')) await once(server, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

const missing =
  'The command `redis-server` was not found, and the store in Redis is tested on a real one. Install it ' +
  '(Debian and Ubuntu: `apt-get install redis-server`; macOS: `brew install redis`; Fedora: `dnf install redis`), and run this again.';

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { untilReady } from './until_ready.js';

/**
 * A real PostgreSQL of its own, that keeps nothing: at a socket in a folder that nobody else can enter.
 *
 * @returns {Promise<{ host: string, user: string, database: string, close: () => Promise<void> }>} what a client of `pg` connects to
 */
export async function startPostgreSQLServer() {
  const programs = await programFolder();
  const folder = await mkdtemp(join(tmpdir(), 'postgresql '));
  const as = unprivileged();
  if (as.uid !== undefined && as.gid !== undefined) await chown(folder, as.uid, as.gid);
  const [data, user] = [join(folder, 'data'), 'tester'];
  try {
    execFileSync(
      join(programs, 'initdb'),
      ['-D', data, '-U', user, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      {
        ...as,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const server = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
      {
        ...as,
        cwd: folder,
        stdio: ['ignore', 'inherit', 'pipe'],
      },
    );
    // An immediate shutdown, of all its processes.
    const end = () => void server.kill('SIGQUIT');
    process.once('exit', end);
    await untilReady(server, { name: 'postgres', log: server.stderr });
    return {
      host: folder,
      user,
      database: 'postgres',
      async close() {
        process.off('exit', end);
        if (server.kill('SIGQUIT')) await once(server, 'exit');
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** PostgreSQL refuses to run as root; then it runs as a user that may do little. */
function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const numberOf = (/** @type {string} */ option) =>
    Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: numberOf('-u'), gid: numberOf('-g') };
}

/** Where its programs are: on PATH, or where packages of systems put them. */
async function programFolder() {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join('/usr/lib/postgresql', version, 'bin')),
  ];
  const folder = folders.find((folder) => ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))));
  if (!folder) throw new Error(missing);
  return folder;
}

const missing =
  'The programs `initdb` and `postgres` were not found, and the example of a store in PostgreSQL is tested on a real one. Install it ' +
  '(Debian and Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql`; Fedora: `dnf install postgresql-server`), and run this again.';

// A store in PostgreSQL, over the application's own `pg`: all machines share sessions, and refresh once.
// Each lock that is held or awaited takes a connection for as long; a pooler between must keep it to one session.
import { createHash } from 'node:crypto';
import { StorageError } from 'mcp-oauth-wasm';
/** @import { Store } from 'mcp-oauth-wasm' */
/** @typedef {{ query: (text: string, values: (string | null)[]) => Promise<{ rows: any[], rowCount: number | null }> }} Pool of `pg` */
/** @typedef {Pool & { connect: () => Promise<unknown>, end: () => Promise<void>, on: (event: 'error', listener: () => void) => unknown }} Client of `pg` */

/** The table, to be made once. `key` is a hash, since keys may be longer than an index takes. Who can read `value` can use its tokens. */
export const createTable =
  'create table if not exists mcp_oauth_records (key text primary key, version text not null, value json not null, expires_at float8)';

/** @param {{ pool: Pool, createClient: () => Client }} options `pool`: for records; `createClient`: makes the client of a lock, at the same database */
export const createPostgreSQLStore = ({ pool, createClient }) =>
  /** @type {Store} */ ({
    async read(key) {
      const { rows } = await ask(pool, 'select version, value from mcp_oauth_records where key = $1', [
        hashOf(key).toString('hex'),
      ]);
      return rows[0] ?? null;
    },

    async compareAndSwap(key, expected, value) {
      const [id, version, text] = [hashOf(key).toString('hex'), crypto.randomUUID(), JSON.stringify(value)];
      const until = value?.expiresAt ? String(value.expiresAt) : null;
      if (expected === null && value === null)
        return (await ask(pool, 'select from mcp_oauth_records where key = $1', [id])).rowCount === 0;
      const { rowCount } = await (expected === null
        ? ask(pool, 'insert into mcp_oauth_records values ($1, $2, $3, $4) on conflict do nothing', [
            id,
            version,
            text,
            until,
          ])
        : value === null
          ? ask(pool, 'delete from mcp_oauth_records where key = $1 and version = $2', [id, expected])
          : ask(
              pool,
              'update mcp_oauth_records set version = $3, value = $4, expires_at = $5 where key = $1 and version = $2',
              [id, expected, version, text, until],
            ));
      // What counts no more may hold secrets.
      const now = String(Date.now() / 1000);
      if (rowCount === 1) await ask(pool, 'delete from mcp_oauth_records where expires_at <= $1', [now]);
      return rowCount === 1;
    },

    async lock(key, work, { signal } = {}) {
      signal?.throwIfAborted();
      const client = createClient();
      // A lock ends with its connection, also with a lost one: what is written afterwards is compared.
      client.on('error', () => {});
      const waiting = new AbortController();
      try {
        await new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { signal: waiting.signal });
          take(client, key).then(resolve, reject);
        });
        return await work();
      } finally {
        waiting.abort();
        client.end().catch(() => {});
      }
    },
  });

const hashOf = (/** @type {string} */ key) => createHash('sha256').update(key).digest();

/** Waits until nobody else has the lock. @param {Client} client @param {string} key */
async function take(client, key) {
  await client.connect().catch(unavailable);
  await ask(client, 'select pg_advisory_lock($1)', [String(hashOf(key).readBigInt64BE())]);
}

/** @param {Pool} database @param {string} statement @param {(string | null)[]} values */
const ask = (database, statement, values) => database.query(statement, values).catch(unavailable);

/** @param {{ code?: string }} error It stays behind: it quotes what was to be written. @returns {never} */
function unavailable({ code = 'no answer' }) {
  throw new StorageError({
    code: 'store_unavailable',
    message: `PostgreSQL could not be asked for records (${code}).`,
    details: { code },
  });
}

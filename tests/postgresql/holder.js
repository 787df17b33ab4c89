/** A process that takes the lock of a key, says so, and keeps it until it is killed. */

import { createPostgreSQLStore } from '../../examples/postgresql/store.js';
import { Client, Pool } from './client/pg.js';

const [settings = '', key = ''] = process.argv.slice(2);
const createClient = () => new Client(JSON.parse(settings));
const store = createPostgreSQLStore({ pool: new Pool(JSON.parse(settings)), createClient });
await store.lock(key, () => {
  process.send?.('taken');
  return new Promise(() => {});
});

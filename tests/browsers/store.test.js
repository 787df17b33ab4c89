// The store in IndexedDB and its locks, and what they are for: tabs and workers that share one session.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startStage } from './stage.js';

/** @import { Page } from 'puppeteer-core' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`the store in IndexedDB, in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage?.close());

    for (const encrypted of [false, true]) {
      test(`keeps the contract of a store${encrypted ? ', encrypted' : ''}`, async () => {
        const page = await stage.openLab();
        const broken = await page.evaluate(async (encrypted) => {
          let count = 0;
          /** @type {Map<unknown, string>} */
          const names = new Map();
          const opened = (/** @type {string} */ name) => {
            const store = lab.createIndexedDBStore({ name, encrypted });
            names.set(store, name);
            return store;
          };
          const cases = lab.storeContract({
            open: () => opened(`contract ${encrypted} ${(count += 1)}`),
            openAgain: (store) => opened(String(names.get(store))),
          });
          const outcomes = [];
          for (const { name, run } of cases) outcomes.push([name, await lab.outcome(run)]);
          if (outcomes.length === 0) throw new Error('there are no cases');
          return outcomes.filter(([, outcome]) => typeof outcome === 'object' && outcome.message);
        }, encrypted);
        assert.deepEqual(broken, []);
      });
    }

    test('encrypted records show nothing of what is in them, and their key cannot be taken out', async () => {
      const page = await stage.openLab();
      const { record, key, exported } = await page.evaluate(async () => {
        const store = lab.createIndexedDBStore({ encrypted: true });
        await store.compareAndSwap('session', null, { refreshToken: 'a-secret-to-keep' });
        const database = await new Promise((/** @type {(database: IDBDatabase) => void} */ resolve) => {
          const opening = indexedDB.open('mcp-oauth-wasm');
          opening.onsuccess = () => resolve(opening.result);
        });
        const read = (/** @type {string} */ from, /** @type {string} */ name) =>
          new Promise((/** @type {(value: any) => void} */ resolve) => {
            const reading = database.transaction(from).objectStore(from).get(name);
            reading.onsuccess = () => resolve(reading.result);
          });
        const record = await read('records', 'session');
        const key = await read('keys', 'records');
        return {
          record: String.fromCharCode(...new Uint8Array(record.encrypted)) + JSON.stringify(record),
          key: { extractable: key.extractable, algorithm: key.algorithm },
          exported: await lab.outcome(() => crypto.subtle.exportKey('raw', key)),
        };
      });
      assert.ok(!record.includes('secret') && !record.includes('refreshToken'), record);
      assert.deepEqual(key, { extractable: false, algorithm: { name: 'AES-GCM', length: 256 } });
      assert.match(String(exported.name), /InvalidAccess/);
    });

    /**
     * Makes a database with one object store, and then uses it as ours.
     *
     * @param {Page} page
     * @param {string} objectStore
     * @param {number} version
     */
    const used = (page, objectStore, version) =>
      page.evaluate(
        async (objectStore, version) => {
          await new Promise((resolve, reject) => {
            const opening = indexedDB.open('foreign', version);
            opening.onupgradeneeded = () => opening.result.createObjectStore(objectStore);
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => resolve(opening.result.close());
          });
          const store = lab.createIndexedDBStore({ name: 'foreign' });
          const reading = await lab.outcome(() => store.read('session'));
          const writing = await lab.outcome(() => store.compareAndSwap('session', null, {}));
          const left = (await indexedDB.databases()).find(({ name }) => name === 'foreign')?.version;
          return [`${reading.name} ${reading.code}`, `${writing.name} ${writing.code}`, left];
        },
        objectStore,
        version,
      );

    test('a database of a newer version is reported, and left as it is', async () => {
      assert.deepEqual(await used(await stage.openLab(), 'records', 2), [
        'StorageError store_newer',
        'StorageError store_newer',
        2,
      ]);
    });

    test('a database that is none of ours is reported, and left as it is', async () => {
      assert.deepEqual(await used(await stage.openLab(), 'something else', 1), [
        'StorageError store_corrupted',
        'StorageError store_corrupted',
        1,
      ]);
    });

    test('a record that is damaged, or does not decrypt, or was put in the place of another, is reported', async () => {
      const page = await stage.openLab();
      const codes = await page.evaluate(async () => {
        const store = lab.createIndexedDBStore({ encrypted: true });
        for (const key of ['one', 'two']) await store.compareAndSwap(key, null, { of: key });
        const database = await new Promise((/** @type {(database: IDBDatabase) => void} */ resolve) => {
          const opening = indexedDB.open('mcp-oauth-wasm');
          opening.onsuccess = () => resolve(opening.result);
        });
        const records = () => database.transaction('records', 'readwrite').objectStore('records');
        const one = await new Promise((/** @type {(value: any) => void} */ resolve) => {
          const reading = records().get('one');
          reading.onsuccess = () => resolve(reading.result);
        });
        records().put(one, 'two');
        records().put({ ...one, iv: new Uint8Array(12) }, 'three');
        records().put('a text', 'four');
        const outcomes = [];
        for (const key of ['one', 'two', 'three', 'four']) outcomes.push(await lab.outcome(() => store.read(key)));
        return outcomes.map(({ came, code }) => code ?? came.value.of);
      });
      assert.deepEqual(codes, ['one', 'store_corrupted', 'store_corrupted', 'store_corrupted']);
    });

    /** Signs in on a page of its own profile, and lets the token expire. */
    async function signedInAndExpired() {
      const context = await stage.stranger();
      const example = await stage.open('/index.html', { context });
      await example.waitForSelector('#connect:not([disabled])', patience);
      await example.type('#server', stage.world.server);
      const [popup] = await Promise.all([nextWindow(stage.browser), example.click('#connect')]);
      await signInAt(popup);
      await example.waitForFunction(
        () => document.querySelector('#status')?.textContent?.startsWith('Connected'),
        patience,
      );
      await example.close();
      const page = await stage.openLab({ context });
      await page.evaluate(async (server) => {
        const store = lab.createIndexedDBStore({ encrypted: true });
        const there = await store.read(`session ${server} default`);
        if (!there) throw new Error('nobody is signed in');
        const tokens = { .../** @type {any} */ (there.value.tokens), expiresAt: Math.floor(Date.now() / 1000) - 1 };
        await store.compareAndSwap(`session ${server} default`, there.version, { ...there.value, tokens });
      }, stage.world.server);
      return { context, page };
    }

    test('a page that is loaded anew while its person is away is taken over at once, and one that is there is waited for', async () => {
      const context = await stage.stranger();
      const [page, other] = [await stage.openLab({ context }), await stage.openLab({ context })];
      /** @param {Page} page whose clock stands still: nobody there sees that a sign-in is silent */
      const begin = (page) =>
        page.evaluate((server) => {
          const began = Date.now();
          Date.now = () => began;
          Object.assign(globalThis, { sent: 0 });
          const authorize = () => {
            Object.assign(globalThis, { sent: 1 });
            return /** @type {Promise<string>} */ (new Promise(() => {}));
          };
          const redirect = {
            prepare: async () => ({
              redirectUri: `${location.origin}/callback.html`,
              authorize,
              close: async () => {},
            }),
          };
          const host = lab.browserHost({ store: lab.createIndexedDBStore(), redirect });
          const { fetch } = lab.createAuthorizer({ host }).connection(server, { interaction: true });
          lab.whoAmI(fetch, server).catch(() => {});
        }, stage.world.server);
      const isSent = (/** @type {Page} */ page) => page.waitForFunction('sent === 1', { ...patience, polling: 100 });
      await begin(page);
      await isSent(page);
      await begin(other);
      // It looks at it, and looks again.
      await other.evaluate(async () => {
        const { query } = navigator.locks;
        await new Promise((resolve) => {
          let asked = 0;
          navigator.locks.query = async () => {
            if ((asked += 1) === 3) resolve(undefined);
            return query.call(navigator.locks);
          };
        });
      });
      assert.equal(await other.evaluate('sent'), 0);
      await page.reload();
      await isSent(other);
      await other.reload();
      await other.waitForFunction(() => 'lab' in globalThis, patience);
      await begin(other);
      await isSent(other);
    });

    /** The refreshes that the authorization server has seen. */
    const refreshes = () =>
      stage.world.authorizationServer.requests.filter(({ body }) => body.grant_type === 'refresh_token').length;

    /**
     * Calls the MCP server many times at once, and tells with which session everything ended.
     *
     * @param {Page} page
     * @param {number} count
     */
    const callManyTimes = (page, count) =>
      page.evaluate(
        async (server, count) => {
          const host = lab.browserHost({ store: lab.createIndexedDBStore({ encrypted: true }) });
          const connection = lab.createAuthorizer({ host }).connection(server);
          const answers = await Promise.all(Array.from({ length: count }, () => lab.whoAmI(connection.fetch, server)));
          const tokens = (await connection.session())?.tokens;
          return {
            answered: answers.filter((text) => text.includes('alice@example.com')).length,
            tokens: JSON.stringify(tokens),
          };
        },
        stage.world.server,
        count,
      );

    test('[accepts T4] a thousand requests in three tabs on an expired token: one refresh, and all have the same tokens', async () => {
      const { context, page } = await signedInAndExpired();
      const tabs = [page, await stage.openLab({ context }), await stage.openLab({ context })];
      const before = refreshes();
      const outcomes = await Promise.all(tabs.map((tab, index) => callManyTimes(tab, index === 0 ? 334 : 333)));
      assert.deepEqual(
        outcomes.map(({ answered }) => answered),
        [334, 333, 333],
      );
      assert.equal(refreshes() - before, 1);
      assert.equal(new Set(outcomes.map(({ tokens }) => tokens)).size, 1, 'all have the same tokens');
    });

    test('[accepts I1] a worker refreshes with its page, and asks for interaction where there is no session, since it has no window', async () => {
      const { page } = await signedInAndExpired();
      const before = refreshes();
      const inWorker = await page.evaluate(async (server) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        const host = lab.browserHost({ store: lab.createIndexedDBStore({ encrypted: true }) });
        const there = lab.whoAmI(lab.createAuthorizer({ host }).connection(server).fetch, server);
        worker.postMessage({ server });
        const answer = await new Promise((/** @type {(data: any) => void} */ resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
        });
        await there;
        return answer;
      }, stage.world.server);
      assert.match(inWorker.whoAmI, /alice@example\.com/);
      assert.deepEqual(inWorker.stranger, ['InteractionRequiredError', 'interaction_required']);
      assert.deepEqual(inWorker.insistent, ['MisuseError', 'no_redirect']);
      assert.equal(refreshes() - before, 1);
    });
  });
}

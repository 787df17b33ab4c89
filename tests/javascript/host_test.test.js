// The test kit can fail: each of its cases notices a host that has the fault which it names, and says what it saw.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { fetchContract, hostContract, redirectContract, storeContract } from 'mcp-oauth-wasm/host-test';
import { startFetchTestServer } from 'mcp-oauth-wasm/host-test/server';
import { faultyFetches } from './faulty_fetches.js';
import { faultyHosts } from './faulty_hosts.js';
import { faultyRedirects } from './faulty_redirects.js';
import { faultyStores } from './faulty_stores.js';

/** @import { ContractCase } from 'mcp-oauth-wasm/host-test' */

const server = await startFetchTestServer();
after(server.close);

/** What hangs is ended soon; what does not is not hurried by it. */
const hanging = { patienceMilliseconds: 1_000 };

/**
 * @typedef {object} Fault
 * @property {string} caughtBy the name of a case
 * @property {RegExp} [saying] what its error says; by default, that it did not come to an end
 */

/**
 * @param {string} contract
 * @param {string[]} names of all cases
 * @param {Record<string, Fault>} faults
 * @param {(fault: string, options: { patienceMilliseconds?: number }) => ContractCase[]} casesWith
 */
function testFaults(contract, names, faults, casesWith) {
  describe(contract, { concurrency: 8 }, () => {
    for (const [fault, { caughtBy, saying }] of Object.entries(faults)) {
      test(`${fault}: caught by "${caughtBy}"`, async () => {
        const found = casesWith(fault, saying ? {} : hanging).find(({ name }) => name === caughtBy);
        assert.ok(found, 'there is such a case');
        await assert.rejects(found.run(), { message: saying ?? /^It did not come to an end/ });
      });
    }
    test('every case notices some fault', () => {
      const noticing = new Set(Object.values(faults).map(({ caughtBy }) => caughtBy));
      assert.deepEqual(
        names.filter((name) => !noticing.has(name)),
        [],
      );
    });
  });
}

/** @param {ContractCase[]} cases */
const namesOf = (cases) => cases.map(({ name }) => name);

const aStore = /** @type {import('mcp-oauth-wasm/host-test').StoreContractOptions} */ (Object.values(faultyStores)[0]);
testFaults(
  'stores',
  namesOf(storeContract({ ...aStore, openAgain: aStore.open, abandonLock: async () => {} })),
  faultyStores,
  (fault, options) => storeContract({ .../** @type {typeof aStore} */ (faultyStores[fault]), ...options }),
);

testFaults('fetches', namesOf(fetchContract({ fetch, ...server })), faultyFetches, (fault, options) =>
  fetchContract({ fetch: faultyFetches[fault]?.fetch ?? fetch, ...server, ...options }),
);

testFaults('redirects', namesOf(redirectContract({ create: () => assert.fail() })), faultyRedirects, (fault, options) =>
  redirectContract({
    .../** @type {import('mcp-oauth-wasm/host-test').RedirectContractOptions} */ (faultyRedirects[fault]),
    ...options,
  }),
);

testFaults('hosts', namesOf(hostContract({ create: () => assert.fail() })), faultyHosts, (fault, options) =>
  hostContract({
    .../** @type {import('mcp-oauth-wasm/host-test').HostContractOptions} */ (faultyHosts[fault]),
    ...options,
  }),
);

/** This package in processes of its own that share a store, as two windows of one application. */

/** @import { Surroundings, ZooClient } from '../zoo/world.js' */
/** @import { Report, Task } from '../javascript/single_flight_member.js' */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createFileStore } from '../../js/stores/file_store.js';
import { expire } from '../javascript/world.js';
import { startOurs } from '../zoo/clients/ours.js';

const script = fileURLToPath(new URL('../javascript/single_flight_member.js', import.meta.url));

/** The step in which the token has expired, and each of two processes sends ten requests at once. */
export const inTwoProcesses = 'requests of two processes';

/**
 * @param {Surroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startTwoProcesses(surroundings) {
  const { endpoint, memory } = surroundings;
  const folder = await mkdtemp(join(tmpdir(), 'two processes '));
  const file = join(folder, 'store.json');
  const store = createFileStore(file);
  memory.set('store', store);
  return {
    ...(await startOurs(surroundings)),
    async call() {
      await expire(store, endpoint);
      const processes = await Promise.all([
        startProcess({ place: { file }, server: endpoint, requests: 10 }),
        startProcess({ place: { file }, server: endpoint, requests: 10 }),
      ]);
      for (const report of await Promise.all(processes.map((process) => process.go()))) {
        if (report.outcomes['200'] !== 10)
          throw new Error(`Not every request was served: ${JSON.stringify(report.outcomes)}`);
      }
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** @param {Task} task */
async function startProcess(task) {
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async () => JSON.parse((await lines.next()).value ?? 'null');
  await hear();
  return {
    /** @returns {Promise<Report>} */
    async go() {
      child.stdin.write('\n');
      const report = await hear();
      if (!report) throw new Error('The process ended without a report.');
      if (child.exitCode === null) await once(child, 'exit');
      return report;
    },
  };
}

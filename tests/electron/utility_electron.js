// Stands in for `electron` where an application has a utility process: a process of Node's, which gets messages as that does.

import { fork } from 'node:child_process';

/** @import * as Electron from 'electron' */

export * from './readme_electron.js';

/** @type {Pick<typeof Electron.utilityProcess, 'fork'>} */
export const utilityProcess = {
  fork(modulePath, args) {
    const parentPort = new URL('utility_port.js', import.meta.url).href;
    const child = fork(modulePath, args, { execArgv: ['--import', parentPort], serialization: 'advanced' });
    return /** @type {any} */ (
      Object.assign(child, { postMessage: (/** @type {any} */ message) => child.send(message) })
    );
  },
};

// `process.parentPort` of a utility process: an event for each message, and nothing else can be sent along.

/** @import * as Electron from 'electron' */

/** @type {Pick<Electron.ParentPort, 'on' | 'postMessage'>} */
const parentPort = {
  on(event, listener) {
    process.on(event, (/** @type {any} */ data) => listener(/** @type {any} */ ({ data, ports: [] })));
    return /** @type {any} */ (parentPort);
  },
  postMessage: (/** @type {any} */ message) => void process.send?.(message),
};
Object.assign(process, { parentPort });

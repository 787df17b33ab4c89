/**
 * Waits until a server that was started for the tests says that it accepts connections.
 *
 * @param {import('node:child_process').ChildProcess} server
 * @param {object} how
 * @param {string} how.name
 * @param {import('node:stream').Readable} how.log where it says so
 * @param {string} [how.missing] what to say where there is no such program
 * @returns {Promise<void>}
 */
export function untilReady(server, { name, log, missing }) {
  return new Promise((resolve, reject) => {
    let told = '';
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      reject(error.code === 'ENOENT' && missing ? new Error(missing) : error),
    );
    server.once('exit', () => reject(new Error(`${name} did not start:\n${told}`)));
    log.setEncoding('utf8').on('data', (text) => {
      told += text;
      if (/ready to accept connections/i.test(told)) resolve();
    });
  });
}

/** Where Electron comes from: the host gives it, or it is imported when it is first needed. */

/** @import { ElectronModules } from './electron_parts.js' */

import { MisuseError } from '../../core/errors.js';

/**
 * Electron, once it is ready: before that it has neither sessions nor cryptography.
 *
 * @param {ElectronModules} [given]
 * @returns {() => Promise<ElectronModules>} rejects with a `MisuseError` (`electron_missing`)
 */
export function readyElectron(given) {
  return async () => {
    const electron = given ?? (await importElectron());
    await electron.app.whenReady();
    return electron;
  };
}

/** @returns {Promise<ElectronModules>} */
async function importElectron() {
  // The npm package of this name is a path to Electron's program everywhere but in Electron itself.
  // @ts-ignore: whoever runs this has it
  const imported = await import('electron').catch(() => undefined);
  const electron = imported?.app ? imported : imported?.default;
  if (electron?.app) return electron;
  throw new MisuseError({
    code: 'electron_missing',
    message:
      'This is not the main process of Electron, or a bundler has put something else in the place of the module `electron`. ' +
      'Use `mcp-oauth-wasm/electron` in the main process, tell the bundler that `electron` is external, or pass it as the option `electron`.',
  });
}

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
    const electron = await thisElectron(given);
    await electron.app.whenReady();
    return electron;
  };
}

/**
 * Electron, ready or not: it becomes ready only when the main module is through, which may be waiting for this.
 *
 * @param {ElectronModules} [given]
 * @returns {Promise<ElectronModules>} rejects with a `MisuseError` (`electron_missing`, `electron_unsupported`)
 */
export async function thisElectron(given) {
  const { electron: version } = /** @type {Record<string, string | undefined>} */ (process.versions);
  if (version !== undefined && Number.parseInt(version, 10) < LEAST_ELECTRON) throw unsupported(version);
  return given ?? (await importElectron());
}

/** The first with Node 22, whose main module may be an ES module, and whose `require` takes one. */
const LEAST_ELECTRON = 35;

/** @param {string} version */
function unsupported(version) {
  return new MisuseError({
    code: 'electron_unsupported',
    message: `This is Electron ${version}. \`mcp-oauth-wasm/electron\` needs Electron ${LEAST_ELECTRON} or newer: update it.`,
    details: { version, least: LEAST_ELECTRON },
  });
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

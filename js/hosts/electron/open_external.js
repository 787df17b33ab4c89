/** @import { ElectronShell } from './electron_parts.js' */

import { TransportError } from '../../core/errors.js';
import { requireWebUrl } from '../redirect.js';

/**
 * Opens the system browser (RFC 8252 §4), and nothing that is not a web page: `openExternal` would start other programs.
 *
 * @param {ElectronShell} shell
 * @param {string} url
 */
export async function openExternal(shell, url) {
  const webUrl = requireWebUrl(url);
  await shell.openExternal(webUrl).catch((cause) => {
    throw new TransportError({
      code: 'browser_not_opened',
      step: 'authorize',
      message:
        'No browser could be opened on this machine. Choose a default browser in the settings of the operating system, then sign in again.',
      cause,
    });
  });
}

/** @import { ClientDescription } from '../core/records.js' */

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

import { StorageError } from '../core/errors.js';

/**
 * Where a program of this user keeps state: `XDG_STATE_HOME` (XDG Base Directory Specification),
 * `Library/Application Support` on macOS, `LOCALAPPDATA` on Windows. There `nodeHost` has its store.
 *
 * @param {{ application?: string, platform?: NodeJS.Platform, variables?: NodeJS.ProcessEnv, home?: string }} [environment]
 *   of whom: `application`, the name of a client, which so has a file of its own; default: the file of those without a
 *   name, and this process
 * @returns {string} a path
 * @throws {StorageError} `store_unavailable`: this user has no home folder
 */
export function defaultStorePath({ application, platform = process.platform, variables = process.env, home } = {}) {
  const { isAbsolute, join } = platform === 'win32' ? win32 : posix;
  const given = { win32: variables.LOCALAPPDATA, darwin: '' }[String(platform)] ?? variables.XDG_STATE_HOME ?? '';
  const below = { win32: ['AppData', 'Local'], darwin: ['Library', 'Application Support'] }[String(platform)];
  // The specification says that a relative path is to be ignored.
  const folder = isAbsolute(given) ? given : join(home ?? homeFolder(isAbsolute), ...(below ?? ['.local', 'state']));
  return join(folder, 'mcp-oauth-wasm', ...(application ? [folderOf(application)] : []), 'store.json');
}

/**
 * What tells one application from another, whatever its version and wherever it is installed.
 *
 * @param {ClientDescription} client
 */
export function applicationOf({ softwareId, clientName, clientMetadataUrl }) {
  return softwareId ?? clientName ?? clientMetadataUrl;
}

/**
 * Fit for every file system, and another one for every name.
 *
 * @param {string} application
 */
function folderOf(application) {
  const words = application.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const hash = createHash('sha256').update(application).digest('hex').slice(0, 8);
  return [...words, hash].join('-').slice(-80);
}

/** @param {(path: string) => boolean} isAbsolute */
function homeFolder(isAbsolute) {
  let home = '';
  try {
    home = homedir();
  } catch {
    // A user whom the system does not know, as in containers.
  }
  if (isAbsolute(home)) return home;
  throw new StorageError({
    code: 'store_unavailable',
    message:
      'This user has no home folder, so there is no default place for the store. Set the environment variable HOME (on Windows ' +
      'USERPROFILE) or XDG_STATE_HOME to a folder that may be written to, or choose a place: the option `store` of the host, such as ' +
      '`createFileStore(path)`; `--store FILE` of the command line.',
  });
}

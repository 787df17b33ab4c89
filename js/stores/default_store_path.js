import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/**
 * Where a program of this user keeps state: `XDG_STATE_HOME` (XDG Base Directory Specification),
 * `Library/Application Support` on macOS, `LOCALAPPDATA` on Windows. There `nodeHost` has its store.
 *
 * @param {{ platform?: NodeJS.Platform, variables?: NodeJS.ProcessEnv, home?: string }} [environment] of whom; default:
 *   this process
 * @returns {string} a path
 * @throws nothing
 */
export function defaultStorePath({ platform = process.platform, variables = process.env, home = homedir() } = {}) {
  const ownPath = ['mcp-oauth-wasm', 'store.json'];
  if (platform === 'win32') {
    return win32.join(variables.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), ...ownPath);
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', ...ownPath);
  // The specification says that a relative path is to be ignored.
  const stateHome = variables.XDG_STATE_HOME ?? '';
  return posix.join(posix.isAbsolute(stateHome) ? stateHome : posix.join(home, '.local', 'state'), ...ownPath);
}

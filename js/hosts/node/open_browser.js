import { spawn } from 'node:child_process';
import { release } from 'node:os';

import { TransportError } from '../../core/errors.js';
import { requireWebUrl } from '../redirect.js';

/** After this time a command that still runs counts as the browser itself. */
const patienceMilliseconds = 3_000;

/**
 * What decides by which command a browser is opened. Default: this process's.
 *
 * @typedef {object} Environment
 * @property {NodeJS.Platform} [platform] The operating system.
 * @property {string} [kernel] The version of the operating system's kernel, which tells WSL from Linux.
 * @property {NodeJS.ProcessEnv} [variables] The environment variables.
 */

/**
 * Opens the system browser (RFC 8252 §4), or what the environment variable `BROWSER` names. No shell of ours ever sees the URL, and one of the command's own finds nothing
 * in it to execute.
 *
 * @param {string} url what to open: http or https
 * @param {Environment} [environment] what decides by which command
 * @returns {Promise<void>} when it was started
 * @throws {MisuseError} `url_not_openable`: of another scheme
 * @throws {TransportError} `browser_not_opened`: none could be started
 */
export async function openBrowser(url, environment = {}) {
  return openInBrowser(requireWebUrl(url), environment);
}

/**
 * The same for any URL, also that of a file.
 *
 * @param {string} url
 * @param {Environment} [environment]
 * @returns {Promise<void>}
 */
export async function openInBrowser(url, environment = {}) {
  const { variables = process.env } = environment;
  /** @type {unknown[]} */
  const failures = [];
  for (const [command, ...args] of browserCommands(withoutCommands(url), environment)) {
    try {
      return await run(command, args, variables);
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw new TransportError({
    code: 'browser_not_opened',
    step: 'authorize',
    message:
      'No browser could be opened on this machine. Open the authorization URL in a browser yourself; ' +
      'a host can show it to the person with the option `showUrl` of `loopbackRedirect`.',
    details: { attempts: failures.map(String) },
  });
}

/**
 * The same URL for every server, with the characters encoded that shells know, PowerShell among them: `wslview` puts the
 * URL into a command line of that.
 *
 * @param {string} url
 */
function withoutCommands(url) {
  return url.replace(/[!$'()*;^`|]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * The commands that may open the URL, in the order in which they are tried.
 *
 * @param {string} url
 * @param {Environment} environment
 * @returns {[command: string, ...args: string[]][]}
 */
export function browserCommands(url, { platform = process.platform, kernel = release(), variables = process.env }) {
  if (platform === 'win32') {
    // The full path, because Windows looks for commands in the current folder first. Not `start`, which needs a shell.
    const windows = variables.SystemRoot ?? 'C:\\Windows';
    return [[`${windows}\\System32\\rundll32.exe`, 'url.dll,FileProtocolHandler', url]];
  }
  const commands = configuredCommands(url, variables.BROWSER ?? '');
  if (platform === 'darwin') return [...commands, ['/usr/bin/open', url]];
  if (/microsoft/i.test(kernel)) {
    commands.push(['wslview', url], ['/mnt/c/Windows/System32/rundll32.exe', 'url.dll,FileProtocolHandler', url]);
  }
  // Without a display xdg-open would start a browser for the terminal, unseen.
  if (variables.DISPLAY || variables.WAYLAND_DISPLAY) commands.push(['xdg-open', url]);
  return commands;
}

/**
 * What the person configured, as dev containers do: commands between colons, in which `%s` stands for the URL that else
 * comes last (https://www.catb.org/~esr/BROWSER/).
 *
 * @param {string} url
 * @param {string} browser
 * @returns {[command: string, ...args: string[]][]}
 */
function configuredCommands(url, browser) {
  return browser.split(':').flatMap((entry) => {
    const words = (entry.includes('%s') ? entry : `${entry} %s`).split(' ').filter(Boolean);
    // The path of a program may have spaces in it, too.
    return [[entry, '%s'], words].flatMap(([command = '', ...args]) =>
      command.trim() === '' || command.includes('%s')
        ? []
        : [[command, ...args.map((arg) => arg.replaceAll('%s', () => url))]],
    );
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'ignore', detached: true, windowsHide: true });
    const timer = setTimeout(resolve, patienceMilliseconds);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${command} could not be started: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? code}`));
    });
    child.unref();
  });
}

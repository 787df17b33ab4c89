// What the scripts share. Built-in modules only: set-up runs before `npm ci`.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { argv, env, execPath, exit, platform, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { moves, progress, root, settle, take } from './screen.js';

export { elapsed, logName, progress, root, targetFolder } from './screen.js';

/** A failure that is explained in its message: shown without a stack. */
export class UserError extends Error {}

/** @param {string} moduleUrl whether it is the program being run, rather than imported */
export function isProgram(moduleUrl) {
  return argv[1] !== undefined && realpathSync(argv[1]) === realpathSync(fileURLToPath(moduleUrl));
}

/** @param {() => Promise<unknown>} main resolves to the exit status, if it is not 0 */
export async function runProgram(main) {
  try {
    exit(Number((await main()) ?? 0));
  } catch (error) {
    console.error(error instanceof UserError ? `\n${error.message}` : error);
    exit(1);
  }
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to this process's; undefined removes
 * @property {"show" | "capture" | "step"} [output] where standard output and error go; "show" by default. "step": in a
 *   terminal into the line that moves, and shown as a whole where the command fails; elsewhere shown as it comes
 * @property {boolean} [shell]
 * @property {number} [limitMilliseconds] after that time it is ended, with all that it started; what it left behind when it
 *   ended by itself is ended as well
 */

/** How to send a signal to each child. @type {Map<unknown, (signal: NodeJS.Signals) => void>} */
const children = new Map();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (children.size === 0) exit(1);
    for (const send of children.values()) send(signal);
  });
}

/** How long a command may take to end after it was told to, before it is killed. */
const graceMilliseconds = 5_000;

/**
 * Runs a command to its end. Signals that this process receives reach it too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ status: number, output: string, timedOut: boolean }>} a command ended by a signal has status 143
 */
export function run(command, args, options = {}) {
  const { cwd = root, env: changes = {}, output = 'show', shell = false, limitMilliseconds } = options;
  if (output === 'show') settle();
  // A process group of its own is what can be ended with all that is in it; Windows has none.
  const detached = limitMilliseconds !== undefined && platform !== 'win32';
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (
    output === 'show' ? 'inherit' : ['inherit', 'pipe', 'pipe']
  );
  const child = spawn(command, args, { cwd, shell, detached, env: { ...env, ...changes }, stdio });
  const send = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      if (detached && child.pid) process.kill(-child.pid, signal);
      // Ctrl-C reaches the other children by itself: the terminal sends it to the whole process group.
      else if (signal !== 'SIGINT') child.kill(signal);
    } catch {
      // Nothing is left of the group.
    }
  };
  children.set(child, send);
  let timedOut = false;
  const limit = setTimeout(
    () => {
      timedOut = true;
      // Browsers are in groups of their own: whoever started them ends them when it is told to end.
      send('SIGTERM');
      setTimeout(() => send('SIGKILL'), graceMilliseconds).unref();
    },
    limitMilliseconds ?? 2 ** 31 - 1,
  );
  /** @type {Buffer[]} */
  const chunks = [];
  const listen = (
    /** @type {import('node:stream').Readable | null} */ from,
    /** @type {NodeJS.WriteStream} */ screen,
  ) =>
    from?.on('data', (chunk) => {
      chunks.push(chunk);
      if (output === 'step') take(chunk, screen);
    });
  listen(child.stdout, stdout);
  listen(child.stderr, stderr);
  return new Promise((resolve, reject) => {
    child.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      clearTimeout(limit);
      children.delete(child);
      reject(error.code === 'ENOENT' ? new UserError(missingCommand(command)) : error);
    });
    child.on('exit', () => {
      clearTimeout(limit);
      // What is left of the group would keep the pipes open, and run on.
      if (detached) send('SIGKILL');
    });
    child.on('close', (code) => {
      children.delete(child);
      const status = code ?? 143;
      const text = Buffer.concat(chunks).toString();
      if (output === 'step' && moves && status !== 0) console.log(text);
      if (timedOut && output !== 'capture') {
        const seconds = Number(limitMilliseconds) / 1000;
        console.error(`Ended, because it took longer than ${seconds} seconds: ${[command, ...args].join(' ')}`);
      }
      resolve({ status, output: text, timedOut });
    });
  });
}

/** @param {string} command */
function missingCommand(command) {
  const remedy = ['cargo', 'rustc', 'rustup'].includes(command)
    ? 'Install Rust from https://rustup.rs, open a new terminal, and run this again.'
    : 'Install it, or add it to PATH.';
  return `The command '${command}' was not found. ${remedy}`;
}

/**
 * Runs a command that must succeed, as a step unless the options say otherwise, and returns what it printed.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function mustRun(command, args, options) {
  const { status, output } = await run(command, args, { output: 'step', ...options });
  if (status === 0) return output;
  const shown = options?.output === 'capture' ? `\n${output}` : '';
  throw new UserError(`Failed with status ${status}: ${[command, ...args].join(' ')}${shown}`);
}

/**
 * Fails with the remedy where a command is not there.
 *
 * @param {string} command
 * @param {string[]} args with which it does nothing
 * @param {string} remedy
 */
export async function mustBeThere(command, args, remedy) {
  const options = { output: /** @type {const} */ ('capture'), shell: platform === 'win32' };
  const { status } = await run(command, args, options).catch(() => ({ status: 1 }));
  if (status !== 0) throw new UserError(`The command '${command}' was not found. ${remedy}`);
}

/**
 * Runs npm, which must succeed.
 *
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function mustRunNpm(args, options) {
  // On Windows `npm` is a .cmd file, which only a shell can start; npm itself says where its script is.
  const { npm_execpath: npm } = env;
  if (npm?.endsWith('.js')) return mustRun(execPath, [npm, ...args], options);
  return mustRun('npm', args, { ...options, shell: platform === 'win32' });
}

/**
 * Installs what a folder's lock file says, unless that is there already. The stamp lies in node_modules, so that it
 * goes when they go.
 *
 * @param {string} folder
 */
export async function ensureNestedPackage(folder) {
  const stamp = join(folder, 'node_modules', '.installed-from');
  const lock = hashFiles([join(folder, 'package.json'), join(folder, 'package-lock.json')]);
  if (readIfThere(stamp) === lock) return;
  progress(`npm ci in ${folder}`);
  await mustRunNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  writeFileSync(stamp, lock);
}

/** What `npm test` does not need, and what is large. */
const packagesOfOtherCommands =
  /^(browsers.chromium|conformance|engines|node|interop.newer_servers|package|electron)\b/;

/** Installs what the tests need beside the root package. */
export async function ensureTestPackages() {
  const tests = join(root, 'tests');
  for (const lock of filesBelow([tests]).filter((file) => basename(file) === 'package-lock.json')) {
    if (!packagesOfOtherCommands.test(relative(tests, lock))) await ensureNestedPackage(dirname(lock));
  }
}

/** @param {string} file */
export function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * The files at and below these paths, in a stable order, without what npm installed.
 *
 * @param {string[]} paths
 * @returns {string[]}
 */
export function filesBelow(paths) {
  return paths.flatMap((path) => {
    if (!existsSync(path)) return [];
    if (statSync(path).isFile()) return [path];
    const names = readdirSync(path).filter((name) => name !== 'node_modules');
    return filesBelow(names.sort().map((name) => join(path, name)));
  });
}

/**
 * @param {string[]} files
 * @param {string[]} others further text that the hash depends on
 */
export function hashFiles(files, others = []) {
  const hash = createHash('sha256').update(JSON.stringify(others));
  for (const file of files) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

/**
 * Makes something unless its inputs and outputs are what they were when it was made last.
 *
 * @param {object} task
 * @param {string} task.stamp the file that remembers
 * @param {string} task.inputs a hash of everything that decides the result
 * @param {string[]} task.outputs files that must be there
 * @param {() => Promise<void>} task.make
 * @returns {Promise<boolean>} whether it had to be made
 */
export async function makeIfStale({ stamp, inputs, outputs, make }) {
  const state = () => outputs.every((file) => existsSync(file)) && hashFiles(outputs, [inputs]);
  const current = state();
  if (current && readIfThere(stamp) === current) return false;
  await make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, state() || '');
  return true;
}

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} output of `cargo test`, wasm-bindgen-test-runner or `node --test`
 * @returns {Counts}
 */
export function countTests(output) {
  const plain = output.replace(/\x1b\[[0-9;]*m/g, '');
  const sum = (/** @type {string} */ cargo, /** @type {string} */ node) => {
    const lines = plain.matchAll(new RegExp(`^(?:test result: .*? (\\d+) ${cargo}\\b.*|ℹ (?:${node}) (\\d+))$`, 'gm'));
    return [...lines].reduce((total, [, one, other]) => total + Number(one ?? other), 0);
  };
  return {
    passed: sum('passed', 'pass'),
    failed: sum('failed', 'fail|cancelled'),
    skipped: sum('ignored', 'skipped|todo'),
  };
}

/** No command that runs tests takes a tenth of it on a machine that does nothing else. */
const testMilliseconds = 30 * 60_000;
/** The same for a file of tests in JavaScript. */
const fileMilliseconds = 10 * 60_000;

/**
 * Runs a command that reports tests, and counts them. It does not run for ever.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [variables]
 * @returns {Promise<Counts>}
 */
export async function runTests(command, args, variables) {
  const options = { output: /** @type {const} */ ('step'), env: variables, limitMilliseconds: testMilliseconds };
  const { status, output } = await run(command, args, options);
  const counts = countTests(output);
  // A test program that does not compile, crashes or hangs reports no failed test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (status === 0 && counts.passed === 0) throw new UserError('The command succeeded without running a single test.');
  return counts;
}

/**
 * The arguments with which Node runs files of tests. A file ends when its tests have: one whose set-up failed leaves
 * servers behind, which would keep its process alive for ever.
 *
 * @param {string[]} files
 * @param {string[]} [options]
 */
export function nodeTestArguments(files, options = []) {
  const ours = ['--test', '--test-reporter=spec', '--test-force-exit', `--test-timeout=${fileMilliseconds}`];
  // Node leaves one core unused, of two that is half.
  const everyCore = `--test-concurrency=${availableParallelism()}`;
  return [...ours, everyCore, ...options, ...files.map((file) => relative(root, file))];
}

/**
 * Runs commands that pass or fail as a whole, all of them even when one fails.
 *
 * @param {[string, string[]][]} commands
 * @returns {Promise<Counts>}
 */
export async function runChecks(commands) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [command, args] of commands) {
    progress(`$ ${[command === execPath ? 'node' : command, ...args].join(' ')}`);
    const { status } = await run(command, args, { output: 'step', limitMilliseconds: testMilliseconds });
    counts[status === 0 ? 'passed' : 'failed'] += 1;
  }
  return counts;
}

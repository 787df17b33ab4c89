// What the scripts share. Built-in modules only: set-up runs before `npm ci`.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { argv, env, execPath, exit, platform, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from './places.js';
import { logName, moves, progress, settle, take } from './screen.js';

export { root, targetFolder } from './places.js';
export { elapsed, logName, progress } from './screen.js';

/** A failure that is explained in its message: shown without a stack. */
export class Explained extends Error {}

/**
 * Whether the module of this URL is the program being run, rather than imported.
 *
 * @param {string} moduleUrl
 */
export function isProgram(moduleUrl) {
  return argv[1] !== undefined && realpathSync(argv[1]) === realpathSync(fileURLToPath(moduleUrl));
}

/**
 * Runs a program's main function; a failure becomes a message and exit status 1.
 *
 * @param {() => Promise<number | void>} main resolves to the exit status
 */
export async function runProgram(main) {
  try {
    exit((await main()) ?? 0);
  } catch (error) {
    console.error(error instanceof Explained ? `\n${error.message}` : error);
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

/** How to send a signal to each child. @type {Map<import("node:child_process").ChildProcess, (signal: NodeJS.Signals) => void>} */
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
 * @returns {Promise<{ status: number, output: string, timedOut: boolean }>} a command ended by a signal has status 128 + its number
 */
export function run(
  command,
  args,
  { cwd = root, env: changes = {}, output = 'show', shell = false, limitMilliseconds } = {},
) {
  return new Promise((resolve, reject) => {
    if (output === 'show') settle();
    // A process group of its own is what can be ended with all that is in it; Windows has none.
    const ownGroup = limitMilliseconds !== undefined && platform !== 'win32';
    const child = spawn(command, args, {
      cwd,
      shell,
      detached: ownGroup,
      env: { ...env, ...changes },
      stdio: output === 'show' ? 'inherit' : ['inherit', 'pipe', 'pipe'],
    });
    const send = (/** @type {NodeJS.Signals} */ signal) => {
      if (ownGroup && child.pid) sendToGroup(child.pid, signal);
      // Ctrl-C reaches the other children by itself: the terminal sends it to the whole process group.
      else if (signal !== 'SIGINT') child.kill(signal);
    };
    children.set(child, send);
    let timedOut = false;
    const limit =
      limitMilliseconds &&
      setTimeout(() => {
        timedOut = true;
        // Browsers are in groups of their own: whoever started them ends them when it is told to end.
        send('SIGTERM');
        setTimeout(() => send('SIGKILL'), graceMilliseconds).unref();
      }, limitMilliseconds);
    /** @type {Buffer[]} */
    const chunks = [];
    for (const [stream, screen] of /** @type {const} */ ([
      [child.stdout, stdout],
      [child.stderr, stderr],
    ])) {
      stream?.on('data', (/** @type {Buffer} */ chunk) => {
        chunks.push(chunk);
        if (output === 'step') take(chunk, screen);
      });
    }
    child.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      clearTimeout(limit);
      children.delete(child);
      reject(error.code === 'ENOENT' ? new Explained(missingCommand(command)) : error);
    });
    child.on('exit', () => {
      clearTimeout(limit);
      // What is left of the group would keep the pipes open, and run on.
      if (ownGroup) send('SIGKILL');
    });
    child.on('close', (code, signal) => {
      children.delete(child);
      const status = code ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGHUP' ? 1 : 15);
      const text = Buffer.concat(chunks).toString();
      if (output === 'step' && moves && status !== 0) console.log(text);
      if (timedOut && output !== 'capture')
        console.error(
          `Ended, because it took longer than ${(limitMilliseconds ?? 0) / 1000} seconds: ${[command, ...args].join(' ')}`,
        );
      resolve({ status, output: text, timedOut });
    });
  });
}

/**
 * @param {number} leader
 * @param {NodeJS.Signals} signal
 */
function sendToGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // Nothing is left of it.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {string} command */
function missingCommand(command) {
  const rust = ['cargo', 'rustc', 'rustup'].includes(command);
  return (
    `The command '${command}' was not found. ` +
    (rust
      ? 'Install Rust from https://rustup.rs, open a new terminal, and run this again.'
      : 'Install it, or add it to PATH.')
  );
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
  throw new Explained(`Failed with status ${status}: ${[command, ...args].join(' ')}${shown}`);
}

/**
 * Runs a script that an installed npm package has.
 *
 * @param {string} script its path below node_modules
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function mustRunNode(script, args, options) {
  return mustRun(execPath, [join(root, 'node_modules', script), ...args], options);
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
 * Installs what a folder's lock file says, unless that is there already. The stamp lies in node_modules,
 * so that it goes when they go.
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

/** Packages that `npm test` does not need, and that are large. */
const packagesOfOtherCommands = [
  'tests/browsers/chromium',
  'tests/conformance',
  'tests/engines',
  'tests/node',
  'tests/interop/newer_servers',
  'tests/package',
  'tests/electron',
].map((folder) => join(root, folder));

/** Installs what the tests need beside the root package. */
export async function ensureTestPackages() {
  const locks = filesBelow([join(root, 'tests')]).filter((file) => basename(file) === 'package-lock.json');
  for (const folder of locks.map(dirname)) {
    if (!packagesOfOtherCommands.some((other) => folder.startsWith(other))) await ensureNestedPackage(folder);
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
  /** @param {RegExp} pattern */
  const sum = (pattern) => [...plain.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return {
    passed: sum(/^test result: .*? (\d+) passed/gm) + sum(/^ℹ pass (\d+)$/gm),
    failed: sum(/^test result: .*? (\d+) failed/gm) + sum(/^ℹ fail (\d+)$/gm) + sum(/^ℹ cancelled (\d+)$/gm),
    skipped: sum(/^test result: .*? (\d+) ignored/gm) + sum(/^ℹ skipped (\d+)$/gm) + sum(/^ℹ todo (\d+)$/gm),
  };
}

/** No command that runs tests takes a tenth of it on a machine that does nothing else. */
const testMilliseconds = 30 * 60_000;
/** The same for a file of tests in JavaScript. */
export const fileMilliseconds = 10 * 60_000;

/**
 * Runs a command that reports tests, and counts them. It does not run for ever.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [variables]
 * @returns {Promise<Counts>}
 */
export async function runTests(command, args, variables = {}) {
  const { status, output } = await run(command, args, {
    output: 'step',
    env: variables,
    limitMilliseconds: testMilliseconds,
  });
  const counts = countTests(output);
  // A test program that does not compile, crashes or hangs reports no failed test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (status === 0 && counts.passed === 0) throw new Explained('The command succeeded without running a single test.');
  return counts;
}

/**
 * The arguments with which Node runs files of tests. A file ends when its tests have: one whose set-up failed leaves servers
 * behind, which would keep its process alive for ever.
 *
 * @param {string[]} files
 * @param {string[]} [options]
 */
export function nodeTestArguments(files, options = []) {
  return [
    '--test',
    '--test-reporter=spec',
    '--test-force-exit',
    `--test-timeout=${fileMilliseconds}`,
    ...options,
    ...files.map((file) => relative(root, file)),
  ];
}

/**
 * Runs files of tests with this Node, and counts their tests.
 *
 * @param {string[]} files
 * @param {string[]} [options] of Node
 */
export function runNodeTests(files, options) {
  return runTests(execPath, nodeTestArguments(files, options));
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
    if (status === 0) counts.passed += 1;
    else counts.failed += 1;
  }
  return counts;
}

/**
 * Ends a program of tests with the line that says how many passed.
 *
 * @param {Counts[]} counts
 * @returns {number} the exit status
 */
export function conclude(counts) {
  const total = (/** @type {keyof Counts} */ what) => counts.reduce((sum, count) => sum + count[what], 0);
  if (total('skipped') > 0) console.log(`${total('skipped')} skipped: look for # SKIP or ﹣ in ${logName}`);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

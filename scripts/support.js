// What the scripts share. Built-in modules only: set-up runs before `npm ci`.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { argv, env, execPath, exit, platform, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const targetFolder = resolve(root, env.CARGO_TARGET_DIR ?? "target");

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

const started = performance.now();

/** @param {number} since a time of `performance.now()` */
export function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Prints a progress line with the seconds since the program started.
 *
 * @param {string} text
 */
export function progress(text) {
  console.log(`[${elapsed(started).padStart(7)}] ${text}`);
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to this process's; undefined removes
 * @property {"show" | "capture" | "both"} [output] where standard output and error go; "show" by default
 * @property {boolean} [shell]
 * @property {number} [limitMilliseconds] after that time it is killed, with all that it started
 */

/** How to send a signal to each child. @type {Map<import("node:child_process").ChildProcess, (signal: NodeJS.Signals) => void>} */
const children = new Map();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    if (children.size === 0) exit(1);
    for (const send of children.values()) send(signal);
  });
}

/**
 * Runs a command to its end. Signals that this process receives reach it too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ status: number, output: string, timedOut: boolean }>} a command ended by a signal has status 128 + its number
 */
export function run(command, args, { cwd = root, env: changes = {}, output = "show", shell = false, limitMilliseconds } = {}) {
  return new Promise((resolve, reject) => {
    // A process group of its own is what can be killed with all that is in it; Windows has none.
    const ownGroup = limitMilliseconds !== undefined && platform !== "win32";
    const child = spawn(command, args, {
      cwd,
      shell,
      detached: ownGroup,
      env: { ...env, ...changes },
      stdio: output === "show" ? "inherit" : ["inherit", "pipe", "pipe"],
    });
    const send = (/** @type {NodeJS.Signals} */ signal) => {
      if (ownGroup && child.pid) process.kill(-child.pid, signal);
      // Ctrl-C reaches the other children by itself: the terminal sends it to the whole process group.
      else if (signal !== "SIGINT") child.kill(signal);
    };
    children.set(child, send);
    let timedOut = false;
    const limit = limitMilliseconds && setTimeout(() => {
      timedOut = true;
      send("SIGKILL");
    }, limitMilliseconds);
    /** @type {Buffer[]} */
    const chunks = [];
    for (const [stream, screen] of /** @type {const} */ ([[child.stdout, stdout], [child.stderr, stderr]])) {
      stream?.on("data", (/** @type {Buffer} */ chunk) => {
        chunks.push(chunk);
        if (output === "both") screen.write(chunk);
      });
    }
    child.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      children.delete(child);
      reject(error.code === "ENOENT" ? new Explained(missingCommand(command)) : error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      children.delete(child);
      const status = code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGHUP" ? 1 : 15);
      resolve({ status, output: Buffer.concat(chunks).toString(), timedOut });
    });
  });
}

/** @param {string} command */
function missingCommand(command) {
  const rust = ["cargo", "rustc", "rustup"].includes(command);
  return `The command '${command}' was not found. ` +
    (rust ? "Install Rust from https://rustup.rs, open a new terminal, and run this again." : "Install it, or add it to PATH.");
}

/**
 * Runs a command that must succeed, and returns what it printed unless it was shown.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function mustRun(command, args, options) {
  const { status, output } = await run(command, args, options);
  if (status === 0) return output;
  const shown = options?.output === "capture" ? `\n${output}` : "";
  throw new Explained(`Failed with status ${status}: ${[command, ...args].join(" ")}${shown}`);
}

/**
 * Runs a script that an installed npm package has.
 *
 * @param {string} script its path below node_modules
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function mustRunNode(script, args, options) {
  return mustRun(execPath, [join(root, "node_modules", script), ...args], options);
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
  if (npm?.endsWith(".js")) return mustRun(execPath, [npm, ...args], options);
  return mustRun("npm", args, { ...options, shell: platform === "win32" });
}

/**
 * Installs what a folder's lock file says, unless that is there already. The stamp lies in node_modules,
 * so that it goes when they go.
 *
 * @param {string} folder
 */
export async function ensureNestedPackage(folder) {
  const stamp = join(folder, "node_modules", ".installed-from");
  const lock = hashFiles([join(folder, "package.json"), join(folder, "package-lock.json")]);
  if (readIfThere(stamp) === lock) return;
  progress(`npm ci in ${folder}`);
  await mustRunNpm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
  writeFileSync(stamp, lock);
}

/** Packages that `npm test` does not need, and that are large. */
const packagesOfOtherCommands = ["tests/conformance", "tests/node", "tests/interop/newer_servers", "tests/package", "tests/electron"].map((folder) => join(root, folder));

/** Installs what the tests need beside the root package. */
export async function ensureTestPackages() {
  const locks = filesBelow([join(root, "tests")]).filter((file) => basename(file) === "package-lock.json");
  for (const folder of locks.map(dirname)) {
    if (!packagesOfOtherCommands.some((other) => folder.startsWith(other))) await ensureNestedPackage(folder);
  }
}

/** @param {string} file */
export function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
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
    const names = readdirSync(path).filter((name) => name !== "node_modules");
    return filesBelow(names.sort().map((name) => join(path, name)));
  });
}

/**
 * @param {string[]} files
 * @param {string[]} others further text that the hash depends on
 */
export function hashFiles(files, others = []) {
  const hash = createHash("sha256").update(JSON.stringify(others));
  for (const file of files) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest("hex");
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
  writeFileSync(stamp, state() || "");
  return true;
}

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} output of `cargo test`, wasm-bindgen-test-runner or `node --test`
 * @returns {Counts}
 */
export function countTests(output) {
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  /** @param {RegExp} pattern */
  const sum = (pattern) => [...plain.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return {
    passed: sum(/^test result: .*? (\d+) passed/gm) + sum(/^ℹ pass (\d+)$/gm),
    failed: sum(/^test result: .*? (\d+) failed/gm) + sum(/^ℹ fail (\d+)$/gm) + sum(/^ℹ cancelled (\d+)$/gm),
    skipped: sum(/^test result: .*? (\d+) ignored/gm) + sum(/^ℹ skipped (\d+)$/gm) + sum(/^ℹ todo (\d+)$/gm),
  };
}

/**
 * Runs a command that reports tests, and counts them.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [variables]
 * @returns {Promise<Counts>}
 */
export async function runTests(command, args, variables = {}) {
  const colours = stdout.isTTY ? { CARGO_TERM_COLOR: "always", FORCE_COLOR: "1" } : {};
  const { status, output } = await run(command, args, { output: "both", env: { ...colours, ...variables } });
  const counts = countTests(output);
  // A test program that does not compile, crashes or hangs reports no failed test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (status === 0 && counts.passed === 0) throw new Explained("The command succeeded without running a single test.");
  return counts;
}

// What is seen of long work: in a terminal one line that moves, elsewhere everything that is printed. All of it goes to a log.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { argv, env, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** What is made goes there. */
export const targetFolder = resolve(root, env.CARGO_TARGET_DIR ?? 'target');

/** Whether progress is one line that moves. */
export const moves = Boolean(stdout.isTTY) && env.TERM !== 'dumb';

const log = join(targetFolder, 'logs', `${basename(argv[1] ?? 'node', '.js')}.log`);
/** The file in which everything is, as a person would name it. */
export const logName = relative(root, log);

const started = performance.now();
let [step, detail] = ['', ''];
/** Draws the line anew while it is there. @type {NodeJS.Timeout | undefined} */
let timer;

/** @param {number} since a time of `performance.now()` */
export function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Says which step begins, with the seconds since the program started.
 *
 * @param {string} text
 */
export function progress(text) {
  const line = `[${elapsed(started).padStart(7)}] ${text}`;
  write(`${line}\n`);
  if (!moves) return console.log(line);
  [step, detail] = [text, ''];
  draw();
}

/**
 * Takes what a command of the current step prints.
 *
 * @param {Buffer} chunk
 * @param {NodeJS.WriteStream} stream where the command printed it
 */
export function take(chunk, stream) {
  write(chunk);
  if (!moves) return void stream.write(chunk);
  detail = stripVTControlCharacters(String(chunk)).trim().split('\n').at(-1)?.trim() ?? '';
  // Many lines may come at once: the timer draws the last.
  if (!timer) draw();
}

/** Ends the line that moves: something else is printed from now on. */
export function settle() {
  if (!timer) return;
  clearInterval(timer);
  timer = undefined;
  originalWrite('\r\x1b[K');
}

/** The log begins anew with the first line. @type {(text: string | Buffer) => void} */
let write = (text) => {
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, text);
  write = (more) => appendFileSync(log, more);
};

const originalWrite = stdout.write.bind(stdout);

function draw() {
  timer ??= setInterval(draw, 200).unref();
  const text = `[${elapsed(started).padStart(7)}] ${step}${detail && `: ${detail}`}`;
  originalWrite(`\r${text.slice(0, stdout.columns - 1)}\x1b[K`);
}

if (moves) {
  // What was said last stays.
  process.once('exit', () => timer && originalWrite('\n'));
  // Whatever else is printed, by whomever, must not stand behind the line.
  for (const stream of [stdout, stderr]) {
    const print = stream.write.bind(stream);
    stream.write = /** @type {typeof stream.write} */ (
      (/** @type {Parameters<typeof stream.write>} */ ...args) => {
        settle();
        return print(...args);
      }
    );
  }
}

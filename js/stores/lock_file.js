/**
 * Locks between processes, made of nothing but files, safe when a process is killed at any point.
 *
 * A process that wants a lock creates a file whose name is used once and never again: name of the lock,
 * machine, process, random token. Then it lists the folder, and holds the lock if no other file of that lock
 * is there; otherwise it removes its file, and tries again a little later. Of two that try at once, the later
 * one to create its file sees the earlier one's, so at most one holds the lock.
 *
 * Why not one file with a fixed name, created exclusively? Because it cannot be recovered safely once its
 * owner was killed: two processes see that it is stale, the first removes it and takes the lock, and the
 * second, a moment late, removes the lock of the first. Here a stale file is removed by a name that belongs
 * to nobody else, so that any number of recoverers may remove it, at any time, and none can hit a live lock.
 *
 * A file is stale if its process is gone from this machine, or if its heartbeat has been silent all the while
 * that we watched it (its process is on another machine, or its number was given to another process).
 * Silence is measured by our own waiting, not by comparing clocks: machines that share a folder disagree
 * about the time, and one that has slept finds every heartbeat old.
 *
 * A holder that was suspended for longer than that loses its lock without knowing. For this last case `work`
 * gets the path of the lock file, which is then gone: whoever publishes a result by renaming the lock file
 * itself publishes only while holding the lock.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning, systemErrorCode, thisMachine } from './this_process.js';

const firstPauseMilliseconds = 5;
const longestPauseMilliseconds = 100;

/**
 * @typedef {object} Heartbeat
 * @property {number} everyMilliseconds How often a holder gives a sign of life.
 * @property {number} silentMilliseconds How long we watch a silent one before its lock counts as stale.
 */

/** @type {Heartbeat} */
const defaultHeartbeat = { everyMilliseconds: 5_000, silentMilliseconds: 30_000 };

/**
 * @typedef {object} LockFileRequest
 * @property {string} folder Created if it is missing; on the same file system for all who lock.
 * @property {string} name Letters and digits.
 * @property {AbortSignal} signal Ends the wait; rejects with the signal's reason.
 * @property {Heartbeat} [heartbeat]
 */

/**
 * Takes the lock. The caller must call `release`, whatever happens; the lock file may be gone by then.
 *
 * @param {LockFileRequest} request
 * @returns {Promise<{ path: string, release: () => Promise<void> }>}
 */
export async function takeLockFile({ folder, name, signal, heartbeat = defaultHeartbeat }) {
  const path = await waitForTurn(folder, name, signal, heartbeat.silentMilliseconds);
  const beat = setInterval(() => {
    const now = new Date();
    // Once the file is gone, so is the lock, and there is nobody to tell.
    utimes(path, now, now).catch(() => {});
  }, heartbeat.everyMilliseconds).unref();

  const release = async () => {
    clearInterval(beat);
    // What was done under the lock is done. A file that stays behind goes silent and is recovered.
    await rm(path, { force: true }).catch(() => {});
  };
  return { path, release };
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {number} silentMilliseconds
 */
async function waitForTurn(folder, name, signal, silentMilliseconds) {
  /** @type {Silence} */
  const silence = new Map();
  for (let longest = firstPauseMilliseconds; ; longest = Math.min(longest * 2, longestPauseMilliseconds)) {
    signal.throwIfAborted();
    if (!(await isTaken(folder, name, silence, silentMilliseconds))) {
      const path = await claim(folder, name);
      if (path) return path;
    }
    // Drawn at random, so that two who collided do not collide again.
    const milliseconds = longest * (0.5 + Math.random() / 2);
    await pause(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
    for (const watched of silence.values()) watched.silentFor += milliseconds;
  }
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {Promise<string | null>} The path of our lock file, or null if another process was there.
 */
async function claim(folder, name) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = [name, thisMachine, process.pid, randomBytes(16).toString('hex')].join('-');
  const path = join(folder, file);
  await (await open(path, 'wx', 0o600)).close();
  let claimed = false;
  try {
    const owners = await listOwners(folder, name);
    claimed = owners.length === 1 && owners[0]?.file === file;
  } finally {
    if (!claimed) await rm(path, { force: true });
  }
  return claimed ? path : null;
}

/**
 * For each owner, the last sign of life and for how long we have waited since.
 *
 * @typedef {Map<string, { heartbeat: number, silentFor: number }>} Silence
 */

/**
 * Whether anyone else holds or claims the lock. Removes stale files on the way.
 *
 * @param {string} folder
 * @param {string} name
 * @param {Silence} silence
 * @param {number} silentMilliseconds
 */
async function isTaken(folder, name, silence, silentMilliseconds) {
  let taken = false;
  for (const { file, machine, pid } of await listOwners(folder, name)) {
    const path = join(folder, file);
    const heartbeat = (await stat(path).catch(ignoreMissing))?.mtimeMs;
    if (heartbeat === undefined) continue;
    if (silence.get(file)?.heartbeat !== heartbeat) silence.set(file, { heartbeat, silentFor: 0 });
    const isSilent = (silence.get(file)?.silentFor ?? 0) >= silentMilliseconds;
    if (isSilent || (machine === thisMachine && !isRunning(pid))) {
      await rm(path, { force: true });
    } else {
      taken = true;
    }
  }
  return taken;
}

/**
 * @param {string} folder
 * @param {string} name
 */
async function listOwners(folder, name) {
  const files = (await readdir(folder).catch(ignoreMissing)) ?? [];
  return files.flatMap((file) => {
    const [ownName, machine = '', pid] = file.split('-');
    return ownName === name ? [{ file, machine, pid: Number(pid) }] : [];
  });
}

/**
 * @param {unknown} error
 * @returns {undefined}
 */
export function ignoreMissing(error) {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}

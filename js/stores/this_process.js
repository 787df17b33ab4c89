/** This process, as others on this machine know it. */

/** @import { Owner } from '../core/host.js' */

import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** @param {number} pid */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/**
 * Where process numbers mean the same: this machine since it was started, and this container of it.
 */
export const thisMachine = createHash('sha256')
  .update([hostname(), linuxBoot(), linuxProcessNamespace()].join('\n'))
  .digest('hex')
  .slice(0, 16);

function linuxBoot() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    return '';
  }
}

function linuxProcessNamespace() {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/**
 * @param {unknown} error
 * @returns {string | undefined} Such as `ENOENT`, if the error comes from the operating system.
 */
export function systemErrorCode(error) {
  const isSystemError = typeof error === 'object' && error !== null && 'errno' in error && 'code' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * For sign-ins: those of a process that has ended are taken over at once.
 *
 * @returns {Owner}
 */
export function processOwner() {
  return {
    name: `${thisMachine}-${process.pid}`,
    isGone(name) {
      const [machine, pid] = name.split('-');
      return machine === thisMachine && !isRunning(Number(pid));
    },
  };
}

// Everything a build needs, installed or compiled where it is missing.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import {
  ensureNestedPackage,
  filesBelow,
  hashFiles,
  makeIfStale,
  mustRun,
  progress,
  root,
  targetFolder,
  UserError,
} from './support.js';

const wasmTarget = 'wasm32-unknown-unknown';

/** @param {"wasm-bindgen" | "wasm-bindgen-test-runner"} name */
export function toolPath(name) {
  return join(targetFolder, 'tools', platform === 'win32' ? `${name}.exe` : name);
}

export async function setup() {
  await ensureNestedPackage(root);
  await ensureWasmTarget();
  await ensureTools();
}

async function ensureWasmTarget() {
  const sysroot = await mustRun('rustc', ['--print', 'sysroot'], { output: 'capture' });
  if (existsSync(join(sysroot.trim(), 'lib', 'rustlib', wasmTarget))) return;
  progress(`rustup target add ${wasmTarget}`);
  await mustRun('rustup', ['target', 'add', wasmTarget]).catch((error) => {
    throw new UserError(`The Rust target ${wasmTarget} is missing and rustup could not add it (${error.message}).
If your Rust comes from a Linux distribution, install its package for that target
(Debian: libstd-rust-dev-wasm32, Fedora: rust-std-static-wasm32-unknown-unknown).`);
  });
}

/** wasm-bindgen is compiled here, so that Cargo.lock keeps it at the version that the crate uses. */
async function ensureTools() {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  await makeIfStale({
    stamp: join(targetFolder, 'tools', '.made-from'),
    inputs: hashFiles(filesBelow([join(root, 'tools')]), [lock]),
    outputs: [toolPath('wasm-bindgen'), toolPath('wasm-bindgen-test-runner')],
    make: async () => {
      progress('cargo build of wasm-bindgen (about a minute, once)');
      await mustRun('cargo', ['build', '--locked', '--package', 'tools', '--profile', 'tools']);
    },
  });
}

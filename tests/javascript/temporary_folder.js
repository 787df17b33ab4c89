import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A new folder, its path with a space in it, that is gone after the tests of the file. */
export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'mcp oauth wasm '));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

// Where the project is, and where it puts what it makes.

import { dirname, join, resolve } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const targetFolder = resolve(root, env.CARGO_TARGET_DIR ?? 'target');

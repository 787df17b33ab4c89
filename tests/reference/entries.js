// The entries of the package, and the declarations that each is described by.

import { readFileSync } from 'node:fs';

/** @type {{ name: string, exports: Record<string, string | { types: string }> }} */
const { name, exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export const packageName = name;

/** By the name that it is imported by. */
export const entries = Object.entries(exports).flatMap(([path, entry]) => (typeof entry === 'string' ? [] : [{ name: name + path.slice(1), types: entry.types }]));

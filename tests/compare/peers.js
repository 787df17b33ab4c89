/** The clients that are compared. */

/** @import { StartClient } from '../zoo/world.js' */

import { readFileSync } from 'node:fs';
import { startOurs } from '../zoo/clients/ours.js';
import { startClient2 } from './client_2.js';
import { startSdk1 } from './sdk_1.js';

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

/** @type {Record<string, string>} */
const versions = readJson('./package.json').dependencies;

/** @type {{ name: string, version: string, start: StartClient }[]} */
export const peers = [
  { name: 'mcp-oauth-wasm', version: readJson('../../package.json').version, start: startOurs },
  ...Object.entries({ '@modelcontextprotocol/client': startClient2, '@modelcontextprotocol/sdk': startSdk1 }).map(
    ([name, start]) => ({
      name,
      version: versions[name] ?? '',
      start,
    }),
  ),
];

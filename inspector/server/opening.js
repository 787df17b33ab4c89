/** Opens the page in the person's browser, without its key among the arguments of a command, which every user may read. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { pathToFileURL } from 'node:url';

import { openInBrowser } from '../../js/hosts/node/open_browser.js';

/** Where the browser runs elsewhere, it reads no file of here. */
const isElsewhere = /microsoft/i.test(release()) || env.VSCODE_IPC_HOOK_CLI !== undefined;

/**
 * @param {string} url
 * @returns {Promise<() => Promise<void>>} removes what was made for it
 */
export async function openPage(url) {
  if (isElsewhere) {
    await openInBrowser(url);
    return async () => {};
  }
  // For this user alone, as the file in it.
  const folder = await mkdtemp(join(tmpdir(), 'mcp-oauth-wasm-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'inspector.html');
    await writeFile(file, leadingTo(url), { mode: 0o600, flag: 'wx' });
    await openInBrowser(pathToFileURL(file).href);
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}

/** @param {string} url */
function leadingTo(url) {
  const escaped = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${escaped}">
<title>The inspector</title>
<p><a href="${escaped}">To the inspector</a></p>
`;
}

// Has the whole package in `lab`, for what a test does in the page.

import * as whole from 'mcp-oauth-wasm';
import * as browser from 'mcp-oauth-wasm/browser';
import * as contracts from 'mcp-oauth-wasm/host-test';

/**
 * Calls the tool of an MCP server.
 *
 * @param {typeof globalThis.fetch} fetch
 * @param {string} server
 */
async function whoAmI(fetch, server) {
  const response = await fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  });
  return response.text();
}

/**
 * What a test can take out of the page: what came, or the error.
 *
 * @param {() => unknown} work
 */
async function outcome(work) {
  try {
    return { came: await work() };
  } catch (error) {
    const { name, code, step, message, details } = /** @type {any} */ (error);
    return { name, code, step, message, details: JSON.parse(JSON.stringify(details ?? null)) };
  }
}

Object.assign(globalThis, { lab: { ...whole, ...browser, ...contracts, whoAmI, outcome } });

// What an application's page does, bundled for the tests.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { bridgedConnection } from 'mcp-oauth-wasm/electron-renderer';

Object.assign(globalThis, {
  /** @param {string} server */
  async whoami(server) {
    const client = new Client({ name: 'a page', version: '1.0.0' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(server), { fetch: bridgedConnection('tools').fetch }),
    );
    const result = await client.callTool({ name: 'whoami', arguments: {} });
    await client.close();
    return JSON.stringify(result);
  },
  plan: () => bridgedConnection('tools').plan(),
  /** @param {string} name @param {string} url @param {RequestInit} [init] */
  async failure(name, url, init) {
    return bridgedConnection(name)
      .fetch(url, init)
      .then(
        () => null,
        (error) => ({ name: error.name, code: error.code, message: error.message, isError: error instanceof Error }),
      );
  },
  /** Reads a stream until it is aborted. @param {string} url */
  async readAndAbort(url) {
    const aborting = new AbortController();
    const response = await bridgedConnection('stream').fetch(url, { signal: aborting.signal });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body)
      .pipeThrough(
        /** @type {ReadableWritablePair<string, Uint8Array>} */ (/** @type {unknown} */ (new TextDecoderStream())),
      )
      .getReader();
    const read = [(await reader.read()).value, (await reader.read()).value];
    aborting.abort(new Error('enough'));
    const end = await reader.read().then(
      () => 'it went on',
      (error) => error.message,
    );
    return { status: response.status, url: response.url, type: response.headers.get('content-type'), read, end };
  },
});

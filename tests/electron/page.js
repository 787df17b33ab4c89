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
  /** @param {{ account?: string }} [options] */
  plan: (options) => bridgedConnection('tools', options).plan(),
  /** What is told until somebody is signed in. */
  watch() {
    /** @type {string[]} */
    const told = [];
    return new Promise((resolve) => {
      bridgedConnection('tools').onState(({ status }) => {
        told.push(status);
        if (status === 'signed-in') resolve(told);
      });
    });
  },
  /** Presses a button, and says what was told of it until the person is signed in, or nobody is. @param {'signIn' | 'signOut'} button @param {{ account?: string }} [options] */
  async press(button, options) {
    const connection = bridgedConnection('tools', options);
    /** @type {string[]} */
    const told = [];
    const ends = button === 'signIn' ? 'signed-in' : 'idle';
    const ended = new Promise((resolve) => {
      connection.onState(({ status }) => {
        told.push(status);
        if (status === ends && told.includes(button === 'signIn' ? 'discovering' : 'signed-in')) resolve(undefined);
        if (status === 'signed-in' && button === 'signOut') connection.signOut();
        if (status === 'idle' && button === 'signIn' && told.length === 1) connection.signIn();
      });
    });
    await ended;
    return { told, state: connection.state(), plan: await connection.plan() };
  },
  /** Signs in in vain, and cancels. */
  async cancelled() {
    const connection = bridgedConnection('tools');
    const outcome = connection.signIn().then(
      () => null,
      ({ code, message }) => ({ code, message }),
    );
    await new Promise((resolve) => connection.onState(({ status }) => status === 'waiting' && resolve(undefined)));
    await connection.cancel();
    return outcome;
  },
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

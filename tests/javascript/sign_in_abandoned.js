// A command whose person does not come back: its call gives up, and then it has nothing to do any more.

import { argv } from 'node:process';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { createMemoryStore, loopbackRedirect } from 'mcp-oauth-wasm/node';

const [, , server = ''] = argv;
const gaveUp = new AbortController();
const redirect = loopbackRedirect({
  open() {
    console.log('opened');
    setTimeout(() => gaveUp.abort(), 50);
  },
});
const { fetch } = createAuthorizer({
  host: { store: createMemoryStore(), redirect, signInTimeoutMilliseconds: 86_400_000 },
}).connection(server, {
  interaction: true,
  signal: gaveUp.signal,
});
await fetch(server, { method: 'POST' }).catch(() => console.log('gave up'));

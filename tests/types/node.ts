// The entry for Node, as a consumer's tsc sees it through the package's exports. Nothing here is run.

import type { Fetch, Host, Redirect, Store } from 'mcp-oauth-wasm';
import { createAuthorizer } from 'mcp-oauth-wasm';
import * as node from 'mcp-oauth-wasm/node';
import { exactly } from './exactly.js';

exactly<
  | 'createFileStore'
  | 'createMemoryStore'
  | 'defaultStorePath'
  | 'explain'
  | 'loopbackRedirect'
  | 'nodeHost'
  | 'openBrowser'
  | 'pastedRedirect'
>()({} as keyof typeof node);

const host = node.nodeHost({ timeoutMilliseconds: 1 });
exactly<Store>()(host.store);
exactly<Redirect | Redirect[]>()(host.redirect);
exactly<Fetch>()(host.fetch);
const whole: Host = host;
createAuthorizer({ host: whole });
createAuthorizer({ host: node.nodeHost() });

exactly<Store & { keys: () => Promise<string[]> }>()(node.createFileStore('/tmp/store.json'));
exactly<string>()(node.defaultStorePath());
exactly<Store>()(node.createMemoryStore());
exactly<Redirect>()(
  node.loopbackRedirect({ port: 0, host: '::1', path: '/callback', pathPerIssuer: false, holdMilliseconds: 1 }),
);
exactly<Redirect>()(
  node.loopbackRedirect({ open: async (url) => exactly<string>()(url), showUrl: (url, reason) => void [url, reason] }),
);
exactly<Redirect>()(
  node.pastedRedirect({
    redirectUri: 'http://127.0.0.1:8976/callback',
    ask: async ({ authorizationUrl }) => authorizationUrl,
  }),
);
exactly<Promise<void>>()(node.openBrowser('https://as.example'));

// What is wrong is refused.

// @ts-expect-error a port is a number
node.loopbackRedirect({ port: '49152' });
// @ts-expect-error a file store needs its file
node.createFileStore();
// @ts-expect-error no such option
node.nodeHost({ storePath: '/tmp/store.json' });

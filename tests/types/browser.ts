// The entries for browsers, as a consumer's tsc sees them through the package's exports. Nothing here is run.

import type { CompletedSignIn, Fetch, Host, Redirect, Store } from 'mcp-oauth-wasm';
import { createAuthorizer } from 'mcp-oauth-wasm';
import type { BlockedPopup } from 'mcp-oauth-wasm/browser';
import * as browser from 'mcp-oauth-wasm/browser';
import type { CallbackText } from 'mcp-oauth-wasm/browser-callback';
import * as callback from 'mcp-oauth-wasm/browser-callback';
import { exactly } from './exactly.js';

exactly<
  | 'browserHost'
  | 'createIndexedDBStore'
  | 'createMemoryStore'
  | 'explain'
  | 'pageRedirect'
  | 'pastedRedirect'
  | 'popupRedirect'
  | 'proxiedFetch'
>()({} as keyof typeof browser);
exactly<'handOverCallback'>()({} as keyof typeof callback);

const host = browser.browserHost({ redirectUri: '/callback.html', timeoutMilliseconds: 1 });
exactly<Store>()(host.store);
exactly<Fetch>()(host.fetch);
const whole: Host = host;
const authorizer = createAuthorizer({ host: whole });
createAuthorizer({ host: browser.browserHost() });

exactly<Store>()(browser.createIndexedDBStore());
exactly<Store>()(browser.createIndexedDBStore({ name: 'x', encrypted: true }));
exactly<Redirect>()(
  browser.popupRedirect({
    redirectUri: '/callback.html',
    features: 'popup',
    onBlocked: async ({ open, signal }: BlockedPopup) => void [open() && true, signal?.aborted],
    ask: async ({ authorizationUrl }) => authorizationUrl,
  }),
);
const page = browser.pageRedirect({ redirectUri: '/' });
page satisfies Redirect;
exactly<Promise<CompletedSignIn | null>>()(page.complete(authorizer, { signal: AbortSignal.timeout(1) }));
exactly<boolean>()(callback.handOverCallback());
exactly<boolean>()(
  callback.handOverCallback({
    origin: 'https://app.example',
    show: ({ title, message }: CallbackText) => void [title, message],
  }),
);

// What is wrong is refused.

// @ts-expect-error it has to come back somewhere
browser.popupRedirect({});
// @ts-expect-error no such option
browser.createIndexedDBStore({ path: '/tmp' });

// What the pages of the tests have at hand, so that functions that run there are checked, too.

type Lab = typeof import('mcp-oauth-wasm') &
  typeof import('mcp-oauth-wasm/browser') &
  typeof import('mcp-oauth-wasm/host-test') & {
    whoAmI(fetch: typeof globalThis.fetch, server: string): Promise<string>;
    outcome(
      work: () => unknown,
    ): Promise<{ came?: any; name?: string; code?: string; step?: string; message?: string; details?: any }>;
  };

declare const lab: Lab;

// The hook for React, as a consumer's tsc sees it. Nothing here is run.

import * as sdk from '@modelcontextprotocol/client';
import type { Fetch, ScopePlan } from 'mcp-oauth-wasm';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { browserHost } from 'mcp-oauth-wasm/browser';
import type { ConnectionState } from 'mcp-oauth-wasm/inspector';
import { withState } from 'mcp-oauth-wasm/inspector';
import type { McpConnection } from 'mcp-oauth-wasm/react';
import { useMcpConnection } from 'mcp-oauth-wasm/react';
import { exactly } from './exactly.js';

export function useTyped() {
  const authorizer = createAuthorizer({ host: browserHost() });
  const shown = useMcpConnection({ url: 'https://mcp.example.com/mcp', authorizer, sdk });
  exactly<McpConnection>()(shown);
  exactly<'idle' | 'discovering' | 'waiting' | 'signed-in' | 'failed'>()(shown.status);
  exactly<string | undefined>()(shown.authorizationUrl);
  exactly<string | undefined>()(shown.advice);
  exactly<ScopePlan | undefined>()(shown.plan);
  exactly<Fetch>()(shown.fetch);
  exactly<() => void>()(shown.signIn);

  const connection = withState(authorizer.connection('https://mcp.example.com/mcp'));
  useMcpConnection({ url: connection.endpoint, connection });
  exactly<ConnectionState>()(connection.state());
  exactly<string | undefined>()(connection.state().error?.code);
  exactly<() => void>()(connection.onState(({ status }) => console.log(status)));

  // @ts-expect-error: a server is wanted
  useMcpConnection({ authorizer });
}

'use client';

import { createAuthorizer } from 'mcp-oauth-wasm';
import { browserHost, createIndexedDBStore } from 'mcp-oauth-wasm/browser';
import { useMcpConnection } from 'mcp-oauth-wasm/react';

const host = browserHost({ store: createIndexedDBStore({ encrypted: true }), redirectUri: '/callback' });
const authorizer = createAuthorizer({ host });

export default function Page() {
  const { status } = useMcpConnection({ url: 'https://mcp.example.com/mcp', authorizer });
  return <output>{status}</output>;
}

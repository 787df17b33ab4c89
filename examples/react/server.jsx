import * as sdk from '@modelcontextprotocol/client';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { browserHost, createIndexedDBStore } from 'mcp-oauth-wasm/browser';
import { useMcpConnection } from 'mcp-oauth-wasm/react';

const host = browserHost({ store: createIndexedDBStore({ encrypted: true }), redirectUri: './index.html' });
const authorizer = createAuthorizer({ client: { clientName: 'React example' }, host });

export function Server({ url }) {
  const server = useMcpConnection({ url, authorizer, sdk });
  const { status, tools = [], signIn, cancel, signOut } = server;
  return (
    <section data-status={status} data-code={server.code}>
      <h2>{`${url}: ${status}`}</h2>
      {status === 'waiting' && <p>Sign in at {new URL(server.authorizationUrl).host} in the window that has opened.</p>}
      {status === 'failed' && <p role="alert">{server.advice}</p>}
      {tools.map((tool) => (
        <p key={tool.name}>{tool.name}</p>
      ))}
      {status === 'signed-in' && <Button label="Sign out" press={signOut} />}
      {['idle', 'failed'].includes(status) && <Button label="Sign in" press={signIn} />}
      {status === 'waiting' && <Button label="Open again" press={signIn} />}
      {['discovering', 'waiting'].includes(status) && <Button label="Cancel" press={cancel} />}
    </section>
  );
}

function Button({ label, press }) {
  return <input type="button" value={label} onClick={press} />;
}

import { handOverCallback } from 'mcp-oauth-wasm/browser-callback';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Server } from './server.jsx';

const urls = new URLSearchParams(location.search).getAll('server');
// The window that the person signed in with comes back to this page.
if (!handOverCallback()) {
  createRoot(document.getElementById('root')).render(
    <StrictMode>
      {urls.map((url, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they stay as they are.
        <Server key={index} url={url} />
      ))}
    </StrictMode>,
  );
}

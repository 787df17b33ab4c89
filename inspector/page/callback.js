/** Hands the authorization response to the inspector's page, and takes it out of the address bar and the history. */

const channel = new BroadcastChannel('mcp-oauth-wasm inspector callback');
channel.postMessage(location.href);
channel.close();
history.replaceState(null, '', location.pathname);

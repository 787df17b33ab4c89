import { handOverCallback } from 'mcp-oauth-wasm/browser-callback';

handOverCallback();

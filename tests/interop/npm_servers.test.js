import { createDpop } from 'mcp-oauth-wasm/dpop';
import { deviceAuthorization } from 'mcp-oauth-wasm/grants';
import { describeInterop } from './scenario.js';
import { clientMetadataUrl, fetchWithDocument } from './servers/client_metadata_document.js';
import { startMcpSdk1_21_0, startMcpSdk1_32 } from './servers/mcp_sdk.js';
import {
  startOidcProvider,
  startOidcProviderForDevices,
  startOidcProviderWithMetadataDocuments,
  startOidcProviderWithProofs,
  startOidcProviderWithPushedRequests,
} from './servers/oidc_provider.js';

describeInterop('oidc-provider 9', () => startOidcProvider({ defaultScope: null }), {
  refusesUnregistered: true,
  widening: 'update',
  revokes: true,
});

describeInterop('oidc-provider 9, default scope', () => startOidcProvider({ defaultScope: 'profile email' }), {
  refusesUnregistered: true,
  widening: 'update',
  revokes: true,
});

describeInterop(
  'oidc-provider 9, rotating tokens',
  () => startOidcProvider({ defaultScope: null, rotateRegistrationAccessToken: true }),
  { refusesUnregistered: true, widening: 'update', revokes: true },
);

describeInterop('oidc-provider 9, pushed requests', startOidcProviderWithPushedRequests, {
  widening: 'update',
  revokes: true,
});

describeInterop('oidc-provider 9, proofs and nonces', startOidcProviderWithProofs, {
  refusesUnregistered: true,
  widening: 'update',
  revokes: true,
  host: (store) => ({ dpop: createDpop({ store }) }),
});

describeInterop('oidc-provider 9, another device', startOidcProviderForDevices, {
  widening: 'update',
  revokes: true,
  settings: (browse) => ({
    grant: deviceAuthorization({
      show: ({ verificationUriComplete }) => browse(String(verificationUriComplete)),
      clock: { now: Date.now, wait: async () => {} },
    }),
  }),
});

describeInterop('oidc-provider 9, metadata documents', startOidcProviderWithMetadataDocuments, {
  refusesUnregistered: false,
  widening: 'none',
  revokes: true,
  client: { clientMetadataUrl },
  redirect: { pathPerIssuer: false },
  host: () => ({ fetch: fetchWithDocument }),
});

describeInterop('MCP SDK 1.21.0', startMcpSdk1_21_0, {
  refusesUnregistered: true,
  widening: 'new registration',
  revokes: false,
});

describeInterop('MCP SDK 1.32', startMcpSdk1_32, {
  refusesUnregistered: false,
  widening: 'new registration',
  revokes: false,
});

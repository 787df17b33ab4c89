import { describeInterop } from './scenario.js';
import { startMcpSdk1_21_0, startMcpSdk1_32 } from './servers/mcp_sdk.js';
import { startOidcProvider } from './servers/oidc_provider.js';

describeInterop('oidc-provider 9', () => startOidcProvider({ defaultScope: null }), { refusesUnregistered: true, widening: 'update' });

describeInterop('oidc-provider 9, default scope', () => startOidcProvider({ defaultScope: 'profile email' }), {
  refusesUnregistered: true,
  widening: 'update',
});

describeInterop(
  'oidc-provider 9, rotating tokens',
  () => startOidcProvider({ defaultScope: null, rotateRegistrationAccessToken: true }),
  { refusesUnregistered: true, widening: 'update' },
);

describeInterop('MCP SDK 1.21.0', startMcpSdk1_21_0, {
  refusesUnregistered: true,
  widening: 'new registration',
});

describeInterop('MCP SDK 1.32', startMcpSdk1_32, {
  refusesUnregistered: false,
  widening: 'new registration',
});

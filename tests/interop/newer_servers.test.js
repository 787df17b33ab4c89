import { createDpop } from 'mcp-oauth-wasm/dpop';
import { describeEnterprise } from './enterprise.js';
import { describeInterop } from './scenario.js';
import { startAtproto } from './servers/atproto.js';
import { atprotoClientMetadataUrl, clientMetadataUrl, fetchWithDocument } from './servers/client_metadata_document.js';
import { startWorkers } from './servers/workers.js';

describeInterop('workers-oauth-provider 1.2', startWorkers, {
  refusesUnregistered: false,
  widening: 'new registration',
  revokes: true,
});

describeInterop('workers-oauth-provider 1.2, metadata documents', startWorkers, {
  refusesUnregistered: false,
  widening: 'none',
  revokes: true,
  client: { clientMetadataUrl },
  redirect: { pathPerIssuer: false },
  host: () => ({ fetch: fetchWithDocument }),
});

describeEnterprise('workers-oauth-provider 1.2, enterprise-managed', startWorkers);

describeInterop('@atproto/oauth-provider 0.22', startAtproto, {
  widening: 'impossible',
  revokes: true,
  client: { clientMetadataUrl: atprotoClientMetadataUrl },
  redirect: { pathPerIssuer: false },
  host: (store) => ({ fetch: fetchWithDocument, dpop: createDpop({ store }) }),
});

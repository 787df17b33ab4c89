import { describeInterop } from './scenario.js';
import { startDjangoOauthToolkit } from './servers/django_oauth_toolkit.js';
import { startFastmcp } from './servers/fastmcp.js';

// Its authorization server registers clients only for what its protected resource lists.
describeInterop('FastMCP 4', startFastmcp, {
  refusesUnregistered: true,
  widening: 'impossible',
  revokes: true,
});

describeInterop('Django OAuth Toolkit 3.4', startDjangoOauthToolkit, {
  refusesUnregistered: true,
  widening: 'update',
  revokes: true,
});

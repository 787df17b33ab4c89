import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { mustRunNpm } from '../../scripts/support.js';
import { run } from '../command_line/run.js';
import { createUserAgent } from '../servers/user_agent.js';
import { startWorld } from '../javascript/world.js';
import { installed } from './installed.js';

/** @type {import('./installed.js').Installed} */
let there;
/** @type {import('../javascript/world.js').World} */
let world;
before(async () => {
  [there, world] = [await installed(), await startWorld()];
});
after(async () => {
  await world.close();
  there.remove();
});

/** No Rust, no browser, and a home of its own. */
const env = () => ({
  PATH: dirname(process.execPath), HOME: there.folder, XDG_STATE_HOME: join(there.folder, 'state'), LOCALAPPDATA: join(there.folder, 'state'),
  DISPLAY: undefined, WAYLAND_DISPLAY: undefined, BROWSER: undefined,
});

/** @param {string[]} args @param {import('../command_line/run.js').RunOptions} [options] */
const command = (args, options) => run(args, { program: join(there.packageFolder, there.description.bin), cwd: there.folder, env: env(), ...options });

test('npx runs the command of the packed package', async () => {
  const output = await mustRunNpm(['exec', '--offline', '--', 'mcp-oauth-wasm', '--version'], { cwd: there.folder, output: 'capture' });
  assert.equal(output.trim().split('\n').at(-1), there.description.version);
});

test('doctor, login, call, inspect and logout work from the tarball, without Rust', async () => {
  const doctor = await command(['doctor', world.server, '--probe']);
  assert.match(doctor.stdout, /locked out: openid/, doctor.stderr);

  const userAgent = createUserAgent({ login: 'alice' });
  let isDone = false;
  const login = await command(['login', world.server], {
    onProgress: (told) => {
      const [url] = /http\S+\/auth\?\S+(?=\n)/.exec(told) ?? [];
      if (url === undefined || isDone) return;
      isDone = true;
      void userAgent.browse(url);
    },
  });
  assert.match(login.stdout, /^Signed in/, login.stderr);
  assert.match((await command(['call', world.server, 'whoami'])).stdout, /alice@example\.com/);
  assert.match((await command(['logout', world.server])).stdout, /has revoked the tokens/);

  const inspector = await command(['inspect', world.server, '--no-open'], {
    onProgress: (told, child) => {
      if (told.includes('Ctrl-C') && !child.killed) child.kill('SIGTERM');
    },
  });
  assert.match(inspector.stderr, /The inspector is at http:\/\/127\.0\.0\.1:/);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { mustRunNpm } from '../../scripts/support.js';
import { run } from '../command_line/run.js';
import { startWorld } from '../javascript/world.js';
import { createUserAgent } from '../servers/user_agent.js';
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
  PATH: dirname(process.execPath),
  HOME: there.folder,
  XDG_STATE_HOME: join(there.folder, 'state'),
  LOCALAPPDATA: join(there.folder, 'state'),
  DISPLAY: undefined,
  WAYLAND_DISPLAY: undefined,
  BROWSER: undefined,
});

/** `npx` as a user runs it: in a folder with nothing in it, with a cache of its own. @param {string[]} args @param {import('../command_line/run.js').RunOptions} [options] */
const npx = (args, options) =>
  run(['--yes', '--offline', `--package=${there.tarball}`, '--', 'mcp-oauth-wasm', ...args], {
    program: npxProgram(),
    cwd: mkdtempSync(join(there.folder, 'empty ')),
    env: { ...env(), npm_config_cache: join(there.folder, 'cache') },
    ...options,
  });

/** Ctrl-C: npx starts a shell, and that the command; all of them are told. @param {number} pid */
function interrupt(pid) {
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', `${pid}`, '/t', '/f']);
  else process.kill(-pid, 'SIGINT');
}

/** Where npm has it, beside the npm that runs this or beside this Node. */
function npxProgram() {
  const [ofNode, ofNpm] = [dirname(process.execPath), process.env.npm_execpath];
  const candidates = [
    ...(ofNpm ? [join(dirname(ofNpm), 'npx-cli.js')] : []),
    join(ofNode, 'node_modules', 'npm', 'bin', 'npx-cli.js'),
    join(ofNode, 'npx'),
  ];
  return realpathSync(candidates.find((candidate) => existsSync(candidate)) ?? '');
}

test('npx runs the command of the package that is installed', async () => {
  const output = await mustRunNpm(['exec', '--offline', '--', 'mcp-oauth-wasm', '--version'], {
    cwd: there.folder,
    output: 'capture',
  });
  assert.equal(output.trim().split('\n').at(-1), there.description.version);
});

test('doctor, login, call, inspect and logout run by npx, from the tarball, in an empty folder, without Rust', async () => {
  const doctor = await npx(['doctor', world.server, '--probe']);
  assert.match(doctor.stdout, /locked out: openid/, doctor.stderr);

  const userAgent = createUserAgent({ login: 'alice' });
  let isDone = false;
  const login = await npx(['login', world.server], {
    onProgress: (told) => {
      const [url] = /http\S+\/auth\?\S+(?=\n)/.exec(told) ?? [];
      if (url === undefined || isDone) return;
      isDone = true;
      void userAgent.browse(url);
    },
  });
  assert.match(login.stdout, /^Signed in/, login.stderr);
  assert.match((await npx(['call', world.server, 'whoami'])).stdout, /alice@example\.com/);
  assert.match((await npx(['logout', world.server])).stdout, /has revoked the tokens/);

  let isEnded = false;
  const inspector = await npx(['inspect', world.server, '--no-open'], {
    asGroup: true,
    onProgress: (told, { pid }) => {
      if (!told.includes('Ctrl-C') || isEnded) return;
      isEnded = true;
      interrupt(Number(pid));
    },
  });
  assert.match(inspector.stderr, /The inspector is at http:\/\/127\.0\.0\.1:/);
});

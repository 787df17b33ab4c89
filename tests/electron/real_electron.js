// `npm run electron`: the example in Electron itself, main process and page, the whole flow: real servers on
// this machine, and a user agent in the place of the system browser. Needs Electron's binary, which npm fetches.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, execPath, getuid, platform } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { mustRunNpm, progress, root, run, targetFolder, UserError } from '../../scripts/support.js';
import { startWorld } from '../javascript/world.js';
import { installPacked } from '../package/packed.js';

const example = join(root, 'examples', 'electron');

/** Runs the example, and fails with an explanation where that is not possible. */
export async function main() {
  mkdirSync(targetFolder, { recursive: true });
  const folder = mkdtempSync(join(targetFolder, 'real electron '));
  const world = await startWorld();
  try {
    const program = await fetchedElectron(join(folder, 'electron'));
    const application = join(folder, 'application');
    await installExample(application);
    const display = platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY ? ['xvfb-run', '-a'] : [];
    // Chromium's sandbox does not start for the superuser.
    const switches = getuid?.() === 0 ? ['--no-sandbox'] : [];
    const [command = program, ...args] = [...display, program, ...switches, application];
    progress('the example in Electron');
    const { status, output } = await run(command, args, {
      output: 'step',
      env: { MCP_SERVER: world.server, ALLOW_PLAIN_TEXT: 'yes', USER_DATA: join(folder, 'data') },
      limitMilliseconds: 120_000,
    });
    const isDone = status === 0 && /^signed in: .*alice@example\.com/m.test(output);
    if (!isDone) throw new UserError(`The example did not run through in Electron: it ended with status ${status}.`);
    progress('the example signed in, showed its plan and called a tool in Electron');
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Electron's program.
 *
 * @param {string} folder where it is installed
 */
async function fetchedElectron(folder) {
  const {
    devDependencies: { electron },
  } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8'));
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  progress(`electron ${electron}`);
  await mustRunNpm(['install', '--no-audit', '--no-fund', '--loglevel=error', `electron@${electron}`], { cwd: folder });
  const installed = join(folder, 'node_modules', 'electron');
  const { status, output } = await run(execPath, [join(installed, 'install.js')], {
    cwd: folder,
    output: 'capture',
    limitMilliseconds: 300_000,
  });
  if (status !== 0 || !existsSync(join(installed, 'path.txt'))) {
    const said = output.trim().split('\n').slice(0, 5).join('\n');
    throw new UserError(
      `Electron's binary cannot be fetched here, so nothing was run in Electron itself. Its installer says:\n${said}`,
    );
  }
  return join(installed, 'dist', readFileSync(join(installed, 'path.txt'), 'utf8'));
}

/** @param {string} application */
async function installExample(application) {
  await installPacked(application, { main: 'start.js' });
  for (const name of ['main.js', 'page']) cpSync(join(example, name), join(application, name), { recursive: true });
  cpSync(join(root, 'tests', 'electron', 'real_person.js'), join(application, 'real_person.js'));
  const page = {
    entryPoints: [join(application, 'page', 'renderer.js')],
    outfile: join(application, 'page', 'bundle.js'),
  };
  await build({ ...page, bundle: true, format: 'esm', logLevel: 'error', nodePaths: [join(root, 'node_modules')] });
  const userAgent = pathToFileURL(join(root, 'tests', 'servers', 'user_agent.js')).href;
  writeFileSync(
    join(application, 'start.js'),
    [
      `import { createUserAgent } from ${JSON.stringify(userAgent)};`,
      "import { playPerson } from './real_person.js';",
      'playPerson(createUserAgent());',
      "await import('./main.js');",
    ].join('\n'),
  );
}

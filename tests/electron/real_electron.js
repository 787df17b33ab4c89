// `npm run test:electron -- --real`: the examples in Electron itself, main process, page and utility process, the whole flow:
// real servers on this machine, and a user agent in the place of the system browser. Needs Electron's binary, which npm fetches.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, execPath, getuid, platform } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { mustRunNpm, progress, root, run, targetFolder, UserError } from '../../scripts/support.js';
import { startWorld } from '../javascript/world.js';
import { installPacked } from '../package/packed.js';

const examples = join(root, 'examples');

/**
 * Runs the examples, and fails with an explanation where that is not possible.
 *
 * @param {string[]} options `--version`, and a version, a major one, `newest`, or `newest-1` for the major one before that
 */
export async function main(options) {
  const {
    values: { version = exampleVersion },
  } = parseArgs({ args: options, options: { version: { type: 'string' } } });
  mkdirSync(targetFolder, { recursive: true });
  const folder = mkdtempSync(join(targetFolder, 'real electron '));
  const world = await startWorld();
  try {
    const program = await fetchedElectron(join(folder, 'electron'), await resolved(version));
    const display = platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY ? ['xvfb-run', '-a'] : [];
    // Chromium's sandbox does not start for the superuser.
    const switches = getuid?.() === 0 ? ['--no-sandbox'] : [];
    const runExample = async (/** @type {string} */ name, /** @type {RegExp} */ done) => {
      const application = join(folder, name);
      await installExample(application, name);
      const [command = program, ...args] = [...display, program, ...switches, application];
      progress(`the example ${name} in Electron`);
      const { status, output } = await run(command, args, {
        output: 'step',
        env: { MCP_SERVER: world.server, ALLOW_PLAIN_TEXT: 'yes', USER_DATA: join(folder, `${name} data`) },
        limitMilliseconds: 120_000,
      });
      if (status !== 0 || !done.test(output))
        throw new UserError(`The example ${name} did not run through in Electron: it ended with status ${status}.`);
    };
    await runExample('electron', /^signed in: .*alice@example\.com/m);
    await runExample('utility-process', /alice@example\.com/);
    progress(
      'the examples signed in, showed the plan and called tools in Electron, from a page and from a utility process',
    );
    return { passed: 2, failed: 0, skipped: 0 };
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const { devDependencies } = JSON.parse(readFileSync(join(examples, 'electron', 'package.json'), 'utf8'));
/** @type {string} */
const exampleVersion = devDependencies.electron;

/**
 * What npm is to install.
 *
 * @param {string} version
 */
async function resolved(version) {
  const [isNewest, back = 0] = /^newest(?:-(\d))?$/.exec(version) ?? [];
  if (!isNewest) return version;
  const newest = await mustRunNpm(['view', 'electron', 'version'], { output: 'capture' });
  return `${Number.parseInt(newest, 10) - Number(back)}`;
}

/**
 * Electron's program.
 *
 * @param {string} folder where it is installed
 * @param {string} version
 */
async function fetchedElectron(folder, version) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  progress(`electron ${version}`);
  await mustRunNpm(['install', '--no-audit', '--no-fund', '--loglevel=error', `electron@${version}`], { cwd: folder });
  const installed = join(folder, 'node_modules', 'electron');
  const { status, output } = await run(execPath, [join(installed, 'install.js')], {
    cwd: folder,
    output: 'capture',
    limitMilliseconds: 300_000,
  });
  if (status !== 0 || !existsSync(join(installed, 'path.txt'))) {
    const said = output.trim().split('\n').slice(0, 5).join('\n');
    throw new UserError(
      `Electron's binary cannot be fetched here, so nothing was run in Electron itself.
npm installed electron@${version}; its installer, which downloads the binary from GitHub's releases, says:
${said}
Run this where GitHub can be reached, or name another place that has Electron's releases in ELECTRON_MIRROR. Without it, npm run test:electron runs everything against the stand-in.`,
    );
  }
  return join(installed, 'dist', readFileSync(join(installed, 'path.txt'), 'utf8'));
}

/**
 * @param {string} application
 * @param {string} name
 */
async function installExample(application, name) {
  await installPacked(application, { main: 'start.js' });
  for (const file of ['main.js', 'client.js', 'page']) {
    if (existsSync(join(examples, name, file)))
      cpSync(join(examples, name, file), join(application, file), { recursive: true });
  }
  cpSync(join(root, 'tests', 'electron', 'real_person.js'), join(application, 'real_person.js'));
  const sdk = join('node_modules', '@modelcontextprotocol');
  symlinkSync(join(root, sdk), join(application, sdk), 'junction');
  const page = join(application, 'page');
  if (existsSync(page)) {
    const files = { entryPoints: [join(page, 'renderer.js')], outfile: join(page, 'bundle.js') };
    await build({ ...files, bundle: true, format: 'esm', logLevel: 'error' });
  } else {
    // Its store is the system's, which a machine without a desktop does not have.
    const main = readFileSync(join(application, 'main.js'), 'utf8');
    const inMemory = main
      .replace('electronHost()', 'electronHost({ store: createMemoryStore() })')
      .replace('{ createAuthorizer }', '{ createAuthorizer, createMemoryStore }');
    writeFileSync(join(application, 'main.js'), inMemory);
  }
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

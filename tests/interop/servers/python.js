// The Python that the interoperability tests start servers with: a virtual environment inside the project.

import { join } from 'node:path';
import { platform } from 'node:process';
import {
  hashFiles,
  makeIfStale,
  mustRun,
  progress,
  root,
  run,
  targetFolder,
  UserError,
} from '../../../scripts/support.js';

const requirements = join(root, 'tests/interop/servers/requirements.txt');
const environment = join(targetFolder, 'python');
const interpreter =
  platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');

/**
 * Makes the environment, unless it is there and as `requirements.txt` says.
 *
 * @returns {Promise<string>} its interpreter
 */
export async function ensurePython() {
  await makeIfStale({
    stamp: join(environment, '.made-from'),
    inputs: hashFiles([requirements]),
    outputs: [join(environment, 'pyvenv.cfg'), interpreter],
    make: async () => {
      const python = await findPython();
      progress('python -m venv');
      const { status, output } = await run(python, ['-m', 'venv', '--clear', environment], { output: 'capture' });
      if (status !== 0)
        throw new UserError(`Python could not make a virtual environment.\n${output.trim()}\n${howToInstall}`);
      progress('pip install of the Python servers (about half a minute, once)');
      const quietly = ['--quiet', '--no-input', '--disable-pip-version-check'];
      await mustRun(interpreter, ['-m', 'pip', 'install', ...quietly, '--requirement', requirements]);
    },
  });
  return interpreter;
}

const howToInstall =
  'The interoperability tests need Python 3.11 or newer with its venv module. ' +
  'Debian and Ubuntu: apt-get install python3-venv. Fedora: dnf install python3. macOS: brew install python. ' +
  'Windows: winget install Python.Python.3.13. Then run this again.';

/** @returns {Promise<string>} a command that starts Python 3.11 or newer */
async function findPython() {
  for (const command of ['python3', 'python']) {
    const isNew = ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'];
    const { status } = await run(command, isNew, { output: 'capture' }).catch(() => ({ status: 1 }));
    if (status === 0) return command;
  }
  throw new UserError(`No Python 3.11 or newer was found as python3 or python.\n${howToInstall}`);
}

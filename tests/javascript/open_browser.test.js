import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { MisuseError, TransportError } from '../../js/core/errors.js';
import { browserCommands, openBrowser } from '../../js/hosts/node/open_browser.js';
import { temporaryFolder } from './temporary_folder.js';

const folder = await temporaryFolder();
const url = 'https://auth.example/authorize?a=1&b=%22%20&c=$(touch%20x)&d=`id`;e|f>g#h';
const posixOnly = { skip: process.platform === 'win32' && 'the commands in this test are shell scripts' };

/**
 * @param {string} name
 * @param {Record<string, string>} commands Shell scripts by name.
 */
async function environmentWith(name, commands) {
  const bin = join(folder, name);
  await mkdir(bin);
  for (const [command, script] of Object.entries(commands)) {
    await writeFile(join(bin, command), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, command), 0o755);
  }
  return {
    platform: /** @type {const} */ ('linux'),
    kernel: '6.1.0-generic',
    variables: { PATH: `${bin}:/bin:/usr/bin`, DISPLAY: ':0', RESULT: join(bin, 'result') },
  };
}

/** @param {unknown} error */
function notOpened(error) {
  assert.ok(error instanceof TransportError);
  assert.equal(error.code, 'browser_not_opened');
  assert.match(error.message, /yourself/);
  assert.ok(!error.message.includes('auth.example'));
  return true;
}

test(
  'the command gets the URL as its one argument, untouched by any shell, and with nothing in it for one',
  posixOnly,
  async () => {
    const environment = await environmentWith('recording', { 'xdg-open': 'printf "%s\\n" "$#" "$@" > "$RESULT"' });
    await openBrowser(url, environment);
    const serialised = 'https://auth.example/authorize?a=1&b=%22%20&c=%24%28touch%20x%29&d=%60id%60%3Be%7Cf%3Eg#h';
    assert.equal(await readFile(environment.variables.RESULT, 'utf8'), `1\n${serialised}\n`);
  },
);

test('a command that fails is an error that says what to do', posixOnly, async () => {
  const environment = await environmentWith('failing', { 'xdg-open': 'exit 3' });
  await assert.rejects(openBrowser(url, environment), (error) => {
    assert.ok(notOpened(error) && error instanceof TransportError);
    assert.deepEqual(error.details, { attempts: ['Error: xdg-open ended with 3'] });
    return true;
  });
});

test('no command, or no display, is an error that says what to do', async () => {
  const environment = await environmentWith('empty', {});
  environment.variables.PATH = join(folder, 'empty');
  await assert.rejects(openBrowser(url, environment), notOpened);
  const { PATH } = environment.variables;
  await assert.rejects(openBrowser(url, { ...environment, variables: { PATH } }), notOpened);
});

test('when one command fails the next one is tried', posixOnly, async () => {
  const environment = await environmentWith('second', { wslview: 'exit 1', 'xdg-open': 'echo opened > "$RESULT"' });
  await openBrowser(url, { ...environment, kernel: '5.15.167.4-microsoft-standard-WSL2' });
  assert.equal(await readFile(environment.variables.RESULT, 'utf8'), 'opened\n');
});

describe('a dev container names its browser in BROWSER, and has neither display nor xdg-open', posixOnly, () => {
  for (const [shape, browserOf, expected] of /** @type {const} */ ([
    ['the path of a script', (/** @type {string} */ bin) => join(bin, 'helper.sh'), ['https://auth.example/a?b=%24c']],
    ['a command with arguments', () => 'helper.sh --new', ['--new', 'https://auth.example/a?b=%24c']],
    ['a place for the URL', () => 'helper.sh --url=%s --wait', ['--url=https://auth.example/a?b=%24c', '--wait']],
    ['several, of which one serves', () => 'missing:helper.sh', ['https://auth.example/a?b=%24c']],
  ])) {
    test(`${shape}: it is run, without a shell`, async () => {
      const environment = await environmentWith(shape.replaceAll(' ', '-'), {
        'helper.sh': 'printf "%s\\n" "$@" > "$RESULT"',
      });
      const { PATH, RESULT } = environment.variables;
      const BROWSER = browserOf(dirname(RESULT));
      await openBrowser('https://auth.example/a?b=$c', { ...environment, variables: { PATH, RESULT, BROWSER } });
      assert.deepEqual((await readFile(RESULT, 'utf8')).trim().split('\n'), expected);
    });
  }

  test('[accepts interop 85] one that fails gives way to what the system has', async () => {
    const environment = await environmentWith('both', { broken: 'exit 1', 'xdg-open': 'echo opened > "$RESULT"' });
    const variables = { ...environment.variables, BROWSER: 'broken' };
    await openBrowser(url, { ...environment, variables });
    assert.equal(await readFile(variables.RESULT, 'utf8'), 'opened\n');
  });

  test('the word for none at all is no command', async () => {
    const environment = await environmentWith('none', {});
    const { PATH } = environment.variables;
    for (const BROWSER of ['none', '', ' ', ':', '%s'])
      await assert.rejects(openBrowser(url, { ...environment, variables: { PATH, BROWSER } }), notOpened);
  });
});

test('only http and https URLs are opened', async () => {
  const environment = await environmentWith('unused', { 'xdg-open': 'echo opened > "$RESULT"' });
  for (const refused of [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,a',
    'vscode://a',
    '--help',
    '',
    'auth.example',
  ]) {
    await assert.rejects(
      openBrowser(refused, environment),
      (error) => error instanceof MisuseError && error.code === 'url_not_openable',
    );
  }
  await assert.rejects(readFile(environment.variables.RESULT), { code: 'ENOENT' });
});

test('each system has its command, and none is a shell', () => {
  const variables = { SystemRoot: 'D:\\Windows', DISPLAY: ':0' };
  const commands = (/** @type {NodeJS.Platform} */ platform, kernel = '6.1.0') =>
    browserCommands(url, { platform, kernel, variables });
  assert.deepEqual(commands('darwin'), [['/usr/bin/open', url]]);
  assert.deepEqual(commands('win32'), [['D:\\Windows\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', url]]);
  assert.deepEqual(commands('linux'), [['xdg-open', url]]);
  assert.deepEqual(commands('freebsd'), [['xdg-open', url]]);
  assert.deepEqual(
    commands('linux', '5.15.167.4-microsoft-standard-WSL2').map(([command]) => command),
    ['wslview', '/mnt/c/Windows/System32/rundll32.exe', 'xdg-open'],
  );
  assert.deepEqual(browserCommands(url, { platform: 'linux', kernel: '6.1.0', variables: {} }), []);
  const named = { ...variables, BROWSER: 'own' };
  const first = (/** @type {NodeJS.Platform} */ platform) =>
    browserCommands(url, { platform, variables: named })[0]?.[0];
  assert.deepEqual([first('linux'), first('darwin')], ['own', 'own']);
});

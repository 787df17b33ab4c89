// Finds the browsers on this machine, and their drivers.

import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { arch, env, execPath, platform } from 'node:process';
import {
  ensureNestedPackage,
  hashFiles,
  makeIfStale,
  mustRun,
  progress,
  root,
  targetFolder,
  UserError,
} from './support.js';

const isWindows = platform === 'win32';
/** Folders for programs on Windows; none elsewhere. */
const programs = [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].flatMap((folder) => folder ?? []);
const below = (/** @type {string[]} */ ...path) => programs.map((folder) => join(folder, ...path));
const brewed = ['/opt/homebrew/bin', '/usr/local/bin', `${env.ProgramData}\\chocolatey\\bin`];
const exe = isWindows ? '.exe' : '';

/** What each is called on PATH, and where it is where it is not on PATH. */
const known = {
  CHROME: {
    name: 'Chromium or Chrome',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    places: [
      ...['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/snap/bin/chromium'],
      ...['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`),
      ...below('Google', 'Chrome', 'Application', 'chrome.exe'),
    ],
  },
  CHROMEDRIVER: {
    name: 'chromedriver',
    commands: ['chromedriver'],
    places: [
      ...['chromium', 'chromium-browser'].map((name) => `/usr/lib/${name}/chromedriver`),
      ...['/usr/lib64/chromium-browser/chromedriver', '/snap/bin/chromium.chromedriver'],
      ...brewed.map((folder) => join(folder, `chromedriver${exe}`)),
    ],
  },
  FIREFOX: {
    name: 'Firefox',
    commands: ['firefox-esr', 'firefox'],
    places: [
      ...['/usr/lib/firefox-esr/firefox-esr', '/usr/lib/firefox/firefox', '/snap/bin/firefox'],
      '/Applications/Firefox.app/Contents/MacOS/firefox',
      ...below('Mozilla Firefox', 'firefox.exe'),
    ],
  },
  GECKODRIVER: {
    name: 'geckodriver',
    commands: ['geckodriver'],
    places: ['/snap/bin/geckodriver', ...brewed.map((folder) => join(folder, `geckodriver${exe}`))],
  },
};

const howToInstall = `  Debian:           apt-get install chromium chromium-driver firefox-esr
  Ubuntu:           snap install chromium firefox
  Fedora:           dnf install chromium chromedriver firefox
  macOS:            brew install --cask google-chrome chromedriver firefox
  Windows:          choco install googlechrome chromedriver firefox
  somewhere else:   set the environment variables CHROME, CHROMEDRIVER and FIREFOX to the programs`;

/** Where `ensureChrome` puts one, with a script beside it that starts it with its own libraries. */
const ownFolder = join(targetFolder, 'chromium');
const ownChrome = join(ownFolder, 'start');

/** Chromium or Chrome: one that is installed, or the one that `ensureChrome` brought. */
export const findChrome = () => search('CHROME') ?? (isExecutable(ownChrome) ? ownChrome : find('CHROME'));
export const findChromedriver = () => find('CHROMEDRIVER');
export const findFirefox = () => find('FIREFOX');
/** Where there is one. */
export const findGeckodriver = () => search('GECKODRIVER');

/** Brings a Chromium from npm where none is installed and there is one: for Linux x64, with the libraries that it needs. */
export async function ensureChrome() {
  if (search('CHROME') || platform !== 'linux' || arch !== 'x64') return void findChrome();
  const folder = join(root, 'tests', 'browsers', 'chromium');
  await ensureNestedPackage(folder);
  await makeIfStale({
    stamp: join(targetFolder, 'chromium.made-from'),
    inputs: hashFiles([join(folder, 'package-lock.json'), join(root, 'scripts', 'browser.js')]),
    outputs: [ownChrome],
    make: async () => {
      progress('no Chromium or Chrome is installed: one from npm is unpacked (half a minute, once)');
      rmSync(ownFolder, { recursive: true, force: true });
      mkdirSync(ownFolder, { recursive: true });
      // It unpacks itself into the folder for temporary files, and its libraries only where it takes the machine for Amazon's.
      const program = "import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())";
      const variables = { TMPDIR: ownFolder, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' };
      await mustRun(execPath, ['--eval', program], { cwd: folder, env: variables });
      writeFileSync(ownChrome, startScript, { mode: 0o755 });
    },
  });
}

const startScript = `#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_PATH="$here/fonts"
exec "$here/chromium" "$@"
`;

/** @param {keyof typeof known} variable */
function find(variable) {
  const found = search(variable);
  if (found) return found;
  const where = `neither through ${variable} nor on PATH nor in the usual places`;
  throw new UserError(`No ${known[variable].name} was found, ${where}. How to install it:\n${howToInstall}`);
}

/** @param {keyof typeof known} variable */
function search(variable) {
  const named = env[variable];
  if (named !== undefined) {
    if (isExecutable(named)) return named;
    throw new UserError(
      `The environment variable ${variable} names '${named}', which is not a program that can be run.`,
    );
  }
  const { commands, places } = known[variable];
  const folders = (env.PATH ?? '').split(delimiter);
  return [...folders.flatMap((folder) => commands.map((name) => join(folder, name + exe))), ...places].find(
    isExecutable,
  );
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

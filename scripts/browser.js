// Finds the browsers on this machine, and their drivers.

import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { arch, env, execPath, platform } from 'node:process';
import {
  Explained,
  ensureNestedPackage,
  hashFiles,
  makeIfStale,
  mustRun,
  progress,
  root,
  targetFolder,
} from './support.js';

const usualPlaces = {
  chrome: {
    linux: ['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/snap/bin/chromium'],
    darwin: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    win32: [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].flatMap((folder) =>
      folder ? [join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')] : [],
    ),
  },
  chromedriver: {
    linux: [
      '/usr/lib/chromium/chromedriver',
      '/usr/lib64/chromium-browser/chromedriver',
      '/usr/lib/chromium-browser/chromedriver',
      '/snap/bin/chromium.chromedriver',
    ],
    darwin: ['/opt/homebrew/bin/chromedriver', '/usr/local/bin/chromedriver'],
    win32: env.ProgramData ? [join(env.ProgramData, 'chocolatey', 'bin', 'chromedriver.exe')] : [],
  },
  geckodriver: {
    linux: ['/snap/bin/geckodriver'],
    darwin: ['/opt/homebrew/bin/geckodriver', '/usr/local/bin/geckodriver'],
    win32: env.ProgramData ? [join(env.ProgramData, 'chocolatey', 'bin', 'geckodriver.exe')] : [],
  },
  firefox: {
    linux: ['/usr/lib/firefox-esr/firefox-esr', '/usr/lib/firefox/firefox', '/snap/bin/firefox'],
    darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
    win32: [env.ProgramFiles, env['ProgramFiles(x86)']].flatMap((folder) =>
      folder ? [join(folder, 'Mozilla Firefox', 'firefox.exe')] : [],
    ),
  },
};

const names = {
  chrome: 'Chromium or Chrome',
  chromedriver: 'chromedriver',
  geckodriver: 'geckodriver',
  firefox: 'Firefox',
};

const commands = {
  chrome: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
  chromedriver: ['chromedriver'],
  geckodriver: ['geckodriver'],
  firefox: ['firefox-esr', 'firefox'],
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

/** @returns {string} the path of Chromium or Chrome: one that is installed, or the one that `ensureChrome` brought */
export function findChrome() {
  return search('chrome', 'CHROME') ?? (isExecutable(ownChrome) ? ownChrome : find('chrome', 'CHROME'));
}

/** Brings a Chromium from npm where none is installed and there is one: for Linux x64, with the libraries that it needs. */
export async function ensureChrome() {
  if (search('chrome', 'CHROME') || platform !== 'linux' || arch !== 'x64') return void findChrome();
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
      await mustRun(execPath, ['--eval', program], {
        cwd: folder,
        env: { TMPDIR: ownFolder, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' },
      });
      writeFileSync(ownChrome, startScript, { mode: 0o755 });
    },
  });
}

const startScript = `#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_PATH="$here/fonts"
exec "$here/chromium" "$@"
`;

/** @returns {string} the path of the program that drives it through WebDriver */
export function findChromedriver() {
  return find('chromedriver', 'CHROMEDRIVER');
}

/** @returns {string} the path of Firefox */
export function findFirefox() {
  return find('firefox', 'FIREFOX');
}

/** @returns {string | undefined} the path of the program that drives it through WebDriver, where there is one */
export function findGeckodriver() {
  return search('geckodriver', 'GECKODRIVER');
}

/**
 * @param {keyof typeof names} what
 * @param {string} variable
 */
function find(what, variable) {
  const found = search(what, variable);
  if (found) return found;
  throw new Explained(
    `No ${names[what]} was found, neither through ${variable} nor on PATH ` +
      `nor in the usual places. How to install it:\n${howToInstall}`,
  );
}

/**
 * @param {keyof typeof names} what
 * @param {string} variable
 */
function search(what, variable) {
  const named = env[variable];
  if (named !== undefined) {
    if (isExecutable(named)) return named;
    throw new Explained(
      `The environment variable ${variable} names '${named}', which is not a program that can be run.`,
    );
  }
  const extension = platform === 'win32' ? '.exe' : '';
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => commands[what].map((command) => join(folder, command + extension)));
  const usual = platform in usualPlaces[what] ? usualPlaces[what][/** @type {"linux"} */ (platform)] : [];
  return [...onPath, ...usual].find(isExecutable);
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

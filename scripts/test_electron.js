// `npm run test:electron`: the package in Electron. Its main process runs on Node against a stand-in that Electron's own types
// check, its pages and their preload script in real Chromium. `-- --real` runs the example in Electron itself instead.

import { join } from 'node:path';
import { argv } from 'node:process';
import { ensureChrome } from './browser.js';
import { build } from './build.js';
import { runReal } from './real_electron.js';
import {
  conclude,
  ensureNestedPackage,
  ensureTestPackages,
  filesBelow,
  mustRunNode,
  progress,
  root,
  runNodeTests,
  runProgram,
} from './support.js';

const folder = join(root, 'tests', 'electron');

await runProgram(async () => {
  await build();
  await ensureTestPackages();
  if (argv.includes('--real')) return runReal();
  await ensureChrome();
  await ensureNestedPackage(join(folder, 'definitions'));
  progress("tsc: what is used of Electron, and what stands in for it, against Electron's own types");
  await mustRunNode('typescript/bin/tsc', ['--project', join(folder, 'tsconfig.json')]);
  return conclude([await runNodeTests(filesBelow([folder]).filter((file) => file.endsWith('.test.js')))]);
});

// `npm run test:package`: the packed tarball, installed into an empty folder, on every Node, through every bundler and in
// real browsers. `npm run test:package -- bundlers pages` runs the test files of these names.

import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { ensureChrome } from './browser.js';
import { build } from './build.js';
import { ensureNode, supportedNodes } from './newer_node.js';
import {
  conclude,
  Explained,
  ensureNestedPackage,
  filesBelow,
  progress,
  root,
  runNodeTests,
  runProgram,
} from './support.js';

const folder = join(root, 'tests', 'package');
const suffix = '.test.js';

await runProgram(async () => {
  const all = filesBelow([folder]).filter((file) => file.endsWith(suffix));
  const names = all.map((file) => basename(file, suffix));
  const words = argv.slice(2);
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length > 0)
    throw new Explained(`There is no test ${unknown.join(', ')}. The tests are ${names.join(', ')}.`);

  await build();
  for (const nested of ['bundlers', 'next', '../browsers']) await ensureNestedPackage(join(folder, nested));
  await ensureChrome();
  for (const version of supportedNodes) await ensureNode(version, 'This test');
  const files = all.filter((file) => words.length === 0 || words.includes(basename(file, suffix)));
  // One after the other: a bundler takes every core that it finds.
  progress(files.map((file) => basename(file, suffix)).join(', '));
  return conclude([await runNodeTests(files, ['--test-concurrency=1'])]);
});

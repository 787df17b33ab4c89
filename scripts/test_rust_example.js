// `npm run test:rust-example`: the format, the lints and the tests of examples/rust, then sign-ins with it at real servers.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.js';
import {
  conclude,
  Explained,
  ensureTestPackages,
  mustRun,
  progress,
  root,
  runNodeTests,
  runProgram,
  targetFolder,
} from './support.js';

const manifest = join(root, 'examples', 'rust', 'Cargo.toml');
// Without TLS, which takes as long to compile as all the rest: everything is on loopback.
const options = [
  '--locked',
  '--no-default-features',
  '--manifest-path',
  manifest,
  '--target-dir',
  join(targetFolder, 'rust-example'),
];

await runProgram(async () => {
  // The servers and their helpers use the package.
  await build();
  await ensureTestPackages();
  progress('cargo fmt, clippy and test');
  await mustRun('cargo', ['fmt', '--check', '--manifest-path', manifest]);
  await mustRun('cargo', ['clippy', ...options, '--all-targets', '--', '-D', 'warnings']);
  // It builds the programs too.
  await mustRun('cargo', ['test', ...options]);
  requireExcerpt();
  const tests = ['sign_in.test.js', 'connection.test.js'].map((name) => join(root, 'tests', 'rust_example', name));
  return conclude([await runNodeTests(tests)]);
});

/** The README's Rust is that of the example, and has at most twelve lines. */
function requireExcerpt() {
  const read = (/** @type {string[]} */ ...path) => readFileSync(join(root, ...path), 'utf8').replaceAll('\r\n', '\n');
  const excerpt = /^```rust\n(.*?)^```$/ms.exec(read('README.md'))?.[1] ?? '';
  const lines = excerpt.trimEnd().split('\n');
  const indented = lines.map((line) => `    ${line}\n`).join('');
  if (lines.length > 12) throw new Explained("The README's example in Rust has more than twelve lines.");
  if (!read('examples', 'rust', 'src', 'main.rs').includes(indented))
    throw new Explained("The README's example in Rust is not that of examples/rust/src/main.rs.");
}

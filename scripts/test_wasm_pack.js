// `npm run test:wasm-pack`: `wasm-pack test` in Node, Chromium and Firefox, as people type it. It ends well where it runs no
// test at all: so they are counted, and have to be as many everywhere.

import { delimiter } from 'node:path';
import { env } from 'node:process';
import { countTests, elapsed, progress, run, runProgram } from './support.js';
import { ensureWasmPack, wasmPackTests } from './wasm_pack.js';

await runProgram(async () => {
  const { first, last } = await ensureWasmPack();
  const own = Object.keys(env).filter((name) => /^(WASM_BINDGEN_|NO_HEADLESS$|\w+DRIVER(_REMOTE)?$)/.test(name));
  const variables = {
    ...Object.fromEntries(own.map((name) => [name, undefined])),
    PATH: [...first, env.PATH, ...last].join(delimiter),
  };
  /** @type {({ args: string, status: number, time: string } & import("./support.js").Counts)[]} */
  const rows = [];
  for (const args of wasmPackTests) {
    progress(`wasm-pack ${args}`);
    const since = performance.now();
    const { status, output } = await run('wasm-pack', args.split(' '), { output: 'step', env: variables });
    rows.push({ args, status, ...countTests(output), time: elapsed(since) });
  }
  const isRight = rows.every(
    ({ status, passed, failed }) => status === 0 && failed === 0 && passed > 0 && passed === rows[0]?.passed,
  );
  console.log(
    `\n${'wasm-pack'.padEnd(28)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'status'.padStart(8)}${'time'.padStart(10)}`,
  );
  for (const { args, passed, failed, status, time } of rows) {
    console.log(
      args.padEnd(28) + `${passed}`.padStart(8) + `${failed}`.padStart(8) + `${status}`.padStart(8) + time.padStart(10),
    );
  }
  console.log(
    isRight
      ? '\nAll run the same tests.'
      : '\nNot all passed, or not everywhere as many: tests/vectors_in_browser.rs has those of browsers.',
  );
  return isRight ? 0 : 1;
});

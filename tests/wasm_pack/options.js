// With what wasm-pack is run.

import { env } from 'node:process';
import { pathForWasmPack } from '../../scripts/wasm.js';

const ours = Object.keys(env).filter((name) =>
  /^(WASM_BINDGEN_|NODE_TEST|NO_HEADLESS$|\w+DRIVER(_REMOTE)?$)/.test(name),
);
export const options = {
  output: /** @type {const} */ ('capture'),
  env: { ...Object.fromEntries(ours.map((name) => [name, undefined])), PATH: await pathForWasmPack(`${env.PATH}`) },
};

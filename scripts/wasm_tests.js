// The Rust tests as WebAssembly, in Node or in a browser.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findChrome, findChromedriver, findFirefox } from "./browser.js";
import { ensureGeckodriver } from "./cargo_tool.js";
import { toolPath } from "./setup.js";
import { runTests, targetFolder } from "./support.js";

/** How wasm-bindgen-test-runner is told which driver to start, and the driver which browser. */
const browsers = {
  chromium: async () => ({
    driver: { CHROMEDRIVER: findChromedriver() },
    capabilities: {
      "goog:chromeOptions": {
        binary: findChrome(),
        args: [
          "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync",
        ],
      },
    },
  }),
  firefox: async () => ({
    driver: { GECKODRIVER: await ensureGeckodriver() },
    capabilities: { "moz:firefoxOptions": { binary: findFirefox() } },
  }),
};

/** @param {"node" | keyof typeof browsers} where */
export async function wasmTests(where) {
  // `runner` as an array: the variable CARGO_TARGET_…_RUNNER is split at spaces.
  const runner = `target.wasm32-unknown-unknown.runner=${JSON.stringify([toolPath("wasm-bindgen-test-runner")])}`;
  return runTests("cargo", ["test", "--locked", "--lib", "--tests", "--target", "wasm32-unknown-unknown", "--config", runner], {
    // Debug information is nine tenths of a test module, and the runner rewrites all of it.
    CARGO_PROFILE_DEV_DEBUG: "0",
    // As wasm-pack has it: each test program is of Node or of browsers, and the others are passed over.
    ...(where === "node" ? { WASM_BINDGEN_TEST_ONLY_NODE: "1" } : await browserVariables(where)),
  });
}

/** @param {keyof typeof browsers} browser */
async function browserVariables(browser) {
  const { driver, capabilities } = await browsers[browser]();
  const file = join(targetFolder, `webdriver_${browser}.json`);
  writeFileSync(file, JSON.stringify(capabilities));
  return {
    WASM_BINDGEN_TEST_ONLY_WEB: "1",
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: file,
    // The runner takes the first driver it is told about, in an order of its own.
    CHROMEDRIVER: undefined,
    CHROMEDRIVER_REMOTE: undefined,
    GECKODRIVER: undefined,
    GECKODRIVER_REMOTE: undefined,
    SAFARIDRIVER: undefined,
    SAFARIDRIVER_REMOTE: undefined,
    ...driver,
  };
}

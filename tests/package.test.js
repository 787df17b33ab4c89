// A stand-in for the real tests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeChallenge, init } from "mcp-oauth-wasm";

test("a short verifier is refused in JavaScript too", async () => {
  await init();
  assert.throws(() => codeChallenge("short"));
});

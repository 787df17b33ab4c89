//! The same vectors as WebAssembly in a browser. The runner decides by program where its tests are run: those of
//! `vectors` in Node, these in a browser, each only where it is asked for (`wasm-pack test --node`, `--headless --chrome`).
#![cfg(target_arch = "wasm32")]

#[path = "vectors.rs"]
mod vectors;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

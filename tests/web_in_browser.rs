//! The same as tests/web.rs, in a browser.
#![cfg(target_arch = "wasm32")]

#[path = "web.rs"]
mod web;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

//! A stand-in for the test that the TypeScript types derived from the Rust structs are committed.
#![cfg(not(target_arch = "wasm32"))]

#[test]
fn typescript_types_are_up_to_date() {
    assert!(mcp_oauth_wasm::pkce::code_challenge("short").is_err());
}

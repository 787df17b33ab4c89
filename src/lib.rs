//! A stand-in for the real crate.

pub mod error;
pub mod pkce;
#[cfg(target_arch = "wasm32")]
mod bindings;

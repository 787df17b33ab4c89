//! MCP authorization for any host: a client signs its user in at authorization servers that it has never met.
//!
//! A call to the MCP server is answered with a challenge. From there:
//!
//! 1. [`flow::steps::discover`] finds the protected resource's metadata and its authorization server's;
//! 2. [`flow::steps::plan`] decides once, for everybody, which scopes there are to be;
//! 3. [`flow::steps::register`] gets a client that may request them;
//! 4. [`flow::steps::begin`] builds the authorization request that a browser opens;
//! 5. [`flow::steps::complete`] reads the response and trades its code for tokens;
//! 6. [`flow::steps::refresh`] renews them.
//!
//! [`connection::sign_in`] makes one flow of them, which remembers what it needs across restarts.
//!
//! A file uses its own folder and those above it: `data`, `protocol`, `flow`, `connection`, `web`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod data;
pub mod protocol;
pub mod flow;
pub mod connection;

#[cfg(target_arch = "wasm32")]
pub mod web;

/// Half the size of the standard library's, and as quick: it finds, splits and joins blocks in constant time.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

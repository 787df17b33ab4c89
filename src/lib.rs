//! MCP authorization for any host: a client signs its user in at authorization servers that it has never met.
//!
//! A call to the MCP server is answered with a challenge. From there:
//!
//! 1. [`flow::discover`] finds the protected resource's metadata and its authorization server's;
//! 2. [`flow::plan`] decides once, for everybody, which scopes there are to be;
//! 3. [`flow::register`] gets a client that may request them;
//! 4. [`flow::begin`] builds the authorization request that a browser opens;
//! 5. [`flow::complete`] reads the response and trades its code for tokens;
//! 6. [`flow::refresh`] renews them.
//!
//! The modules stand in dependency order: each uses only those above it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

// Words: the data that everything is made of.
pub mod form;
pub mod printable;
pub mod json;
pub mod record;
pub mod error;
pub mod url;
pub mod identifier;
pub mod http;
pub mod scope;

// Rules: pure functions, one file for each thing that a standard defines.
pub mod challenge;
pub mod well_known;
pub mod protected_resource;
pub mod pkce;
pub mod client_authentication;
pub mod settings;
pub mod scope_plan;
pub mod authorization_server;
pub mod grant;
pub mod discovery;
pub mod registration;
pub mod registration_refusal;
pub mod registration_management;
pub mod authorization;
pub mod pushed_authorization;
pub mod repair;
pub mod token;

// Flows: the rules in the order of a sign-in, over what a host provides.
pub mod trace;
pub mod effect;
pub mod platform;
pub mod replay;
pub mod exchange;
pub mod documents;
pub mod dynamic_registration;
pub mod token_endpoint;
pub mod preflight;
pub mod flow;

// Connection: what is stored, and when; what a refusal means; the whole sign-in.
pub mod stored;
pub mod refusal;
pub mod sign_in;
pub mod renewal;
pub mod sign_out;
pub mod calls;

// Shell: the platform as JavaScript has it.
#[cfg(target_arch = "wasm32")]
mod web;
#[cfg(target_arch = "wasm32")]
mod bindings;

/// Half the size of the standard library's, and as quick: it finds, splits and joins blocks in constant time.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

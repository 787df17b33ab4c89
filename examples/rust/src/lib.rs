//! A signed-in connection to an MCP server for a host in Rust. Read from the top: [`connection`] is the way in,
//! [`host`] is what an application brings, and the others are the parts of a host, each to be replaced by your own.
//!
//! What to ask for, where, how often, and what is kept, is decided by `mcp_oauth_wasm`, as it is in every other host.

pub mod connection;
pub mod file_store;
pub mod host;
pub mod loopback_redirect;
pub mod platform;
pub mod rmcp_client;

pub use connection::{Connection, ConnectionOptions, Failure};
pub use file_store::FileStore;
pub use host::Host;

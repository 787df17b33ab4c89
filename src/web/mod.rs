//! The platform as JavaScript has it, through web-sys, and what JavaScript calls.

mod bindings;
#[cfg(feature = "functions")]
mod functions;
mod platform;

pub use bindings::call;

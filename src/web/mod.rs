//! The platform as JavaScript has it, through web-sys, and what JavaScript calls.

mod bindings;
mod platform;

pub use bindings::call;

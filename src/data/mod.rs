//! The data that everything is made of: text, JSON, errors, records, URLs, messages, scopes. No rule of a protocol.

pub mod error;
pub mod form;
pub mod http;
pub mod identifier;
pub mod json;
pub mod printable;
pub mod record;
pub mod scope;
pub mod url;

//! What the fuzz targets run: each reads foreign bytes as the package does, and asserts what must hold whatever they
//! are. `tests/fuzz_corpora.rs` replays the committed corpora through the same functions.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod addresses;
mod documents;
pub mod hostile_servers;
mod sign_in;
mod words;

pub use addresses::url;
pub use documents::{authorization_server, protected_resource, registration, token};

pub use sign_in::{authorization_response, record};
pub use words::{challenge, json, printable, scope};

use mcp_oauth_wasm::data::http::Response;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::{self, AsJson};
use mcp_oauth_wasm::data::scope::ScopeSet;

/// One fuzz target: its name, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by the name of its corpus.
pub const TARGETS: [Target; 12] = [
    ("authorization_response", authorization_response),
    ("authorization_server", authorization_server),
    ("challenge", challenge),
    ("hostile_servers", hostile_servers::hostile_servers),
    ("json", json),
    ("printable", printable),
    ("protected_resource", protected_resource),
    ("record", record),
    ("registration", registration),
    ("scope", scope),
    ("token", token),
    ("url", url),
];

/// The input as text, where the package would see it as text.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A response as the seeds spell it: the status and the media type on the first line, and then the body.
fn response(bytes: &[u8]) -> Option<Response> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let first = text(&bytes[..end])?;
    let (status, content_type) = first.split_once(' ').unwrap_or((first, ""));
    let header = |name: &str| (name == "content-type" && !content_type.is_empty()).then(|| content_type.to_owned());
    let body = bytes[end + 1..].to_vec();
    Some(Response::new("https://as.example/".to_owned(), status.parse().ok()?, body, header))
}

/// Reads a record that the targets need as their surroundings.
fn given<T: AsJson>(text: &str) -> T {
    let json = Json::parse(text).expect("the surroundings are JSON");
    record::read(&json).unwrap_or_else(|mismatch| panic!("{}: {}", mismatch.path, mismatch.expected))
}

/// What was accepted can be stored, and is the same when it is read again.
fn assert_survives_storage<T: AsJson>(value: &T) {
    let stored = value.to_json();
    let read = Json::parse(&stored.to_text()).expect("what is stored is JSON");
    match record::read::<T>(&read) {
        Ok(again) => assert_eq!(again.to_json().to_text(), stored.to_text()),
        Err(mismatch) => panic!("stored, `{}` is not {} any more", mismatch.path, mismatch.expected),
    }
}

/// Fit for people and logs: one line, without control or direction characters.
fn assert_printable(shown: &str) {
    let unfit = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!shown.contains(unfit), "{shown:?}");
    assert!(shown.chars().count() <= 301, "{shown:?}");
}

/// Each once, and of scope characters only (RFC 6749 §3.3).
fn assert_scopes(set: &ScopeSet) {
    let scopes: Vec<&str> = set.iter().collect();
    for (index, scope) in scopes.iter().enumerate() {
        assert!(!scope.is_empty() && !scopes[..index].contains(scope), "{scopes:?}");
        let allowed = |byte: u8| byte == 0x21 || (0x23..=0x5b).contains(&byte) || (0x5d..=0x7e).contains(&byte);
        assert!(scope.bytes().all(allowed), "{scopes:?}");
    }
}

/// Sets as the server's document may give them: absent, or naming something.
fn assert_listed(set: &Option<ScopeSet>) {
    if let Some(set) = set {
        assert!(!set.is_empty(), "an empty list is none");
        assert_scopes(set);
    }
}

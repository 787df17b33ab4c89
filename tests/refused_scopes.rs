//! Which of the requested scopes a refusal names, in the words of many servers.
#![cfg(not(target_arch = "wasm32"))]

use mcp_oauth_wasm::data::http::StatedError;
use mcp_oauth_wasm::data::scope::ScopeSet;

/// What was asked for, what the server says, and what that names.
const REFUSALS: [(&str, &str, &str); 22] = [
    ("files other", "the scope files is refused", "files"),
    ("files other", "files", "files"),
    ("files other", "No files. Try another", "files"),
    ("files other", "No files.", "files"),
    ("files other", "the following scopes are invalid: files, other.", "files other"),
    ("files other", "invalid scopes: [files;other]", "files other"),
    ("files other", "invalid (files): other", "files other"),
    ("files other", "files.read is refused", ""),
    ("files other", "read.files is refused", ""),
    ("files other", "files.", "files"),
    ("files other", "filesystem", ""),
    ("files other", "profiles are refused", ""),
    ("files other", "profilesystem", ""),
    ("files other", "Files", ""),
    ("files.read files", "no files.read.", "files.read"),
    ("files read", "`files` cannot be had, whether to read or write", "files"),
    ("files read", "'files' cannot be had, whether to read or write", "files"),
    ("files read", "\"files\" cannot be had, whether to read or write", "files"),
    ("files read", "`filesx` and read", "read"),
    ("files read", "", ""),
    ("files read", "éfilesé", ""),
    ("", "files", ""),
];

fn named(asked: &str, scope: Option<&str>, description: &str) -> String {
    let refusal = StatedError {
        error: Some("invalid_scope".to_owned()),
        description: description.to_owned(),
        scope: scope.map(str::to_owned),
    };
    ScopeSet::read(asked).named_by(&refusal).to_parameter().unwrap_or_default()
}

#[test]
fn a_refusal_names_scopes_in_its_words() {
    for (asked, description, expected) in REFUSALS {
        assert_eq!(named(asked, None, description), expected, "{description:?} of {asked:?}");
    }
}

#[test]
fn a_refusal_names_scopes_in_its_member_before_its_words() {
    assert_eq!(named("files read", Some("read unknown"), "'files'"), "read");
    assert_eq!(named("files read", Some("unknown"), "'files'"), "files");
}

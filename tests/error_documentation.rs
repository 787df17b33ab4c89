//! docs/errors.md names every code. `UPDATE=1 cargo test error_documentation` writes the table of the Rust ones anew.
#![cfg(not(target_arch = "wasm32"))]

use mcp_oauth_wasm::data::error::Code;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::{self, Declared};

const START: &str = "<!-- made from src/data/error.rs -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn error_documentation_names_every_code() {
    let mut table = "| code | kind | what happened |\n|---|---|---|\n".to_owned();
    let declaration = Code::declaration();
    let mut documentation = "";
    for line in declaration.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/** ") {
            documentation = text.trim_end_matches(" */");
        } else if let Some(word) = line.strip_prefix("| '") {
            let word = word.trim_end_matches([';', '\'']);
            let code: Code = record::read(&Json::from(word)).unwrap();
            table += &format!("| `{word}` | {} | {documentation} |\n", code.kind().word());
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let written = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let (before, rest) = written.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = [before, START, &table, END, after].concat();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &expected).unwrap();
    } else {
        assert!(written == expected, "docs/errors.md is out of date: run `UPDATE=1 cargo test error_documentation`");
    }
}

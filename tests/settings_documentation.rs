//! docs/settings.md has a section for every setting, which begins with the setting's own documentation.
//! `UPDATE=1 cargo test settings_documentation` writes these beginnings anew.
#![cfg(not(target_arch = "wasm32"))]

use mcp_oauth_wasm::data::record::Declared;
use mcp_oauth_wasm::protocol::settings::{PreRegisteredClient, ServerSettings};

/// The members of a record with their documentation, from its TypeScript declaration.
fn members(declaration: &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let mut documentation = Vec::new();
    for line in declaration.lines().skip_while(|line| !line.starts_with("export ")).skip(1).map(str::trim) {
        let is_comment = line.starts_with('/') || line.starts_with('*');
        let text = line.trim_start_matches(['/', '*']).trim_end_matches(['/', '*']).trim();
        if is_comment && !text.is_empty() {
            documentation.push(text.to_owned());
        } else if let Some((name, _)) = line.split_once(':').filter(|_| !is_comment) {
            members.push((name.trim_end_matches('?').to_owned(), documentation.join("\n> ")));
            documentation.clear();
        }
    }
    members
}

/// What is written by hand in the section of that name, below the quoted documentation.
fn written_by_hand<'a>(chapter: &'a str, name: &str) -> &'a str {
    let heading = format!("### `{name}`\n");
    let section = chapter.split_once(&heading).map_or("", |(_, rest)| rest).split("\n### `").next().unwrap_or_default();
    let below_quote = section.trim_start().lines().take_while(|line| line.starts_with('>')).map(|line| line.len() + 1);
    section.trim_start().get(below_quote.sum()..).unwrap_or_default().trim()
}

#[test]
fn settings_documentation_has_every_setting() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
    let written = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let mut expected = written.clone();
    let mut bare = Vec::new();
    for (record, declaration) in
        [("ServerSettings", ServerSettings::declaration()), ("PreRegisteredClient", PreRegisteredClient::declaration())]
    {
        let members = members(&declaration);
        assert!(members.len() > 4, "{record} has only {} members", members.len());
        let (start, end) = (format!("<!-- made from {record} -->\n"), "\n<!-- end -->");
        let (before, rest) = expected.split_once(&start).unwrap();
        let (chapter, after) = rest.split_once(end).unwrap();
        let sections: Vec<String> = members
            .iter()
            .map(|(name, documentation)| {
                let by_hand = written_by_hand(chapter, name);
                if by_hand.is_empty() {
                    bare.push(format!("{record}.{name}"));
                }
                format!("### `{name}`\n\n> {documentation}\n\n{by_hand}")
            })
            .collect();
        expected = [before, &start, &sections.join("\n\n"), end, after].concat();
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &expected).unwrap();
    } else {
        assert!(
            written == expected,
            "docs/settings.md is out of date: run `UPDATE=1 cargo test settings_documentation`"
        );
    }
    assert!(bare.is_empty(), "docs/settings.md does not say when to use {bare:?}");
}

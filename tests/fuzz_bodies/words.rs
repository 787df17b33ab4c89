//! Headers, texts and words.

use mcp_oauth_wasm::data::http::StatedError;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::scope::ScopeSet;

use super::{assert_listed, assert_printable, assert_scopes, assert_survives_storage, text};

/// Each line is the value of one `WWW-Authenticate` header.
pub fn challenge(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let headers: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let read = mcp_oauth_wasm::protocol::challenge::read(&headers);
    let any =
        headers.iter().any(|header| mcp_oauth_wasm::protocol::challenge::read(std::slice::from_ref(header)).is_some());
    assert_eq!(read.is_some(), any, "a header of another scheme neither hides a challenge nor makes one");
    let Some(challenge) = read else { return };
    assert!(matches!(challenge.scheme.as_str(), "Bearer" | "DPoP"));
    assert!(headers.iter().any(|header| header.to_ascii_lowercase().contains(&challenge.scheme.to_ascii_lowercase())));
    assert_listed(&challenge.scopes);
    assert_ne!(challenge.resource_metadata.as_deref(), Some(""));
    for words in [&challenge.error, &challenge.error_description].into_iter().flatten() {
        assert_printable(words);
    }
    assert_survives_storage(&challenge);
}

/// JSON text says the same when it is written and read again.
pub fn json(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Some(json) = Json::parse(text) else { return };
    assert!(depth(&json) <= 32);
    let written = json.to_text();
    let again = Json::parse(&written).expect("what is written is JSON");
    assert!(again == whole(&json), "{written}");
    assert_eq!(again.to_text(), written);
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// As it is written: every number of the package's own is whole, and of duplicate members the last one counts.
fn whole(json: &Json) -> Json {
    match json {
        Json::Number(number) => Json::Number((*number as i64) as f64),
        Json::Array(items) => Json::Array(items.iter().map(whole).collect()),
        Json::Object(members) => {
            let mut counting: Vec<(String, Json)> = Vec::new();
            for (name, value) in members {
                match counting.iter_mut().find(|(other, _)| other == name) {
                    Some((_, earlier)) => *earlier = whole(value),
                    None => counting.push((name.clone(), whole(value))),
                }
            }
            Json::Object(counting)
        }
        other => other.clone(),
    }
}

pub fn printable(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let shown = mcp_oauth_wasm::data::printable::printable(text);
    assert_printable(&shown);
    assert_eq!(shown.trim(), shown);
    assert_eq!(mcp_oauth_wasm::data::printable::printable(&shown), shown, "nothing more is taken away");
}

/// The scopes that were asked for on the first line, the `scope` of a refusal on the second, then its description.
pub fn scope(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let [asked, member, description] = [(); 3].map(|()| lines.next().unwrap_or_default());

    let set = ScopeSet::read(asked);
    assert_scopes(&set);
    let words: Vec<&str> = asked.split_ascii_whitespace().collect();
    assert!(set.iter().all(|scope| words.contains(&scope)), "nothing is made up");
    assert_eq!(set.to_parameter().as_deref().map(ScopeSet::read).unwrap_or_default(), set);
    assert_eq!(set.to_parameter().is_none(), set.is_empty());

    let answered = ScopeSet::read_answer(member, &set);
    assert_scopes(&answered);
    let union = set.union(&answered);
    assert_scopes(&union);
    assert!(union.includes(&set) && union.includes(&answered));
    assert!(union.iter().zip(set.iter()).all(|(left, right)| left == right), "ours stay in front");
    let rest = set.without(&answered);
    assert!(set.includes(&rest) && answered.iter().all(|scope| !rest.contains(scope)));

    let refusal = StatedError {
        error: Some("invalid_scope".to_owned()),
        description: description.to_owned(),
        scope: (!member.is_empty()).then(|| member.to_owned()),
    };
    let named = set.named_by(&refusal);
    assert_scopes(&named);
    assert!(set.includes(&named), "a server names only what was asked for");
    let told = ScopeSet::read(member);
    let member_names = set.iter().any(|scope| told.contains(scope));
    for scope in set.iter() {
        if member_names {
            assert_eq!(named.contains(scope), told.contains(scope));
        } else if ["'", "`", "\""].iter().any(|quote| description.contains(&[*quote, scope, *quote].concat())) {
            assert!(named.contains(scope), "{scope} is named in quotes");
        } else if !description.contains(scope) {
            assert!(!named.contains(scope));
        }
    }
}

//! JSON is read as another reader reads it, whatever the text is; and what goes beyond a limit is left out of a document.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test program")]

use mcp_oauth_wasm::data::json::Json;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

const PARTS: [&str; 36] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"b\"",
    "\"a\":",
    "\"é😀\"",
    "\\",
    "\\n",
    "\\\"",
    "\\/",
    "\\x",
    "\\u0041",
    "\\u00",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ude00",
    "0",
    "-",
    "1",
    "15",
    ".5",
    ".",
    "e",
    "E+2",
    "e-3",
    "true",
    "false",
    "null",
    "nul",
    " ",
    "\n",
];

/// Mostly JSON: a value with one part put somewhere else, or any parts in a row.
fn text() -> impl Strategy<Value = String> {
    let leaf =
        select(vec!["0", "-1.5e3", "12e-2", "0.25", "true", "null", "\"a\"", "\"\\ud83d\\ude00\\u0009\"", "[]", "{}"]);
    let value = leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" , "))),
            prop::collection::vec((select(vec!["a", "b", "\\u0061", ""]), inner), 0..4).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\" : {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let broken = (value.clone(), any::<prop::sample::Index>(), select(&PARTS[..])).prop_map(|(text, place, part)| {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (before, after) = text.split_at(places[place.index(places.len())]);
        format!("{before}{part}{after}")
    });
    let parts = prop::collection::vec(select(&PARTS[..]), 0..12).prop_map(|parts| parts.concat());
    prop_oneof![value, broken, parts]
}

fn is_same(json: &Json, value: &Value) -> bool {
    match (json, value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(one), Value::Bool(other)) => one == other,
        // Powers beyond what the protocol has may differ in their last bits.
        (Json::Number(one), Value::Number(other)) => {
            let other = other.as_f64().unwrap();
            *one == other || (one - other).abs() <= other.abs() * 1e-13
        }
        (Json::String(one), Value::String(other)) => one == other,
        (Json::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Value::Object(other)) => {
            one.iter().all(|(name, _)| other.contains_key(name))
                && other.iter().all(|(name, value)| is_same(json.member(name), value))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_reader_reads_the_same(text in text()) {
        let (ours, other) = (Json::parse(&text), serde_json::from_str::<Value>(&text).ok());
        match (&ours, &other) {
            (None, None) => {}
            (Some(ours), Some(other)) => prop_assert!(is_same(ours, other), "{text}"),
            _ => prop_assert!(false, "only one of the two takes {text}"),
        }
    }

    /// Whatever is beyond a limit, it has to be JSON all the same, and what comes after it counts.
    #[test]
    fn what_is_beyond_a_limit_is_left_out_and_nothing_else(text in text()) {
        let document = format!("{{\"list\":[{}{text}],\"after\":[1,2]}}", "0,".repeat(1000));
        let is_json = serde_json::from_str::<Value>(&document).is_ok();
        let read = Json::of_server(&document);
        prop_assert_eq!(read.is_some(), is_json);
        if let Some((json, is_cut)) = read {
            let Json::Array(list) = json.member("list") else { panic!("a list stays one") };
            prop_assert!(is_cut && list.len() == 1000);
            prop_assert!(*json.member("after") == Json::Array(vec![Json::Number(1.0), Json::Number(2.0)]));
        }
    }
}

#[test]
fn a_document_that_is_too_deep_is_refused_wherever_that_is() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(&nested(32)).is_some() && Json::parse(&nested(33)).is_none());
    assert!(Json::of_server(&format!("[{}{}]", "0,".repeat(2000), nested(33))).is_none());
}

#[test]
fn numbers_are_what_they_say() {
    for (text, number) in [
        ("3600", 3600.0),
        ("3.6e3", 3600.0),
        ("36000E-1", 3600.0),
        ("0.1", 0.1),
        ("-0", 0.0),
        ("1e-400", 0.0),
        ("9007199254740991", 9_007_199_254_740_991.0),
    ] {
        assert!(Json::parse(text).unwrap() == Json::Number(number), "{text}");
    }
    for text in ["1e999", "01", "1.", ".5", "-", "+1", "1e", "0x1", "NaN", "Infinity", "- 1"] {
        assert!(Json::parse(text).is_none(), "{text}");
    }
}

#[test]
fn texts_and_values_end_at_their_limits() {
    let read = |document: &str| Json::of_server(document).unwrap();
    let (json, is_cut) = read(&format!("{{\"long\":\"{}\",\"short\":\"s\"}}", "x".repeat(65_537)));
    assert!(is_cut && *json.member("long") == Json::Null && json.member("short").as_str() == Some("s"));
    let many: String = (0..5000).map(|number| format!("\"m{number}\":{{}},")).collect();
    let (json, is_cut) = read(&format!("{{{many}\"last\":1}}"));
    let Json::Object(members) = &json else { panic!("an object stays one") };
    assert!(is_cut && members.len() == 4000);
}

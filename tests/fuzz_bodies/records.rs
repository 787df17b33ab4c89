//! A store in memory, as the effects of a flow see it.

use std::collections::BTreeMap;

use mcp_oauth_wasm::data::json::Json;

/// The version and the value of each, by its key.
pub type Records = BTreeMap<String, (u64, Json)>;

/// The answer to `Effect::Read`.
pub fn read_record(records: &Records, key: &str) -> Json {
    records.get(key).map_or(Json::Null, |(version, value)| {
        Json::Object(Vec::new()).with("version", version.to_string().as_str().into()).with("value", value.clone())
    })
}

/// The answer to `Effect::CompareAndSwap`: whether the record was of that version.
pub fn swap_record(records: &mut Records, key: &str, version: Option<&str>, value: &Option<Json>) -> bool {
    let there = records.get(key).map(|(version, _)| *version);
    if there.map(|version| version.to_string()).as_deref() != version {
        return false;
    }
    match value {
        Some(value) => records.insert(key.to_owned(), (there.unwrap_or_default() + 1, value.clone())),
        None => records.remove(key),
    };
    true
}

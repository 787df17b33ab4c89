//! JSON as data: foreign documents come in through it, and everything that crosses to JavaScript or to a store does.
//!
//! One value type with one serde implementation keeps the download small: a derived implementation per
//! record costs about 4 KB of compressed wasm each. In wasm the host's own `JSON` reads and writes text, natively
//! `serde_json` does; both read the same text, cleared of the few things on which they disagree.

use std::fmt;

#[cfg(target_arch = "wasm32")]
use js_sys::{Array, Object};
use serde::ser::{Serialize, SerializeMap, Serializer};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::{JsCast, JsValue};

/// Nesting beyond this is refused: no document of the protocol comes near it, and recursion must end.
const DEPTH_LIMIT: usize = 32;

/// How much is kept of a value that is read: lists end at their limit, and what is beyond the rest is `null` or left out.
struct Limits {
    /// Items of one list.
    list: usize,
    /// Items and members, in all.
    values: usize,
    /// Bytes of one text.
    text: usize,
    /// Bytes of all texts.
    texts: usize,
    /// Whether something was cut.
    is_cut: bool,
}

/// Of a server's document, whatever it sends.
const OF_DOCUMENT: Limits = Limits { list: 1000, values: 4000, text: 65_536, texts: 262_144, is_cut: false };

/// Of what is at home here.
const NONE: Limits =
    Limits { list: usize::MAX, values: usize::MAX, text: usize::MAX, texts: usize::MAX, is_cut: false };

impl Limits {
    /// Whether there is room for one more, which is the one of that index in its list.
    fn takes(&mut self, index: usize) -> bool {
        let takes = index < self.list && self.values > 0;
        if takes {
            self.values -= 1;
        } else {
            self.is_cut = true;
        }
        takes
    }

    fn text(&mut self, text: String) -> Option<String> {
        if text.len() > self.text.min(self.texts) {
            self.is_cut = true;
            return None;
        }
        self.texts -= text.len();
        Some(text)
    }
}

/// A JSON value.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`, and in answers from JavaScript `undefined`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number, as JavaScript holds it.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order of its members. Of duplicate members the last one counts.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads JSON text as a host's `JSON.parse` does.
    ///
    /// Refuses what is no JSON (RFC 8259), nesting deeper than 32, numbers that no double can hold, and
    /// escapes that name half a character. A byte order mark is passed over.
    pub fn parse(text: &str) -> Option<Json> {
        read(text, &mut Limits { ..NONE })
    }

    /// Reads a document of a server: lists and texts in it end at a limit. Whether something was cut is the second answer.
    pub fn of_server(text: &str) -> Option<(Json, bool)> {
        let mut limits = OF_DOCUMENT;
        read(text, &mut limits).map(|json| (json, limits.is_cut))
    }

    /// The member of that name, or `Null` where there is none.
    #[inline(never)]
    pub fn member(&self, name: &str) -> &Json {
        let Json::Object(members) = self else { return &Json::Null };
        members.iter().rev().find(|(key, _)| key == name).map_or(&Json::Null, |(_, value)| value)
    }

    /// The text, where this is a string.
    #[inline(never)]
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The text of the member of that name, where it is a string that is not empty.
    #[inline(never)]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name).as_str().filter(|text| !text.is_empty())
    }

    /// The strings of an array; other items are passed over. `None` where this is no array.
    #[inline(never)]
    pub fn strings(&self) -> Option<Vec<&str>> {
        let Json::Array(items) = self else { return None };
        let mut strings = Vec::new();
        for item in items {
            strings.extend(item.as_str());
        }
        Some(strings)
    }

    /// A whole number of at least zero, given as a number or, as some servers do, as a decimal string.
    #[inline(never)]
    pub fn as_whole_number(&self) -> Option<u64> {
        match self {
            Json::Number(number) if *number >= 0.0 && *number < 9e15 => Some(*number as u64),
            Json::String(text) => whole_number(text.trim_ascii(), 10),
            _ => None,
        }
    }

    /// The same object with one more member, unless that is `null`.
    #[inline(never)]
    pub fn with(mut self, name: &str, value: Json) -> Json {
        if let Json::Object(members) = &mut self
            && value != Json::Null
        {
            members.push((name.to_owned(), value));
        }
        self
    }

    /// The same object with the members of another one, which take the place of its own.
    pub fn overridden(&self, by: &Json) -> Json {
        let mut overridden = self.clone();
        if let (Json::Object(members), Json::Object(others)) = (&mut overridden, by) {
            for (name, value) in others {
                members.retain(|(own, _)| own != name);
                members.push((name.clone(), value.clone()));
            }
        }
        overridden
    }

    /// An array of strings.
    #[inline(never)]
    pub fn array_of(strings: &[&str]) -> Json {
        let mut items = Vec::new();
        for string in strings {
            items.push(Json::from(*string));
        }
        Json::Array(items)
    }

    /// As much of it as has room: lists and objects end, and texts are cut.
    pub fn cut(&self, room: &mut usize) -> Json {
        *room = room.saturating_sub(4);
        match self {
            Json::String(text) => {
                let shown = (0..=text.len().min(*room)).rev().find_map(|end| text.get(..end)).unwrap_or_default();
                *room -= shown.len();
                shown.into()
            }
            Json::Array(items) => {
                let mut shown = Vec::new();
                for item in items {
                    if *room == 0 {
                        break;
                    }
                    shown.push(item.cut(room));
                }
                Json::Array(shown)
            }
            Json::Object(members) => {
                let mut shown = Vec::new();
                for (name, value) in members {
                    *room = room.saturating_sub(name.len());
                    if *room == 0 {
                        break;
                    }
                    shown.push((name.clone(), value.cut(room)));
                }
                Json::Object(shown)
            }
            other => other.clone(),
        }
    }

    /// At most how many bytes its JSON text has.
    pub fn size(&self) -> usize {
        let text = |text: &str| {
            let escaped = |byte: u8| {
                if byte < b' ' {
                    6
                } else if matches!(byte, b'"' | b'\\') {
                    2
                } else {
                    1
                }
            };
            text.bytes().map(escaped).sum::<usize>() + 3
        };
        match self {
            Json::Null | Json::Bool(_) => 6,
            Json::Number(_) => 24,
            Json::String(value) => text(value),
            Json::Array(items) => items.iter().map(Json::size).sum::<usize>() + 3,
            Json::Object(members) => members.iter().map(|(name, value)| text(name) + value.size()).sum::<usize>() + 3,
        }
    }

    /// JSON text, as the host's `JSON.stringify` writes it.
    pub fn to_text(&self) -> String {
        text_by_host(self)
    }
}

/// The number that some digits stand for, at most 15 of them.
#[inline(never)]
pub fn whole_number(digits: &str, radix: u32) -> Option<u64> {
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut number = 0;
    for digit in digits.chars() {
        number = number * u64::from(radix) + u64::from(digit.to_digit(radix)?);
    }
    Some(number)
}

fn read(text: &str, limits: &mut Limits) -> Option<Json> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if has_lone_surrogate(text) {
        return None;
    }
    parse_with_host(text, limits)
}

/// Whether an escape names half of a surrogate pair: `JSON.parse` lets it pass, and no Rust string can hold it.
fn has_lone_surrogate(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut high_pending = false;
    while let Some(byte) = bytes.next() {
        let mut unit = None;
        if byte == b'\\' && bytes.next() == Some(b'u') {
            let mut digits = bytes.by_ref().take(4).map(|byte| char::from(byte).to_digit(16));
            unit = digits.try_fold(0, |unit, digit| Some(unit * 16 + digit?));
        }
        let low = matches!(unit, Some(0xdc00..=0xdfff));
        if low != high_pending {
            return true;
        }
        high_pending = matches!(unit, Some(0xd800..=0xdbff));
    }
    high_pending
}

#[cfg(target_arch = "wasm32")]
fn parse_with_host(text: &str, limits: &mut Limits) -> Option<Json> {
    Json::nested(&js_sys::JSON::parse(text).ok()?, DEPTH_LIMIT, limits)
}

#[cfg(target_arch = "wasm32")]
fn text_by_host(json: &Json) -> String {
    js_sys::JSON::stringify(&json.to_javascript()).map(String::from).unwrap_or_default()
}

#[cfg(target_arch = "wasm32")]
impl Json {
    /// The value as JavaScript's own plain data.
    pub fn to_javascript(&self) -> JsValue {
        self.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap_or(JsValue::UNDEFINED)
    }

    /// Reads plain data as JavaScript holds it; `None` for what is no such data.
    ///
    /// Not by serde-wasm-bindgen: the messages of its errors, which nobody would read, bring the formatting of every
    /// type along, a tenth of the download.
    pub fn from_javascript(value: &JsValue) -> Option<Json> {
        Json::nested(value, DEPTH_LIMIT, &mut Limits { ..NONE })
    }

    fn nested(value: &JsValue, depth: usize, limits: &mut Limits) -> Option<Json> {
        if value.is_null() || value.is_undefined() {
            return Some(Json::Null);
        }
        if let Some(value) = value.as_bool() {
            return Some(Json::Bool(value));
        }
        if let Some(number) = value.as_f64() {
            return number.is_finite().then_some(Json::Number(number));
        }
        if let Some(text) = value.as_string() {
            return Some(limits.text(text).map_or(Json::Null, Json::String));
        }
        let deeper = depth.checked_sub(1)?;
        if let Some(items) = value.dyn_ref::<Array>() {
            let mut read = Vec::new();
            for (index, item) in items.iter().enumerate() {
                if !limits.takes(index) {
                    break;
                }
                read.push(Json::nested(&item, deeper, limits)?);
            }
            return Some(Json::Array(read));
        }
        if !value.is_object() {
            return None;
        }
        let mut members = Vec::new();
        for member in Object::entries(value.unchecked_ref()).iter() {
            if !limits.takes(0) {
                break;
            }
            let member: Array = member.unchecked_into();
            if let Some(name) = limits.text(member.get(0).as_string()?) {
                members.push((name, Json::nested(&member.get(1), deeper, limits)?));
            }
        }
        Some(Json::Object(members))
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn parse_with_host(text: &str, limits: &mut Limits) -> Option<Json> {
    nested(serde_json::from_str(text).ok()?, DEPTH_LIMIT, limits)
}

#[cfg(not(target_arch = "wasm32"))]
fn nested(value: serde_json::Value, depth: usize, limits: &mut Limits) -> Option<Json> {
    use serde_json::Value;
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Number(number) => Json::Number(number.as_f64()?),
        Value::String(text) => limits.text(text).map_or(Json::Null, Json::String),
        Value::Array(items) => {
            let deeper = depth.checked_sub(1)?;
            let mut read = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                if !limits.takes(index) {
                    break;
                }
                read.push(nested(item, deeper, limits)?);
            }
            Json::Array(read)
        }
        Value::Object(all) => {
            let deeper = depth.checked_sub(1)?;
            let mut members = Vec::new();
            for (name, value) in all {
                if !limits.takes(0) {
                    break;
                }
                if let Some(name) = limits.text(name) {
                    members.push((name, nested(value, deeper, limits)?));
                }
            }
            Json::Object(members)
        }
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn text_by_host(json: &Json) -> String {
    fn value(json: &Json) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            // Every number of ours is whole (versions, seconds, milliseconds).
            Json::Number(number) => (*number as i64).into(),
            Json::String(text) => text.as_str().into(),
            Json::Array(items) => items.iter().map(value).collect(),
            Json::Object(members) => members.iter().map(|(name, member)| (name.clone(), value(member))).collect(),
        }
    }
    value(json).to_string()
}

impl fmt::Debug for Json {
    /// Secrets may be inside, so only the shape is shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        })
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::String(text)
    }
}

impl From<u16> for Json {
    fn from(number: u16) -> Json {
        Json::Number(f64::from(number))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(value) => serializer.serialize_f64(*value),
            Json::String(value) => serializer.serialize_str(value),
            Json::Array(items) => serializer.collect_seq(items),
            Json::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

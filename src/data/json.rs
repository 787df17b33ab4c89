//! JSON as data: foreign documents come in through it, and everything that crosses to JavaScript or to a store does.
//!
//! One value type with one serde implementation keeps the download small: a derived implementation per
//! record costs about 4 KB of compressed wasm each. Text is written by the host's own `JSON` in wasm, and natively by
//! `serde_json`; it is read here, no further than it is kept.

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
        read(text, NONE).map(|(json, _)| json)
    }

    /// Reads a document of a server: lists and texts in it end at a limit. Whether something was cut is the second answer.
    pub fn of_server(text: &str) -> Option<(Json, bool)> {
        read(text, OF_DOCUMENT)
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

fn read(text: &str, mut limits: Limits) -> Option<(Json, bool)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Text { text, at: 0, limits: &mut limits };
    let json = reader.value(DEPTH_LIMIT, true)?;
    reader.next().is_none().then_some((json, limits.is_cut))
}

/// JSON text (RFC 8259) on its way. Only what is kept is made; the rest is looked at once, byte by byte: whoever reads a text
/// whole and cuts it then spends what the server likes.
struct Text<'t> {
    text: &'t str,
    at: usize,
    limits: &'t mut Limits,
}

impl Text<'_> {
    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let takes = self.next() == Some(byte);
        self.at += usize::from(takes);
        takes
    }

    fn value(&mut self, depth: usize, is_kept: bool) -> Option<Json> {
        match self.next()? {
            b'"' => Some(self.string(is_kept)?.map_or(Json::Null, Json::String)),
            b'[' => self.items(b']', depth, is_kept).map(|(items, _)| Json::Array(items)),
            b'{' => self.items(b'}', depth, is_kept).map(|(_, members)| Json::Object(members)),
            b'-' | b'0'..=b'9' => self.number().map(Json::Number),
            _ => {
                let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
                let rest = self.text.get(self.at..)?;
                let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word))?;
                self.at += word.len();
                Some(value)
            }
        }
    }

    /// The items of an array, or the members of an object.
    #[allow(clippy::type_complexity, reason = "one of the two")]
    fn items(&mut self, end: u8, depth: usize, is_kept: bool) -> Option<(Vec<Json>, Vec<(String, Json)>)> {
        let (is_object, deeper) = (end == b'}', depth.checked_sub(1)?);
        let (mut items, mut members) = (Vec::new(), Vec::new());
        self.at += 1;
        if self.takes(end) {
            return Some((items, members));
        }
        loop {
            let mut is_kept = is_kept && self.limits.takes(items.len());
            let mut name = None;
            if is_object {
                name = if self.next()? == b'"' { self.string(is_kept)? } else { return None };
                is_kept &= name.is_some();
                if !self.takes(b':') {
                    return None;
                }
            }
            let value = self.value(deeper, is_kept)?;
            match name {
                Some(name) => members.push((name, value)),
                None if is_kept => items.push(value),
                None => {}
            }
            if self.takes(end) {
                return Some((items, members));
            }
            if !self.takes(b',') {
                return None;
            }
        }
    }

    /// A string, if there is room for it.
    #[allow(clippy::option_option, reason = "no string, and one without room")]
    fn string(&mut self, is_kept: bool) -> Option<Option<String>> {
        let mut text = String::new();
        self.at += 1;
        let mut start = self.at;
        loop {
            let byte = self.byte()?;
            if byte < b' ' {
                return None;
            }
            let end = self.at;
            self.at += 1;
            if !matches!(byte, b'"' | b'\\') {
                continue;
            }
            if is_kept {
                text.push_str(self.text.get(start..end)?);
            }
            if byte == b'"' {
                return Some(if is_kept { self.limits.text(text) } else { None });
            }
            let character = self.escaped()?;
            start = self.at;
            if is_kept {
                text.push(character);
            }
        }
    }

    /// The character that an escape stands for; none for half of a surrogate pair, which no Rust string can hold.
    fn escaped(&mut self) -> Option<char> {
        let byte = self.byte()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let is_high = matches!(unit, 0xd800..=0xdbff);
                if is_high && self.text.get(self.at..self.at + 2) == Some("\\u") {
                    self.at += 2;
                    let low = self.unit().filter(|low| matches!(low, 0xdc00..=0xdfff))?;
                    char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?
                } else {
                    char::from_u32(unit)?
                }
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        whole_number(digits, 16).map(|unit| unit as u32)
    }

    /// A number, to its 19th digit. What is whole is exact, and the protocol has no other.
    fn number(&mut self) -> Option<f64> {
        let is_negative = self.byte() == Some(b'-');
        self.at += usize::from(is_negative);
        let (mut digits, mut exponent) = (0, 0);
        let starts_with_zero = self.byte() == Some(b'0');
        let whole = self.digits(&mut digits, &mut exponent);
        if whole == 0 || starts_with_zero && whole > 1 {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            let fraction = self.digits(&mut digits, &mut exponent);
            if fraction == 0 {
                return None;
            }
            exponent -= fraction as i32;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            let sign = self.byte().filter(|byte| matches!(byte, b'+' | b'-'));
            self.at += usize::from(sign.is_some());
            let mut given = 0;
            if self.digits(&mut given, &mut 0) == 0 {
                return None;
            }
            let given = given.min(9999) as i32;
            exponent += if sign == Some(b'-') { -given } else { given };
        }
        let mut number = digits as f64;
        let scale = 10_f64.powi(exponent.abs());
        if exponent < 0 {
            number /= scale;
        } else if number > 0.0 {
            // The largest double must not become infinite by the way in which it is come to.
            number = (number * scale).min(if scale.is_finite() { f64::MAX } else { scale });
        }
        number.is_finite().then_some(if is_negative { -number } else { number })
    }

    /// Takes digits as those that follow the ones of a number, and tells how many there are. Those that have no room make
    /// its exponent larger.
    fn digits(&mut self, number: &mut u64, exponent: &mut i32) -> usize {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            if *number < u64::MAX / 10 {
                *number = *number * 10 + u64::from(digit - b'0');
            } else {
                *exponent += 1;
            }
            self.at += 1;
        }
        self.at - start
    }
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
        Json::nested(value, DEPTH_LIMIT)
    }

    fn nested(value: &JsValue, depth: usize) -> Option<Json> {
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
            return Some(Json::String(text));
        }
        let deeper = depth.checked_sub(1)?;
        if let Some(items) = value.dyn_ref::<Array>() {
            let mut read = Vec::new();
            for item in items.iter() {
                read.push(Json::nested(&item, deeper)?);
            }
            return Some(Json::Array(read));
        }
        if !value.is_object() {
            return None;
        }
        let mut members = Vec::new();
        for member in Object::entries(value.unchecked_ref()).iter() {
            let member: Array = member.unchecked_into();
            members.push((member.get(0).as_string()?, Json::nested(&member.get(1), deeper)?));
        }
        Some(Json::Object(members))
    }
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

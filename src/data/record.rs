//! Records: the plain data that crosses to JavaScript and into stores, declared once.
//!
//! [`record!`], [`words!`] and [`tagged!`] turn one declaration into the Rust type, its reader, its writer and
//! its TypeScript declaration with the same documentation. JavaScript names are the Rust ones in camel case.

use std::str::SplitAsciiWhitespace;
use std::sync::Arc;

use crate::data::json::Json;
use crate::data::printable::filled;

/// Where a value was not what its type demands: the path to it, and what was expected there.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The path, such as `plan.scopes[0].scope`; empty for the value itself.
    pub path: String,
    /// What was expected, in words.
    pub expected: &'static str,
}

/// Reads a value and keeps the first mismatch, so that readers need not fail one by one. What a reader returns
/// after a mismatch is a blank that nobody sees: [`Reader::finish`] returns the mismatch in its place.
#[derive(Default)]
pub struct Reader {
    /// The names of the parts that are being read, from the outermost in.
    path: Vec<String>,
    mismatch: Option<Mismatch>,
}

impl Reader {
    /// Takes note that the value at hand is not what was expected.
    #[inline(never)]
    pub fn refuse(&mut self, expected: &'static str) {
        if self.mismatch.is_some() {
            return;
        }
        let mut path = String::new();
        for part in &self.path {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        self.mismatch = Some(Mismatch { path, expected });
    }

    /// The members of a record, whose Rust names stand in one text, each followed by a space.
    #[inline(never)]
    pub fn members<'r>(&'r mut self, record: &'r Json, names: &'static str) -> Members<'r> {
        if !matches!(record, Json::Object(_)) {
            self.refuse("an object");
        }
        Members { reader: self, record, names: names.split_ascii_whitespace() }
    }

    /// Reads a part of the value at hand.
    pub fn part<T: AsJson>(&mut self, name: String, json: &Json) -> T {
        self.path.push(name);
        let value = T::read(json, self);
        self.leave();
        value
    }

    #[inline(never)]
    fn leave(&mut self) {
        self.path.pop();
    }

    /// The first mismatch, if there was one.
    pub fn finish(self) -> Result<(), Mismatch> {
        self.mismatch.map_or(Ok(()), Err)
    }
}

/// The members of a record that is read, one after the other.
pub struct Members<'r> {
    reader: &'r mut Reader,
    record: &'r Json,
    names: SplitAsciiWhitespace<'static>,
}

impl<'r> Members<'r> {
    /// Reads the next member.
    pub fn read<T: AsJson>(&mut self) -> T {
        let json = self.find();
        let value = T::read(json, self.reader);
        self.reader.leave();
        value
    }

    /// Refuses members of other names: nothing else would tell of one that is misspelt. Before any is read.
    #[inline(never)]
    pub fn no_others(&mut self) {
        let Json::Object(given) = self.record else { return };
        for (name, _) in given {
            if !self.names.clone().any(|own| camel_case(own) == *name) {
                self.reader.path.push(name.clone());
                self.reader.refuse("left out, as there is no such member: see docs/settings.md");
                self.reader.leave();
            }
        }
    }

    #[inline(never)]
    fn find(&mut self) -> &'r Json {
        let name = camel_case(self.names.next().unwrap_or_default());
        let member = self.record.member(&name);
        self.reader.path.push(name);
        member
    }
}

/// The members of a record that is written, one after the other.
pub struct Written {
    names: SplitAsciiWhitespace<'static>,
    members: Vec<(String, Json)>,
}

impl Written {
    /// None yet, of a record whose members' Rust names stand in one text, each followed by a space.
    #[inline(never)]
    pub fn new(names: &'static str) -> Written {
        Written { names: names.split_ascii_whitespace(), members: Vec::new() }
    }

    /// Writes the next member; what is `null` is left out.
    #[inline(never)]
    pub fn write(&mut self, value: Json) {
        let name = self.names.next().unwrap_or_default();
        if value != Json::Null {
            self.members.push((camel_case(name), value));
        }
    }

    /// The record.
    #[inline(never)]
    pub fn finish(self) -> Json {
        Json::Object(self.members)
    }
}

/// Reads a value of that type.
pub fn read<T: AsJson>(json: &Json) -> Result<T, Mismatch> {
    let mut reader = Reader::default();
    let value = T::read(json, &mut reader);
    reader.finish().map(|()| value)
}

/// A type that crosses the boundary.
pub trait AsJson: Sized {
    /// Reads it. A value of another shape is refused, and a blank returned.
    fn read(json: &Json, reader: &mut Reader) -> Self;

    /// Writes it.
    fn to_json(&self) -> Json;

    /// Whether a member of that type may be absent.
    const OPTIONAL: bool = false;

    /// The TypeScript type, as it is written where it is used.
    fn typescript() -> String;
}

/// A record or a union that TypeScript knows by name.
pub trait Declared {
    /// The whole declaration, documentation included.
    fn declaration() -> String;
}

impl AsJson for Json {
    fn read(json: &Json, _: &mut Reader) -> Json {
        json.clone()
    }
    fn to_json(&self) -> Json {
        self.clone()
    }
    const OPTIONAL: bool = true;
    fn typescript() -> String {
        "unknown".to_owned()
    }
}

impl AsJson for String {
    #[inline(never)]
    fn read(json: &Json, reader: &mut Reader) -> String {
        json.as_str().map(str::to_owned).unwrap_or_else(|| {
            reader.refuse("a string");
            String::new()
        })
    }
    #[inline(never)]
    fn to_json(&self) -> Json {
        self.as_str().into()
    }
    fn typescript() -> String {
        "string".to_owned()
    }
}

impl AsJson for bool {
    fn read(json: &Json, reader: &mut Reader) -> bool {
        if !matches!(json, Json::Bool(_)) {
            reader.refuse("true or false");
        }
        *json == Json::Bool(true)
    }
    fn to_json(&self) -> Json {
        Json::Bool(*self)
    }
    fn typescript() -> String {
        "boolean".to_owned()
    }
}

impl AsJson for u64 {
    #[inline(never)]
    fn read(json: &Json, reader: &mut Reader) -> u64 {
        let number = if matches!(json, Json::Number(_)) { json.as_whole_number() } else { None };
        number.unwrap_or_else(|| {
            reader.refuse("a whole number");
            0
        })
    }
    fn to_json(&self) -> Json {
        Json::Number(*self as f64)
    }
    fn typescript() -> String {
        "number".to_owned()
    }
}

impl<T: AsJson> AsJson for Option<T> {
    fn read(json: &Json, reader: &mut Reader) -> Option<T> {
        if matches!(json, Json::Null) { None } else { Some(T::read(json, reader)) }
    }
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }
    const OPTIONAL: bool = true;
    fn typescript() -> String {
        T::typescript()
    }
}

impl<T: AsJson> AsJson for Arc<T> {
    fn read(json: &Json, reader: &mut Reader) -> Arc<T> {
        Arc::new(T::read(json, reader))
    }
    fn to_json(&self) -> Json {
        T::to_json(self)
    }
    fn typescript() -> String {
        T::typescript()
    }
}

impl<T: AsJson> AsJson for Vec<T> {
    fn read(json: &Json, reader: &mut Reader) -> Vec<T> {
        let mut items = Vec::new();
        let Json::Array(array) = json else {
            reader.refuse("an array");
            return items;
        };
        for (index, item) in array.iter().enumerate() {
            items.push(reader.part(item_name(index), item));
        }
        items
    }
    fn to_json(&self) -> Json {
        let mut items = Vec::new();
        for item in self {
            items.push(item.to_json());
        }
        Json::Array(items)
    }
    fn typescript() -> String {
        T::typescript() + "[]"
    }
}

#[inline(never)]
fn item_name(index: usize) -> String {
    filled("[{}]", &[&Json::Number(index as f64).to_text()])
}

/// The JavaScript spelling of a Rust name: `redirect_uri` is `redirectUri`.
#[inline(never)]
pub fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else {
            camel.push(if upper { character.to_ascii_uppercase() } else { character });
            upper = false;
        }
    }
    camel
}

/// The words of a text such as `one of: native web`.
pub fn words(one_of: &'static str) -> impl Iterator<Item = &'static str> {
    one_of.split_ascii_whitespace().skip(2)
}

/// Documentation as a TypeScript comment.
pub fn typescript_comment(indent: &str, lines: &[&str]) -> String {
    match lines {
        [] => String::new(),
        [line] => format!("{indent}/**{line} */\n"),
        _ => {
            let body: String = lines.iter().map(|line| format!("{indent} *{line}\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

/// Declares a record: a struct that crosses the boundary member by member. After its name may stand a method that checks
/// what was read: nobody outside can make a value that it refuses, where the fields are not public. `#[members(no_others)]`
/// refuses what people misspell; stored records may have members of later versions.
#[macro_export]
macro_rules! record {
    ($(#[doc = $doc:literal])* $(#[derive($($derive:ident),*)])? $(#[members($closed:ident)])? pub struct $name:ident $(: $check:ident)? {
        $($(#[doc = $field_doc:literal])* $visibility:vis $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, $($($derive),*)?)]
        pub struct $name { $($(#[doc = $field_doc])* $visibility $field: $type,)* }

        impl $name {
            const MEMBERS: &str = concat!($(stringify!($field), " "),*);
        }

        impl $crate::data::record::AsJson for $name {
            #[inline(never)]
            fn read(json: &$crate::data::json::Json, reader: &mut $crate::data::record::Reader) -> $name {
                let mut members = reader.members(json, $name::MEMBERS);
                $(members.$closed();)?
                let read = $name { $($field: members.read(),)* };
                $(read.$check(reader);)?
                read
            }
            #[inline(never)]
            fn to_json(&self) -> $crate::data::json::Json {
                let mut members = $crate::data::record::Written::new($name::MEMBERS);
                $(members.write(self.$field.to_json());)*
                members.finish()
            }
            fn typescript() -> String { stringify!($name).to_owned() }
        }

        impl $crate::data::record::Declared for $name {
            fn declaration() -> String {
                let mut text = $crate::data::record::typescript_comment("", &[$($doc),*]);
                text += concat!("export interface ", stringify!($name), " {\n");
                $(
                    text += &$crate::data::record::typescript_comment("  ", &[$($field_doc),*]);
                    let optional = if <$type as $crate::data::record::AsJson>::OPTIONAL { "?" } else { "" };
                    text += &format!("  {}{optional}: {};\n",
                        $crate::data::record::camel_case(stringify!($field)), <$type as $crate::data::record::AsJson>::typescript());
                )*
                text + "}\n"
            }
        }
    };
}

/// Declares an enumeration that crosses as one of a few words.
#[macro_export]
macro_rules! string_enum {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($(#[doc = $word_doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $word_doc])* $variant,)* }

        impl $name {
            /// The word that stands for it.
            pub fn word(self) -> &'static str {
                $crate::data::record::words($name::ONE_OF).nth(self as usize).unwrap_or_default()
            }

            /// The one that a word stands for.
            pub fn of(word: &str) -> Option<$name> {
                let index = $crate::data::record::words($name::ONE_OF).position(|own| own == word)?;
                [$($name::$variant),*].get(index).copied()
            }

            const ONE_OF: &str = concat!("one of:" $(, " ", $word)*);
        }

        impl $crate::data::record::AsJson for $name {
            #[inline(never)]
            fn read(json: &$crate::data::json::Json, reader: &mut $crate::data::record::Reader) -> $name {
                json.as_str().and_then($name::of).unwrap_or_else(|| {
                    reader.refuse($name::ONE_OF);
                    [$($name::$variant),*][0]
                })
            }
            fn to_json(&self) -> $crate::data::json::Json { self.word().into() }
            fn typescript() -> String { stringify!($name).to_owned() }
        }

        impl $crate::data::record::Declared for $name {
            fn declaration() -> String {
                let mut text = $crate::data::record::typescript_comment("", &[$($doc),*]);
                text += concat!("export type ", stringify!($name), " =");
                $(
                    text += "\n";
                    text += &$crate::data::record::typescript_comment("  ", &[$($word_doc),*]);
                    text += concat!("  | '", $word, "'");
                )*
                text + ";\n"
            }
        }
    };
}

/// Declares a sum type: each variant is a record, told apart by its `kind`.
#[macro_export]
macro_rules! tagged {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($(#[doc = $variant_doc:literal])* $variant:ident($record:ident) = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone)]
        pub enum $name { $($(#[doc = $variant_doc])* $variant($record),)* }

        impl $name {
            /// As it crosses to JavaScript; nothing of the kind comes back.
            pub fn to_json(&self) -> $crate::data::json::Json {
                let (kind, mut record) = match self { $($name::$variant(record) => ($word, record.to_json()),)* };
                if let $crate::data::json::Json::Object(members) = &mut record {
                    members.insert(0, ("kind".to_owned(), kind.into()));
                }
                record
            }
        }

        impl $crate::data::record::Declared for $name {
            fn declaration() -> String {
                let mut text = $crate::data::record::typescript_comment("", &[$($doc),*]);
                text += concat!("export type ", stringify!($name), " =");
                $(
                    text += "\n";
                    text += &$crate::data::record::typescript_comment("  ", &[$($variant_doc),*]);
                    text += concat!("  | ({\n      /** Which it is. */\n      kind: '", $word, "';\n    } & ", stringify!($record), ")");
                )*
                text + ";\n"
            }
        }
    };
}

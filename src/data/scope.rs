//! Scope sets (RFC 6749 §3.3). Nobody else joins or splits a scope string.

use crate::data::http::StatedError;
use crate::data::json::Json;
use crate::data::printable::joined;
use crate::data::record::{AsJson, Reader};

/// Many times what any server has; every one is compared with every other.
const LIMIT: usize = 1000;

/// In bytes; some are URLs.
const LENGTH_LIMIT: usize = 256;

/// How many are kept for a connection or a client: twice what any server asks for.
pub const KEPT: usize = 64;

/// How long these may be together, in bytes.
pub const KEPT_LENGTH: usize = 3072;

/// Scopes in the order in which they were first named, each once. Opaque and case-sensitive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeSet {
    scopes: Vec<String>,
    /// Where each is, by the alphabet: what many scopes cost grows with their number, and not with its square.
    sorted: Vec<u16>,
}

impl ScopeSet {
    /// Reads a space-delimited `scope` value. What no scope may contain is left out.
    pub fn read(text: &str) -> ScopeSet {
        text.split_ascii_whitespace().take(LIMIT).collect()
    }

    /// Reads the `scope` of an answer. Some servers separate by commas: that is believed only when no scope
    /// that was asked for contains one, since RFC 6749 allows commas inside a scope.
    pub fn read_answer(text: &str, asked: &ScopeSet) -> ScopeSet {
        if asked.iter().any(|scope| scope.contains(',')) {
            return ScopeSet::read(text);
        }
        text.split(',').flat_map(str::split_ascii_whitespace).take(LIMIT).collect()
    }

    /// The value of a `scope` parameter; `None` for the empty set, which is never sent (RFC 6749 App. A.4).
    pub fn to_parameter(&self) -> Option<String> {
        if self.is_empty() { None } else { Some(joined(&self.scopes, " ")) }
    }

    #[inline(never)]
    fn add(&mut self, scope: &str) {
        if let Err(place) = self.place(scope)
            && self.scopes.len() < LIMIT
            && scope.len() <= LENGTH_LIMIT
            && is_scope(scope)
        {
            self.sorted.insert(place, self.scopes.len() as u16);
            self.scopes.push(scope.to_owned());
        }
    }

    /// Where a scope is among the sorted ones, or would be.
    #[inline(never)]
    fn place(&self, scope: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|at| self.scopes.get(usize::from(*at)).map(String::as_str).cmp(&Some(scope)))
    }

    /// These, as far as what is kept may have so many: those of `first` before all others.
    pub fn kept(self, first: &ScopeSet) -> ScopeSet {
        if self.fits() {
            return self;
        }
        let wanted = first.iter().filter(|scope| self.contains(scope));
        let all: ScopeSet = wanted.chain(self.iter()).collect();
        let mut length = 0;
        let fitting = |scope: &&str| {
            length += scope.len();
            length <= KEPT_LENGTH
        };
        all.iter().take(KEPT).take_while(fitting).collect()
    }

    fn fits(&self) -> bool {
        self.scopes.len() <= KEPT && self.iter().map(str::len).sum::<usize>() <= KEPT_LENGTH
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Whether that scope is among them.
    pub fn contains(&self, scope: &str) -> bool {
        self.place(scope).is_ok()
    }

    /// Whether all of the other's are among them.
    pub fn includes(&self, other: &ScopeSet) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    /// The scopes, whatever order they were named in.
    pub fn by_alphabet(&self) -> Vec<String> {
        self.sorted.iter().filter_map(|at| self.scopes.get(usize::from(*at)).cloned()).collect()
    }

    /// These, then those of the other that are new.
    pub fn union(&self, other: &ScopeSet) -> ScopeSet {
        self.iter().chain(other.iter()).collect()
    }

    /// Those of them that a refusal names: in its `scope` member, or in its words. Where some are in quotes or
    /// backticks, only these; the rest of the sentence may use a scope's name as an ordinary word.
    pub fn named_by(&self, refusal: &StatedError) -> ScopeSet {
        let member = refusal.scope.as_deref().map(ScopeSet::read).unwrap_or_default();
        let named: ScopeSet = self.iter().filter(|scope| member.contains(scope)).collect();
        if !named.is_empty() {
            return named;
        }
        let quoted: ScopeSet = self.iter().filter(|scope| is_named(&refusal.description, scope, "'`\"")).collect();
        if !quoted.is_empty() {
            return quoted;
        }
        self.iter().filter(|scope| is_named(&refusal.description, scope, "'`\" ,;:()[].")).collect()
    }

    /// These without those of the other.
    pub fn without(&self, other: &ScopeSet) -> ScopeSet {
        self.iter().filter(|scope| !other.contains(scope)).collect()
    }
}

/// Whether a text holds that scope as a whole, between two of these delimiters or the ends of the text.
fn is_named(text: &str, scope: &str, delimiters: &str) -> bool {
    let ends = delimiters.contains(' ');
    let mut windows = text.as_bytes().windows(scope.len()).enumerate();
    windows.any(|(start, window)| {
        if window != scope.as_bytes() {
            return false;
        }
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let mut rest = text.get(start + scope.len()..).unwrap_or_default().chars();
        let after = rest.next();
        // A full stop ends a sentence only before a space: `files.read` does not name `files`.
        let sentence_end = after != Some('.') || rest.next().is_none_or(|next| next.is_ascii_whitespace());
        let delimited =
            |neighbour: Option<char>| neighbour.map_or(ends, |own| delimiters.chars().any(|other| own == other));
        delimited(before) && before != Some('.') && delimited(after) && sentence_end
    })
}

/// The characters of `scope-token` (RFC 6749 §3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl<'a> FromIterator<&'a str> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> ScopeSet {
        let mut set = ScopeSet::default();
        let scopes: &mut dyn Iterator<Item = &'a str> = &mut scopes.into_iter();
        for scope in scopes {
            set.add(scope);
        }
        set
    }
}

impl AsJson for ScopeSet {
    fn read(json: &Json, reader: &mut Reader) -> ScopeSet {
        let scopes = Vec::<String>::read(json, reader);
        let set: ScopeSet = scopes.iter().map(String::as_str).collect();
        if !scopes.iter().all(|scope| set.contains(scope)) {
            reader.refuse("scopes (RFC 6749 §3.3), one per item");
        }
        set
    }
    fn to_json(&self) -> Json {
        Json::array_of(&self.iter().collect::<Vec<&str>>())
    }
    fn typescript() -> String {
        "string[]".to_owned()
    }
}

//! The challenge of a 401 or 403: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1).

use crate::record;
use crate::scope::ScopeSet;

record! {
    /// What a protected resource asks for in its `WWW-Authenticate` header.
    #[derive(Debug, PartialEq)]
    pub struct Challenge {
        /// The scheme as it is written by the standards: `Bearer` or `DPoP`.
        pub scheme: String,
        /// Where the protected resource's metadata is (RFC 9728 §5.1), as received.
        pub resource_metadata: Option<String>,
        /// The scopes that the operation at hand needs (RFC 6750 §3).
        pub scopes: Option<ScopeSet>,
        /// The error code, such as `invalid_token` or `insufficient_scope` (RFC 6750 §3.1).
        pub error: Option<String>,
        /// The server's words, cut and made printable.
        pub error_description: Option<String>,
    }
}

/// Reads the values of all `WWW-Authenticate` headers of one response, and takes the Bearer challenge; a DPoP
/// challenge where there is none. Of several, the first that names its metadata. `None`: none of them is ours.
pub fn read(headers: &[String]) -> Option<Challenge> {
    let mut challenges = Vec::new();
    for header in headers {
        challenges.append(&mut Reader { rest: header, may_close: true }.challenges());
    }
    let of = |scheme: &'static str| {
        let mut ours = challenges.iter().filter(move |challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
        let first = ours.clone().next()?;
        let chosen = ours.find(|challenge| challenge.parameter("resource_metadata").is_some()).unwrap_or(first);
        Some(chosen.to_challenge(scheme))
    };
    of("Bearer").or_else(|| of("DPoP"))
}

struct Parsed {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Parsed {
    /// Of duplicate parameters the first counts.
    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn to_challenge(&self, scheme: &str) -> Challenge {
        let text = |name| self.parameter(name).map(str::to_owned);
        let words = |name| self.parameter(name).map(crate::printable::printable);
        let scopes = self.parameter("scope").map(ScopeSet::read).filter(|scopes| !scopes.is_empty());
        Challenge {
            scheme: scheme.to_owned(),
            resource_metadata: text("resource_metadata"),
            scopes,
            error: words("error"),
            error_description: words("error_description"),
        }
    }
}

/// Reads a header leniently: servers forget commas, put spaces around `=`, and use single quotes.
struct Reader<'a> {
    rest: &'a str,
    /// Whether single quotes may close: after one that never does, none does, and a long header is searched once.
    may_close: bool,
}

impl<'a> Reader<'a> {
    fn challenges(mut self) -> Vec<Parsed> {
        let mut challenges: Vec<Parsed> = Vec::new();
        loop {
            self.take_while(|byte| matches!(byte, b' ' | b'\t' | b','));
            let name = self.take_while(is_token);
            if name.is_empty() {
                if self.rest.is_empty() {
                    return challenges;
                }
                self.skip_to_comma();
                continue;
            }
            if let Some(value) = self.parameter_value() {
                if let (Some(challenge), Some(value)) = (challenges.last_mut(), value) {
                    challenge.parameters.push((name.to_owned(), value));
                }
                continue;
            }
            challenges.push(Parsed { scheme: name.to_owned(), parameters: Vec::new() });
            self.skip_token68();
        }
    }

    /// What follows a parameter's name: nothing where it was a scheme; no value where it never ends.
    fn parameter_value(&mut self) -> Option<Option<String>> {
        let after = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
        let value = after.trim_start_matches([' ', '\t']);
        if value.starts_with('=') {
            return None;
        }
        self.rest = value;
        Some(match value.as_bytes().first() {
            Some(b'"') => self.quoted_string(),
            Some(b'\'') => self.single_quoted(),
            _ => Some(self.take_while(|byte| !matches!(byte, b' ' | b'\t' | b',' | b'"')).to_owned()),
        })
    }

    fn quoted_string(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(index + 1..).unwrap_or_default();
                    return Some(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                _ => value.push(character),
            }
        }
        self.rest = "";
        None
    }

    /// No quoting by the standard, but seen: taken as such where it closes before a comma, a space or the end.
    fn single_quoted(&mut self) -> Option<String> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let closes =
            |(index, _): &(usize, &str)| matches!(inner.as_bytes().get(index + 1), None | Some(b' ' | b'\t' | b','));
        let closing = if self.may_close { inner.match_indices('\'').find(closes) } else { None };
        let Some((end, _)) = closing else {
            self.may_close = false;
            return Some(self.take_while(|byte| !matches!(byte, b' ' | b'\t' | b',')).to_owned());
        };
        self.rest = inner.get(end + 1..).unwrap_or_default();
        inner.get(..end).map(str::to_owned)
    }

    /// Credentials in one piece (Negotiate, NTLM): no parameters of ours, but they must not be read as such.
    fn skip_token68(&mut self) {
        let after = self.rest.trim_start_matches([' ', '\t']);
        let token = after.trim_start_matches(|character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~' | '+' | '/')
        });
        let end = token.trim_start_matches('=').trim_start_matches([' ', '\t']);
        let ends_here = end.is_empty() || end.starts_with(',');
        if ends_here && token.len() < after.len() {
            self.rest = end;
        }
    }

    fn skip_to_comma(&mut self) {
        if self.rest.starts_with('"') && self.quoted_string().is_some() {
            return;
        }
        self.rest = self.rest.split_once(',').map_or("", |(_, rest)| rest);
    }

    fn take_while(&mut self, accept: fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !accept(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

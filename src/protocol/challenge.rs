//! The challenge of a 401 or 403: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1).

use crate::data::scope::ScopeSet;
use crate::record;

record! {
    /// What a protected resource asks for in its `WWW-Authenticate` header.
    #[derive(Debug, Default, PartialEq)]
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

impl Challenge {
    /// With as many scopes as are kept for a connection.
    pub fn kept(self) -> Challenge {
        Challenge { scopes: self.scopes.map(|scopes| scopes.kept(&ScopeSet::default())), ..self }
    }

    /// Whether another one, or none, asks for the same. Words may differ each time.
    pub fn is_same_cause(&self, other: Option<&Challenge>) -> bool {
        let other = other.cloned().unwrap_or_default();
        self.resource_metadata == other.resource_metadata && self.scopes == other.scopes && self.error == other.error
    }
}

/// So much is read of all headers together, in bytes: as much as Node receives. Browsers receive twenty times as much.
const SIZE_LIMIT: usize = 16 * 1024;

/// Reads the values of all `WWW-Authenticate` headers of one response, and takes the Bearer challenge; a DPoP
/// challenge where there is none. Of several, the first that names its metadata. `None`: none of them is ours.
pub fn read(headers: &[String]) -> Option<Challenge> {
    let mut challenges = Vec::new();
    let mut room = SIZE_LIMIT;
    for header in headers {
        let Some(left) = room.checked_sub(header.len()) else { break };
        room = left;
        challenges.append(&mut Reader { rest: header }.challenges());
    }
    chosen(&challenges, "Bearer").or_else(|| chosen(&challenges, "DPoP"))
}

fn chosen(challenges: &[Parsed], scheme: &str) -> Option<Challenge> {
    let mut chosen: Option<&Parsed> = None;
    for challenge in challenges {
        let says_where = |challenge: &Parsed| challenge.parameter("resource_metadata").is_some();
        let tells_more = chosen.is_none_or(|chosen| says_where(challenge) && !says_where(chosen));
        if tells_more && challenge.scheme.eq_ignore_ascii_case(scheme) {
            chosen = Some(challenge);
        }
    }
    chosen.map(|challenge| challenge.to_challenge(scheme))
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
        let words = |name| self.parameter(name).map(crate::data::printable::printable);
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
#[derive(Clone, Copy)]
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn challenges(mut self) -> Vec<Parsed> {
        let mut challenges: Vec<Parsed> = Vec::new();
        loop {
            self.take_while(ends_value);
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
        let mut ahead = *self;
        ahead.take_while(is_blank);
        ahead.rest = ahead.rest.strip_prefix('=')?;
        ahead.take_while(is_blank);
        if ahead.rest.starts_with('=') {
            return None;
        }
        *self = ahead;
        Some(match self.rest.as_bytes().first() {
            Some(b'"') => self.quoted_string(),
            Some(b'\'') => self.single_quoted(),
            _ => Some(self.take_while(|byte| !ends_value(byte) && byte != b'"').to_owned()),
        })
    }

    fn quoted_string(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest.chars();
        characters.next();
        while let Some(character) = characters.next() {
            match character {
                '"' => {
                    self.rest = characters.as_str();
                    return Some(value);
                }
                '\\' => value.extend(characters.next()),
                _ => value.push(character),
            }
        }
        self.rest = "";
        None
    }

    /// No quoting by the standard, but seen: taken as such where it closes before a comma, a space or the end.
    fn single_quoted(&mut self) -> Option<String> {
        let inner = self.rest.get(1..).unwrap_or_default().as_bytes();
        let closes =
            |end: &usize| inner.get(*end) == Some(&b'\'') && inner.get(end + 1).is_none_or(|next| ends_value(*next));
        let Some(end) = (0..inner.len()).find(closes) else {
            return Some(self.take_while(|byte| !ends_value(byte)).to_owned());
        };
        let value = self.rest.get(1..=end).map(str::to_owned);
        self.rest = self.rest.get(end + 2..).unwrap_or_default();
        value
    }

    /// Credentials in one piece (Negotiate, NTLM): no parameters of ours, but they must not be read as such.
    fn skip_token68(&mut self) {
        let mut ahead = *self;
        ahead.take_while(is_blank);
        let token = ahead
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'));
        ahead.take_while(|byte| byte == b'=');
        ahead.take_while(is_blank);
        let ends_here = ahead.rest.is_empty() || ahead.rest.starts_with(',');
        if ends_here && !token.is_empty() {
            *self = ahead;
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

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn ends_value(byte: u8) -> bool {
    is_blank(byte) || byte == b','
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

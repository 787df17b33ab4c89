//! Identifiers and secrets, each a type of its own, so that none stands where another is meant.

use std::fmt;

use crate::data::error::{Code, Error, Result};
use crate::data::http::Parameters;
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::{AsJson, Reader};
use crate::data::url::{self, Url, Zone};

/// An authorization server's issuer identifier (RFC 8414 §2): compared as received, character by character.
#[derive(Clone, Debug, PartialEq)]
pub struct Issuer(Url);

impl Issuer {
    /// Reads an issuer that a protected resource, a person or a stored record names.
    pub fn named(text: &str, named_by: Zone) -> Result<Issuer> {
        let url = url::endpoint(text, named_by)?;
        if text.contains('?') {
            let message = "An issuer with a query is no issuer identifier (RFC 8414 §2). The server's operator has to correct it.";
            return Err(Error::new(Code::InvalidDocument, message, &[]));
        }
        Ok(Issuer(url))
    }

    /// The identifier, byte for byte as received.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The identifier as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether two identifiers name the same server when metadata is looked up. The one tolerance is a slash
    /// at the end of an issuer without a path; an `iss` parameter is never compared so.
    pub fn is_same_for_discovery(&self, other: &Issuer) -> bool {
        let pathless = |issuer: &Issuer| issuer.0.path() == "/";
        self.as_str() == other.as_str()
            || (pathless(self)
                && pathless(other)
                && self.as_str().trim_end_matches('/') == other.as_str().trim_end_matches('/'))
    }
}

impl AsJson for Issuer {
    #[inline(never)]
    fn read(json: &Json, reader: &mut Reader) -> Issuer {
        json.as_str().and_then(|text| Issuer::named(text, Zone::Local).ok()).unwrap_or_else(|| {
            reader.refuse("an issuer: an https URL without query and fragment");
            Issuer(Url::default())
        })
    }
    fn to_json(&self) -> Json {
        self.as_str().into()
    }
    fn typescript() -> String {
        "string".to_owned()
    }
}

/// A URL that requests are sent to: https, or http on loopback.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an endpoint that a server names.
    pub fn named(text: &str, named_by: Zone) -> Result<Endpoint> {
        url::endpoint(text, named_by).map(Endpoint)
    }

    /// As received.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl AsJson for Endpoint {
    #[inline(never)]
    fn read(json: &Json, reader: &mut Reader) -> Endpoint {
        json.as_str().and_then(url::callable).map(Endpoint).unwrap_or_else(|| {
            reader.refuse("an https URL (or http on this machine) without user name and fragment");
            Endpoint(Url::default())
        })
    }
    fn to_json(&self) -> Json {
        self.as_str().into()
    }
    fn typescript() -> String {
        "string".to_owned()
    }
}

/// A token, client secret, code verifier or `state`: its text is reached only by name, and never printed.
#[derive(Clone, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// Takes one that is to stand in a header; nothing that could end the header or begin another (RFC 6750 §2.1).
    pub fn for_header(text: &str) -> Option<Secret> {
        text.bytes().all(|byte| matches!(byte, 0x21..=0x7e)).then(|| Secret::new(text))
    }

    /// The credentials of a request that it authorizes (RFC 6750 §2.1).
    pub fn as_bearer(&self) -> Secret {
        Secret::new(filled("Bearer {}", &[self.reveal()]))
    }

    /// The secret itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its duration how much was right.
    pub fn equals(&self, other: &str) -> bool {
        let difference =
            self.0.bytes().zip(other.bytes()).fold(0, |difference, (left, right)| difference | (left ^ right));
        difference == 0 && self.0.len() == other.len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl AsJson for Secret {
    fn read(json: &Json, reader: &mut Reader) -> Secret {
        Secret(String::read(json, reader))
    }
    fn to_json(&self) -> Json {
        self.reveal().into()
    }
    fn typescript() -> String {
        "string".to_owned()
    }
}

/// Where the authorization response comes back to (RFC 6749 §3.1.2), byte for byte as it is registered.
#[derive(Clone, Debug, PartialEq)]
pub struct RedirectUri(Url);

impl RedirectUri {
    /// Reads one: loopback, https, or a private-use scheme in reverse-domain form (RFC 8252 §7).
    pub fn parse(text: &str) -> Option<RedirectUri> {
        let url = Url::parse(text).filter(|url| !url.has_fragment() && !url.has_userinfo())?;
        let private_use = url.scheme().contains('.');
        (url.is_secure() || private_use).then_some(RedirectUri(url))
    }

    /// As registered.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same, without the port on loopback, which tells nobody apart: servers leave it open (RFC 8252 §7.3).
    pub fn without_port(&self) -> String {
        let url = &self.0;
        if !url.is_loopback() {
            return self.as_str().to_owned();
        }
        filled("{}://{}{}{}", &[url.scheme(), url.hostname(), url.path(), url.search()])
    }

    /// `native` for loopback and private-use schemes, else `web` (OpenID Connect Registration §2).
    pub fn application_type(&self) -> &'static str {
        if self.0.scheme() == "https" { "web" } else { "native" }
    }

    /// Whether a response that arrived there arrived here: a query of this one's is in that of the response (RFC 6749
    /// §3.1.2).
    pub fn is_location_of(&self, response: &Url) -> bool {
        let (own, arrived) = (Parameters::read(self.0.query()), Parameters::read(response.query()));
        self.0.origin() == response.origin()
            && self.0.path() == response.path()
            && own.iter().all(|(name, value)| arrived.get(name) == Some(value))
    }

    /// Whether what the server registered stands for it: the same, or the same on loopback without a port, which
    /// servers must leave open (RFC 8252 §7.3).
    pub fn is_registered_as(&self, registered: &str) -> bool {
        let portless = |other: &Url| other.origin() == filled("{}://{}", &[other.scheme(), other.hostname()]);
        registered == self.as_str()
            || self.is_but_for_port(registered) && Url::parse(registered).is_some_and(|url| portless(&url))
    }

    /// Whether it is the same but for the port on loopback, which an application cannot know beforehand (RFC 8252 §7.3).
    pub fn is_but_for_port(&self, registered: &str) -> bool {
        let url = &self.0;
        let is_same = |other: &Url| {
            other.scheme() == url.scheme()
                && other.hostname() == url.hostname()
                && other.path() == url.path()
                && other.search() == url.search()
        };
        registered == self.as_str() || url.is_loopback() && Url::parse(registered).is_some_and(|other| is_same(&other))
    }
}

impl AsJson for RedirectUri {
    #[inline(never)]
    fn read(json: &Json, reader: &mut Reader) -> RedirectUri {
        json.as_str().and_then(RedirectUri::parse).unwrap_or_else(|| {
            reader.refuse(
                "a redirect URI: http on loopback, https, or a private-use scheme such as com.example.app:/callback",
            );
            RedirectUri(Url::default())
        })
    }
    fn to_json(&self) -> Json {
        self.as_str().into()
    }
    fn typescript() -> String {
        "string".to_owned()
    }
}

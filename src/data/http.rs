//! HTTP messages as data. Rules build requests and read responses; only the shell sends anything.

use crate::data::error::{Code, Error, Result};
use crate::data::form;
use crate::data::identifier::Secret;
use crate::data::json::Json;
use crate::data::printable::{filled, printable};
use crate::data::record::{AsJson, Reader};
use crate::data::url::Url;
use crate::string_enum;

/// What is larger is not read to its end: no document of the protocol has a tenth of it.
pub const BODY_LIMIT: usize = 256 * 1024;

const TOO_LARGE: &str =
    "The server's answer is larger than 256 KiB, which no document of the protocol is. It was not read to its end.";

/// What is kept of a text that is no JSON.
const TEXT_LIMIT: usize = 65_536;

/// What is kept of the text of a document, for people.
const WORDS_LIMIT: usize = 2048;

/// A request. It carries no header that would make a browser ask for permission first, unless it has to
/// authenticate by one.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// The body, where there is one.
    pub body: Option<Body>,
    /// `Authorization`, for the requests that authenticate by it.
    pub authorization: Option<Secret>,
    /// On whose word it is sent: the MCP server's, an issuer's or, if nobody else named it, its own URL. No host may be
    /// nearer to this machine than that one, which only a platform that sees addresses can tell of names.
    pub named_by: Option<Url>,
    /// How long the answer may take to be complete, in milliseconds, if that is less than the host's own limit.
    pub milliseconds: Option<u64>,
}

string_enum! {
    /// The methods of the protocol. Only a GET may be redirected, or sent twice.
    pub enum Method {
        /// Reads.
        Get = "GET",
        /// Sends.
        Post = "POST",
        /// Replaces a registration (RFC 7592 §2.2).
        Put = "PUT",
        /// Deletes a registration (RFC 7592 §2.3).
        Delete = "DELETE",
    }
}

/// A body: secrets are inside.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its media type.
    pub content_type: &'static str,
    /// Its text.
    pub text: Secret,
}

impl Request {
    /// A request without a body.
    pub fn bare(method: Method, url: &str) -> Request {
        Request { method, url: url.to_owned(), body: None, authorization: None, named_by: None, milliseconds: None }
    }

    /// Sends a form (RFC 6749 App. B).
    pub fn form(url: &str, parameters: &Parameters) -> Request {
        let text = Secret::new(parameters.to_text());
        let body = Some(Body { content_type: "application/x-www-form-urlencoded", text });
        Request { body, ..Request::bare(Method::Post, url) }
    }

    /// Sends a JSON document.
    pub fn json(method: Method, url: &str, document: &Json) -> Request {
        let body = Some(Body { content_type: "application/json", text: Secret::new(document.to_text()) });
        Request { body, ..Request::bare(method, url) }
    }
}

/// A complete response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The URL that answered in the end.
    pub url: String,
    /// The status; 0 where a browser hides a redirect.
    pub status: u16,
    /// The media type in lower case, without its parameters; empty where none is given.
    pub media_type: String,
    /// `Location`, as received.
    pub location: Option<String>,
    /// `Retry-After`, as received: seconds, or a date (RFC 9110 §10.2.3).
    pub retry_after: Option<String>,
    /// `WWW-Authenticate`, as received: a challenge may be in it (RFC 9110 §11.6.1).
    pub www_authenticate: Option<String>,
    /// How many bytes of the body count as read: of a page, which is known as none by its start, those that are kept.
    pub length: usize,
    /// Whether more is in the body than is kept of it.
    pub is_cut: bool,
    /// The start of the body, where it is UTF-8.
    text: Option<String>,
    /// The JSON object that the body is, or why it is none.
    document: Result<Json, &'static str>,
}

impl Response {
    /// A response, with what the protocol reads of its headers. A body beyond [`BODY_LIMIT`] need not be whole: nothing of
    /// it counts, and of the answer its status.
    pub fn new(url: String, status: u16, body: Vec<u8>, header: impl Fn(&str) -> Option<String>) -> Response {
        let content_type = header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let [location, retry_after, www_authenticate] = ["location", "retry-after", "www-authenticate"].map(header);
        let is_too_large = body.len() > BODY_LIMIT;
        let whole = str::from_utf8(&body).ok().filter(|_| !is_too_large);
        // JSON is known by its content: many servers call it a text, or a page.
        let (document, is_document_cut) = match whole.and_then(Json::of_server) {
            Some((json @ Json::Object(_), is_cut)) => (Ok(json), is_cut),
            Some(_) => (Err("it is not a JSON object"), false),
            None => (Err(if is_too_large { TOO_LARGE } else { "it is not valid JSON" }), false),
        };
        let limit = if document.is_ok() { WORDS_LIMIT } else { TEXT_LIMIT };
        let start = |text: &str| (0..=text.len().min(limit)).rev().find_map(|end| text.get(..end)).map(str::to_owned);
        let text = whole.and_then(start);
        let is_cut = is_document_cut || document.is_err() && body.len() > limit;
        let is_page = body.trim_ascii_start().starts_with(b"<");
        let length = if is_page { body.len().min(TEXT_LIMIT) } else { body.len() };
        Response { url, status, media_type, location, retry_after, www_authenticate, length, is_cut, text, document }
    }

    /// Whether the status says that it worked.
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether it sends the client elsewhere.
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 0 | 301 | 302 | 303 | 307 | 308)
    }

    /// Whether nothing is decided by it: the server is overloaded, broken, or wants it later. Status 501 says that it cannot, and for good.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500 | 502..=599)
    }

    /// The start of the body, where it is UTF-8: of a JSON object what people may read of it.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The body as a JSON object, whatever its media type.
    pub fn document(&self) -> Result<&Json> {
        self.document.as_ref().map_err(|reason| {
            if *reason == TOO_LARGE {
                Error::new(Code::ResponseTooLarge, TOO_LARGE, &[])
            } else {
                self.not_json(reason)
            }
        })
    }

    /// The error where the body cannot be taken for a document.
    pub fn not_json(&self, reason: &'static str) -> Box<Error> {
        let message = "The answer should be a JSON document, but {}. The server's operator has to correct it.";
        Error::new(Code::NotJson, message, &[reason]).with("status", self.status).with("reason", reason)
    }

    /// The error that a server states, in JSON, in a form, or in plain words (RFC 6749 §5.2, RFC 7591 §3.2.2).
    pub fn stated_error(&self) -> StatedError {
        let text = self.text().unwrap_or_default();
        let json = self.document.as_ref().unwrap_or(&Json::Null);
        // A page in HTML may well contain `&error=`, in a link.
        let is_form = self.media_type == "application/x-www-form-urlencoded";
        let form = if is_form { Parameters::read(text) } else { Parameters::default() };
        let member = |name| json.member(name).as_str().or_else(|| form.get(name)).map(printable);
        let error = member("error").filter(|error| !error.is_empty());
        // Other forms of JSON are as plain to people as other words are; a page is not.
        let of_oauth = ["error", "error_description", "error_uri", "scope", "state", "iss"];
        let says_more = match json {
            Json::Object(members) => {
                members.iter().any(|(name, value)| value.as_str().is_none() || !of_oauth.contains(&name.as_str()))
            }
            _ => self.media_type != "text/html" && !is_form,
        };
        let plain = || if says_more { printable(text) } else { String::new() };
        let description = member("error_description").unwrap_or_else(plain);
        StatedError { description, error, scope: json.member("scope").as_str().map(str::to_owned) }
    }
}

/// What a server says of its refusal, fit to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatedError {
    /// The OAuth error code.
    pub error: Option<String>,
    /// The description, or the start of a body that is in no known form.
    pub description: String,
    /// The scope in question, where the server names it.
    pub scope: Option<String>,
}

impl StatedError {
    /// The refusal as an error: the sentence with its parts, then the server's own words.
    pub fn into_error(self, code: Code, sentence: &str, parts: &[&str]) -> Box<Error> {
        let error = self.error.as_deref().unwrap_or_default();
        let separator = if error.is_empty() || self.description.is_empty() { "" } else { ": " };
        let said = filled("{}{}{}", &[error, separator, &self.description]);
        let says = if said.is_empty() { "" } else { " The server says: " };
        let mut refusal = Error::new(code, "{}{}{}", &[&filled(sentence, parts), says, &said]);
        for (name, value) in [
            ("error", self.error),
            ("errorDescription", Some(self.description)),
            ("scope", self.scope.map(|scope| printable(&scope))),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                refusal = refusal.with(name, value);
            }
        }
        refusal
    }
}

/// Form parameters in order (`application/x-www-form-urlencoded`).
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a form or a query without its question mark.
    pub fn read(text: &str) -> Parameters {
        let mut parameters = Parameters::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.0.push((form::decode(name), form::decode(value)));
        }
        parameters
    }

    /// Adds one.
    #[inline(never)]
    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Adds one in place of all others of that name; one that has no value is not sent.
    #[inline(never)]
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.0.retain(|(own, _)| own != name);
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The first of that name.
    #[inline(never)]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// How many there are of that name.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(own, _)| own == name).count()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The encoded text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            form::encode(name, &mut text);
            text.push('=');
            form::encode(value, &mut text);
        }
        text
    }
}

impl AsJson for Parameters {
    fn read(json: &Json, reader: &mut Reader) -> Parameters {
        let Json::Object(members) = json else {
            reader.refuse("an object of strings");
            return Parameters::default();
        };
        Parameters(members.iter().map(|(name, value)| (name.clone(), reader.part(name.clone(), value))).collect())
    }
    fn to_json(&self) -> Json {
        Json::Object(self.iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
    fn typescript() -> String {
        "Record<string, string>".to_owned()
    }
}

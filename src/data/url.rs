//! URLs: parsed by the host's own parser in wasm and by the `url` crate natively, so that what is checked is
//! what is fetched. A URL remembers the bytes it came in, since servers compare them (RFC 3986 §6.2.1).

use std::sync::Arc;

#[cfg(target_arch = "wasm32")]
use js_sys::Reflect;

use crate::data::error::{Code, Error, Result};
use crate::data::json::whole_number;
use crate::data::printable::{filled, printable_url};

/// A URL with its parts, and the text it was read from.
#[derive(Clone, Debug, Default)]
pub struct Url(Arc<Parts>);

impl PartialEq for Url {
    /// The same text: another spelling is another identifier.
    fn eq(&self, other: &Url) -> bool {
        self.as_str() == other.as_str()
    }
}

/// What the platform's parser says (WHATWG URL).
#[derive(Debug, Default)]
struct Parts {
    /// As received.
    text: String,
    href: String,
    /// Without the colon.
    scheme: String,
    username: String,
    password: String,
    hostname: String,
    port: String,
    path: String,
    /// With the question mark; empty where there is none.
    search: String,
}

/// How near to this machine a host is: the nearer, the fewer may send us there.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Zone {
    /// Any other name or address.
    Public,
    /// Addresses of private networks (RFC 1918, RFC 6598, RFC 4193).
    Private,
    /// This machine, link-local addresses, and what stands for none (RFC 1122, RFC 3927, RFC 4291).
    Local,
}

impl Url {
    /// Reads an absolute URL. Spaces and control characters are refused rather than dropped, and hosts that no name
    /// server knows: parsers differ over the characters in them.
    pub fn parse(text: &str) -> Option<Url> {
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        let of_host =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'[' | b']' | b':');
        parse_with_host(text).filter(|parts| parts.hostname.bytes().all(of_host)).map(|parts| Url(Arc::new(parts)))
    }

    /// Reads a URL that may be relative to another, as a `Location` is (RFC 9110 §10.2.2).
    pub fn join(base: &str, text: &str) -> Option<Url> {
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        Url::parse(&join_with_host(base, text)?)
    }

    /// The text it was read from, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The normalized form: what is fetched.
    pub fn href(&self) -> &str {
        &self.0.href
    }

    /// The scheme, without its colon.
    pub fn scheme(&self) -> &str {
        &self.0.scheme
    }

    /// Scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> String {
        let port = if self.0.port.is_empty() { String::new() } else { filled(":{}", &[&self.0.port]) };
        filled("{}://{}{}", &[&self.0.scheme, &self.0.hostname, &port])
    }

    /// The host's name or address.
    pub fn hostname(&self) -> &str {
        &self.0.hostname
    }

    /// The path, with its first slash.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The query with its question mark; empty where there is none.
    pub fn search(&self) -> &str {
        &self.0.search
    }

    /// The query without its question mark.
    pub fn query(&self) -> &str {
        self.search().strip_prefix('?').unwrap_or_default()
    }

    /// Whether it has a fragment.
    pub fn has_fragment(&self) -> bool {
        self.0.text.contains('#')
    }

    /// Whether it has a user name or password.
    pub fn has_userinfo(&self) -> bool {
        !self.0.username.is_empty() || !self.0.password.is_empty()
    }

    /// Whether the host is this machine: `localhost` or a loopback address, not a name that looks like one.
    pub fn is_loopback(&self) -> bool {
        let host = self.hostname();
        host == "localhost" || host == "[::1]" || ipv4(host).is_some_and(|[first, ..]| first == 127)
    }

    /// Whether it may carry credentials: https, or http on loopback; no user name or password (OAuth 2.1 §1.5).
    pub fn is_secure(&self) -> bool {
        let secure = self.scheme() == "https" || (self.scheme() == "http" && self.is_loopback());
        secure && !self.has_userinfo()
    }

    /// Whether it is written as it is read, so that people and other programs read the same: in ASCII (RFC 3986 §2), and
    /// with a path that does not turn into another (`/a/%2e%2e/b`).
    pub fn is_plain(&self) -> bool {
        let rest = self.as_str().get(self.scheme().len()..).and_then(|rest| rest.strip_prefix("://")).unwrap_or("\\");
        let start = rest.bytes().position(|byte| matches!(byte, b'/' | b'\\' | b'?' | b'#')).unwrap_or(rest.len());
        let path = rest.get(start..).unwrap_or_default();
        let end = path.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(path.len());
        rest.is_ascii() && (end == 0 || path.get(..end) == Some(self.path()))
    }

    /// How near its host is, judged by the literal alone: names are not looked up.
    pub fn zone(&self) -> Zone {
        let host = self.hostname().trim_end_matches('.');
        if host == "localhost" || host.ends_with(".localhost") {
            return Zone::Local;
        }
        if let Some(address) = ipv4(host) {
            return ipv4_nearness(address);
        }
        host.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(ipv6)
            .map_or(Zone::Public, ipv6_nearness)
    }

    /// Whether `self` is this URL's parent or itself, path segment by path segment, on the same origin.
    pub fn contains(&self, inner: &Url) -> bool {
        let prefix = self.path().trim_end_matches('/');
        let rest = inner.path().strip_prefix(prefix);
        let segments = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        segments && self.origin() == inner.origin() && (self.search().is_empty() || self.search() == inner.search())
    }
}

/// No URL of the protocol is longer, in bytes.
pub const LENGTH_LIMIT: usize = 2048;

/// Reads a URL that will be called: https or http on loopback, no user name, no fragment (A6).
pub fn callable(text: &str) -> Option<Url> {
    let is_callable = |url: &Url| url.is_secure() && !url.has_fragment();
    if text.len() > LENGTH_LIMIT { None } else { Url::parse(text).filter(is_callable) }
}

/// Reads a URL that a server names: it can be called, is written as it is read, and is not nearer to this machine than
/// the server (D12).
pub fn endpoint(text: &str, named_by: Zone) -> Result<Url> {
    let url = callable(text).filter(Url::is_plain).ok_or_else(|| {
        let message = "A server named an endpoint that is not https (or http on this machine), or not a plain URL: `{}`. It was not called; the server's operator has to publish a secure one, and, behind a gateway that ends TLS, tell the server at which URL it is public.";
        let named = printable_url(text);
        Error::new(Code::InsecureEndpoint, message, &[&named]).with("named", named)
    })?;
    if url.zone() > named_by {
        let message = "A server further away named an address of this machine or of a private network. It was not called. If that is intended, allow private addresses for this server.";
        return Err(Error::new(Code::PrivateAddress, message, &[]));
    }
    Ok(url)
}

/// The address, where the host is one: a URL parser has brought it into its normal form (`127.1` is `127.0.0.1`).
fn ipv4(host: &str) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut octets = host.split('.');
    for octet in &mut address {
        *octet = whole_number(octets.next()?, 10)?.try_into().ok()?;
    }
    octets.next().is_none().then_some(address)
}

/// The groups of an IPv6 address in its normal form (RFC 5952), in which `::` stands for a run of zeros.
fn ipv6(text: &str) -> Option<[u16; 8]> {
    let mut groups = Vec::new();
    let mut gap = None;
    for group in text.split(':') {
        if group.is_empty() {
            gap.get_or_insert(groups.len());
        } else {
            groups.push(whole_number(group, 16)?.try_into().ok()?);
        }
    }
    while let Some(gap) = gap
        && groups.len() < 8
    {
        groups.insert(gap, 0);
    }
    groups.try_into().ok()
}

fn ipv4_nearness(address: [u8; 4]) -> Zone {
    match address {
        [0 | 127, ..] | [169, 254, ..] | [224..=255, ..] => Zone::Local,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

fn ipv6_nearness([a, b, c, d, e, f, g, h]: [u16; 8]) -> Zone {
    let embedded = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        ipv4_nearness([first, second, third, fourth])
    };
    match [a, b, c, d, e, f] {
        // Unspecified, loopback and the deprecated IPv4-compatible form.
        [0, 0, 0, 0, 0, 0] if g == 0 => Zone::Local,
        // IPv4-compatible, IPv4-mapped and NAT64: judged by the IPv4 address inside (RFC 4291, RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => embedded(g, h),
        // 6to4 carries it further in front (RFC 3056).
        [0x2002, ..] => embedded(b, c),
        [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Zone::Local,
        // The last is NAT64 of a network's own, whose prefix length only that network knows (RFC 8215).
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

#[cfg(target_arch = "wasm32")]
fn join_with_host(base: &str, text: &str) -> Option<String> {
    Some(web_sys::Url::new_with_base(text, base).ok()?.href())
}

#[cfg(not(target_arch = "wasm32"))]
fn join_with_host(base: &str, text: &str) -> Option<String> {
    Some(::url::Url::parse(base).ok()?.join(text).ok()?.into())
}

#[cfg(target_arch = "wasm32")]
fn parse_with_host(text: &str) -> Option<Parts> {
    let url = web_sys::Url::new(text).ok()?;
    let part = |name: &str| Reflect::get(&url, &name.into()).ok().and_then(|part| part.as_string()).unwrap_or_default();
    Some(Parts {
        text: text.to_owned(),
        href: part("href"),
        scheme: part("protocol").strip_suffix(':').unwrap_or_default().to_owned(),
        username: part("username"),
        password: part("password"),
        hostname: part("hostname"),
        port: part("port"),
        path: part("pathname"),
        search: part("search"),
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn parse_with_host(text: &str) -> Option<Parts> {
    let url = ::url::Url::parse(text).ok()?;
    Some(Parts {
        text: text.to_owned(),
        href: ::url::quirks::href(&url).to_owned(),
        scheme: url.scheme().to_owned(),
        username: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
        hostname: ::url::quirks::hostname(&url).to_owned(),
        port: ::url::quirks::port(&url).to_owned(),
        path: ::url::quirks::pathname(&url).to_owned(),
        search: ::url::quirks::search(&url).to_owned(),
    })
}

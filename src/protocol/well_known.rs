//! Where metadata documents are looked for, in the specified order and nowhere else.

use crate::data::identifier::Issuer;
use crate::data::printable::filled;
use crate::data::url::Url;

/// Where a protected resource's metadata may be when no challenge says so: the location for its path, then the
/// one for its origin (RFC 9728 §3.1).
pub fn protected_resource(resource: &Url) -> Vec<String> {
    let own = protected_resource_of(resource);
    let root = filled("{}/.well-known/oauth-protected-resource", &[&resource.origin()]);
    if own == root { vec![own] } else { vec![own, root] }
}

/// Where it may be besides: at the location for the same path with a slash at its end, or without. Some servers answer at
/// both spellings, and publish their metadata for one.
pub fn protected_resource_otherwise_spelled(resource: &Url) -> Option<String> {
    Url::parse(&otherwise_spelled(resource))
        .filter(|_| resource.path() != "/")
        .map(|other| protected_resource_of(&other))
}

/// The URL with a slash at the end of its path, or without.
pub fn otherwise_spelled(url: &Url) -> String {
    let path = url.path().strip_suffix('/').map_or_else(|| filled("{}/", &[url.path()]), str::to_owned);
    filled("{}{}{}", &[&url.origin(), &path, url.search()])
}

/// The one location that belongs to a resource identifier (RFC 9728 §3.1).
pub fn protected_resource_of(resource: &Url) -> String {
    let path = if resource.path() == "/" { "" } else { resource.path() };
    filled("{}/.well-known/oauth-protected-resource{}{}", &[&resource.origin(), path, resource.search()])
}

/// Where an authorization server's metadata may be (RFC 8414 §3.1 and §5, OpenID Connect Discovery §4). A slash at
/// the end of the issuer is left out of all of them, which for a resource only a lone one is.
pub fn authorization_server(issuer: &Issuer) -> Vec<String> {
    let origin = issuer.url().origin();
    let path = issuer.url().path().trim_end_matches('/');
    let mut candidates = vec![
        filled("{}/.well-known/oauth-authorization-server{}", &[&origin, path]),
        filled("{}/.well-known/openid-configuration{}", &[&origin, path]),
    ];
    if !path.is_empty() {
        candidates.push(filled("{}{}/.well-known/openid-configuration", &[&origin, path]));
    }
    candidates
}

//! Where metadata documents are looked for, in the specified order and nowhere else.

use crate::identifier::Issuer;
use crate::url::Url;

/// Where a protected resource's metadata may be when no challenge says so: the location for its path, then the
/// one for its origin (RFC 9728 §3.1).
pub fn protected_resource(resource: &Url) -> Vec<String> {
    let own = protected_resource_of(resource);
    let root = [&resource.origin(), "/.well-known/oauth-protected-resource"].concat();
    if own == root { vec![own] } else { vec![own, root] }
}

/// The one location that belongs to a resource identifier (RFC 9728 §3.1).
pub fn protected_resource_of(resource: &Url) -> String {
    inserted(resource, "oauth-protected-resource")
}

/// Where an authorization server's metadata may be (RFC 8414 §3.1 and §5, OpenID Connect Discovery §4).
pub fn authorization_server(issuer: &Issuer) -> Vec<String> {
    let url = issuer.url();
    let mut candidates = vec![inserted(url, "oauth-authorization-server"), inserted(url, "openid-configuration")];
    if url.path() != "/" {
        let path = url.path().trim_end_matches('/');
        candidates.push([&url.origin(), path, "/.well-known/openid-configuration"].concat());
    }
    candidates
}

/// `/.well-known/{name}` between the host and the path, a path of a lone slash left out.
fn inserted(url: &Url, name: &str) -> String {
    let path = if url.path() == "/" { "" } else { url.path() };
    [&url.origin(), "/.well-known/", name, path, url.search()].concat()
}

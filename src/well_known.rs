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
    let path = if resource.path() == "/" { "" } else { resource.path() };
    [&resource.origin(), "/.well-known/oauth-protected-resource", path, resource.search()].concat()
}

/// Where an authorization server's metadata may be (RFC 8414 §3.1 and §5, OpenID Connect Discovery §4). A slash at
/// the end of the issuer is left out of all of them, which for a resource only a lone one is.
pub fn authorization_server(issuer: &Issuer) -> Vec<String> {
    let origin = issuer.url().origin();
    let path = issuer.url().path().trim_end_matches('/');
    let mut candidates = vec![
        [&origin, "/.well-known/oauth-authorization-server", path].concat(),
        [&origin, "/.well-known/openid-configuration", path].concat(),
    ];
    if !path.is_empty() {
        candidates.push([&origin, path, "/.well-known/openid-configuration"].concat());
    }
    candidates
}

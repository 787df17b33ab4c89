//! URLs.

use std::net::{Ipv4Addr, Ipv6Addr};

use mcp_oauth_wasm::data::identifier::{Issuer, RedirectUri};
use mcp_oauth_wasm::data::url::{Url, Zone, endpoint};
use mcp_oauth_wasm::protocol::well_known;

use super::text;

/// A URL on the first line, one that may be relative to it on the second.
pub fn url(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (base, other) = text.split_once('\n').unwrap_or((text, text));
    let joined = Url::join(base, other);
    let urls: Vec<Url> = [Url::parse(base), Url::parse(other), joined].into_iter().flatten().collect();
    for url in &urls {
        assert_parts(url);
        for outer in urls.iter().filter(|outer| outer.contains(url)) {
            assert_eq!(outer.origin(), url.origin());
            assert!(urls.iter().all(|inner| !url.contains(inner) || outer.contains(inner)), "containing is transitive");
        }
    }
    for text in [base, other] {
        assert_callable(text);
        assert_redirect(text);
    }
}

fn assert_parts(url: &Url) {
    // The `url` crate, which stands in for the host natively, looks for drives in these, and its normal form of them is
    // none. Nothing here calls them.
    if url.scheme() == "file" {
        return;
    }
    assert!(!url.as_str().bytes().any(|byte| byte <= b' ' || byte == 0x7f));
    let normal = Url::parse(url.href()).expect("the normal form is a URL");
    assert_eq!(normal.href(), url.href());
    assert_eq!(
        (normal.origin(), normal.path(), normal.search(), normal.zone()),
        (url.origin(), url.path(), url.search(), url.zone())
    );
    assert_eq!(normal.has_userinfo(), url.has_userinfo());
    assert!(url.contains(url));
    assert!(!url.is_loopback() || url.zone() == Zone::Local);
    let host = url.hostname();
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        assert_ipv4(address, url.zone());
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().expect("the host in brackets is an address");
        let local = address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local();
        assert!(!local || url.zone() == Zone::Local);
        assert!(!address.is_unique_local() || url.zone() >= Zone::Private);
        if let Some(mapped) = address.to_ipv4_mapped() {
            assert_ipv4(mapped, url.zone());
        }
    }
    if url.is_secure() {
        let mut locations = well_known::protected_resource(url);
        locations.push(well_known::protected_resource_of(url));
        assert!(locations.iter().all(|location| Url::parse(location).expect("a location").origin() == url.origin()));
    }
}

/// By the standard library's judgement rather than our own.
fn assert_ipv4(address: Ipv4Addr, zone: Zone) {
    let local = address.is_loopback() || address.is_link_local() || address.is_unspecified();
    assert!(!local || zone == Zone::Local, "{address}");
    assert!(!address.is_private() || zone >= Zone::Private, "{address}");
}

fn assert_callable(text: &str) {
    for named_by in [Zone::Public, Zone::Private, Zone::Local] {
        if let Ok(url) = endpoint(text, named_by) {
            assert!(url.scheme() == "https" || (url.scheme() == "http" && url.is_loopback()));
            assert!(!url.has_userinfo() && !url.href().contains('#'));
            assert!(url.zone() <= named_by);
            assert!(endpoint(text, Zone::Local).is_ok(), "a nearer server may name it too");
            assert_eq!(url.as_str(), text);
        }
        let Ok(issuer) = Issuer::named(text, named_by) else { continue };
        assert!(endpoint(text, named_by).is_ok() && issuer.url().search().is_empty());
        assert!(issuer.is_same_for_discovery(&issuer) && issuer.as_str() == text);
        for location in well_known::authorization_server(&issuer) {
            assert_eq!(Url::parse(&location).expect("a location").origin(), issuer.url().origin());
        }
    }
}

fn assert_redirect(text: &str) {
    let Some(redirect_uri) = RedirectUri::parse(text) else { return };
    assert_eq!(redirect_uri.as_str(), text);
    assert!(redirect_uri.is_registered_as(text));
    assert!(redirect_uri.is_location_of(&Url::parse(text).expect("a redirect URI is a URL")));
    assert!(!text.contains('#') && !text.starts_with("javascript:") && !text.starts_with("data:"));
}

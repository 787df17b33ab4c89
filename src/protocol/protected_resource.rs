//! A protected resource's metadata (RFC 9728): a value that exists only for the resource that is called.

use std::sync::Arc;

use crate::data::error::{Code, Error, Result};
use crate::data::http::Response;
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::json::Json;
use crate::data::printable::{filled, mentions, printable, printable_url};
use crate::data::scope::ScopeSet;
use crate::data::url::{self, Url, Zone};
use crate::protocol::well_known;
use crate::record;

/// Issuers that are looked at in one document: each takes its time, and few are asked.
const ISSUER_LIMIT: usize = 100;

record! {
    /// What an MCP server says of itself as a protected resource (RFC 9728 §2).
    #[derive(Debug)]
    pub struct ProtectedResource {
        /// Its resource identifier, byte for byte as received: the value of every `resource` parameter (RFC 8707).
        pub resource: String,
        /// The authorization servers that it accepts tokens from, in its order, as far as they may be called.
        pub authorization_servers: Vec<Issuer>,
        /// The scopes that it lists; absent where it lists none.
        pub scopes_supported: Option<ScopeSet>,
        /// Its name for people, where it has one.
        pub resource_name: Option<String>,
        /// The URL that its metadata was read from; absent where it publishes none (MCP revision 2025-03-26).
        pub metadata_url: Option<String>,
    }
}

/// What a document says about the resource that is called.
#[derive(Clone, Debug)]
pub enum Statement {
    /// It speaks of this resource.
    Identified(Arc<ProtectedResource>),
    /// It names a parent of this resource; only the document at that location may say so.
    ConfirmAt(String),
}

/// Reads the metadata that was fetched from `metadata_url` for the resource at `called`.
///
/// The document's `resource` must be the URL that is called, or an identifier on the same origin that contains
/// it and whose own well-known location says so (RFC 9728 §3.3), so that one tenant of an origin cannot get
/// tokens for the whole origin.
pub fn read(response: &Response, metadata_url: &str, called: &Url, named_by: Zone) -> Result<Statement> {
    // JSON is known by its content, whatever its type; but pages are what many people may write at one host. Its well-known
    // locations are its own.
    if response.media_type == "text/html" && !mentions(metadata_url, "/.well-known/") {
        return Err(response.not_json("it is a page, at a location that is not well-known"));
    }
    let document = response.document()?;
    let invalid = |member: &str, rule: &str| {
        Error::invalid_document("The protected resource's metadata (RFC 9728 §2)", member, rule)
    };
    let text = document.member("resource").as_str().ok_or_else(|| invalid("resource", "must be a string"))?;
    let resource = url::callable(text).filter(Url::is_plain);
    let resource = resource.ok_or_else(|| {
        let named = printable_url(text);
        let rule = filled("must be a plain https URL without fragment, and is `{}`", &[&named]);
        invalid("resource", &rule).with("named", named)
    })?;
    if !resource.contains(called) {
        // Which of this machine's names it prefers is no word of a stranger.
        let is_here = resource.is_loopback() && called.is_loopback();
        let message = if is_here {
            "The protected resource's metadata speaks of another resource than the one that is called (RFC 9728 §3.3): the MCP server calls itself {}, and {} is called. Call it by the name that it gives itself, or have its operator correct `resource`."
        } else {
            "The protected resource's metadata speaks of another resource than the one that is called (RFC 9728 §3.3). Nothing was sent to any authorization server. Check the MCP server's URL; if it is right, the server's operator has to correct `resource`."
        };
        return Err(Error::new(Code::ResourceMismatch, message, &[&resource.origin(), &called.origin()])
            .with("called", called.as_str())
            .with("resource", printable(text)));
    }
    let location = well_known::protected_resource_of(&resource);
    if resource.href() != called.href() && location != metadata_url {
        return Ok(Statement::ConfirmAt(location));
    }
    let servers = document
        .member("authorization_servers")
        .strings()
        .ok_or_else(|| invalid("authorization_servers", "must be an array of issuers"))?;
    let mut authorization_servers = Vec::new();
    let mut unusable = None;
    for issuer in servers.into_iter().take(ISSUER_LIMIT) {
        match Issuer::named(issuer, named_by) {
            Ok(issuer) => authorization_servers.push(issuer),
            Err(error) => unusable = unusable.or(Some(error.reading("member", "authorization_servers"))),
        }
    }
    if authorization_servers.is_empty() {
        return Err(unusable.unwrap_or_else(|| invalid("authorization_servers", "must name at least one issuer")));
    }
    Ok(Statement::Identified(Arc::new(ProtectedResource {
        resource: text.to_owned(),
        authorization_servers,
        scopes_supported: listed_scopes(document),
        resource_name: document.member("resource_name").as_str().map(printable),
        metadata_url: Some(metadata_url.to_owned()),
    })))
}

/// The error where the document at the location of a wider resource does not say that it is one. A slash at the end makes
/// another identifier, too.
pub fn unconfirmed(called: &Endpoint, location: &String) -> Box<Error> {
    let other = well_known::otherwise_spelled(called.url());
    let message = if well_known::protected_resource_otherwise_spelled(called.url()).as_ref() == Some(location) {
        "The MCP server calls itself {}, which differs by the slash at the end from the URL that was called. Nothing was sent to any authorization server. Configure that URL."
    } else {
        "The protected resource's metadata names a wider resource, which does not say so itself (RFC 9728 §3.3). Nothing was sent to any authorization server; the MCP server's operator has to correct `resource`."
    };
    Error::new(Code::ResourceMismatch, message, &[&other]).with("called", called.as_str())
}

/// What stands in for the metadata of a server that publishes none: its own origin signs people in (MCP revision
/// 2025-03-26).
pub fn without_metadata(called: &Url) -> Result<Arc<ProtectedResource>> {
    Ok(Arc::new(ProtectedResource {
        resource: called.as_str().to_owned(),
        authorization_servers: vec![Issuer::named(&called.origin(), Zone::Local)?],
        scopes_supported: None,
        resource_name: None,
        metadata_url: None,
    }))
}

/// The scopes that a metadata document lists; an empty list is none.
pub(crate) fn listed_scopes(document: &Json) -> Option<ScopeSet> {
    let scopes: ScopeSet = document.member("scopes_supported").strings()?.into_iter().collect();
    if scopes.is_empty() { None } else { Some(scopes) }
}

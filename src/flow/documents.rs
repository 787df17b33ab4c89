//! Documents that may be at one of several locations, in the order of a standard.

use std::sync::Arc;

use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::http::Response;
use crate::data::json::Json;
use crate::data::printable::joined;
use crate::data::url::Url;
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::authorization_server::{self, AuthorizationServer};
use crate::protocol::discovery::Discovery;
use crate::protocol::settings::ServerSettings;
use crate::protocol::trace::{Event, Party};
use crate::protocol::well_known;

/// The first candidate with a usable document. A candidate that has none is passed over. So is one where a gateway answers
/// 502, as some do where they route nothing, or where a request fails, which is all that a page sees of many an answer
/// (CORP): that is reported where no other has a document. So is what is kept from a page, which is mostly an answer that
/// there is nothing. A server that is overloaded or slow is reported at once, since it may well have one, and must not be
/// made to seem without.
pub fn first_document<T: Clone + Send + Sync + 'static>(
    exchange: &Exchange<'_>,
    candidates: &[String],
    none: Code,
    read: impl Fn(&Response, &str) -> Result<T>,
) -> Result<T> {
    let mut failure: Option<Box<Error>> = None;
    let mut outage = None;
    for candidate in candidates {
        // Each is read once, and what it came to is all that is kept of it.
        let document = exchange.replay.once(|| match exchange.get(candidate)? {
            response if response.is_success() => {
                read(response, candidate).map(Some).map_err(|error| error.reading("url", candidate))
            }
            _ => Ok(None),
        });
        match document {
            Ok(Some(document)) => return Ok(document),
            Ok(None) => continue,
            Err(error) if error.details.contains(&("status", 502.into())) || error.code == Code::NetworkFailed => {
                outage = outage.or(Some(error.with("url", candidate.as_str())))
            }
            Err(error)
                if error.kind() == Kind::Transport && error.code != Code::CorsMissing
                    || error.code == Code::ResourceMismatch =>
            {
                return Err(outage.unwrap_or(error).with("url", candidate.as_str()));
            }
            Err(error) => {
                exchange.replay.trace(Event::failure(exchange.step, &error));
                if failure.as_ref().is_none_or(|earlier| telling(&error) > telling(earlier)) {
                    failure = Some(error.with("url", candidate.as_str()));
                }
            }
        }
    }
    Err(outage.or(failure).unwrap_or_else(|| nothing_found(none, candidates)))
}

/// How much an error tells: what is wrong with a document more than what a page may not see, and that more than what is no
/// document at all (0).
pub fn telling(error: &Error) -> u8 {
    match error.code {
        Code::NotJson | Code::ResponseTooLarge | Code::RedirectRefused => 0,
        Code::CorsMissing => 1,
        _ => 2,
    }
}

/// Whether nothing was found, as far as anybody could see.
pub fn is_nothing(error: &Error) -> bool {
    use Code::{CorsMissing, NoAuthorizationServerMetadata, NoProtectedResourceMetadata};
    matches!(error.code, NoProtectedResourceMetadata | NoAuthorizationServerMetadata | CorsMissing)
}

/// The error where no location has a document: who has to publish it, and where was looked.
pub fn nothing_found(code: Code, candidates: &[String]) -> Box<Error> {
    let what = match code {
        Code::NoProtectedResourceMetadata => "The MCP server publishes no protected resource metadata (RFC 9728)",
        _ => "The authorization server publishes no metadata (RFC 8414)",
    };
    let message = "{}, so nobody can tell where to sign in. Check the MCP server's URL; its operator has to publish it. Looked at: {}.";
    Error::new(code, message, &[what, &joined(candidates, ", ")])
        .with("candidates", Json::Array(candidates.iter().map(|url| url.as_str().into()).collect()))
}

/// Some servers say only in their OpenID document that they are an OpenID provider, which counts where nobody names a
/// scope. Asked is who publishes keys and lists no scopes; what that document says beside it does not count.
pub fn as_openid_provider(
    replay: &Replay,
    server: Arc<AuthorizationServer>,
    settings: &ServerSettings,
    named_by: &Url,
) -> Arc<AuthorizationServer> {
    let has_keys = server.endpoints.as_ref().is_some_and(|endpoints| endpoints.get("jwks_uri").is_some());
    let is_silent = server.openid_provider.is_none() && server.scopes_supported.is_none();
    // The first location is RFC 8414's own.
    let candidates = well_known::authorization_server(&server.issuer).split_off(1);
    if !has_keys || !is_silent || server.metadata_url.as_ref().is_none_or(|url| candidates.contains(url)) {
        return server;
    }
    let exchange = Exchange { replay, step: Step::Discover, party: Party::AuthorizationServer, named_by };
    let zone = server.issuer.url().zone();
    let read =
        |response: &Response, url: &str| authorization_server::read(response, url, &server.issuer, settings, zone);
    match first_document(&exchange, &candidates, Code::NoAuthorizationServerMetadata, read) {
        Ok(openid) if openid.openid_provider == Some(true) => Arc::new(AuthorizationServer {
            openid_provider: openid.openid_provider,
            scopes_supported: openid.scopes_supported.clone(),
            ..(*server).clone()
        }),
        _ => server,
    }
}

/// A server without metadata that has no registration either: what its operator has to add is the metadata.
pub fn registered_nowhere(error: Box<Error>, discovery: &Discovery) -> Box<Error> {
    let states_an_error = error.details.iter().any(|(name, _)| *name == "error");
    if error.code != Code::RegistrationRefused
        || states_an_error
        || discovery.authorization_server.metadata_url.is_some()
    {
        return error;
    }
    nothing_found(Code::NoProtectedResourceMetadata, &well_known::protected_resource(discovery.endpoint.url()))
        .at(Step::Discover)
}

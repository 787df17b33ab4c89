//! Discovery: who protects an MCP server, and who signs people in for it (RFC 9728, RFC 8414).

use std::slice::from_ref;
use std::sync::Arc;

use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::http::Response;
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::url::{Url, Zone};
use crate::flow::documents::{as_openid_provider, first_document, is_nothing, nothing_found, telling};
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::authorization_server::{self, AuthorizationServer};
use crate::protocol::challenge::Challenge;
use crate::protocol::discovery::Discovery;
use crate::protocol::protected_resource::{self, ProtectedResource, Statement};
use crate::protocol::settings::ServerSettings;
use crate::protocol::trace::{Event, Party, object};
use crate::protocol::well_known;
use crate::record;

/// Authorization servers that are asked for their metadata, however many are listed.
const AUTHORIZATION_SERVER_LIMIT: usize = 10;

record! {
    /// What discovery starts from (RFC 9728 §3, RFC 8414 §3).
    #[derive(Debug)]
    pub struct DiscoverInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The challenge of its 401 or 403, where there was one.
        pub challenge: Option<Challenge>,
        /// The issuer of a stored session: tried first where the server names several.
        pub preferred_issuer: Option<Issuer>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

/// Finds out who protects this MCP server and who signs people in for it (RFC 9728, RFC 8414).
pub fn discover(replay: &Replay, input: &DiscoverInput) -> Result<Discovery> {
    let protected_resource = discover_resource(replay, input, None)?;
    discover_issuer(replay, input, protected_resource, None)
}

impl DiscoverInput {
    fn settings(&self) -> Arc<ServerSettings> {
        self.settings.clone().unwrap_or_default()
    }

    /// Whoever names others here.
    pub(crate) fn named_by(&self) -> Zone {
        let is_trusted = self.settings.as_ref().is_some_and(|settings| settings.allow_private_addresses == Some(true));
        if is_trusted { Zone::Local } else { self.endpoint.url().zone() }
    }

    /// Where the challenge says that the protected resource's metadata is.
    fn challenged(&self) -> Option<&str> {
        self.challenge.as_ref()?.resource_metadata.as_deref()
    }

    /// The issuer that is tried first.
    pub(crate) fn preferred(&self) -> Option<&Issuer> {
        let configured = || self.settings.as_ref()?.client.as_ref()?.issuer.as_ref();
        self.preferred_issuer.as_ref().or_else(configured)
    }
}

/// Finds out who protects this MCP server (RFC 9728).
///
/// `known`: where it had its metadata before, which is believed first.
pub(crate) fn discover_resource(
    replay: &Replay,
    input: &DiscoverInput,
    known: Option<&String>,
) -> Result<Arc<ProtectedResource>> {
    let (settings, url, named_by) = (input.settings(), input.endpoint.url(), input.named_by());
    settings.require_issuer()?;
    let challenged = input.challenged();
    let mut candidates = match challenged {
        Some(metadata) => {
            let named = Endpoint::named(metadata, named_by);
            let named =
                named.map_err(|error| error.reading("member", "resource_metadata").reading("url", url.as_str()))?;
            vec![named.as_str().to_owned()]
        }
        None => well_known::protected_resource(url),
    };
    if let Some(before) = candidates.iter().position(|candidate| Some(candidate) == known) {
        candidates.swap(0, before);
    }
    let may_lack_metadata = challenged.is_none() && settings.without_metadata != Some(false);
    match discover_protected_resource(replay, candidates, &input.endpoint, named_by) {
        Err(error) if is_nothing(&error) && may_lack_metadata => {
            replay.trace(Event::decision(Step::Discover, "goes on without metadata (MCP 2025-03-26)", Json::Null));
            protected_resource::without_metadata(url)
        }
        discovered => discovered,
    }
}

/// Finds out who signs people in for a protected resource (RFC 8414). `known`: the server as it was before.
pub(crate) fn discover_issuer(
    replay: &Replay,
    input: &DiscoverInput,
    protected_resource: Arc<ProtectedResource>,
    known: Option<&AuthorizationServer>,
) -> Result<Discovery> {
    let (settings, named_by) = (input.settings(), input.named_by());
    let preferred = input.preferred();
    let is_preferred = |issuer: &Issuer| preferred.is_some_and(|preferred| preferred.is_same_for_discovery(issuer));
    let mut issuers = Vec::new();
    for preferred in [true, false] {
        for issuer in &protected_resource.authorization_servers {
            if is_preferred(issuer) == preferred {
                issuers.push(issuer);
            }
        }
    }
    let lacks_metadata = protected_resource.metadata_url.is_none();
    // One request too many is spent on speed: this one, or that for a location that the challenge then did not name.
    let guessed = well_known::protected_resource_of(input.endpoint.url());
    let mut may_ask_beside = input.challenged().is_none_or(|named| named == guessed);
    let mut usable = None;
    let mut failure = None;
    for issuer in issuers.into_iter().take(AUTHORIZATION_SERVER_LIMIT) {
        let locations = locations(replay, issuer, known, std::mem::take(&mut may_ask_beside));
        match discover_authorization_server(replay, issuer, &locations, &settings, (input.endpoint.url(), named_by)) {
            Ok(server) if can_register(&server, &settings) => {
                usable = Some(server);
                break;
            }
            Ok(server) => usable = usable.or(Some(server)),
            Err(error) if error.kind() == Kind::Transport && !is_nothing(&error) => return Err(error),
            Err(error) if is_missing(&error) && settings.authorization_server_metadata.is_some() => {
                usable = Some(authorization_server::configured(issuer, &settings)?);
            }
            Err(error) if lacks_metadata && error.code == Code::NoAuthorizationServerMetadata => {
                usable = Some(authorization_server::without_metadata(issuer, &settings)?);
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let authorization_server = match (usable, failure) {
        (Some(server), _) => server,
        (None, Some(error)) => return Err(error),
        (None, None) => return Err(nothing_found(Code::NoAuthorizationServerMetadata, &[])),
    };
    let is_named = [&settings.scopes, &settings.optional_scopes, &protected_resource.scopes_supported]
        .into_iter()
        .chain([&input.challenge.as_ref().and_then(|challenge| challenge.scopes.clone())])
        .flatten()
        .any(|scopes| !scopes.is_empty());
    let authorization_server = if is_named {
        authorization_server
    } else {
        as_openid_provider(replay, authorization_server, &settings, input.endpoint.url())
    };
    let decision = object()
        .with("resource", protected_resource.resource.as_str().into())
        .with("issuer", authorization_server.issuer.as_str().into());
    replay.trace(Event::decision(
        Step::Discover,
        &filled("signs in at {}", &[authorization_server.issuer.as_str()]),
        decision,
    ));
    let (endpoint, challenge) = (input.endpoint.clone(), input.challenge.clone());
    Ok(Discovery { endpoint, challenge, protected_resource, authorization_server })
}

fn discover_protected_resource(
    replay: &Replay,
    candidates: Vec<String>,
    called: &Endpoint,
    named_by: Zone,
) -> Result<Arc<ProtectedResource>> {
    let exchange = Exchange { replay, step: Step::Discover, party: Party::ProtectedResource, named_by: called.url() };
    let none = Code::NoProtectedResourceMetadata;
    let read = |response: &Response, url: &str| protected_resource::read(response, url, called.url(), named_by);
    let mut found = first_document(&exchange, &candidates, none, read);
    // What a challenge names is the only location.
    let other = well_known::protected_resource_otherwise_spelled(called.url()).filter(|_| candidates.len() > 1);
    if let (Err(error), Some(other)) = (&found, &other)
        && is_nothing(error)
    {
        found = first_document(&exchange, from_ref(other), none, read);
        let candidates = [candidates, vec![other.clone()]].concat();
        found = found.map_err(|error| if error.code == none { nothing_found(none, &candidates) } else { error });
    }
    let location = match found? {
        Statement::Identified(protected_resource) => return Ok(protected_resource),
        Statement::ConfirmAt(location) => location,
    };
    let confirmed = first_document(&exchange, from_ref(&location), none, read);
    match confirmed {
        Ok(Statement::Identified(protected_resource)) => Ok(protected_resource),
        Err(error) if error.code != none && telling(&error) > 0 => Err(error),
        _ => Err(protected_resource::unconfirmed(called, &location)),
    }
}

/// An authorization server as its metadata has it now, wherever that is by now.
pub(crate) fn read_again(
    replay: &Replay,
    input: &DiscoverInput,
    known: &AuthorizationServer,
) -> Result<Arc<AuthorizationServer>> {
    let locations = locations(replay, &known.issuer, Some(known), false);
    let now = discover_authorization_server(
        replay,
        &known.issuer,
        &locations,
        &input.settings(),
        (input.endpoint.url(), input.named_by()),
    )?;
    // What only its OpenID document says was looked up before.
    let (openid_provider, scopes_supported) = (now.openid_provider, now.scopes_supported.clone());
    Ok(Arc::new(AuthorizationServer {
        openid_provider: openid_provider.or(known.openid_provider),
        scopes_supported: scopes_supported.or_else(|| known.scopes_supported.clone()),
        ..Arc::unwrap_or_clone(now)
    }))
}

/// Where an authorization server's metadata is read again: where RFC 8414 has it, and where it was.
pub(crate) fn locations_again(known: &AuthorizationServer) -> Vec<String> {
    let mut locations = well_known::authorization_server(&known.issuer);
    locations.truncate(1);
    locations.extend(known.metadata_url.clone().filter(|url| !locations.contains(url)));
    locations
}

/// Where an issuer's metadata is looked for, in order. The second one is asked for beside the first: the one where it was
/// before, or else the last, which is where OpenID providers have it.
fn locations(
    replay: &Replay,
    issuer: &Issuer,
    known: Option<&AuthorizationServer>,
    may_ask_beside: bool,
) -> Vec<String> {
    let mut candidates = well_known::authorization_server(issuer);
    let known = known.filter(|known| known.issuer.is_same_for_discovery(issuer));
    let second = match known {
        Some(known) => known.metadata_url.clone(),
        None => candidates.last().filter(|_| may_ask_beside).cloned(),
    };
    if let Some(second) = second.filter(|second| candidates.iter().skip(1).any(|candidate| candidate == second))
        && replay.ask_ahead(from_ref(&second))
    {
        candidates.retain(|candidate| *candidate != second);
        candidates.insert(1, second);
    }
    candidates
}

fn discover_authorization_server(
    replay: &Replay,
    issuer: &Issuer,
    candidates: &[String],
    settings: &ServerSettings,
    (named_by, zone): (&Url, Zone),
) -> Result<Arc<AuthorizationServer>> {
    let exchange = Exchange { replay, step: Step::Discover, party: Party::AuthorizationServer, named_by };
    // What it names is no nearer than itself, whoever named it.
    let zone = if settings.allow_private_addresses == Some(true) { zone } else { issuer.url().zone() };
    let read = |response: &Response, url: &str| authorization_server::read(response, url, issuer, settings, zone);
    first_document(&exchange, candidates, Code::NoAuthorizationServerMetadata, read)
}

/// Whether there is no document, rather than one that does not hold.
fn is_missing(error: &Error) -> bool {
    is_nothing(error) || error.code == Code::NotJson
}

fn can_register(server: &AuthorizationServer, settings: &ServerSettings) -> bool {
    settings.client.is_some() || server.registration_endpoint.is_some() || server.client_id_metadata_document_supported
}

//! What people read where a client cannot be registered, or not for what is required: whose word it is, and what to change.

use crate::data::error::{Code, Error, Result};
use crate::data::http::StatedError;
use crate::data::identifier::{Endpoint, RedirectUri};
use crate::data::json::Json;
use crate::data::printable::{filled, joined, mentions, printable};
use crate::data::record::AsJson;
use crate::data::scope::ScopeSet;
use crate::data::url::Url;
use crate::protocol::authorization_server::AuthorizationServer;
use crate::protocol::registration::{ClientRegistration, RegistrationKind};
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::settings::PreRegisteredClient;

/// The error where there is no way to register.
pub fn impossible(server: &AuthorizationServer) -> Box<Error> {
    let message = "The authorization server {} offers no way to register a client. Register one there by hand, and configure its `client_id` as the setting `client.clientId` for this server.";
    Error::new(Code::NeedsClientId, message, &[server.issuer.as_str()]).with("issuer", server.issuer.as_str())
}

/// What a server says that is about the person, the scopes, or itself.
const OF_OTHERS: [&str; 7] = [
    "access_denied",
    "invalid_scope",
    "temporarily_unavailable",
    "unsupported_response_type",
    "login_required",
    "consent_required",
    "interaction_required",
];

/// Whether a client may have been refused for its metadata document. Servers that do not get along with one have many words
/// for it.
pub fn may_be_of_document(error: &Error) -> bool {
    let stated = error.detail("error");
    let says = |word: &str| mentions(error.detail("errorDescription"), word);
    // A server may well have failed at the document.
    let is_servers = stated == "server_error" && !["client", "metadata", "document"].into_iter().any(says);
    !OF_OTHERS.contains(&stated) && !is_servers
}

/// The error for a redirect URI that the client metadata document does not list.
pub fn redirect_not_listed(uri: &RedirectUri, document: &Url, listed: &[&str]) -> Box<Error> {
    let listed: Vec<String> = listed.iter().map(|uri| printable(uri)).collect();
    let message = "The client metadata document {} lists the redirect URIs {}, and not {}, so the authorization server would refuse that one. No browser was opened. List it there, or set up the host's `redirect` so that it has one of those (`loopbackRedirect` by its `path`, with `pathPerIssuer: false`).";
    Error::new(Code::RedirectNotListed, message, &[document.as_str(), &joined(&listed, ", "), uri.as_str()])
        .with("redirectUri", uri.as_str())
        .with("redirectUris", listed.to_json())
}

/// Refuses a redirect URI that is not the one with which the client was registered by hand.
pub fn require_redirect_uri_of(client: &PreRegisteredClient, redirect_uri: Option<&RedirectUri>) -> Result<()> {
    let (Some(registered), Some(uri)) = (&client.redirect_uri, redirect_uri) else { return Ok(()) };
    if uri.is_registered_as(registered.as_str()) {
        return Ok(());
    }
    let message = "The client was registered with the redirect URI {} (the setting `client.redirectUri`), and this application comes back to {}, which the authorization server would refuse. No browser was opened. If another program has that port, end it; else set up the host's `redirect` so that it has that one.";
    let error = Error::new(Code::RedirectNotListed, message, &[registered.as_str(), uri.as_str()]);
    Err(error.with("redirectUri", uri.as_str()).with("redirectUris", Json::array_of(&[registered.as_str()])))
}

/// The error for a registration that is redirected, and not followed: such as to a page to sign in.
pub fn redirected(server: &AuthorizationServer, endpoint: &Endpoint, target: Option<&Url>) -> Box<Error> {
    let (issuer, endpoint) = (server.issuer.as_str(), endpoint.as_str());
    let target = target.map_or("elsewhere".to_owned(), |target| printable(target.href()));
    let message = "The authorization server {} does not register clients for everybody: its registration endpoint {} redirects to {}, as if somebody had to sign in there first. That was not followed. Sign in there, or ask its operator, to register a client by hand, and configure its `client_id` as the setting `client.clientId` for this server; if that is no page to sign in, the operator has to correct `registration_endpoint`.";
    Error::new(Code::RegistrationRefused, message, &[issuer, endpoint, &target])
        .with("issuer", issuer)
        .with("endpoint", endpoint)
        .with("location", target)
}

/// The error where the secret of a new client counts no more when it arrives.
pub fn expired(server: &AuthorizationServer) -> Box<Error> {
    let message = "The authorization server {} registered this client with a secret that has expired already (`client_secret_expires_at`), by which nobody could sign in. Check this machine's clock. If it is right, ask the server's operator to correct that, or to register a client by hand, and configure its `client_id` as the setting `client.clientId` for this server.";
    let issuer = server.issuer.as_str();
    Error::new(Code::RegistrationRefused, message, &[issuer]).with("issuer", issuer)
}

/// The refusal of a registration, for people.
pub fn refused(refusal: StatedError, status: u16, server: &AuthorizationServer, plan: &ScopePlan) -> Box<Error> {
    let remedy = if mentions(&refusal.description, "client-registration service") {
        " The operator of a Keycloak changes that policy in the admin console: Clients, Client registration, Client registration policies (anonymous access)."
    } else if matches!(status, 401 | 403) {
        " If it is for those alone whom its operator gave an initial access token, configure that as `initialAccessToken` for this server."
    } else if plan.to_register().is_empty() {
        " If it wants a `scope`, configure `scopes` for this server."
    } else {
        ""
    };
    let sentence = "The authorization server {} refused to register this client. Ask its operator to permit registration, or configure a client that was registered by hand.{}";
    let issuer = server.issuer.as_str();
    let error = refusal.into_error(Code::RegistrationRefused, sentence, &[issuer, remedy]);
    error.with("status", status).with("issuer", issuer)
}

/// What an operator can change where scopes are refused that the registration does not name.
const PERMIT: &str = "Its operator has to permit them for clients that register themselves (in Keycloak: the realm's client scopes, and its client registration policy `Allowed Client Scopes`); if they come from the setting `scopes`, remove them there. Then sign in again.";

/// The error for scopes that are required, and that this client cannot have: known before any browser opens. It names the
/// scopes, the server, and what to change.
pub fn scopes_missing(missing: &ScopeSet, registration: &ClientRegistration) -> Box<Error> {
    let scopes = missing.to_parameter().unwrap_or_default();
    let client_id = &registration.client_id;
    let (what, remedy, which) = match registration.kind {
        RegistrationKind::PreRegistered => (
            "did not register",
            "Have them added, there and in the setting `client.scopes`, for the client ",
            filled("{}.", &[client_id]),
        ),
        RegistrationKind::MetadataDocument => (
            "did not register",
            "Add them to `scope` in the client metadata document, or leave `scope` out of it: ",
            filled("{}.", &[client_id]),
        ),
        RegistrationKind::Dynamic => ("refused", PERMIT, String::new()),
    };
    let message =
        "The authorization server {} {} this client for the required scopes `{}`, so requesting them would fail. {}{}";
    let issuer = registration.issuer.as_str();
    Error::new(Code::ScopeNotRegistered, message, &[issuer, what, &scopes, remedy, &which])
        .with("scope", scopes)
        .with("issuer", issuer)
}

/// The refusal of scopes that were asked for outright, for people.
pub fn refused_outright(refusal: StatedError, scopes: &str, issuer: &str) -> Box<Error> {
    let message = "The authorization server {} refused the scopes `{}`, which the MCP server demands and its registration of this client does not name. {}";
    let mut error = refusal.into_error(Code::ScopeNotRegistered, message, &[issuer, scopes, PERMIT]);
    error.details.retain(|(name, _)| *name != "scope");
    error.with("scope", scopes).with("issuer", issuer)
}

//! An authorization server's metadata (RFC 8414): a value that exists only if its issuer was verified.

use std::sync::Arc;

use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::{Parameters, Response};
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::json::Json;
use crate::data::printable::{filled, printable_url};
use crate::data::scope::ScopeSet;
use crate::data::url::Zone;
use crate::protocol::protected_resource::listed_scopes;
use crate::protocol::scope_plan::OPENID;
use crate::protocol::settings::ServerSettings;
use crate::record;

/// Where a server has more to offer: pushed authorization requests (RFC 9126), sign-in on another device (RFC 8628),
/// revocation (RFC 7009), and its keys (RFC 7517).
pub const OTHER_ENDPOINTS: [&str; 4] =
    [PUSHED_AUTHORIZATION_REQUEST_ENDPOINT, "device_authorization_endpoint", "revocation_endpoint", "jwks_uri"];

/// Where authorization requests are pushed to (RFC 9126 §5).
pub const PUSHED_AUTHORIZATION_REQUEST_ENDPOINT: &str = "pushed_authorization_request_endpoint";

record! {
    /// What an authorization server says of itself (RFC 8414 §2). Exists only if its issuer was verified.
    #[derive(Debug)]
    pub struct AuthorizationServer {
        /// Its issuer identifier, as its own document spells it: what `iss` is compared with.
        pub issuer: Issuer,
        /// Where people are sent.
        pub authorization_endpoint: Endpoint,
        /// Where codes and refresh tokens are traded.
        pub token_endpoint: Endpoint,
        /// Where clients are registered (RFC 7591); absent where there is no dynamic registration.
        pub registration_endpoint: Option<Endpoint>,
        /// Its other endpoints, by the names that its document gives them: those of [`OTHER_ENDPOINTS`] that it has.
        pub endpoints: Option<Parameters>,
        /// Whether authorization requests have to be pushed (RFC 9126 §5).
        pub require_pushed_authorization_requests: Option<bool>,
        /// Every scope that the server lists. Never requested as a whole; it only answers whether one is known.
        pub scopes_supported: Option<ScopeSet>,
        /// Whether it is an OpenID provider: its document has the members that OpenID Connect Discovery §3 requires, and
        /// `openid` among its scopes, where it lists any.
        pub openid_provider: Option<bool>,
        /// How clients may authenticate at the token endpoint; absent where the server does not say.
        pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
        /// The grants that it lists; absent where it does not say.
        pub grant_types_supported: Option<Vec<String>>,
        /// Whether every authorization response carries `iss` (RFC 9207).
        pub authorization_response_iss_parameter_supported: bool,
        /// Whether a client identifier may be the URL of a metadata document.
        pub client_id_metadata_document_supported: bool,
        /// The URL that the metadata was read from; absent where it publishes none (MCP revision 2025-03-26).
        pub metadata_url: Option<String>,
    }
}

impl AuthorizationServer {
    /// Refuses a server that offers no sign-in on another device (RFC 8628 §4), before a client is registered for that.
    pub fn require_device_authorization(&self) -> Result<()> {
        if self.endpoints.as_ref().is_some_and(|endpoints| endpoints.get("device_authorization_endpoint").is_some()) {
            return Ok(());
        }
        let issuer = self.issuer.as_str();
        let message = "{} offers no sign-in on another device (RFC 8628). Sign in with a browser instead.";
        let error = Error::new(Code::NoDeviceAuthorizationEndpoint, message, &[issuer]);
        Err(error.with("issuer", issuer).at(Step::Authorize))
    }

    /// The member, if there is one, by which it is not the server that a person was sent to.
    pub fn differs_from(&self, other: &AuthorizationServer) -> Option<&'static str> {
        let iss = |server: &AuthorizationServer| server.authorization_response_iss_parameter_supported;
        [
            ("issuer", self.issuer == other.issuer),
            ("authorization_endpoint", self.authorization_endpoint == other.authorization_endpoint),
            ("token_endpoint", self.token_endpoint == other.token_endpoint),
            ("authorization_response_iss_parameter_supported", iss(self) == iss(other)),
        ]
        .into_iter()
        .find_map(|(member, is_same)| (!is_same).then_some(member))
    }
}

/// Reads the metadata that was fetched from `metadata_url` for the issuer `asked`.
///
/// The settings may say otherwise of single members, and that S256 may be taken for granted.
pub fn read(
    response: &Response,
    metadata_url: &str,
    asked: &Issuer,
    settings: &ServerSettings,
    named_by: Zone,
) -> Result<Arc<AuthorizationServer>> {
    from_document(response.document()?, Some(metadata_url.to_owned()), asked, settings, named_by)
}

/// What MCP revision 2025-03-26 takes for granted of a server that publishes no metadata: PKCE, and three endpoints.
pub fn without_metadata(issuer: &Issuer, settings: &ServerSettings) -> Result<Arc<AuthorizationServer>> {
    let at = |path: &str| filled("{}{}", &[issuer.as_str(), path]).into();
    let document = Json::Object(Vec::new())
        .with("issuer", issuer.as_str().into())
        .with("authorization_endpoint", at("/authorize"))
        .with("token_endpoint", at("/token"))
        .with("registration_endpoint", at("/register"))
        .with("code_challenge_methods_supported", Json::array_of(&["S256"]));
    from_document(&document, None, issuer, settings, Zone::Local)
}

/// What the host says of a server that publishes no metadata.
pub fn configured(issuer: &Issuer, settings: &ServerSettings) -> Result<Arc<AuthorizationServer>> {
    let document = Json::Object(Vec::new()).with("issuer", issuer.as_str().into());
    from_document(&document, None, issuer, settings, Zone::Local)
        .map_err(|error| error.reading("url", "the setting `authorizationServerMetadata`"))
}

/// An endpoint that cannot be called: as if it were absent, where this sign-in does without.
fn unless(spared: bool, endpoint: Result<Option<Endpoint>>) -> Result<Option<Endpoint>> {
    if spared { Ok(endpoint.unwrap_or_default()) } else { endpoint }
}

fn is_openid_provider(document: &Json) -> bool {
    let has = |member: &str| document.member(member).strings().is_some_and(|list| !list.is_empty());
    let lists_openid = listed_scopes(document).is_none_or(|scopes| scopes.contains(OPENID));
    has("subject_types_supported") && has("id_token_signing_alg_values_supported") && lists_openid
}

fn from_document(
    document: &Json,
    metadata_url: Option<String>,
    asked: &Issuer,
    settings: &ServerSettings,
    named_by: Zone,
) -> Result<Arc<AuthorizationServer>> {
    let document = document.overridden(settings.authorization_server_metadata.as_ref().unwrap_or(&Json::Null));
    let invalid = |member: &str, rule: &str| {
        Error::invalid_document("The authorization server's metadata (RFC 8414 §2)", member, rule)
    };
    let text = document.member("issuer").as_str().ok_or_else(|| invalid("issuer", "must be a string"))?;
    let issuer = Issuer::named(text, named_by).ok().filter(|issuer| issuer.is_same_for_discovery(asked)).ok_or_else(|| {
        let (asked, named) = (asked.as_str(), printable_url(text));
        let message = "The authorization server's metadata names another issuer, `{}`, than the one that was asked for, `{}` (RFC 8414 §3.3). It was not used. One of two has to be corrected: `issuer` in that metadata, or `authorization_servers` in the MCP server's.";
        Error::new(Code::IssuerMismatch, message, &[&named, asked]).with("asked", asked).with("named", named)
    })?;
    let optional = |member: &'static str| match document.member(member) {
        Json::Null => Ok(None),
        Json::String(text) if text.is_empty() => Ok(None),
        Json::String(text) => {
            Endpoint::named(text, named_by).map(Some).map_err(|error| error.reading("member", member))
        }
        _ => Err(invalid(member, "must be a string")),
    };
    let required = |member: &'static str| optional(member)?.ok_or_else(|| invalid(member, "is missing"));
    let strings = |member: &'static str| {
        document.member(member).strings().map(|list| list.into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    let is_true = |member: &'static str| *document.member(member) == Json::Bool(true);

    let mut endpoints: Option<Parameters> = None;
    let required_pushes = requires_pushed(&document);
    let pushes = required_pushes.or(settings.pushed_authorization_requests) == Some(true);
    for name in OTHER_ENDPOINTS {
        let is_needed = pushes && name == PUSHED_AUTHORIZATION_REQUEST_ENDPOINT;
        if let Some(endpoint) = unless(!is_needed, optional(name))? {
            endpoints.get_or_insert_default().add(name, endpoint.as_str());
        }
    }
    let server = Arc::new(AuthorizationServer {
        authorization_endpoint: required("authorization_endpoint")?,
        token_endpoint: required("token_endpoint")?,
        registration_endpoint: unless(settings.client.is_some(), optional("registration_endpoint"))?,
        endpoints,
        require_pushed_authorization_requests: required_pushes,
        openid_provider: is_openid_provider(&document).then_some(true),
        scopes_supported: listed_scopes(&document),
        token_endpoint_auth_methods_supported: strings("token_endpoint_auth_methods_supported"),
        grant_types_supported: strings("grant_types_supported"),
        authorization_response_iss_parameter_supported: is_true("authorization_response_iss_parameter_supported"),
        client_id_metadata_document_supported: is_true("client_id_metadata_document_supported"),
        metadata_url,
        issuer,
    });
    let challenge_methods = strings("code_challenge_methods_supported").unwrap_or_default();
    if settings.assume_s256 != Some(true) && !challenge_methods.iter().any(|method| method == "S256") {
        let message = "The authorization server does not say that it supports PKCE with S256 (`code_challenge_methods_supported`, RFC 8414 §2), without which an authorization code could be stolen. If you know that it does, set `assumeS256` for this server.";
        return Err(Error::new(Code::NoS256, message, &[]).with("issuer", server.issuer.as_str()));
    }
    Ok(server)
}

/// Whether the metadata of a client, as of a server, says that authorization requests have to be pushed (RFC 9126 §5, §6).
pub fn requires_pushed(metadata: &Json) -> Option<bool> {
    (*metadata.member("require_pushed_authorization_requests") == Json::Bool(true)).then_some(true)
}

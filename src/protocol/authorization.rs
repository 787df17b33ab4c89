//! The authorization request and its response (RFC 6749 §4.1.1 and §4.1.2, RFC 9207).

use std::sync::Arc;

use crate::data::error::{Code, Error, Result};
use crate::data::http::{Parameters, StatedError};
use crate::data::identifier::Secret;
use crate::data::printable::{filled, printable, printable_url};
use crate::data::url::Url;
use crate::protocol::discovery::Discovery;
use crate::protocol::pkce::{self, Pkce};
use crate::protocol::registration::ClientRegistration;
use crate::protocol::registration_refusal;
use crate::protocol::scope_plan::{OFFLINE_ACCESS, OPENID, ScopePlan};
use crate::protocol::settings::ServerSettings;
use crate::record;

/// Parameters that belong to the protocol: a host's own may not take their place.
const RESERVED: [&str; 13] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "nonce",
    "response_mode",
    "request",
    "request_uri",
    "client_secret",
];

record! {
    /// How often things were tried in one sign-in. Kept with the pending authorization, so that no restart resets it.
    #[derive(Copy, Debug, Default)]
    pub struct Attempts {
        /// How many registrations were sent, updates included.
        pub registrations: u64,
        /// How many of them were another attempt at the same scopes.
        pub scope_registrations: u64,
        /// How many trips there were through the browser, and looks that spared one.
        pub authorizations: u64,
        /// Whether the opt-in preflight was made.
        pub preflighted: bool,
    }
}

record! {
    /// An authorization that waits for its response (RFC 6749 §4.1). The process may end meanwhile: this is all that
    /// is needed to go on. Stored under its `state`, used once.
    #[derive(Debug)]
    pub struct PendingAuthorization {
        /// The version of this record: 1.
        pub version: u64,
        /// The unguessable value that the response has to carry (RFC 6749 §10.12).
        pub state: Secret,
        /// The secret half of PKCE (RFC 7636 §4.1).
        pub code_verifier: Secret,
        /// What an ID Token has to repeat, where `openid` was requested.
        pub nonce: Option<Secret>,
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The `resource` parameter, where one is sent (RFC 8707 §2).
        pub resource: Option<String>,
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The scopes.
        pub plan: Arc<ScopePlan>,
        /// Whether `prompt=consent` was sent, which nobody asked for.
        pub consent_prompt: Option<bool>,
        /// What was tried so far.
        pub attempts: Attempts,
        /// When it began, in seconds since 1970.
        pub created_at: u64,
    }
}

/// What an authorization response says, once `state` and issuer held.
pub enum AuthorizationResponse {
    /// The person agreed.
    Code(AuthorizationCode),
    /// The server refused.
    Refused(StatedError),
}

/// A code that arrived with the right `state` and issuer. There is no other way to make one.
pub struct AuthorizationCode(Secret);

impl AuthorizationCode {
    /// The code, for the token request.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// An authorization request that is ready to be sent.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// Its parameters.
    pub parameters: Parameters,
    /// What to keep until its response.
    pub pending: PendingAuthorization,
}

impl AuthorizationRequest {
    /// The URL to open.
    pub fn url(&self) -> String {
        url_with(&self.parameters, &self.pending)
    }
}

/// The authorization endpoint with these parameters, beside those that it has already, as far as they are none of the
/// protocol's.
pub fn url_with(parameters: &Parameters, pending: &PendingAuthorization) -> String {
    let endpoint = pending.discovery.authorization_server.authorization_endpoint.url();
    let mut all = Parameters::read(endpoint.query());
    for name in RESERVED {
        all.set(name, None);
    }
    for (name, value) in parameters.iter() {
        all.set(name, Some(value));
    }
    filled("{}{}?{}", &[&endpoint.origin(), endpoint.path(), &all.to_text()])
}

/// Builds the authorization request.
///
/// Refuses a plan with required scopes for which the client is not registered, so that no browser opens in vain.
pub fn request(
    discovery: Arc<Discovery>,
    registration: Arc<ClientRegistration>,
    plan: &ScopePlan,
    settings: &ServerSettings,
    random: [[u8; 32]; 3],
    attempts: Attempts,
    now: u64,
) -> Result<AuthorizationRequest> {
    registration.require_issuer(&discovery.authorization_server)?;
    let [for_pkce, for_state, for_nonce] = random;
    let plan = registration.plan(plan);
    let missing = registration.missing(&plan);
    if !missing.is_empty() {
        return Err(registration_refusal::scopes_missing(&missing, &registration));
    }
    let redirect_uri = registration.redirect_uri.as_ref().ok_or_else(|| {
        let message = "This client was registered without `redirectUri`. Register one with it.";
        Error::new(Code::InvalidArgument, message, &[])
    })?;
    let Pkce { code_verifier, code_challenge, code_challenge_method } = pkce::pair(for_pkce);
    let state = pkce::unguessable(for_state);
    let resource = discovery.resource(settings);
    let requested = plan.requested();
    let nonce = requested.contains(OPENID).then(|| pkce::unguessable(for_nonce));

    let mut parameters = Parameters::default();
    let extra = settings.authorization_parameters.as_ref();
    let is_hosts = settings.consent_prompt.is_some() || extra.is_some_and(|extra| extra.get("prompt").is_some());
    let is_offline = requested.contains(OFFLINE_ACCESS);
    let consent_prompt = is_offline && !is_hosts && registration.consent_prompt_refused != Some(true);
    if consent_prompt || is_offline && settings.consent_prompt == Some(true) {
        parameters.set("prompt", Some("consent"));
    }
    add_extra_parameters(&mut parameters, settings)?;
    parameters.set("response_type", Some("code"));
    parameters.set("client_id", Some(&registration.client_id));
    parameters.set("redirect_uri", Some(redirect_uri.as_str()));
    parameters.set("scope", requested.to_parameter().as_deref());
    parameters.set("state", Some(state.reveal()));
    parameters.set("nonce", nonce.as_ref().map(Secret::reveal));
    parameters.set("code_challenge", Some(&code_challenge));
    parameters.set("code_challenge_method", Some(&code_challenge_method));
    parameters.set("resource", resource.as_deref());
    let pending = PendingAuthorization {
        version: 1,
        state,
        code_verifier,
        nonce,
        discovery,
        resource,
        registration,
        plan,
        consent_prompt: consent_prompt.then_some(true),
        attempts,
        created_at: now,
    };
    Ok(AuthorizationRequest { parameters, pending })
}

fn add_extra_parameters(parameters: &mut Parameters, settings: &ServerSettings) -> Result<()> {
    let Some(extra) = &settings.authorization_parameters else { return Ok(()) };
    for (name, value) in extra.iter() {
        if RESERVED.contains(&name) {
            let message = "The authorization parameter `{}` belongs to the protocol and cannot be set by `authorizationParameters`.";
            return Err(Error::new(Code::ReservedParameter, message, &[name]).with("parameter", name));
        }
        parameters.set(name, Some(value));
    }
    Ok(())
}

/// Reads the authorization response: the whole URL that the browser was sent back to.
///
/// First where it arrived and `state`, then the issuer (RFC 9207 §2.4), and only then anything else that it says,
/// errors included.
pub fn read(callback_url: &str, pending: &PendingAuthorization) -> Result<AuthorizationResponse> {
    let invalid = |what: &str| {
        let message = "The authorization response cannot be used: {}. Nothing was sent to the authorization server; sign in again.";
        Error::new(Code::InvalidAuthorizationResponse, message, &[what])
    };
    let url = Url::parse(callback_url).ok_or_else(|| invalid("it is not a URL"))?;
    if !pending.registration.redirect_uri.as_ref().is_some_and(|uri| uri.is_location_of(&url)) {
        return Err(invalid("it did not arrive at the redirect URI of this sign-in"));
    }
    let parameters = Parameters::read(url.query());
    if ["state", "iss", "code", "error"].iter().any(|name| parameters.count(name) > 1) {
        return Err(invalid("it repeats a parameter (RFC 6749 §3.1)"));
    }
    if !parameters.get("state").is_some_and(|state| pending.state.equals(state)) {
        let message = "The authorization response does not belong to this sign-in: its `state` is missing or another (RFC 6749 §10.12). It was ignored; the sign-in can still be completed.";
        return Err(Error::new(Code::StateMismatch, message, &[]));
    }
    check_issuer(parameters.get("iss"), pending)?;
    if let Some(error) = parameters.get("error").filter(|error| !error.is_empty()) {
        return Ok(AuthorizationResponse::Refused(StatedError {
            error: Some(printable(error)),
            description: parameters.get("error_description").map(printable).unwrap_or_default(),
            scope: parameters.get("scope").map(str::to_owned),
        }));
    }
    let code = parameters.get("code").filter(|code| !code.is_empty());
    let code = code.map(|code| AuthorizationResponse::Code(AuthorizationCode(Secret::new(code))));
    code.ok_or_else(|| invalid("it carries neither a code nor an error"))
}

/// The four rows of RFC 9207 §2.4, by simple string comparison.
fn check_issuer(iss: Option<&str>, pending: &PendingAuthorization) -> Result<()> {
    let server = &pending.discovery.authorization_server;
    let named = printable_url(iss.unwrap_or_default());
    let fault = match (iss, server.authorization_response_iss_parameter_supported) {
        (Some(iss), _) if iss == server.issuer.as_str() => return Ok(()),
        (None, false) => return Ok(()),
        (None, true) => "lacks the `iss` that the server's metadata promises".to_owned(),
        (Some(_), _) => filled("has `{}` as its `iss`, which is another issuer than the one that was asked", &[&named]),
    };
    let message = "The authorization response {} (RFC 9207 §2.4), as in a mix-up attack. Nothing of it was used. If it happens again, the operator of {} has to correct it: `iss` must be that, exactly as `issuer` in the server's metadata.";
    let issuer = server.issuer.as_str();
    let error = Error::new(Code::ResponseIssuerMismatch, message, &[&fault, issuer]).with("issuer", issuer);
    Err(if named.is_empty() { error } else { error.with("named", named) })
}

//! Token requests and answers (RFC 6749 §4.1.3, §5 and §6).

use std::sync::Arc;

use crate::authorization::{AuthorizationCode, PendingAuthorization};
use crate::authorization_server::AuthorizationServer;
use crate::discovery::Discovery;
use crate::error::{Code, Error, Result};
use crate::http::{Parameters, Request, Response};
use crate::identifier::Secret;
use crate::json::Json;
use crate::registration::ClientRegistration;
use crate::scope::ScopeSet;
use crate::scope_plan::ScopePlan;
use crate::{record, words};

/// A longer lifetime is taken for this one, 136 years: a stored session holds no number that it could not read again.
const LONGEST_LIFETIME: u64 = u32::MAX as u64;

words! {
    /// The grant that a session came from, and can be renewed by (RFC 6749 §1.3).
    pub enum Grant {
        /// A person signed in.
        AuthorizationCode = "authorization_code",
    }
}

record! {
    /// The tokens of a session (RFC 6749 §5.1).
    #[derive(Debug)]
    pub struct Tokens {
        /// The access token, fit to stand in a header (RFC 6750 §2.1).
        pub access_token: Secret,
        /// When it expires, in seconds since 1970; absent: the server did not say.
        pub expires_at: Option<u64>,
        /// The refresh token, where there is one (RFC 6749 §1.5).
        pub refresh_token: Option<Secret>,
        /// When they were received, in seconds since 1970.
        pub received_at: u64,
    }
}

record! {
    /// A signed-in connection to one MCP server, as it is stored.
    #[derive(Debug)]
    pub struct Session {
        /// The version of this record: 1.
        pub version: u64,
        /// How it came about.
        pub grant: Grant,
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The `resource` parameter, the same on every request (RFC 8707 §2).
        pub resource: Option<String>,
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The scopes, with what was granted.
        pub plan: Arc<ScopePlan>,
        /// The tokens.
        pub tokens: Tokens,
    }
}

/// What a token endpoint answers when it agrees.
#[derive(Debug)]
pub struct Answer {
    access_token: Secret,
    expires_at: Option<u64>,
    refresh_token: Option<Secret>,
    scope: Option<String>,
}

/// Trades an authorization code for tokens.
pub fn request_with_code(code: &AuthorizationCode, pending: &PendingAuthorization) -> Request {
    let mut form = Parameters::default();
    form.add("grant_type", "authorization_code");
    form.add("code", code.reveal());
    form.add("redirect_uri", pending.registration.redirect_uri.as_str());
    form.add("code_verifier", pending.code_verifier.reveal());
    form.set("resource", pending.resource.as_deref());
    authenticated(form, &pending.registration, &pending.discovery.authorization_server)
}

/// Trades a refresh token for new tokens. No `scope` is sent: it stands for what was granted (RFC 6749 §6), and
/// anything else could be more than that.
pub fn request_with_refresh_token(refresh_token: &Secret, session: &Session) -> Request {
    let mut form = Parameters::default();
    form.add("grant_type", "refresh_token");
    form.add("refresh_token", refresh_token.reveal());
    form.set("resource", session.resource.as_deref());
    authenticated(form, &session.registration, &session.discovery.authorization_server)
}

fn authenticated(form: Parameters, registration: &ClientRegistration, server: &AuthorizationServer) -> Request {
    let secret = registration.client_secret.as_ref();
    registration.token_endpoint_auth_method.request(&server.token_endpoint, form, &registration.client_id, secret)
}

/// Reads a token answer: JSON, or a form as some servers send it. An `error` member wins over status 200.
pub fn read(response: &Response, now: u64) -> Result<Answer> {
    let document = document(response)?;
    if document.text("error").is_some() || !response.is_success() {
        return Err(refused(response));
    }
    let invalid = |member: &str, rule: &str| Error::invalid_document("The token answer (RFC 6749 §5.1)", member, rule);
    let text = |member| document.text(member);
    let access_token = text("access_token").ok_or_else(|| invalid("access_token", "is missing"))?;
    if !access_token.bytes().all(|byte| matches!(byte, 0x21..=0x7e)) {
        let message = "The access token contains characters that cannot stand in a header (RFC 6750 §2.1). It was not stored; the authorization server's operator has to correct it.";
        return Err(Error::new(Code::InvalidToken, &[message]));
    }
    if !text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")) {
        let message = "The access token is not of type Bearer, the only one that is supported. It was not stored. Ask the authorization server's operator for bearer tokens.";
        return Err(Error::new(Code::TokenTypeUnsupported, &[message]));
    }
    let lifetime = match document.member("expires_in") {
        Json::Null => None,
        number => Some(number.as_whole_number().ok_or_else(|| invalid("expires_in", "must be a number of seconds"))?),
    };
    Ok(Answer {
        access_token: Secret::new(access_token),
        expires_at: lifetime.map(|seconds| now.saturating_add(seconds.min(LONGEST_LIFETIME))),
        refresh_token: text("refresh_token").map(Secret::new),
        scope: text("scope").map(str::to_owned),
    })
}

fn document(response: &Response) -> Result<Json> {
    if response.media_type() == "application/x-www-form-urlencoded" {
        let form = Parameters::read(response.text().unwrap_or_default());
        let mut document = Json::Object(Vec::new());
        for name in ["access_token", "token_type", "expires_in", "refresh_token", "scope", "error"] {
            document = document.with(name, form.get(name).map_or(Json::Null, Json::from));
        }
        return Ok(document);
    }
    match response.document() {
        Err(error) if response.is_success() => Err(error),
        // A refusal says what it says by its status, whatever its body.
        document => Ok(document.unwrap_or(Json::Null)),
    }
}

/// Only a stated OAuth error is a refusal; a bare status decides nothing about credentials.
fn refused(response: &Response) -> Box<Error> {
    let stated = response.stated_error();
    let status = response.status;
    let (code, sentence) = match stated.error.as_deref() {
        None => {
            let message = "The token endpoint answered with a status that the protocol does not foresee, and without an OAuth error. Nothing was deleted; try again later.";
            return Error::new(Code::UnexpectedStatus, &[message]).with("status", status);
        }
        Some("invalid_client") => {
            (Code::ClientRefused, "The authorization server does not accept this client any more. Register it again.")
        }
        Some("temporarily_unavailable" | "server_error") => {
            (Code::ServerUnavailable, "The authorization server had a problem of its own. Try again later.")
        }
        Some(_) => (Code::TokenRefused, "The authorization server refused to issue tokens."),
    };
    stated.into_error(code, sentence).with("status", status)
}

/// A refresh that is refused with `invalid_grant`: the refresh token is dead, the client is not.
pub fn dead_refresh_token(mut error: Box<Error>) -> Box<Error> {
    if error.code == Code::TokenRefused && error.details.contains(&("error", "invalid_grant".into())) {
        error.code = Code::RefreshTokenRefused;
        error.message = "The refresh token is not accepted any more: it expired, was revoked, or was used before. Sign in again; the client and its scopes are kept.".to_owned();
    }
    error
}

/// The session after a sign-in.
pub fn session(answer: Answer, pending: PendingAuthorization, now: u64) -> Session {
    let granted = answer.granted(&pending.plan);
    Session {
        version: 1,
        grant: Grant::AuthorizationCode,
        plan: pending.plan.granting(granted.as_ref()),
        tokens: Tokens {
            access_token: answer.access_token,
            expires_at: answer.expires_at,
            refresh_token: answer.refresh_token,
            received_at: now,
        },
        discovery: pending.discovery,
        resource: pending.resource,
        registration: pending.registration,
    }
}

/// The session after a refresh: what the answer does not mention stays as it was (RFC 6749 §6).
pub fn refreshed(answer: Answer, mut session: Session, now: u64) -> Session {
    if let Some(granted) = answer.granted(&session.plan) {
        session.plan = session.plan.granting(Some(&granted));
    }
    let refresh_token = answer.refresh_token.or(session.tokens.refresh_token);
    session.tokens =
        Tokens { access_token: answer.access_token, expires_at: answer.expires_at, refresh_token, received_at: now };
    session
}

impl Answer {
    fn granted(&self, plan: &ScopePlan) -> Option<ScopeSet> {
        self.scope.as_deref().map(|scope| ScopeSet::read_answer(scope, &plan.requested()))
    }
}

//! Token requests and answers (RFC 6749 §4.1.3, §5 and §6).

use std::sync::Arc;

use crate::data::error::{Code, Error, Result};
use crate::data::http::{Parameters, Response};
use crate::data::identifier::{RedirectUri, Secret};
use crate::data::json::Json;
use crate::data::printable::{filled, joined};
use crate::data::scope::ScopeSet;
use crate::protocol::authorization::{AuthorizationCode, PendingAuthorization};
use crate::protocol::challenge::Challenge;
use crate::protocol::discovery::Discovery;
use crate::protocol::grant::GrantType;
use crate::protocol::registration::ClientRegistration;
use crate::protocol::scope_plan::ScopePlan;
use crate::{record, string_enum};

/// A longer lifetime is taken for this one, 136 years: a stored session holds no number that it could not read again.
const LONGEST_LIFETIME: u64 = u32::MAX as u64;

/// Types of tokens that a request presents in another way, or not at all. Any other word stands for a bearer token.
const OTHER_SCHEMES: [&str; 4] = ["dpop", "pop", "mac", "n_a"];

string_enum! {
    /// What an access token is bound to, where having it is not enough.
    pub enum TokenType {
        /// A key: every request proves that it is at hand (RFC 9449).
        Dpop = "DPoP",
    }
}

record! {
    /// The tokens of a session (RFC 6749 §5.1).
    #[derive(Debug)]
    pub struct Tokens {
        /// The access token, fit to stand in a header (RFC 6750 §2.1).
        pub access_token: Secret,
        /// What it is bound to; absent for a bearer token.
        pub token_type: Option<TokenType>,
        /// The ID Token of the sign-in, as received (OpenID Connect Core §2), where there is one.
        pub id_token: Option<Secret>,
        /// When it expires, in seconds since 1970; absent: the server did not say.
        pub expires_at: Option<u64>,
        /// The refresh token, where there is one (RFC 6749 §1.5).
        pub refresh_token: Option<Secret>,
        /// When they were received, in seconds since 1970.
        pub received_at: u64,
    }
}

/// A token is renewed this long before it expires, or after nine tenths of a short life. Seconds.
const RENEWAL_MARGIN: u64 = 30;

impl Tokens {
    /// From when on they are to be renewed, in seconds since 1970; `None`: the server did not say when they expire.
    pub fn renew_at(&self) -> Option<u64> {
        let margin = |at: u64| RENEWAL_MARGIN.min(at.saturating_sub(self.received_at) / 10);
        self.expires_at.map(|at| at.saturating_sub(margin(at)))
    }
}

record! {
    /// A signed-in connection to one MCP server, as it is stored.
    #[derive(Debug)]
    pub struct Session {
        /// The version of this record: 1.
        pub version: u64,
        /// How it came about.
        pub grant: GrantType,
        /// The sign-in that it is from, where a person took part.
        pub sign_in: Option<String>,
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
        /// The challenge with which the MCP server refused the token of the sign-in; absent where it did not.
        pub refused_with: Option<Arc<Challenge>>,
        /// When it did, in seconds since 1970.
        pub refused_at: Option<u64>,
    }
}

/// What a token endpoint answers when it agrees.
#[derive(Debug)]
pub struct Answer {
    tokens: Tokens,
    scope: Option<String>,
}

/// The form that trades an authorization code for tokens.
pub fn form_with_code(code: &AuthorizationCode, pending: &PendingAuthorization) -> Parameters {
    let mut form = Parameters::default();
    form.add("grant_type", "authorization_code");
    form.add("code", code.reveal());
    form.set("redirect_uri", pending.registration.redirect_uri.as_ref().map(RedirectUri::as_str));
    form.add("code_verifier", pending.code_verifier.reveal());
    form.set("resource", pending.resource.as_deref());
    form
}

/// The form that trades a refresh token for new tokens. No `scope` is sent: it stands for what was granted
/// (RFC 6749 §6), and anything else could be more than that.
pub fn form_with_refresh_token(refresh_token: &Secret, session: &Session) -> Parameters {
    let mut form = Parameters::default();
    form.add("grant_type", "refresh_token");
    form.add("refresh_token", refresh_token.reveal());
    form.set("resource", session.resource.as_deref());
    form
}

/// The form that trades another grant for tokens, beside the parameters that belong to it.
pub fn form_with_grant(grant: GrantType, mut form: Parameters, granting: &Granting) -> Parameters {
    form.set("grant_type", Some(grant.word()));
    form.set("scope", granting.plan.requested().to_parameter().as_deref());
    form.set("resource", granting.resource.as_deref());
    form
}

/// Reads what an endpoint answers to an authenticated form: JSON, or a form as some servers send it. An `error` member
/// wins over status 200.
pub fn accepted(response: &Response) -> Result<Json> {
    let document = document(response)?;
    if document.text("error").is_some() || !response.is_success() {
        return Err(refused(response));
    }
    Ok(document)
}

/// Reads a token answer. Only a client that can prove that it has a key takes a token that is bound to one.
pub fn read(response: &Response, now: u64, proves_possession: bool) -> Result<Answer> {
    let document = accepted(response)?;
    // Slack has the tokens of a person one level below, and others all of them (`data`).
    let has_token = |json: &&Json| json.text("access_token").is_some();
    let own = [document.member("authed_user"), &document].into_iter().find(has_token);
    let below = || match &document {
        Json::Object(members) => members.iter().map(|(_, below)| below).find(has_token),
        _ => None,
    };
    let document = own.or_else(below).unwrap_or(&document);
    let invalid = |member: &str, rule: &str| Error::invalid_document("The token answer (RFC 6749 §5.1)", member, rule);
    let text = |member| document.text(member);
    let access_token = text("access_token").ok_or_else(|| invalid("access_token", "is missing"))?;
    let access_token = Secret::for_header(access_token).ok_or_else(|| {
        let message = "The access token contains characters that cannot stand in a header (RFC 6750 §2.1). It was not stored; the authorization server's operator has to correct it.";
        Error::new(Code::InvalidToken, message, &[])
    })?;
    let is_of_type = |name: &&str| text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case(name));
    let token_type = (proves_possession && is_of_type(&"dpop")).then_some(TokenType::Dpop);
    if token_type.is_none() && OTHER_SCHEMES.iter().any(is_of_type) {
        let message = "The access token is of a type that is not supported here. It was not stored. Ask the authorization server's operator for bearer tokens.";
        return Err(Error::new(Code::TokenTypeUnsupported, message, &[]));
    }
    // It is only recommended (RFC 6749 §5.1): what cannot be read counts as not said, and the tokens are good.
    let lifetime = document.member("expires_in").as_whole_number();
    let tokens = Tokens {
        access_token,
        token_type,
        id_token: text("id_token").map(Secret::new),
        expires_at: lifetime.map(|seconds| now.saturating_add(seconds.min(LONGEST_LIFETIME))),
        refresh_token: text("refresh_token").map(Secret::new),
        received_at: now,
    };
    let listed = document.member("scope").strings().map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>());
    let scope = text("scope").map(str::to_owned).or_else(|| listed.map(|list| joined(&list, " ")));
    Ok(Answer { tokens, scope })
}

fn document(response: &Response) -> Result<Json> {
    if response.media_type == "application/x-www-form-urlencoded" {
        let form = Parameters::read(response.text().unwrap_or_default());
        let mut document = Json::Object(Vec::new());
        for name in ["access_token", "token_type", "expires_in", "refresh_token", "id_token", "scope", "error"] {
            document = document.with(name, form.get(name).map_or(Json::Null, Json::from));
        }
        return Ok(document);
    }
    match response.document() {
        Err(error) if response.is_success() => Err(error),
        // A refusal says what it says by its status, whatever its body.
        document => Ok(document.cloned().unwrap_or(Json::Null)),
    }
}

/// A refusal says so by an OAuth error, or by its status alone, whatever its body.
fn refused(response: &Response) -> Box<Error> {
    let stated = response.stated_error();
    let status = Json::from(response.status).to_text();
    let (code, sentence) = match stated.error.as_deref() {
        None if matches!(response.status, 400..=499) => {
            (Code::TokenRefused, "The token endpoint refused with status {}, and without an OAuth error.")
        }
        None => {
            let message = "The token endpoint answered with status {}, which the protocol does not foresee, and without an OAuth error. Nothing was deleted; try again later.";
            return Error::new(Code::UnexpectedStatus, message, &[&status]).with("status", response.status);
        }
        Some("invalid_client") => {
            (Code::ClientRefused, "The authorization server does not accept this client any more. Register it again.")
        }
        Some("temporarily_unavailable" | "server_error") => {
            (Code::ServerUnavailable, "The authorization server had a problem of its own. Try again later.")
        }
        Some(_) => (Code::TokenRefused, "The authorization server refused to issue tokens."),
    };
    stated.into_error(code, sentence, &[&status]).with("status", response.status)
}

/// A refresh that is refused. With `invalid_grant` the refresh token is dead, the client is not. Some servers have no
/// OAuth error for it, and somebody in between may have refused: whoever it was, trying again leads nowhere.
pub fn refresh_refused(mut error: Box<Error>) -> Box<Error> {
    let stated = error.details.iter().find(|(name, _)| *name == "error").map(|(_, value)| value.as_str());
    if error.code == Code::TokenRefused && stated.is_none_or(|stated| stated == Some("invalid_grant")) {
        error.code = Code::RefreshTokenRefused;
        let what = match stated {
            None => "Nothing was deleted.",
            Some(_) => "The refresh token expired, was revoked, or was used before.",
        };
        let message = "{} {} Sign in again; the client and its scopes are kept.";
        error.message = filled(message, &[&error.message, what]);
    }
    error
}

/// What tokens are granted for.
#[derive(Debug)]
pub struct Granting {
    /// What discovery found.
    pub discovery: Arc<Discovery>,
    /// The `resource` parameter.
    pub resource: Option<String>,
    /// The client.
    pub registration: Arc<ClientRegistration>,
    /// The scopes that were requested.
    pub plan: Arc<ScopePlan>,
}

/// The session after a sign-in.
pub fn session(answer: Answer, grant: GrantType, granting: Granting) -> Session {
    let Granting { discovery, resource, registration, plan } = granting;
    let granted = answer.granted(&plan);
    let plan = plan.granting(granted.as_ref());
    let registration = registration.permitting(&plan, answer.tokens.received_at).into();
    let tokens = answer.tokens;
    Session {
        version: 1,
        grant,
        sign_in: None,
        discovery,
        resource,
        registration,
        plan,
        tokens,
        refused_with: None,
        refused_at: None,
    }
}

/// The session after a refresh: what the answer does not mention stays as it was (RFC 6749 §6).
pub fn refreshed(answer: Answer, mut session: Session) -> Session {
    if let Some(granted) = answer.granted(&session.plan) {
        session.plan = session.plan.granting(Some(&granted));
    }
    let earlier = std::mem::replace(&mut session.tokens, answer.tokens);
    session.tokens.refresh_token = session.tokens.refresh_token.or(earlier.refresh_token);
    // That of the sign-in was checked against its nonce; another would say nothing new.
    session.tokens.id_token = earlier.id_token;
    session
}

impl Answer {
    fn granted(&self, plan: &ScopePlan) -> Option<ScopeSet> {
        self.scope.as_deref().map(|scope| ScopeSet::read_answer(scope, &plan.requested()))
    }
}

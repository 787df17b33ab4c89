//! What a refusal by the MCP server means: one pure decision, from the status, the challenge and the session that was used.

use std::sync::Arc;

use crate::connection::stored::Place;
use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::{Method, Request};
use crate::data::identifier::Endpoint;
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::AsJson;
use crate::data::scope::ScopeSet;
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::challenge::{self, Challenge};
use crate::protocol::token::{Session, Tokens};
use crate::protocol::trace::{Event, EventKind, Party, object};
use crate::{record, string_enum};

/// For how long after they came tokens that were never used count as new. Later, a refusal may have other reasons. Seconds.
pub(crate) const NEW_SECONDS: u64 = 300;

/// For how long a refusal of the token of a sign-in tells what another sign-in would come to: a server may have been mended
/// by then. Seconds.
const REFUSAL_SECONDS: u64 = 86_400;

/// How often one request is sent again: a server that is never content must not keep us busy.
const ATTEMPT_LIMIT: u64 = 3;

string_enum! {
    /// Where an access token is from that the MCP server has not accepted yet.
    pub enum TokenOrigin {
        /// A sign-in.
        SignIn = "sign-in",
        /// A refresh.
        Refresh = "refresh",
    }
}

string_enum! {
    /// What is to be done about a refusal (RFC 6750 §3.1).
    pub enum Action {
        /// It is the caller's: no token would change it.
        HandBack = "hand-back",
        /// Send the request again: there is another token by now.
        SendAgain = "send-again",
        /// Use the refresh token; sign in where that brings no other tokens.
        Refresh = "refresh",
        /// Sign in.
        SignIn = "sign-in",
        /// Sign in for more scopes.
        StepUp = "step-up",
    }
}

record! {
    /// A response of the MCP server that may be a refusal.
    #[derive(Debug)]
    pub struct RefusalInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
        /// The request's method; absent: `POST`.
        pub method: Option<Method>,
        /// Whether the request belongs to an MCP session (`mcp-session-id`).
        pub in_session: Option<bool>,
        /// Its HTTP status.
        pub status: u64,
        /// The values of all its `WWW-Authenticate` headers.
        pub headers: Vec<String>,
        /// The session in use.
        pub session: Option<Session>,
        /// Whether the request carried another token than the session's.
        pub late: Option<bool>,
        /// Where the session's token is from, if it was not accepted yet.
        pub untested: Option<TokenOrigin>,
        /// Whether the MCP server has accepted that token in this process.
        pub accepted: Option<bool>,
        /// How often the request was sent before.
        pub attempt: u64,
    }
}

record! {
    /// What is to be done about it (RFC 6750 §3.1).
    #[derive(Debug)]
    pub struct Decision {
        /// What.
        pub action: Action,
        /// The challenge, where there is one for us.
        pub challenge: Option<Challenge>,
        /// The scopes that are demanded, and that the token lacks.
        pub demanded: ScopeSet,
    }
}

/// Decides what a refusal means. Where the token of a sign-in is refused, that is kept with the session: the same challenge
/// opens no other browser for a day, until a person asks for it, or a token is accepted.
pub fn decide(replay: &Replay, input: &RefusalInput) -> Result<Decision> {
    let challenge = challenge::read(&input.headers).map(Challenge::kept);
    let place = Place { endpoint: &input.endpoint, account: &input.account };
    let keep = |session: &Session, refused_with: Option<Arc<Challenge>>| {
        // Another process may have found meanwhile that the refresh token is dead.
        let refused_at = refused_with.is_some().then(|| replay.now());
        let changed = |there| Session { refused_with: refused_with.clone(), refused_at, ..there };
        place.change_session(replay, session.tokens.access_token.reveal(), &changed)
    };
    if !matches!(input.status, 401 | 403) {
        if let Some(session) =
            input.session.as_ref().filter(|session| input.status < 400 && session.refused_with.is_some())
        {
            keep(session, None)?;
        }
        return Ok(Decision { action: Action::HandBack, challenge: None, demanded: ScopeSet::default() });
    }
    let decided = decided(replay, input, &place, challenge.clone());
    let is_fresh = matches!(&decided, Err(error) if error.code == Code::FreshTokenRefused);
    let Some(session) = input.session.as_ref().filter(|_| is_fresh) else {
        return decided;
    };
    // Somebody else may have signed in since.
    let is_other = |(_, stored): (String, Session)| stored.tokens.access_token != session.tokens.access_token;
    if input.attempt < ATTEMPT_LIMIT && place.session(replay)?.is_some_and(is_other) {
        return Ok(Decision { action: Action::SendAgain, challenge: None, demanded: ScopeSet::default() });
    }
    if untested(replay, input) == Some(TokenOrigin::SignIn) {
        keep(session, Some(challenge.unwrap_or_default().into()))?;
    }
    decided
}

fn decided(replay: &Replay, input: &RefusalInput, place: &Place<'_>, challenge: Option<Challenge>) -> Result<Decision> {
    let is_insufficient =
        challenge.as_ref().is_some_and(|challenge| challenge.error.as_deref() == Some("insufficient_scope"));
    let is_forbidden = input.status == 403;
    let decision = |action, demanded| Ok(Decision { action, challenge: challenge.clone(), demanded });
    let nothing = ScopeSet::default();
    // Nobody waits for the end of an MCP session. Some servers answer 403 where there is no token yet, and say by a challenge
    // that one would do.
    let wants_token = input.session.is_none() && challenge.as_ref().is_some_and(|challenge| challenge.error.is_none());
    if is_forbidden && !is_insufficient && !wants_token || input.method == Some(Method::Delete) {
        return decision(Action::HandBack, nothing);
    }
    trace_challenge(replay, input.status, challenge.as_ref());
    if input.attempt >= ATTEMPT_LIMIT {
        return Err(fresh_token_refused(input));
    }
    // A late answer to a request that was sent before the last sign-in or refresh says nothing about that.
    if input.late == Some(true) {
        return decision(Action::SendAgain, nothing);
    }
    // Nobody waits for the stream either, without which a session goes on as well.
    if input.method == Some(Method::Get) && input.accepted == Some(true) {
        return decision(Action::HandBack, nothing);
    }
    let named = challenge.as_ref().and_then(|challenge| challenge.scopes.clone());
    let untested = untested(replay, input);
    let Some(session) = &input.session else { return decision(Action::SignIn, named.unwrap_or_default()) };
    let is_kept = |earlier: &Arc<Challenge>| earlier.is_same_cause(challenge.as_ref());
    let is_recent = session.refused_at.is_none_or(|at| replay.now() < at + REFUSAL_SECONDS);
    // Another process may not have known of a token that was accepted here.
    if session.refused_with.as_ref().is_some_and(is_kept) && is_recent && input.accepted != Some(true) {
        return Err(fresh_token_refused(input));
    }
    let plan = &session.plan;
    let demanded = named.unwrap_or_else(|| match is_forbidden {
        true => session.discovery.listed_scopes(plan).without(&plan.not_to_be_had()),
        false => nothing.clone(),
    });
    let lacking = demanded.without(&plan.granted());
    let missed = plan.missed();
    // The MCP server took the token without these scopes before: it does not miss them, the token has expired.
    let Session { tokens, .. } = session;
    let may_expire = tokens.refresh_token.is_some() || tokens.expires_at.is_none_or(|at| replay.now() >= at);
    let has_expired = untested.is_none() && !is_forbidden && !is_insufficient && missed.includes(&lacking);
    if !(lacking.is_empty() || has_expired && may_expire) {
        let withheld: ScopeSet = plan.withheld().iter().filter(|scope| lacking.contains(scope)).collect();
        if untested == Some(TokenOrigin::SignIn) && !withheld.is_empty() {
            return Err(scopes_withheld(&withheld, session, input));
        }
        return decision(Action::StepUp, lacking);
    }
    if is_forbidden || untested == Some(TokenOrigin::SignIn) {
        return Err(fresh_token_refused(input));
    }
    // Refreshed tokens that are refused as well may be those of an authorization server that no longer counts here; but
    // some servers answer so where an MCP session is lost, and a request without it will tell.
    let is_refreshed = untested == Some(TokenOrigin::Refresh);
    let is_lost = input.in_session == Some(true) && (is_refreshed || input.accepted == Some(true) && !may_expire);
    let is_in_use = |(_, stored): (String, Session)| stored.tokens.access_token == tokens.access_token;
    let action = if is_lost && place.session(replay)?.is_some_and(is_in_use) {
        Action::HandBack
    } else if is_refreshed {
        Action::SignIn
    } else {
        Action::Refresh
    };
    decision(action, nothing)
}

/// Where tokens are from that came just now, and that the MCP server has not accepted yet.
fn untested(replay: &Replay, input: &RefusalInput) -> Option<TokenOrigin> {
    let Tokens { received_at, expires_at, .. } = &input.session.as_ref()?.tokens;
    let until = expires_at.unwrap_or(u64::MAX).min(received_at + NEW_SECONDS);
    input.untested.filter(|_| replay.now() < until)
}

fn trace_challenge(replay: &Replay, status: u64, challenge: Option<&Challenge>) {
    let scopes = challenge.and_then(|challenge| challenge.scopes.as_ref()).and_then(ScopeSet::to_parameter);
    let demands = scopes.map(|scopes| filled(", demands {}", &[&scopes])).unwrap_or_default();
    let status = Json::Number(status as f64);
    let details =
        object().with("status", status.clone()).with("challenge", challenge.map_or(Json::Null, AsJson::to_json));
    replay.trace(Event {
        step: Step::Call,
        kind: EventKind::Answer,
        from: Party::ProtectedResource,
        to: Party::Client,
        summary: filled("answered {}{}", &[&status.to_text(), &demands]),
        details,
    });
}

fn scopes_withheld(withheld: &ScopeSet, session: &Session, input: &RefusalInput) -> Box<Error> {
    let scope = withheld.to_parameter().unwrap_or_default();
    let issuer = session.registration.issuer.as_str();
    let message = "{} demands the scopes `{}`, which {} did not grant when they were requested. Its operator has to permit them for this user or client; then call `signIn()`.";
    Error::new(Code::ScopeWithheld, message, &[input.endpoint.as_str(), &scope, issuer])
        .with("scope", scope)
        .with("issuer", issuer)
        .at(Step::StepUp)
}

/// The error where more is demanded than the host wants to have.
pub fn beyond_exact_scopes(demanded: &ScopeSet, endpoint: &Endpoint) -> Box<Error> {
    let scope = demanded.to_parameter().unwrap_or_default();
    let message = "{} demands the scopes `{}`, and the setting `exactScopes` does not have all of them. Add them there, if this person may have them, and sign in again.";
    Error::new(Code::ScopeNotRegistered, message, &[endpoint.as_str(), &scope]).with("scope", scope).at(Step::StepUp)
}

fn fresh_token_refused(input: &RefusalInput) -> Box<Error> {
    let status = Json::Number(input.status as f64);
    let message = "{} answered {} although everything that it demands was granted. Its operator has to look into it, and signing in again would not help before; call `signIn()` then.";
    Error::new(Code::FreshTokenRefused, message, &[input.endpoint.as_str(), &status.to_text()]).with("status", status)
}

/// Whether a session has other tokens than those that were refused, and all that is demanded.
pub fn replaces(session: &Session, refused_token: &str, demanded: &ScopeSet) -> bool {
    session.tokens.access_token.reveal() != refused_token && session.plan.granted().includes(demanded)
}

/// What the MCP server demands, asked without a token: only its challenge may tell. A server that does not answer with one
/// demands nothing.
pub fn challenge_of(replay: &Replay, endpoint: &Endpoint) -> Result<Option<Challenge>> {
    let exchange = Exchange { replay, step: Step::Call, party: Party::ProtectedResource, named_by: endpoint.url() };
    let ping = object().with("jsonrpc", "2.0".into()).with("id", 1u16.into()).with("method", "ping".into());
    match exchange.unfollowed(&Request::json(Method::Post, endpoint.as_str(), &ping)) {
        Ok(answer) if matches!(answer.status, 401 | 403) => {
            Ok(challenge::read(answer.www_authenticate.as_slice()).map(Challenge::kept))
        }
        Err(error) if error.code == Code::Aborted => Err(error),
        _ => Ok(None),
    }
}

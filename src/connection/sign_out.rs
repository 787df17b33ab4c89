//! The end of a session.

use crate::connection::stored::{Place, Revocable};
use crate::data::error::{Code, Result, Step};
use crate::data::http::Parameters;
use crate::data::identifier::{Endpoint, Secret};
use crate::data::url::Url;
use crate::flow::replay::Replay;
use crate::flow::token_endpoint;
use crate::protocol::token::{self, Session};
use crate::record;

/// How long a sign-out waits for a refresh that is under way.
const PATIENCE_MILLISECONDS: u64 = 5_000;

record! {
    /// Whose session ends.
    #[derive(Debug)]
    pub struct SignOutInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
        /// Whether the client is forgotten too.
        pub forget_client: Option<bool>,
    }
}

/// Forgets the session, and has its tokens revoked where the server offers that (RFC 7009), and those of the sessions that
/// it replaced. The client's registration stays, for the next sign-in. Whether the server revoked all there was is the
/// answer: the session is over in any case.
pub fn sign_out(replay: &Replay, place: &Place) -> Result<bool> {
    // What a refresh under way brings is revoked too: here, or there if it does not end.
    place.lock_session(replay, Some(PATIENCE_MILLISECONDS))?;
    let session = place.session(replay)?;
    let replaced = place.replaced(replay)?;
    for kind in ["session", "replaced", "plan"] {
        place.forget(replay, kind)?;
    }
    let session = session.map(|(_, session)| session);
    place.forget_sign_ins(replay, session.as_ref())?;
    let named_by = place.endpoint.url();
    let offered = session.as_ref().and_then(Revocable::of);
    let mut revoked = offered.as_ref().is_some_and(|current| are_revoked(replay, named_by, current).is_ok());
    for earlier in &replaced {
        // A client that the server has deleted has no tokens any more (RFC 7592 §2.3).
        revoked &=
            are_revoked(replay, named_by, earlier).map_or_else(|error| error.code == Code::ClientRefused, |()| true);
    }
    Ok(revoked)
}

/// Forgets the client too. What the connection needed is asked for in the first trip with the next one.
pub fn forget_client(replay: &Replay, place: &Place) -> Result<bool> {
    let session = place.session(replay)?;
    let plan = place.plan(replay, session.as_ref().map(|(_, session)| session))?;
    let revoked = sign_out(replay, place)?;
    place.forget_clients(replay)?;
    if let Some(plan) = plan {
        place.keep_plan(replay, &plan)?;
    }
    Ok(revoked)
}

/// Has the tokens of a session revoked, where the server offers that, and tells nothing of it.
pub fn revoke(replay: &Replay, session: &Session) {
    if let Some(tokens) = Revocable::of(session) {
        let _ = are_revoked(replay, session.discovery.endpoint.url(), &tokens);
    }
}

/// Each token by itself: with one of the two most servers revoke the other too, but not all (RFC 7009 §2.1), and one that
/// cannot be revoked says nothing about the other.
fn are_revoked(
    replay: &Replay,
    named_by: &Url,
    Revocable { endpoint, registration, tokens }: &Revocable,
) -> Result<()> {
    let revoke = |token: &Secret, hint| {
        let mut parameters = Parameters::default();
        parameters.add("token", token.reveal());
        parameters.add("token_type_hint", hint);
        let response =
            token_endpoint::post(replay, Step::Token, named_by, endpoint.as_str(), registration, parameters)?;
        // What else it says is of no interest (§2.2).
        if response.is_success() { Ok(()) } else { token::accepted(response).map(|_| ()) }
    };
    let refresh_token = tokens.refresh_token.as_ref().map_or(Ok(()), |token| revoke(token, "refresh_token"));
    let access_token = revoke(&tokens.access_token, "access_token");
    refresh_token.and(access_token)
}

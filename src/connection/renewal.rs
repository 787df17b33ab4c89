//! New tokens for a stored session: once for everybody who shares the store.

use std::sync::Arc;

use crate::connection::discovered::{discover_input, discovered};
use crate::connection::sign_out;
use crate::connection::stored::Place;
use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::printable::mentions;
use crate::flow::replay::Replay;
use crate::flow::steps;
use crate::protocol::challenge::Challenge;
use crate::protocol::discovery::Discovery;
use crate::protocol::settings::ServerSettings;
use crate::protocol::token::Session;
use crate::record;

record! {
    /// What a renewal starts from (RFC 6749 §6).
    #[derive(Debug)]
    pub struct RenewInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
        /// The access token that is to be replaced. Another one that is stored by then will do.
        pub replaces: String,
        /// The challenge that came with the refusal of that token, where it was refused.
        pub challenge: Option<Challenge>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

record! {
    /// What a renewal came to.
    #[derive(Debug)]
    pub struct Renewal {
        /// The session that is to be used; absent where there is none any more.
        pub session: Option<Session>,
        /// Whether the server gave new tokens for it.
        pub renewed: bool,
        /// Whether it is stored. If not, it has to be: the refresh token in the store is used up.
        pub stored: bool,
    }
}

/// Renews the tokens: once for everybody who shares the store, and whoever comes second adopts what the first one got. An
/// OAuth error takes away the refresh token, or the client where that was refused, and nothing else: the plan serves the
/// next sign-in. Any other failure may come of a server that has moved: where the access token serves no longer, what
/// the MCP server says of it now is read, and counts.
pub fn renew(replay: &Replay, input: &RenewInput) -> Result<Renewal> {
    let place = Place { endpoint: &input.endpoint, account: &input.account };
    place.lock_session(replay, None)?;
    let stored = place.session(replay)?.map(|(_, session)| session);
    let is_to_be_renewed = |session: &Session| {
        session.tokens.access_token.reveal() == input.replaces && session.tokens.refresh_token.is_some()
    };
    let mut session = match stored {
        Some(session) if is_to_be_renewed(&session) => session,
        session => return Ok(Renewal { session, renewed: false, stored: true }),
    };
    let mut refreshed = steps::refresh(replay, &steps::RefreshInput { session: session.clone() });
    if let Err(error) = &refreshed
        && !is_definite(error)
        && (input.challenge.is_some() || session.tokens.expires_at.is_none_or(|at| replay.now() >= at))
        && let Some(discovery) = moved(replay, input, &session)
    {
        let (before, now) = (&session.registration.issuer, &discovery.authorization_server.issuer);
        if before != now {
            return Err(issuer_changed(&input.endpoint, before, now));
        }
        session.discovery = discovery;
        refreshed = steps::refresh(replay, &steps::RefreshInput { session: session.clone() });
    }
    let renewed = refreshed.is_ok();
    if let Err(error) = &refreshed
        && is_about_client(error)
    {
        place.doubt_client(replay, &session.registration)?;
    }
    let session = match refreshed {
        Ok(session) => session,
        Err(error) if is_definite(&error) => {
            if error.code == Code::ClientRefused {
                place.forget_client(replay, &session.registration)?;
            }
            let mut session = session;
            session.tokens.refresh_token = None;
            session
        }
        Err(error) => return Err(error.at(Step::Refresh)),
    };
    match place.change_session(replay, &input.replaces, &|_| session.clone()) {
        Ok(kept) => {
            if kept.is_none() && renewed {
                // Signed out meanwhile.
                sign_out::revoke(replay, &session);
            }
            Ok(Renewal { session: kept, renewed, stored: true })
        }
        Err(_) => Ok(Renewal { session: Some(session), renewed, stored: false }),
    }
}

/// The servers as they are now, where the MCP server has other people sign in by now, or the token endpoint is elsewhere.
fn moved(replay: &Replay, input: &RenewInput, session: &Session) -> Option<Arc<Discovery>> {
    let challenge = input.challenge.clone().or_else(|| session.discovery.challenge.clone());
    let settings = input.settings.clone().unwrap_or_default();
    let issuer = Some(&session.registration.issuer);
    let input = discover_input(&input.endpoint, challenge, Some(session), issuer, &settings);
    let (discovery, _) = discovered(replay, input, Some(session), None).ok()?;
    let (before, now) = (&session.discovery.authorization_server, &discovery.authorization_server);
    (before.issuer != now.issuer || before.token_endpoint != now.token_endpoint).then_some(discovery)
}

fn issuer_changed(endpoint: &Endpoint, before: &Issuer, now: &Issuer) -> Box<Error> {
    let message = "{} has people sign in at {} by now, and no longer at {}, whose refresh token is of no use there. Sign in again.";
    Error::new(Code::RefreshTokenRefused, message, &[endpoint.as_str(), now.as_str(), before.as_str()])
        .with("issuer", now.as_str())
        .at(Step::Refresh)
}

/// Only an OAuth error says that a refresh token or a client is over.
fn is_definite(error: &Error) -> bool {
    let states_an_error = error.details.iter().any(|(name, _)| *name == "error");
    matches!(error.code, Code::RefreshTokenRefused | Code::ClientRefused) && states_an_error
}

/// Whether a refusal may be of a client that the server has forgotten, whatever it calls that.
fn is_about_client(error: &Error) -> bool {
    let says =
        |word: &str| error.details.iter().any(|(_, value)| value.as_str().is_some_and(|text| mentions(text, word)));
    error.kind() == Kind::Refused && error.code != Code::ClientRefused && (says("client") || says("invalid_request"))
}

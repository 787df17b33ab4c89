//! New tokens for a stored session: once for everybody who shares the store.

use crate::connection::stored::Place;
use crate::data::error::{Code, Error, Result, Step};
use crate::data::identifier::Endpoint;
use crate::flow::replay::Replay;
use crate::flow::steps;
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
/// next sign-in.
pub fn renew(replay: &Replay, input: &RenewInput) -> Result<Renewal> {
    let place = Place { endpoint: &input.endpoint, account: &input.account };
    place.lock_session(replay)?;
    let stored = place.session(replay)?.map(|(_, session)| session);
    let is_to_be_renewed = |session: &Session| {
        session.tokens.access_token.reveal() == input.replaces && session.tokens.refresh_token.is_some()
    };
    let session = match stored {
        Some(session) if is_to_be_renewed(&session) => session,
        session => return Ok(Renewal { session, renewed: false, stored: true }),
    };
    let refreshed = steps::refresh(replay, &steps::RefreshInput { session: session.clone() });
    let renewed = refreshed.is_ok();
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
    match place.replace_session(replay, &input.replaces, &session) {
        Ok(session) => Ok(Renewal { session, renewed, stored: true }),
        Err(_) => Ok(Renewal { session: Some(session), renewed, stored: false }),
    }
}

/// Only an OAuth error says that a refresh token or a client is over.
fn is_definite(error: &Error) -> bool {
    let states_an_error = error.details.iter().any(|(name, _)| *name == "error");
    matches!(error.code, Code::RefreshTokenRefused | Code::ClientRefused) && states_an_error
}

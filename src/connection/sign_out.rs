//! The end of a session.

use crate::connection::stored::Place;
use crate::data::error::Result;
use crate::data::http::Parameters;
use crate::data::identifier::{Endpoint, Secret};
use crate::data::url::Zone;
use crate::flow::replay::Replay;
use crate::flow::token_endpoint::{self, AskInput};
use crate::protocol::token::Session;

/// Forgets the session, and has its tokens revoked where the server offers that (RFC 7009). The client's registration stays,
/// for the next sign-in. Whether the server revoked all there was is the answer: the session is over in any case.
pub fn sign_out(replay: &Replay, place: &Place) -> Result<bool> {
    let stored = place.session(replay)?;
    place.forget_session(replay)?;
    place.forget_step_ups(replay)?;
    let Some(Session { discovery, registration, tokens, .. }) = stored.map(|(_, session)| session) else {
        return Ok(false);
    };
    let endpoints = discovery.authorization_server.endpoints.as_ref();
    let Some(endpoint) = endpoints.and_then(|endpoints| endpoints.get("revocation_endpoint")) else { return Ok(false) };
    let endpoint = Endpoint::named(endpoint, Zone::Local)?;
    let revoke = |token: &Secret, hint| {
        let mut parameters = Parameters::default();
        parameters.add("token", token.reveal());
        parameters.add("token_type_hint", hint);
        let registration = Some((*registration).clone());
        let input = AskInput { endpoint: endpoint.clone(), registration, parameters: Some(parameters) };
        token_endpoint::ask(replay, &input).is_ok()
    };
    // With the refresh token most servers revoke the access token too (RFC 7009 §2.1).
    let refresh_token_is_over = tokens.refresh_token.as_ref().is_none_or(|token| revoke(token, "refresh_token"));
    Ok(refresh_token_is_over && revoke(&tokens.access_token, "access_token"))
}

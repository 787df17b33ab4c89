//! Pushed authorization requests (RFC 9126): the parameters go to the server directly, the browser carries a reference.

use crate::data::error::{Error, Result};
use crate::data::http::{Parameters, Response, StatedError};
use crate::protocol::authorization::{AuthorizationRequest, url_with};
use crate::protocol::authorization_server::PUSHED_AUTHORIZATION_REQUEST_ENDPOINT;
use crate::protocol::settings::ServerSettings;

/// What the endpoint answers.
#[derive(Debug)]
pub enum Answer {
    /// The URL to open.
    Accepted(String),
    /// The refusal, which would otherwise have come back through the browser.
    Refused(StatedError),
}

/// Where the request is pushed to: if the server requires it of everybody or of this client, or takes it and the host wants it.
pub fn endpoint<'a>(authorization: &'a AuthorizationRequest, settings: &ServerSettings) -> Option<&'a str> {
    let server = &authorization.pending.discovery.authorization_server;
    let client = authorization.pending.registration.require_pushed_authorization_requests.filter(|required| *required);
    let required = server.require_pushed_authorization_requests.or(client);
    let wanted = required.or(settings.pushed_authorization_requests);
    server.endpoints.as_ref()?.get(PUSHED_AUTHORIZATION_REQUEST_ENDPOINT).filter(|_| wanted == Some(true))
}

/// Reads the answer (RFC 9126 §2.2 and §2.3).
pub fn read(response: &Response, authorization: &AuthorizationRequest) -> Result<Answer> {
    if !response.is_success() {
        return Ok(Answer::Refused(response.stated_error()));
    }
    let document = response.document()?;
    let reference = document.text("request_uri").ok_or_else(|| {
        Error::invalid_document(
            "The answer to the pushed authorization request (RFC 9126 §2.2)",
            "request_uri",
            "is missing",
        )
    })?;
    let mut parameters = Parameters::default();
    parameters.set("client_id", Some(&authorization.pending.registration.client_id));
    parameters.set("request_uri", Some(reference));
    Ok(Answer::Accepted(url_with(&parameters, &authorization.pending)))
}

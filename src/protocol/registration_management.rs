//! Managing a registration (RFC 7592), where the server offers that: read, update, delete.

use std::sync::Arc;

use crate::data::http::{Method, Request};
use crate::data::identifier::{Endpoint, Secret};
use crate::data::json::Json;
use crate::protocol::registration::{Asked, ClientRegistration};
use crate::protocol::settings::ClientDescription;

/// What it takes to manage a registration. Exists only if the server gave both parts.
#[derive(Debug)]
pub struct Management<'r> {
    registration: &'r ClientRegistration,
    at: &'r Endpoint,
    token: &'r Secret,
}

impl<'r> Management<'r> {
    /// The management of that registration, where the server offers it.
    pub fn of(registration: &'r ClientRegistration) -> Option<Management<'r>> {
        let at = registration.registration_client_uri.as_ref()?;
        let token = registration.registration_access_token.as_ref()?;
        Some(Management { registration, at, token })
    }

    /// Asks whether the server still knows the client (RFC 7592 §2.1).
    pub fn read_request(&self) -> Request {
        self.signed(Request::bare(Method::Get, self.at.as_str()))
    }

    /// Replaces what is registered (RFC 7592 §2.2).
    pub fn update_request(&self, asked: &Asked, client: &ClientDescription) -> Request {
        let secret = self.registration.client_secret.as_ref();
        let metadata = asked
            .metadata(client)
            .with("client_id", self.registration.client_id.as_str().into())
            .with("client_secret", secret.map_or(Json::Null, |secret| secret.reveal().into()));
        self.signed(Request::json(Method::Put, self.at.as_str(), &metadata))
    }

    /// Deletes the registration (RFC 7592 §2.3).
    pub fn delete_request(&self) -> Request {
        self.signed(Request::bare(Method::Delete, self.at.as_str()))
    }

    /// The registration after an update: what the answer does not mention stays, a rotated token replaces the old
    /// one (RFC 7592 §3).
    pub fn updated(&self, answered: Arc<ClientRegistration>) -> Arc<ClientRegistration> {
        let mut updated = Arc::unwrap_or_clone(answered);
        updated.registration_access_token.get_or_insert_with(|| self.token.clone());
        updated.registration_client_uri.get_or_insert_with(|| self.at.clone());
        Arc::new(updated)
    }

    fn signed(&self, mut request: Request) -> Request {
        request.authorization = Some(self.token.as_bearer());
        request
    }
}

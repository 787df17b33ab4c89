//! The token endpoint, and others that a client authenticates at, by forms that are sent once.

use std::sync::Arc;

use crate::client_authentication::ClientAuthentication;
use crate::discovery::Discovery;
use crate::error::{Result, Step};
use crate::exchange::Exchange;
use crate::grant::GrantType;
use crate::http::{Parameters, Response};
use crate::identifier::Endpoint;
use crate::json::Json;
use crate::record;
use crate::record::Crossing;
use crate::registration::ClientRegistration;
use crate::scope_plan::ScopePlan;
use crate::settings::ServerSettings;
use crate::token::{self, Granting, Session};
use crate::trace::{Event, Party, object};
use crate::world::World;

/// Sends a form as that client, which authenticates with its secret, or with an assertion that is made for this request.
pub fn post<'w>(
    world: &'w World,
    step: Step,
    endpoint: &str,
    client: &ClientRegistration,
    form: Parameters,
) -> Result<&'w Response> {
    let credential = if client.token_endpoint_auth_method == ClientAuthentication::PrivateKeyJwt {
        Some(world.client_assertion(client.issuer.as_str(), &client.client_id)?)
    } else {
        client.client_secret.clone()
    };
    let request = client.token_endpoint_auth_method.request(endpoint, form, &client.client_id, credential.as_ref());
    Exchange { world, step, party: Party::AuthorizationServer }.once(&request)
}

/// Trades a form for tokens.
pub fn redeem(
    world: &World,
    step: Step,
    discovery: &Discovery,
    client: &ClientRegistration,
    form: Parameters,
) -> Result<token::Answer> {
    client.require_issuer(&discovery.authorization_server)?;
    let endpoint = discovery.authorization_server.token_endpoint.as_str();
    let response = post(world, step, endpoint, client, form)?;
    token::read(response, world.now(), world.proves_possession())
        .map_err(|error| if step == Step::Refresh { token::refresh_refused(error, response) } else { error })
}

/// The session that tokens make.
pub fn signed_in(world: &World, answer: token::Answer, grant: GrantType, granting: Granting) -> Session {
    let session = token::session(answer, grant, granting);
    world.trace(Event::decision(Step::Token, "signed in", object().with("plan", session.plan.to_json())));
    session
}

record! {
    /// What another grant than the authorization code is traded with (RFC 6749 §1.3, §4.5).
    #[derive(Debug)]
    pub struct GrantInput {
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The scope plan.
        pub plan: Arc<ScopePlan>,
        /// The grant.
        pub grant: GrantType,
        /// The parameters that belong to the grant, such as `assertion`.
        pub parameters: Parameters,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

/// Trades a grant that needs no authorization endpoint for tokens (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8628 §3.4).
pub fn grant(world: &World, input: &GrantInput) -> Result<Session> {
    let GrantInput { discovery, registration, plan, grant, parameters, settings } = input.clone();
    let resource = discovery.resource(&settings.unwrap_or_default());
    // The plan may be another's than the registration's: what is requested is set within it here.
    let plan = registration.plan(&plan);
    let granting = Granting { discovery, resource, registration, plan };
    let form = token::form_with_grant(grant, parameters, &granting);
    let answer = redeem(world, Step::Token, &granting.discovery, &granting.registration, form)?;
    Ok(signed_in(world, answer, grant, granting))
}

record! {
    /// What is asked of another endpoint of an authorization server (RFC 7009, RFC 8628, RFC 8693, RFC 7517).
    #[derive(Debug)]
    pub struct AskInput {
        /// The endpoint.
        pub endpoint: Endpoint,
        /// The client, which authenticates to send a form.
        pub registration: Option<ClientRegistration>,
        /// The form.
        pub parameters: Option<Parameters>,
    }
}

/// Reads a JSON document, such as the server's keys (RFC 7517); or sends a form as a client and reads what it is answered
/// with: for revocation (RFC 7009), device authorization (RFC 8628) and token exchange (RFC 8693).
pub fn ask(world: &World, input: &AskInput) -> Result<Json> {
    let endpoint = input.endpoint.as_str();
    let Some(client) = &input.registration else {
        let exchange = Exchange { world, step: Step::Token, party: Party::AuthorizationServer };
        return exchange.get(endpoint)?.document().cloned();
    };
    let response = post(world, Step::Token, endpoint, client, input.parameters.clone().unwrap_or_default())?;
    if response.is_success() && response.body.is_empty() { Ok(object()) } else { token::accepted(response) }
}

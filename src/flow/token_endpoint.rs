//! The token endpoint, and others that a client authenticates at, by forms that are sent once.

use std::sync::Arc;

use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::{Parameters, Response};
use crate::data::identifier::{Endpoint, Secret};
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::AsJson;
use crate::data::url::Url;
use crate::flow::effect::Effect;
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::client_authentication::ClientAuthentication;
use crate::protocol::discovery::Discovery;
use crate::protocol::grant::GrantType;
use crate::protocol::registration::ClientRegistration;
use crate::protocol::repair;
use crate::protocol::scope_plan::{OPENID, ScopePlan};
use crate::protocol::settings::ServerSettings;
use crate::protocol::token::{self, Granting, Session};
use crate::protocol::trace::{Event, Party, object};
use crate::record;

/// Sends a form as that client, which authenticates with its secret, or with an assertion that is made for this request.
pub fn post<'w>(
    replay: &'w Replay,
    step: Step,
    named_by: &'w Url,
    endpoint: &str,
    client: &ClientRegistration,
    form: Parameters,
) -> Result<&'w Response> {
    let credential = if client.token_endpoint_auth_method == ClientAuthentication::PrivateKeyJwt {
        Some(replay.client_assertion(client.issuer.as_str(), &client.client_id)?)
    } else {
        client.client_secret.clone()
    };
    let request = client.token_endpoint_auth_method.request(endpoint, form, &client.client_id, credential.as_ref());
    Exchange { replay, step, party: Party::AuthorizationServer, named_by }.once(&request)
}

/// Trades a form for tokens.
pub fn redeem(
    replay: &Replay,
    step: Step,
    discovery: &Discovery,
    client: &ClientRegistration,
    form: Parameters,
) -> Result<token::Answer> {
    client.require_issuer(&discovery.authorization_server)?;
    let endpoint = discovery.authorization_server.token_endpoint.as_str();
    let sends_resource = form.get("resource").is_some();
    let response = post(replay, step, discovery.endpoint.url(), endpoint, client, form)?;
    token::read(response, replay.now(), replay.proves_possession()).map_err(|error| {
        let error = if sends_resource { repair::naming_resource(error) } else { error };
        if step == Step::Refresh { token::refresh_refused(error) } else { error }
    })
}

/// The session that tokens make.
pub fn signed_in(replay: &Replay, answer: token::Answer, grant: GrantType, granting: Granting) -> Session {
    let session = token::session(answer, grant, granting);
    replay.trace(Event::decision(Step::Token, "signed in", object().with("plan", session.plan.to_json())));
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
pub fn grant(replay: &Replay, input: &GrantInput) -> Result<Session> {
    let GrantInput { discovery, registration, plan, grant, parameters, settings } = input.clone();
    let resource = discovery.resource(&settings.unwrap_or_default());
    // The plan may be another's than the registration's: what is requested is set within it here.
    let plan = registration.plan(&plan);
    let granting = Granting { discovery, resource, registration, plan };
    let form = token::form_with_grant(grant, parameters, &granting);
    let answer = redeem(replay, Step::Token, &granting.discovery, &granting.registration, form)?;
    let session = signed_in(replay, answer, grant, granting);
    with_id_token_checked(replay, session, None)
}

/// The session with its ID Token, where one was asked for and came, if that holds (OpenID Connect Core §3.1.3.7). Where nobody named `openid`,
/// and it was requested because the server is an OpenID provider, nobody needs the ID Token: it is dropped. One that is
/// another issuer's or another sign-in's is refused all the same. One that the host cannot check is dropped unless the host
/// named `openid`: nobody else would rely on it.
pub fn with_id_token_checked(replay: &Replay, mut session: Session, nonce: Option<&Secret>) -> Result<Session> {
    if !session.plan.requested().contains(OPENID) {
        session.tokens.id_token = None;
    }
    if session.tokens.id_token.is_none() {
        return Ok(session);
    }
    let check = |keys: Option<Json>| {
        replay.perform(Effect::CheckIdToken { session: Box::new(session.clone()), nonce: nonce.cloned(), keys })
    };
    let mut checked = check(None)?;
    let endpoints = session.discovery.authorization_server.endpoints.as_ref();
    if let Some(keys_at) =
        endpoints.and_then(|endpoints| endpoints.get("jwks_uri")).filter(|_| is_for_want_of_keys(checked))
    {
        let (step, party, named_by) = (Step::Token, Party::AuthorizationServer, session.discovery.endpoint.url());
        let exchange = Exchange { replay, step, party, named_by };
        checked = check(Some(exchange.get(keys_at)?.document()?.clone()))?;
    }
    let Some(reason) = checked.as_str() else { return Ok(session) };
    let is_needed = match reason {
        "unverified" => session.plan.is_of_host(OPENID),
        "issuer" | "nonce" => true,
        _ => !session.plan.is_only_of_provider(OPENID),
    };
    if !is_needed {
        session.tokens.id_token = None;
        let summary = "drops the ID Token, which nobody asked for and which does not hold: {}";
        let details = object().with("reason", reason.into());
        replay.trace(Event::decision(Step::Token, &filled(summary, &[reason]), details));
        return Ok(session);
    }
    let message = "The ID Token of the authorization server does not hold ({}; OpenID Connect Core §3.1.3.7). Nothing was stored. Sign in again; if it happens again, the server's operator has to look into it, or the clock of this machine is wrong.";
    Err(Error::new(Code::IdTokenInvalid, message, &[reason]).with("reason", reason))
}

fn is_for_want_of_keys(checked: &Json) -> bool {
    *checked.member("wantsKeys") == Json::Bool(true)
}

record! {
    /// What is asked of another endpoint of an authorization server (RFC 7009, RFC 8628, RFC 8693, RFC 7517).
    #[derive(Debug)]
    pub struct AskInput {
        /// The endpoint.
        pub endpoint: Endpoint,
        /// On whose word it is asked: the MCP server's. Default: the issuer's that the client belongs to, else the host's own.
        pub named_by: Option<Endpoint>,
        /// The client, which authenticates to send a form.
        pub registration: Option<ClientRegistration>,
        /// The form.
        pub parameters: Option<Parameters>,
    }
}

/// Reads a JSON document, such as the server's keys (RFC 7517); or sends a form as a client and reads what it is answered
/// with: for revocation (RFC 7009), device authorization (RFC 8628) and token exchange (RFC 8693).
pub fn ask(replay: &Replay, input: &AskInput) -> Result<Json> {
    let endpoint = input.endpoint.as_str();
    let issuer = input.registration.as_ref().map(|client| client.issuer.url());
    let named_by = input.named_by.as_ref().map(Endpoint::url).or(issuer).unwrap_or(input.endpoint.url());
    let Some(client) = &input.registration else {
        let exchange = Exchange { replay, step: Step::Token, party: Party::AuthorizationServer, named_by };
        return exchange.get(endpoint)?.document().cloned();
    };
    let response = post(replay, Step::Token, named_by, endpoint, client, input.parameters.clone().unwrap_or_default())?;
    if response.is_success() && response.length == 0 { Ok(object()) } else { token::accepted(response) }
}

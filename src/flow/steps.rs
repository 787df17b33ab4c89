//! The steps of a sign-in, top to bottom: discover, plan, register, authorize, complete, refresh.
//!
//! Each step is a function that asks the [`Replay`] and never waits: [`crate::flow::replay::run`] runs it on a platform. What must
//! outlive the process while the person is in the browser is data: a [`PendingAuthorization`].

use std::sync::Arc;

use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::StatedError;
use crate::data::identifier::{RedirectUri, Secret};
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::{AsJson, Mismatch};
use crate::data::scope::ScopeSet;
pub use crate::flow::discover::{DiscoverInput, discover};
use crate::flow::documents::registered_nowhere;
use crate::flow::dynamic_registration::{Doubt, DynamicRegistration};
pub use crate::flow::dynamic_registration::{UnregisterInput, unregister};
use crate::flow::effect::Effect;
use crate::flow::exchange::Exchange;
use crate::flow::preflight;
use crate::flow::replay::Replay;
use crate::flow::token_endpoint;
use crate::protocol::authorization::{
    self, Attempts, AuthorizationRequest, AuthorizationResponse, PendingAuthorization,
};
use crate::protocol::discovery::Discovery;
use crate::protocol::grant::GrantType;
use crate::protocol::pushed_authorization;
use crate::protocol::registration::{self, ClientRegistration, RegistrationKind};
use crate::protocol::registration_management::Management;
use crate::protocol::registration_refusal;
use crate::protocol::repair::{self, Repair};
use crate::protocol::scope_plan::{self, ScopePlan};
use crate::protocol::settings::{ClientDescription, ServerSettings};
use crate::protocol::token::{self, Granting, Session};
use crate::protocol::trace::{Event, Party, object};
use crate::{record, tagged};

record! {
    /// What a plan for a discovered server starts from (RFC 6749 §3.3).
    #[derive(Debug)]
    pub struct PlanInput {
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The plan of the same connection that is to be widened or repeated.
        pub earlier: Option<Arc<ScopePlan>>,
        /// What the protected resource demands of a token that lacks it: asked for outright, if need be.
        pub insisted: Option<ScopeSet>,
        /// What the client will give for tokens. Default: the authorization code.
        pub grant: Option<GrantType>,
        /// Whether a person asks to sign in, rather than a call: what was refused earlier may then be asked for again.
        pub pressed: Option<bool>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

/// Plans the scopes of the connection, before anything is registered.
pub fn plan(replay: &Replay, input: &PlanInput) -> Arc<ScopePlan> {
    let grant = input.grant.unwrap_or(GrantType::AuthorizationCode);
    let mut sources = input.discovery.scope_sources(&input.settings.clone().unwrap_or_default(), grant);
    (sources.insisted, sources.pressed) = (input.insisted.clone(), input.pressed);
    let plan = scope_plan::plan(&sources, input.earlier.as_deref());
    replay.trace(Event::decision(Step::Plan, "planned the scopes", object().with("plan", plan.to_json())));
    if sources.exact.is_none() && !plan.has_all(&sources) {
        replay.trace(Event::decision(Step::Plan, "leaves out scopes beyond the limit", Json::Null));
    }
    plan
}

record! {
    /// What registration starts from (RFC 7591 §3).
    #[derive(Debug)]
    pub struct RegisterInput {
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The scope plan.
        pub plan: Arc<ScopePlan>,
        /// Where the authorization response will come back to (RFC 6749 §3.1.2); absent for other grants.
        pub redirect_uri: Option<RedirectUri>,
        /// What the client will give for tokens. Default: the authorization code.
        pub grant: Option<GrantType>,
        /// The client, as it presents itself.
        pub client: Option<Arc<ClientDescription>>,
        /// A stored registration: used again if it serves, widened or replaced if not.
        pub registration: Option<Arc<ClientRegistration>>,
        /// Why the stored registration is in doubt, if it is.
        pub doubt: Option<Doubt>,
        /// Whether a person asks to sign in, rather than a call: what was refused earlier may then be asked for again.
        pub pressed: Option<bool>,
        /// What was tried in this sign-in so far.
        pub attempts: Option<Attempts>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

record! {
    /// A client that is ready to be used, and the plan within what it is registered for (RFC 7591 §3.2.1).
    #[derive(Debug)]
    pub struct Registered {
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The plan, which now knows what is registered.
        pub plan: Arc<ScopePlan>,
        /// What was tried in this sign-in so far.
        pub attempts: Attempts,
    }
}

/// Gets a client: the one registered by hand, else the metadata document, else a stored or a new dynamic
/// registration (RFC 7591). Fails before any browser opens if a required scope is not registered.
pub fn register(replay: &Replay, input: &RegisterInput) -> Result<Registered> {
    let RegisterInput { discovery, plan, .. } = input;
    let recalled = |stored: &Arc<ClientRegistration>| stored.recalled(input.pressed == Some(true), replay.now());
    let stored = input.registration.as_ref().map(recalled).map(Arc::new);
    let (redirect_uri, grant) = (input.redirect_uri.as_ref(), input.grant.unwrap_or(GrantType::AuthorizationCode));
    let settings = input.settings.clone().unwrap_or_default();
    settings.require_issuer()?;
    let client = input.client.clone().unwrap_or_default();
    if let Some(attempts) = input.attempts {
        replay.set_attempts(attempts);
    }
    let mut refused_prompt = stored.as_ref().and_then(|stored| stored.consent_prompt_refused);
    let server = &discovery.authorization_server;
    let document = client.client_metadata_url.as_deref().filter(|_| server.client_id_metadata_document_supported);
    let registration = if let Some(configured) = &settings.client {
        registration::pre_registered(configured, stored.as_deref(), server, redirect_uri)?
    } else if let Some(url) = document {
        let url = registration::metadata_document_url(url)?;
        let exchange = Exchange { replay, step: Step::Register, party: Party::Client, named_by: &url };
        let document = exchange.get(url.as_str());
        let document = document.as_ref().ok().and_then(|response| response.document().ok());
        registration::by_metadata_document(&url, document, server, redirect_uri)?
    } else {
        let refresh = settings.refresh.unwrap_or(true);
        let named_by = discovery.endpoint.url();
        let exchange = Exchange { replay, step: Step::Register, party: Party::AuthorizationServer, named_by };
        let (client, initial_access_token) = (&client, settings.initial_access_token.as_ref());
        if initial_access_token.is_some_and(|given| Secret::for_header(given.token.reveal()).is_none()) {
            // What the platform says of such a header would have the token in it.
            let path = "settings.initialAccessToken.token".to_owned();
            return Err(Error::invalid_argument(Mismatch { path, expected: "a token that a header can hold" }));
        }
        let dynamic =
            DynamicRegistration { exchange, server, plan, grant, redirect_uri, client, initial_access_token, refresh };
        let (earlier, mut met) = (replay.take_met(), None);
        let doubt = match (&stored, input.doubt) {
            (Some(stored), Some(Doubt::Unanswered)) if Management::of(stored).is_none() => {
                // The client is in doubt, and not what it has never been told to be registered for.
                let named = plan.not_asking(&stored.plan(plan).outright());
                // Where only the redirect URI has changed since, it was seen already.
                met =
                    earlier.or_else(|| preflight::refusal_without_person(replay, discovery, stored, &named, &settings));
                let is_of_client = met.as_ref().is_some_and(preflight::is_of_client);
                let of_prompt = || preflight::without_consent_prompt(replay, discovery, stored, plan, &settings);
                match is_of_client.then(of_prompt).flatten() {
                    Some(known) => {
                        refused_prompt = Some(true);
                        replay.registered(known);
                        met = None;
                        None
                    }
                    None => is_of_client.then_some(Doubt::Forgotten),
                }
            }
            (_, doubt) => doubt,
        };
        replay.met(met.clone());
        let client = dynamic.client(stored.as_ref(), doubt).map_err(|error| registered_nowhere(error, discovery))?;
        let requested = |client: &ClientRegistration| (client.client_id.clone(), client.plan(plan).requested());
        let is_same = stored.is_some_and(|stored| requested(&stored) == requested(&client));
        replay.met(met.filter(|refusal| is_same && refusal.error.as_deref() == Some("invalid_scope")));
        client
    };
    // That is the server's way, whatever becomes of the client.
    let registration = if refused_prompt == Some(true) { registration.refusing_consent_prompt() } else { registration };
    let plan = registration.plan(plan);
    let decision = object()
        .with("kind", registration.kind.to_json())
        .with("clientId", registration.client_id.as_str().into())
        .with("plan", plan.to_json());
    replay.trace(Event::decision(Step::Register, &filled("uses the client {}", &[&registration.client_id]), decision));
    let missing = registration.missing(&plan);
    if missing.is_empty() {
        Ok(Registered { registration, plan, attempts: replay.attempts() })
    } else {
        Err(registration_refusal::scopes_missing(&missing, &registration))
    }
}

record! {
    /// What an authorization request is built from (RFC 6749 §4.1.1).
    #[derive(Debug)]
    pub struct BeginInput {
        /// What discovery found.
        pub discovery: Arc<Discovery>,
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The scope plan.
        pub plan: Arc<ScopePlan>,
        /// The client, as it presents itself, should it have to be registered anew.
        pub client: Option<Arc<ClientDescription>>,
        /// What was tried in this sign-in so far.
        pub attempts: Option<Attempts>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

record! {
    /// An authorization request that is ready to be opened in a browser (RFC 6749 §4.1.1).
    #[derive(Debug)]
    pub struct Begun {
        /// The URL to open: https, or http on loopback.
        pub authorization_url: String,
        /// What to keep until the response arrives, under its `state`.
        pub pending: PendingAuthorization,
    }
}

/// Builds the authorization request (RFC 6749 §4.1.1 with PKCE and `resource`). With the opt-in preflight, a first look
/// at the server's answer spares the person a trip that would end in refused scopes.
pub fn begin(replay: &Replay, input: &BeginInput) -> Result<Begun> {
    let settings = input.settings.clone().unwrap_or_default();
    let mut input = input.clone();
    if let Some(attempts) = input.attempts {
        replay.set_attempts(attempts);
    }
    loop {
        let attempts = replay.attempts();
        let authorization = authorization_request(replay, &input, &settings)?;
        let wants_look = settings.preflight == Some(true) || preflight::is_doubtful(&authorization.pending);
        let met = replay.take_met();
        let refusal = if met.is_some() {
            met
        } else if wants_look && !attempts.preflighted {
            replay.set_attempts(Attempts { preflighted: true, ..attempts });
            match preflight::look(replay, &authorization) {
                Err(error) if settings.preflight == Some(true) => return Err(error),
                looked => looked.unwrap_or_default(),
            }
        } else if let Some(endpoint) = pushed_authorization::endpoint(&authorization, &settings) {
            let (client, form) = (&authorization.pending.registration, authorization.parameters.clone());
            let named_by = authorization.pending.discovery.endpoint.url();
            let response = token_endpoint::post(replay, Step::Authorize, named_by, endpoint, client, form)?;
            match pushed_authorization::read(response, &authorization)? {
                pushed_authorization::Answer::Accepted(url) => return begun(replay, url, authorization.pending),
                pushed_authorization::Answer::Refused(refusal) => Some(refusal),
            }
        } else {
            return begun(replay, authorization.url(), authorization.pending);
        };
        let Some(refusal) = refusal else { continue };
        let pending = authorization.pending;
        remember_refusal(replay, &refusal, &pending);
        let Some(repair) = repair::after(&refusal, &pending, true, replay.now()) else {
            return Err(repair::refused(refusal, &pending));
        };
        // What was refused before a browser opened counts as the trip that it spared: there is one repair, here or after
        // the callback.
        let (client, settings) = (input.client.clone(), input.settings.clone());
        replay.set_attempts(Attempts { preflighted: true, ..pending.attempts });
        let Registered { registration, plan, .. } = repaired(replay, &pending, repair, client, settings)?;
        (input.registration, input.plan) = (registration, plan);
    }
}

/// What was asked for outright and refused is not asked for again by itself, nor is a parameter that is refused: that is
/// kept with the registration.
fn remember_refusal(replay: &Replay, refusal: &StatedError, pending: &PendingAuthorization) {
    if repair::refuses_consent_prompt(refusal, pending) {
        replay.registered(pending.registration.refusing_consent_prompt());
    }
    let refused = repair::refused_scopes(refusal, pending);
    if pending.plan.outright().includes(&refused) && !refused.is_empty() {
        replay.registered(pending.registration.refusing(&refused, replay.now()).into());
    }
}

fn begun(replay: &Replay, authorization_url: String, pending: PendingAuthorization) -> Result<Begun> {
    let named_by = pending.discovery.endpoint.clone();
    replay.perform(Effect::Admit { url: authorization_url.clone(), named_by })?;
    replay.set_attempts(pending.attempts);
    let details = object().with("url", crate::protocol::trace::redacted_url(&authorization_url).into());
    let mut event = Event::decision(Step::Authorize, "sends the person to the authorization server", details);
    event.to = Party::Browser;
    replay.trace(event);
    Ok(Begun { authorization_url, pending })
}

fn authorization_request(
    replay: &Replay,
    input: &BeginInput,
    settings: &ServerSettings,
) -> Result<AuthorizationRequest> {
    let mut attempts = replay.attempts();
    attempts.authorizations += 1;
    let random = preflight::random(replay)?;
    let (discovery, registration) = (input.discovery.clone(), input.registration.clone());
    authorization::request(discovery, registration, &input.plan, settings, random, attempts, replay.now())
}

record! {
    /// What an authorization response is read with (RFC 6749 §4.1.2).
    #[derive(Debug)]
    pub struct CompleteInput {
        /// What was kept since the authorization request. Use it once.
        pub pending: PendingAuthorization,
        /// The whole URL that the browser was sent back to.
        pub callback_url: String,
        /// The client, as it presents itself, should it have to be registered anew.
        pub client: Option<Arc<ClientDescription>>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

record! {
    /// The person is signed in (RFC 6749 §4.1.4).
    #[derive(Debug)]
    pub struct SignedIn {
        /// The session, to be stored.
        pub session: Session,
    }
}

tagged! {
    /// How a trip through the browser ended (RFC 6749 §4.1.2).
    pub enum Completion {
        /// The person is signed in.
        SignedIn(SignedIn) = "signed-in",
        /// The server refused scopes, and one repair is possible: open this URL.
        AuthorizeAgain(Begun) = "authorize-again",
    }
}

/// Reads the authorization response and trades its code for tokens (RFC 6749 §4.1.2 to §4.1.4). The code is sent
/// once, whatever happens.
pub fn complete(replay: &Replay, input: &CompleteInput) -> Result<Completion> {
    replay.set_attempts(input.pending.attempts);
    let response =
        authorization::read(&input.callback_url, &input.pending).map_err(|error| error.at(Step::Callback))?;
    let mut event = Event::decision(Step::Callback, "the authorization response is genuine", Json::Null);
    event.from = Party::Browser;
    replay.trace(event);
    let code = match response {
        AuthorizationResponse::Code(code) => code,
        AuthorizationResponse::Refused(refusal) => {
            remember_refusal(replay, &refusal, &input.pending);
            let settings = input.settings.clone().unwrap_or_default();
            let unseen = preflight::is_refused_unseen(replay, &refusal, &input.pending, &settings);
            let Some(repair) = repair::after(&refusal, &input.pending, unseen, replay.now()) else {
                return Err(repair::refused(refusal, &input.pending).at(Step::Callback));
            };
            return authorize_again(replay, input, repair).map(Completion::AuthorizeAgain);
        }
    };
    let form = token::form_with_code(&code, &input.pending);
    let PendingAuthorization { discovery, resource, registration, plan, .. } = input.pending.clone();
    let answer = match token_endpoint::redeem(replay, Step::Token, &discovery, &registration, form) {
        Ok(answer) => answer,
        Err(error) => {
            let repair = repair::after_refused_code(&error, &input.pending).ok_or(error)?;
            return authorize_again(replay, input, repair).map(Completion::AuthorizeAgain);
        }
    };
    let granting = Granting { discovery, resource, registration, plan };
    let session = token_endpoint::signed_in(replay, answer, GrantType::AuthorizationCode, granting);
    let session = token_endpoint::with_id_token_checked(replay, session, input.pending.nonce.as_ref())?;
    let withheld = session.plan.withheld_from_host();
    if session.registration.kind == RegistrationKind::Dynamic
        && !withheld.is_empty()
        && input.pending.attempts.authorizations < repair::AUTHORIZATION_LIMIT
    {
        let repair = Repair::AskFor(session.plan.insisting(&withheld));
        return authorize_again(replay, input, repair).map(Completion::AuthorizeAgain);
    }
    Ok(Completion::SignedIn(SignedIn { session }))
}

fn authorize_again(replay: &Replay, input: &CompleteInput, repair: Repair) -> Result<Begun> {
    let (discovery, client, settings) = (input.pending.discovery.clone(), input.client.clone(), input.settings.clone());
    let Registered { registration, plan, .. } =
        repaired(replay, &input.pending, repair, client.clone(), settings.clone())?;
    begin(replay, &BeginInput { discovery, registration, plan, client, attempts: None, settings })
}

fn repaired(
    replay: &Replay,
    pending: &PendingAuthorization,
    repair: Repair,
    client: Option<Arc<ClientDescription>>,
    settings: Option<Arc<ServerSettings>>,
) -> Result<Registered> {
    let PendingAuthorization { discovery, registration, .. } = pending.clone();
    let attempts = replay.attempts();
    let plan = match &repair {
        Repair::WithoutRefused { plan, .. } | Repair::Widen(plan) | Repair::AskFor(plan) => plan.clone(),
        Repair::WithoutConsentPrompt => pending.plan.clone(),
    };
    replay.trace(Event::decision(Step::Callback, "repairs the plan", object().with("plan", plan.to_json())));
    replay.repaired(plan.clone());
    if let Repair::WithoutRefused { refused, .. } = &repair {
        let registration: Arc<ClientRegistration> = registration.refusing(refused, replay.now()).into();
        replay.registered(registration.clone());
        return Ok(Registered { registration, plan, attempts });
    }
    if let Repair::WithoutConsentPrompt = repair {
        return Ok(Registered { registration: registration.refusing_consent_prompt(), plan, attempts });
    }
    if let Repair::AskFor(_) = repair {
        return Ok(Registered { registration, plan, attempts });
    }
    let input = RegisterInput {
        discovery,
        plan,
        redirect_uri: registration.redirect_uri.clone(),
        grant: None,
        client,
        registration: Some(registration),
        doubt: Some(Doubt::Refused),
        pressed: None,
        attempts: None,
        settings,
    };
    register(replay, &input)
}

record! {
    /// What a refresh starts from (RFC 6749 §6).
    #[derive(Debug)]
    pub struct RefreshInput {
        /// The session, whose refresh token is used.
        pub session: Session,
    }
}

/// Trades the refresh token for new tokens (RFC 6749 §6). Only a refusal by the server says that the session is
/// over; every other failure leaves it as it is.
pub fn refresh(replay: &Replay, input: &RefreshInput) -> Result<Session> {
    let session = &input.session;
    let Some(refresh_token) = &session.tokens.refresh_token else {
        return Err(Error::new(
            Code::NoRefreshToken,
            "There is no refresh token in this session: sign in again when its access token has expired.",
            &[],
        ));
    };
    let form = token::form_with_refresh_token(refresh_token, session);
    let answer = token_endpoint::redeem(replay, Step::Refresh, &session.discovery, &session.registration, form);
    let session = token::refreshed(answer?, session.clone());
    replay.trace(Event::decision(Step::Refresh, "has new tokens", object().with("plan", session.plan.to_json())));
    Ok(session)
}

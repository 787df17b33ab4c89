//! A sign-in, whole: from its cause to the session that is stored. One plan and one count of attempts go through all of it.
//!
//! It ends where the person is sent to the authorization server, and goes on where they came back, in `came_back.rs`. Whatever
//! is tried a second time is decided in one place, `SignIn::change_after`.

use std::cell::Cell;
use std::sync::Arc;

pub use crate::connection::contract::{
    CameBackInput, Departure, InteractionRequired, SignInHost, SignInInput, SignInOutcome, UnderWay,
};
use crate::connection::discovered::{ask_resource_ahead, discover_input, discovered, keep_found, leads_there};
use crate::connection::redirect_owner::Ownership;
use crate::connection::stored::{self, ACCOUNTS_LIMIT, KeptRegistration, Place, Progress, Record};
use crate::connection::under_way::{Claim, Standing};
use crate::connection::{consent, refusal};
use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::identifier::RedirectUri;
use crate::data::json::Json;
use crate::data::printable::mentions;
use crate::data::record::{AsJson, read};
use crate::data::scope::ScopeSet;
use crate::flow::discover::locations_again;
use crate::flow::dynamic_registration::Doubt;
use crate::flow::effect::Effect;
use crate::flow::replay::Replay;
use crate::flow::steps::{self, BeginInput, Begun, PlanInput, RegisterInput, Registered, SignedIn, UnregisterInput};
use crate::protocol::authorization::Attempts;
use crate::protocol::discovery::Discovery;
use crate::protocol::grant::GrantType;
use crate::protocol::registration::{ClientRegistration, RegistrationKind};
use crate::protocol::registration_refusal;
use crate::protocol::repair::AUTHORIZATION_LIMIT;
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::settings::{ClientDescription, ServerSettings};
use crate::protocol::token::Session;

/// How long a server may take to make a new client known to all its machines.
const SPREAD_MILLISECONDS: u64 = 1000;

/// Signs in, as far as no person is needed.
pub fn sign_in(replay: &Replay, input: &SignInInput) -> Result<SignInOutcome> {
    let outcome = begun(replay, input);
    let place = Place { endpoint: &input.endpoint, account: &input.account };
    match &outcome {
        Err(error) => {
            // Where the host itself knows that its client may not, nobody was asked.
            let is_known_here = error.code == Code::ScopeNotRegistered
                && input.host.settings.as_ref().is_some_and(|settings| settings.client.is_some());
            let is_refused = input.step_up == Some(true) && error.kind() == Kind::Refused && !is_known_here;
            let _ = place.end_sign_in(replay, &input.id, is_refused || error.code == Code::NotApproved, false);
        }
        Ok(SignInOutcome::InteractionRequired(_)) if input.interaction == Some(true) => {
            place.end_sign_in(replay, &input.id, false, false)?;
        }
        _ => {}
    }
    outcome
}

fn begun(replay: &Replay, input: &SignInInput) -> Result<SignInOutcome> {
    let SignInInput { endpoint, account, host, .. } = input;
    let place = Place { endpoint, account };
    let settings = host.settings.clone().unwrap_or_default();
    settings.require_issuer()?;
    let demanded = input.demanded.clone().unwrap_or_default();
    let needs_person = host.grant.is_none() || host.interactive_grant == Some(true);
    let may_go_on = !needs_person || input.interaction == Some(true);
    let sends_person = needs_person && may_go_on;
    // Before the session is read: a sign-in that ends in between has stored it by then.
    let is_step_up = input.step_up == Some(true);
    let claim = Claim {
        id: &input.id,
        sent: input.unanswered.unwrap_or_default(),
        pressed: input.pressed == Some(true),
        ended: input.ended.as_deref(),
        demanded: &demanded,
        is_step_up,
    };
    let is_first = !sends_person || place.begin_sign_in(replay, &claim)?;
    let last = if is_first { None } else { place.last_sign_in(replay)? };
    // What is found is kept with the client after the session was stored.
    let clients = place.clients(replay)?;
    let earlier = replay.once(|| place.session(replay))?.map(|(_, session)| session);
    if let (Some(session), Some(refused_token)) = (&earlier, &input.replaces)
        && refusal::replaces(session, refused_token, &demanded)
    {
        if is_first && sends_person {
            place.end_sign_in(replay, &input.id, false, false)?;
        }
        return Ok(SignInOutcome::SignedIn(SignedIn { session: session.clone() }));
    }
    let known_client = stored::known_client(&clients, replay.now());
    let unanswered = match is_first {
        true => false,
        false => match place.standing(replay, &claim, last, earlier.as_ref(), known_client.as_ref())? {
            Standing::GoesAhead { unanswered } => unanswered,
            Standing::Waits { id, renewed_at } => return Ok(SignInOutcome::UnderWay(UnderWay { id, renewed_at })),
        },
    };
    let known = earlier.as_ref().map(|session| &session.discovery);
    let called_at = input.called_at.as_ref().or(known.map(|known| &known.endpoint)).unwrap_or(endpoint);
    let challenge = match &input.challenge {
        None if input.pressed == Some(true) => {
            ask_resource_ahead(replay, called_at, known_client.as_ref());
            replay.once(|| refusal::challenge_of(replay, endpoint))?
        }
        given => given.clone(),
    };
    let exact = settings.exact_scopes.as_ref().filter(|exact| is_step_up && !exact.includes(&demanded));
    if exact.is_some() {
        return Err(refusal::beyond_exact_scopes(&demanded, endpoint));
    }
    let needed = replay.once(|| place.plan(replay, earlier.as_ref()))?;
    let earlier_issuer = needed.as_ref().map(|needed| &needed.issuer);
    let kept = known_client.and_then(|known| known.discovery);
    let kept = kept.filter(|kept| sends_person && leads_there(kept, input, &settings, earlier.is_some()));
    let start = discover_input(called_at, challenge, earlier.as_ref(), earlier_issuer, &settings);
    let (discovery, is_unconfirmed) = discovered(replay, start, earlier.as_ref(), kept.as_ref())?;
    let issuer = &discovery.authorization_server.issuer;
    let is_of_other_issuer = earlier_issuer.is_some_and(|earlier| earlier != issuer);
    let earlier_plan = needed.as_ref().filter(|_| !is_of_other_issuer).map(|needed| needed.plan.clone());
    let plan = steps::plan(
        replay,
        &PlanInput {
            discovery: discovery.clone(),
            earlier: earlier_plan,
            insisted: Some(demanded.clone()).filter(|_| is_step_up),
            grant: host.grant,
            pressed: input.pressed,
            settings: host.settings.clone(),
        },
    );
    if !may_go_on {
        return Ok(SignInOutcome::InteractionRequired(InteractionRequired { issuer: issuer.clone(), plan }));
    }
    if host.grant.is_none() && host.redirects == 0 {
        let message = "Interaction was allowed, but the host has no `redirect` to send the person with.";
        return Err(Error::new(Code::NoRedirect, message, &[]));
    }
    if host.grant == Some(GrantType::DeviceCode) {
        discovery.authorization_server.require_device_authorization()?;
    }
    let reason = if is_of_other_issuer {
        Some("issuer-changed")
    } else if is_step_up {
        Some("step-up")
    } else {
        None
    };
    let mut agreed = input.agreed.clone();
    if !consent::covers(replay, (endpoint, host), &mut agreed, (issuer, &plan), reason)? {
        return Ok(SignInOutcome::InteractionRequired(InteractionRequired { issuer: issuer.clone(), plan }));
    }
    let stored = place.client(&clients, issuer, &settings)?;
    // It is kept where it was found, and needs no second place in what waits for the person.
    let stored = stored.map(|stored| Arc::new(KeptRegistration { discovery: None, ..stored }));
    let client = stored.as_ref().map(|stored| stored.registration.clone());
    let progress = Progress {
        id: sends_person.then(|| input.id.clone()),
        unanswered: Some(unanswered),
        pressed: input.pressed,
        agreed,
        stored,
        unconfirmed: is_unconfirmed.then_some(true),
        ..Progress::default()
    };
    let mut sign_in = SignIn {
        replay,
        place,
        host,
        settings,
        discovery,
        plan,
        client,
        redirect_uri: None,
        listed: None,
        clients: Some(clients),
        kept: None,
        progress,
        replaces: input.replaces.as_deref().map(|token| (token, &demanded)),
    };
    sign_in.prefer_registration();
    if earlier.is_some_and(|session| is_continued(replay, input, &session)) {
        replay.set_attempts(Attempts { authorizations: 1, ..replay.attempts() });
    }
    sign_in.run()
}

/// Whether a token that came just now was refused by 401 for want of scopes: another trip is one of the same sign-in. A 403
/// tells that the token was accepted.
fn is_continued(replay: &Replay, input: &SignInInput, session: &Session) -> bool {
    let error = input.challenge.as_ref().and_then(|challenge| challenge.error.as_deref());
    input.step_up == Some(true)
        && input.replaces.as_deref() == Some(session.tokens.access_token.reveal())
        && replay.now() < session.tokens.received_at + refusal::NEW_SECONDS
        && error != Some("insufficient_scope")
}

pub(super) struct SignIn<'a> {
    pub(super) replay: &'a Replay,
    pub(super) place: Place<'a>,
    pub(super) host: &'a SignInHost,
    pub(super) settings: Arc<ServerSettings>,
    pub(super) discovery: Arc<Discovery>,
    pub(super) plan: Arc<ScopePlan>,
    /// The client to be used, if there is one yet.
    pub(super) client: Option<Arc<ClientRegistration>>,
    /// Where the person will come back to, once that is prepared.
    pub(super) redirect_uri: Option<RedirectUri>,
    /// Where they may come back to by the metadata document, once it was found not to list that.
    pub(super) listed: Option<Vec<String>>,
    /// The record of all clients for this MCP server, as it was read, until it is written.
    pub(super) clients: Option<Record>,
    /// The client as this sign-in stored it last.
    pub(super) kept: Option<Arc<ClientRegistration>>,
    pub(super) progress: Progress,
    /// The token in the place of which any other one will do that has these scopes, as long as nobody was sent.
    pub(super) replaces: Option<(&'a str, &'a ScopeSet)>,
}

impl SignIn<'_> {
    /// Tries until the person can be sent, there is a session, or nothing is left to change.
    pub(super) fn run(&mut self) -> Result<SignInOutcome> {
        loop {
            let error = match self.attempt() {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            self.keep_learnt()?;
            if !self.change_after(&error)? {
                return Err(error);
            }
        }
    }

    fn attempt(&mut self) -> Result<SignInOutcome> {
        let Registered { registration, plan, .. } = self.register().map_err(|error| error.at(Step::Register))?;
        self.client = Some(registration.clone());
        let (discovery, client) = (self.discovery.clone(), self.description());
        if self.host.grant.is_some() {
            let obtained = self.replay.perform(Effect::Obtain { discovery, registration, plan })?;
            let session = read(obtained).map_err(Error::invalid_argument)?;
            return self.finish(session);
        }
        let settings = self.host.settings.clone();
        let begun =
            steps::begin(self.replay, &BeginInput { discovery, registration, plan, client, attempts: None, settings });
        self.send_person(begun.map_err(|error| error.at(Step::Authorize))?)
    }

    fn register(&mut self) -> Result<Registered> {
        if self.host.grant.is_none() && self.redirect_uri.is_none() {
            self.redirect_uri = Some(self.prepared_redirect()?);
        }
        let client_id = self.client.as_ref().map(|client| &client.client_id);
        let is_in_use = |stored: &&Arc<KeptRegistration>| Some(&stored.registration.client_id) == client_id;
        let stored = self.progress.stored.as_ref().filter(is_in_use).filter(|_| self.progress.replaced.is_none());
        let doubt = match stored {
            // Once: where another client fared no better, it is not the client.
            Some(stored) if stored.refused_codes == Some(1) => Some(Doubt::CodeRefused),
            Some(stored) if stored.doubtful.or(self.progress.unanswered) == Some(true) => Some(Doubt::Unanswered),
            _ => None,
        };
        steps::register(
            self.replay,
            &RegisterInput {
                discovery: self.discovery.clone(),
                plan: self.plan.clone(),
                redirect_uri: self.redirect_uri.clone(),
                grant: self.host.grant,
                client: self.description(),
                registration: self.client.clone(),
                doubt,
                pressed: self.progress.pressed,
                attempts: None,
                settings: self.host.settings.clone(),
            },
        )
    }

    fn prepared_redirect(&self) -> Result<RedirectUri> {
        let preferred = self.progress.stored.as_ref().and_then(|stored| stored.registration.redirect_uri.clone());
        let issuer = self.discovery.authorization_server.issuer.clone();
        let by_hand = self.settings.client.as_ref().and_then(|client| client.redirect_uri.as_ref());
        let listed = by_hand.map(|uri| vec![uri.as_str().to_owned()]).or_else(|| self.listed.clone());
        let effect = Effect::PrepareRedirect { candidate: self.progress.redirect, issuer, preferred, listed };
        let prepared = self.replay.perform(effect)?;
        let uri = read(prepared.member("redirectUri")).map_err(|mut mismatch| {
            mismatch.path = "redirectUri".to_owned();
            Error::invalid_argument(mismatch)
        })?;
        // What was registered by hand is one redirect URI, and no other.
        let accepts_query = *prepared.member("acceptsQuery") == Json::Bool(true) && self.settings.client.is_none();
        self.ownership().usable(self.replay, uri, accepts_query)
    }

    pub(super) fn ownership(&self) -> Ownership<'_> {
        Ownership::new(&self.discovery.authorization_server, &self.settings)
    }

    /// What may be tried after a failure: another way back, a client that is known by now, or a new client. Each once, and
    /// never one more trip than there may be.
    pub(super) fn change_after(&mut self, error: &Error) -> Result<bool> {
        let may_send_again = self.replay.attempts().authorizations < AUTHORIZATION_LIMIT;
        match error.code {
            Code::RegistrationRefused | Code::RedirectOfOtherIssuer
                if self.progress.redirect + 1 < self.host.redirects
                    && (error.code == Code::RedirectOfOtherIssuer || is_about_redirect(error)) =>
            {
                self.progress.redirect += 1;
                self.redirect_uri = None;
            }
            Code::RedirectNotListed => {
                let listed = error.details.iter().find(|(name, _)| *name == "redirectUris");
                if self.listed.is_none() {
                    self.listed = listed.and_then(|(_, uris)| read(uris).ok());
                } else if self.progress.redirect + 1 < self.host.redirects {
                    self.progress.redirect += 1;
                } else if self.can_leave_document() {
                    (self.progress.without_document, self.progress.redirect) = (Some(true), 0);
                } else {
                    return Ok(false);
                }
                self.redirect_uri = None;
            }
            Code::ClientRefused if !may_send_again => return Ok(false),
            // Not all machines of a server know a new client at once.
            Code::ClientRefused if self.progress.registered == Some(true) => {
                if self.progress.waited.replace(true) == Some(true) {
                    return Ok(false);
                }
                self.replay.perform(Effect::Wait { milliseconds: SPREAD_MILLISECONDS })?;
            }
            Code::ClientRefused | Code::AuthorizationRefused
                if may_send_again
                    && self.progress.replaced.is_none()
                    && (error.code == Code::ClientRefused || self.refuses_document(error))
                    && self.can_replace_client() =>
            {
                self.progress.replaced = Some(true);
                self.progress.without_document = Some(true);
                if let Some(client) = self.client.take() {
                    self.place.forget_client(self.replay, &client)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A client that was registered by hand is the person's to replace.
    fn can_replace_client(&self) -> bool {
        self.settings.client.is_none()
            && match self.client.as_ref().map(|client| client.kind) {
                Some(RegistrationKind::Dynamic) => true,
                Some(RegistrationKind::MetadataDocument) | None => self.can_leave_document(),
                Some(RegistrationKind::PreRegistered) => false,
            }
    }

    fn refuses_document(&self, error: &Error) -> bool {
        let is_document = self.client.as_ref().is_some_and(|client| client.kind == RegistrationKind::MetadataDocument);
        is_document && registration_refusal::may_be_of_document(error)
    }

    fn can_leave_document(&self) -> bool {
        let has_document = self.host.client.as_ref().is_some_and(|client| client.client_metadata_url.is_some());
        let can_register = self.discovery.authorization_server.registration_endpoint.is_some();
        has_document && can_register && self.settings.client.is_none()
    }

    /// Nobody came back with the metadata document: it gives way to registration, where there is such.
    fn prefer_registration(&mut self) {
        let Some(stored) = &self.progress.stored else { return };
        let is_document = stored.registration.kind != RegistrationKind::Dynamic;
        if is_document && self.progress.unanswered == Some(true) && self.can_leave_document() {
            self.client = None;
            self.progress.without_document = Some(true);
        }
    }

    /// The client, as it presents itself. One that is registered stays so, whatever the server learns to do with documents.
    pub(super) fn description(&self) -> Option<Arc<ClientDescription>> {
        let is_registered = self.client.as_ref().is_some_and(|client| client.kind == RegistrationKind::Dynamic);
        if !is_registered && self.progress.without_document != Some(true) {
            return self.host.client.clone();
        }
        let client = self.host.client.as_deref().cloned().unwrap_or_default();
        Some(Arc::new(ClientDescription { client_metadata_url: None, ..client }))
    }

    /// Stores all that is needed to go on before the person leaves.
    pub(super) fn send_person(&mut self, begun: Begun) -> Result<SignInOutcome> {
        let Begun { authorization_url, pending } = begun;
        self.client = Some(pending.registration.clone());
        self.note_registered(&pending.registration);
        self.keep(&pending.registration, false)?;
        let (place, asked) = ((self.place.endpoint, self.host), (&pending.registration.issuer, &pending.plan));
        if !consent::covers(self.replay, place, &mut self.progress.agreed, asked, None)? {
            let (issuer, plan) = (pending.registration.issuer.clone(), pending.plan);
            return Ok(SignInOutcome::InteractionRequired(InteractionRequired { issuer, plan }));
        }
        if let Some(uri) = &pending.registration.redirect_uri {
            self.ownership().claim(self.replay, uri)?;
        }
        self.place.store_pending(self.replay, &pending, &self.progress)?;
        // Somebody else may have come back since this began. The last thing of all, for nobody is called back from a browser.
        if let Some((token, demanded)) = self.replaces
            && let Some((_, session)) = self.place.session(self.replay)?
            && refusal::replaces(&session, token, demanded)
        {
            stored::take_pending(self.replay, pending.state.reveal())?;
            self.place.end_sign_in(self.replay, self.progress.id.as_deref().unwrap_or_default(), false, false)?;
            return Ok(SignInOutcome::SignedIn(SignedIn { session }));
        }
        let issuer = pending.registration.issuer.clone();
        let is_unconfirmed = self.progress.unconfirmed.is_some();
        let ask_ahead = is_unconfirmed.then(|| locations_again(&pending.discovery.authorization_server));
        Ok(SignInOutcome::Authorize(Departure { authorization_url, state: pending.state, issuer, ask_ahead }))
    }

    /// Stores the session. A client that it replaced is deleted now that the new one works, if no other account's session
    /// uses it; a server that does not let it be deleted keeps it, and nothing depends on that.
    pub(super) fn finish(&mut self, mut session: Session) -> Result<SignInOutcome> {
        session.sign_in = self.progress.id.clone();
        let is_kept = |kept: &Arc<ClientRegistration>| kept.to_json() == session.registration.to_json();
        let had_refused_codes = self.progress.stored.as_ref().is_some_and(|stored| stored.refused_codes.is_some());
        if had_refused_codes || self.progress.kept != Some(true) || !self.kept.as_ref().is_some_and(is_kept) {
            self.keep(&session.registration, true)?;
        }
        self.place.store_session(self.replay, &session, self.progress.had_session == Some(true))?;
        // Only what has led to a session is kept.
        if self.host.grant.is_none() {
            keep_found(self.replay, &self.place, &self.settings, &session)?;
        }
        let stored = self.progress.stored.as_ref().filter(|stored| {
            let is_replaced = stored.registration.kind == RegistrationKind::Dynamic
                && stored.registration.client_id != session.registration.client_id;
            is_replaced && stored.accounts.iter().all(|account| account == self.place.account)
        });
        if let Some(stored) = stored {
            let registration = (*stored.registration).clone();
            let _ = steps::unregister(self.replay, &UnregisterInput { registration });
        }
        Ok(SignInOutcome::SignedIn(SignedIn { session }))
    }

    fn note_registered(&mut self, client: &Arc<ClientRegistration>) {
        let is_stored = |stored: &Arc<KeptRegistration>| stored.registration.client_id == client.client_id;
        let is_new = !self.progress.stored.as_ref().is_some_and(is_stored);
        self.progress.registered = Some(is_new && client.kind == RegistrationKind::Dynamic);
    }

    /// Keeps what an attempt that failed has taught: the next one goes on from there.
    pub(super) fn keep_learnt(&mut self) -> Result<()> {
        let registered = self.replay.take_registered();
        self.plan = self.replay.take_repaired().unwrap_or_else(|| self.plan.clone());
        self.keep_answered(registered)
    }

    /// Keeps what the server answered, whatever became of the attempt: a registration is the truth, the access token in it
    /// may replace the one that is stored (RFC 7592 §3), and the next attempt would register again.
    pub(super) fn keep_answered(&mut self, client: Option<Arc<ClientRegistration>>) -> Result<()> {
        let Some(client) = client else { return Ok(()) };
        self.note_registered(&client);
        self.keep(&client, false)?;
        self.client = Some(client);
        Ok(())
    }

    /// Keeps a client. Another one is replaced only once the new one works; an updated one, whose access token may have
    /// been rotated, at once.
    fn keep(&mut self, registration: &Arc<ClientRegistration>, works: bool) -> Result<()> {
        let (account, known) = (self.place.account, self.clients.take());
        let is_kept = Cell::new(false);
        self.place.change_client(self.replay, &registration.issuer, &self.settings, known, &|there| {
            let there = there.filter(|there| there.registration.client_id == registration.client_id || !works);
            let mut kept = there.unwrap_or(KeptRegistration {
                registration: registration.clone(),
                accounts: Vec::new(),
                doubtful: None,
                refused_codes: None,
                discovery: None,
            });
            kept.refused_codes = kept.refused_codes.filter(|_| !works);
            is_kept.set(kept.registration.client_id == registration.client_id);
            if is_kept.get() {
                (kept.registration, kept.doubtful) = (registration.clone(), None);
                if kept.accounts.len() < ACCOUNTS_LIMIT && !kept.accounts.iter().any(|own| own == account) {
                    kept.accounts.push(account.to_owned());
                }
            }
            Some(kept)
        })?;
        self.progress.kept = Some(is_kept.get());
        self.kept = Some(registration.clone());
        Ok(())
    }

    pub(super) fn count_refused_code(&mut self) -> Result<()> {
        let issuer = &self.discovery.authorization_server.issuer;
        self.place.change_client(self.replay, issuer, &self.settings, self.clients.take(), &|there| {
            there.map(|kept| {
                let refused_codes = Some(kept.refused_codes.unwrap_or_default() + 1);
                KeptRegistration { refused_codes, ..kept }
            })
        })
    }
}

fn is_about_redirect(error: &Error) -> bool {
    ["error", "errorDescription"].into_iter().any(|name| mentions(error.detail(name), "redirect"))
}

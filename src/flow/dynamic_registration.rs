//! Dynamic registration as it goes with real servers (RFC 7591, RFC 7592): a stored client is used while it serves,
//! widened where the server offers that, replaced where not, and every attempt is counted.

use std::sync::Arc;

use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::http::{Request, Response};
use crate::data::identifier::{Endpoint, RedirectUri};
use crate::data::scope::ScopeSet;
use crate::data::url::Url;
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::authorization_server::AuthorizationServer;
use crate::protocol::grant::GrantType;
use crate::protocol::registration::{Answer, Asked, ClientRegistration, lacks_redirect_uri};
use crate::protocol::registration_management::Management;
use crate::protocol::registration_refusal;
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::settings::{ClientDescription, InitialAccessToken};
use crate::protocol::trace::Party;
use crate::protocol::well_known;
use crate::{record, string_enum};

/// Registrations in one sign-in, updates included, whatever they are for.
const REGISTRATION_LIMIT: u64 = 5;

/// Those of them that are another attempt at the same scopes.
const SCOPE_REGISTRATION_LIMIT: u64 = 3;

string_enum! {
    /// Why a stored registration is in doubt.
    pub enum Doubt {
        /// The person was sent to the authorization server with it, and never came back.
        Unanswered = "unanswered",
        /// The server sent the person back with a code, and refused it.
        CodeRefused = "code-refused",
        /// The server refused scopes for which it was said to be registered.
        Refused = "refused",
        /// The server said, without the person, that it does not know the client.
        Forgotten = "forgotten",
    }
}

/// What a server still knows of a client.
#[derive(PartialEq)]
enum Standing {
    AsStored,
    /// Another redirect URI: an update was made, and its answer lost.
    Changed,
    Forgotten,
}

/// What a dynamic registration is for.
pub struct DynamicRegistration<'a> {
    /// The way to the authorization server.
    pub exchange: Exchange<'a>,
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The scopes.
    pub plan: &'a ScopePlan,
    /// What the client will give for tokens.
    pub grant: GrantType,
    /// Where authorization responses come back to.
    pub redirect_uri: Option<&'a RedirectUri>,
    /// The client, as it presents itself.
    pub client: &'a ClientDescription,
    /// What the server's operator gave the host for it.
    pub initial_access_token: Option<&'a InitialAccessToken>,
    /// Whether refresh tokens are wanted.
    pub refresh: bool,
}

impl DynamicRegistration<'_> {
    /// A client that is registered for the plan, as far as the server lets it be. A stored one that lacks nothing that
    /// is required is kept when the server refuses to do more.
    pub fn client(
        &self,
        stored: Option<&Arc<ClientRegistration>>,
        doubt: Option<Doubt>,
    ) -> Result<Arc<ClientRegistration>> {
        let client = self.widest_client(stored, doubt)?;
        if !client.grants_ceiling_unasked(self.plan) {
            return Ok(client);
        }
        let plan = self.plan.without_ceiling();
        let narrow = DynamicRegistration { plan: &plan, ..*self };
        // Where that fails as well, the server keeps to its answer, and the person sees what it grants.
        match narrow.update(&client, narrow.asked()?.replacing(&client)) {
            Ok(Some(narrowed)) => Ok(narrowed),
            _ => narrow.register().or(Ok(client)),
        }
    }

    fn widest_client(
        &self,
        stored: Option<&Arc<ClientRegistration>>,
        doubt: Option<Doubt>,
    ) -> Result<Arc<ClientRegistration>> {
        let now = self.exchange.replay.now();
        let is_forgotten = doubt == Some(Doubt::Forgotten);
        let Some(stored) = stored.filter(|stored| stored.is_usable(self.server, now) && !is_forgotten) else {
            return self.register();
        };
        let standing = match doubt {
            Some(Doubt::CodeRefused) if Management::of(stored).is_none() => None,
            Some(Doubt::Unanswered | Doubt::CodeRefused) => self.standing(stored)?,
            _ => Some(Standing::AsStored),
        };
        if matches!(standing, None | Some(Standing::Forgotten)) {
            match self.register() {
                // The server could not say, and has no other client for us: it may know this one still.
                Err(error) if standing.is_none() && is_final(&error) => {}
                registered => return registered,
            }
        }
        let is_same = stored.redirect_uri.as_ref() == self.redirect_uri && standing != Some(Standing::Changed);
        if is_same && doubt != Some(Doubt::Refused) && stored.covers(self.plan, now) {
            return Ok(stored.clone());
        }
        if let Some(updated) = self.update(stored, self.asked()?.beside(stored))? {
            return Ok(stored.renewed(updated));
        }
        let registered = self.register().map(|registered| stored.renewed(registered));
        // Without an answer that is silent about it, nothing is asked for outright.
        let within = stored.plan(self.plan);
        let insisted: ScopeSet = within.outright().iter().filter(|scope| within.insists_on(scope)).collect();
        let missing = within.missing().union(&insisted);
        match registered {
            Err(_) if is_same && doubt.is_none() && missing.is_empty() => Ok(stored.clone()),
            Err(error) if !missing.is_empty() && is_final(&error) => {
                Err(registration_refusal::scopes_missing(&missing, stored))
            }
            registered => registered,
        }
    }

    /// Registers (RFC 7591 §3), in the order of the ladder.
    fn register(&self) -> Result<Arc<ClientRegistration>> {
        let Some(endpoint) = &self.server.registration_endpoint else {
            return Err(registration_refusal::impossible(self.server));
        };
        let mut asked = self.asked()?;
        loop {
            self.count(asked.is_reduced())?;
            let mut request = asked.request(endpoint, self.client);
            let of_this_server = |given: &&InitialAccessToken| given.issuer.is_same_for_discovery(&self.server.issuer);
            request.authorization =
                self.initial_access_token.filter(of_this_server).map(|given| given.token.as_bearer());
            let mut response = self.exchange.unfollowed(&request)?;
            if response.is_redirect() {
                response = self.follow(response, request, endpoint)?;
            }
            match asked.read(response, self.server, self.exchange.replay.now())? {
                Answer::Registered(registration) => {
                    let registration = self.noted(registration);
                    self.exchange.replay.registered(registration.clone());
                    return Ok(registration);
                }
                Answer::Refused(refusal, status) => match asked.after(&refusal, status, self.server, self.plan) {
                    Some(next) => asked = next,
                    None => return Err(registration_refusal::refused(refusal, status, self.server, self.plan)),
                },
            }
        }
    }

    /// Sends a registration once more where it is redirected to itself with a slash at the end, or without, if the redirect
    /// keeps the method and there is no secret in it.
    fn follow(&self, redirect: &Response, request: Request, endpoint: &Endpoint) -> Result<&Response> {
        let target = redirect.location.as_deref().and_then(|location| Url::join(endpoint.as_str(), location));
        let itself = well_known::otherwise_spelled(endpoint.url());
        let may_follow = matches!(redirect.status, 307 | 308) && request.authorization.is_none();
        if may_follow && target.as_ref().is_some_and(|target| target.href() == itself) {
            let response = self.exchange.unfollowed(&Request { url: itself, ..request })?;
            if !response.is_redirect() {
                return Ok(response);
            }
        }
        Err(registration_refusal::redirected(self.server, endpoint, target.as_ref()))
    }

    /// Changes a stored registration (RFC 7592 §2.2). Nothing where the server does not offer it, or offers it and then
    /// fails in whatever way: there is still registration.
    fn update(&self, stored: &Arc<ClientRegistration>, asked: Asked) -> Result<Option<Arc<ClientRegistration>>> {
        let Some(management) = Management::of(stored) else { return Ok(None) };
        self.count(true)?;
        let response = self.exchange.once(&management.update_request(&asked, self.client));
        match response.and_then(|response| asked.read(response, self.server, self.exchange.replay.now())) {
            Ok(Answer::Registered(updated)) => {
                let updated = management.updated(self.noted(updated));
                self.exchange.replay.registered(updated.clone());
                Ok(Some(updated))
            }
            Err(error) if error.code == Code::Aborted => Err(error),
            _ => Ok(None),
        }
    }

    /// What the server still knows of the client (RFC 7592 §2.1); one that does not offer to be asked is believed to know
    /// it. Nothing where it fails in whatever way.
    fn standing(&self, stored: &Arc<ClientRegistration>) -> Result<Option<Standing>> {
        let Some(management) = Management::of(stored) else { return Ok(Some(Standing::AsStored)) };
        let response = match self.exchange.once(&management.read_request()) {
            Ok(response) if matches!(response.status, 401 | 403 | 404) => return Ok(Some(Standing::Forgotten)),
            Ok(response) if response.is_success() => response,
            Err(error) if error.code == Code::Aborted => return Err(error),
            _ => return Ok(None),
        };
        let Ok(document) = response.document() else { return Ok(None) };
        let is_changed = lacks_redirect_uri(document, self.redirect_uri);
        Ok(Some(if is_changed { Standing::Changed } else { Standing::AsStored }))
    }

    /// With what of it was demanded.
    fn noted(&self, registration: Arc<ClientRegistration>) -> Arc<ClientRegistration> {
        let demanded = self.plan.demanded();
        Arc::new(ClientRegistration { demanded_scopes: Some(demanded), ..Arc::unwrap_or_clone(registration) })
    }

    fn asked(&self) -> Result<Asked> {
        Asked::first(self.server, self.plan, self.grant, self.redirect_uri, self.refresh)
    }

    fn count(&self, for_scopes: bool) -> Result<()> {
        let replay = self.exchange.replay;
        let mut attempts = replay.attempts();
        attempts.registrations += 1;
        attempts.scope_registrations += u64::from(for_scopes);
        replay.set_attempts(attempts);
        if attempts.registrations <= REGISTRATION_LIMIT && attempts.scope_registrations <= SCOPE_REGISTRATION_LIMIT {
            return Ok(());
        }
        let message = "The client was registered as often as one sign-in permits, without success. Sign in again later, or ask the authorization server's operator.";
        Err(Error::new(Code::AttemptsExhausted, message, &[]).with("issuer", self.server.issuer.as_str()))
    }
}

/// Whether there is no registration to be had: it is not offered, or refused, also by 429, with which some servers say
/// that there is a client already.
fn is_final(error: &Error) -> bool {
    let is_refused = error.kind() == Kind::Refused || error.details.contains(&("status", 429.into()));
    is_refused || error.code == Code::NeedsClientId
}

record! {
    /// What the deletion of a registration starts from (RFC 7592 §2.3).
    #[derive(Debug)]
    pub struct UnregisterInput {
        /// The registration that is no longer needed.
        pub registration: ClientRegistration,
    }
}

/// Deletes a registration where the server offers that (RFC 7592 §2.3). Whether it did is the answer.
pub fn unregister(replay: &Replay, input: &UnregisterInput) -> Result<bool> {
    let Some(management) = Management::of(&input.registration) else { return Ok(false) };
    let named_by = input.registration.issuer.url();
    let exchange = Exchange { replay, step: Step::Register, party: Party::AuthorizationServer, named_by };
    Ok(exchange.once(&management.delete_request())?.is_success())
}

//! A signed-in connection to one MCP server. What a refusal means, what is asked for and what is kept, the library decides;
//! this sends, waits, and lets all who want the same thing at the same time share one running call.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{BoxFuture, FutureExt as _, WeakShared};
use mcp_oauth_wasm::connection::came_back;
use mcp_oauth_wasm::connection::refusal::{self, Action, Decision, RefusalInput, TokenOrigin};
use mcp_oauth_wasm::connection::renewal::{self, RenewInput, Renewal};
use mcp_oauth_wasm::connection::sign_in::{
    self, CameBackInput, InteractionRequired, SignInHost, SignInInput, SignInOutcome, UnderWay,
};
use mcp_oauth_wasm::connection::sign_out;
use mcp_oauth_wasm::connection::stored::{self, Place};
use mcp_oauth_wasm::data::error::{Code, Error, Kind};
use mcp_oauth_wasm::data::identifier::Endpoint;
use mcp_oauth_wasm::data::url::{Url, Zone};
use mcp_oauth_wasm::flow::replay::run;
use mcp_oauth_wasm::flow::steps::SignedIn;
use mcp_oauth_wasm::protocol::challenge::Challenge;
use mcp_oauth_wasm::protocol::settings::ServerSettings;
use mcp_oauth_wasm::protocol::token::Session;
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Request, Response};

use crate::host::Host;
use crate::platform::{FlowPlatform, network_failed, now};

/// Why a request or a sign-in failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It says what happened, and what to do next.
    Error(Box<Error>),
    /// A person is needed, and may not be asked: call [`Connection::sign_in`] where one may.
    InteractionRequired(Box<InteractionRequired>),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => error.fmt(formatter),
            Failure::InteractionRequired(needed) => {
                write!(formatter, "A person has to sign in at {}.", needed.issuer.as_str())
            }
        }
    }
}

impl std::error::Error for Failure {}

impl From<Box<Error>> for Failure {
    fn from(error: Box<Error>) -> Failure {
        Failure::Error(error)
    }
}

pub type Result<T> = std::result::Result<T, Failure>;

/// For whom a connection is, and how far it may go by itself.
pub struct ConnectionOptions {
    /// Tells several accounts at one server apart.
    pub account: String,
    /// Whether a request may open a browser when a person is needed.
    pub interaction: bool,
    /// What the application knows about this server.
    pub settings: ServerSettings,
}

impl Default for ConnectionOptions {
    fn default() -> ConnectionOptions {
        ConnectionOptions { account: "default".to_owned(), interaction: false, settings: ServerSettings::default() }
    }
}

/// Clones are the same connection. An application has one for each server and account.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    host: Arc<Host>,
    endpoint: Endpoint,
    account: String,
    interaction: bool,
    sign_in_host: Arc<SignInHost>,
    state: Mutex<State>,
    /// What runs, by what it is for; nobody waits for what is gone.
    running: Mutex<HashMap<String, WeakShared<Running>>>,
}

type Running = BoxFuture<'static, Result<()>>;

#[derive(Default)]
struct State {
    session: Option<Session>,
    /// The access token that was not accepted yet, and where it is from.
    untested: Option<(String, TokenOrigin)>,
    /// What a refresh gave, until it is stored in the place of the session with that access token.
    unstored: Option<(Session, String)>,
}

/// What an MCP server answered, as far as it may be a refusal: its status, and all its `WWW-Authenticate` headers.
pub type Answer = (u16, Vec<String>);

impl Connection {
    pub fn new(host: Arc<Host>, endpoint: &str, options: ConnectionOptions) -> Result<Connection> {
        let ConnectionOptions { account, interaction, settings } = options;
        let sign_in_host = SignInHost {
            client: Some(host.client.clone()),
            settings: Some(settings.into()),
            redirects: 1,
            approves: None,
            grant: None,
            interactive_grant: None,
        };
        Ok(Connection(Arc::new(Inner {
            endpoint: Endpoint::named(endpoint, Zone::Local)?,
            account,
            interaction,
            sign_in_host: sign_in_host.into(),
            state: Mutex::default(),
            running: Mutex::default(),
            host,
        })))
    }

    /// Makes requests for [`Connection::send`].
    pub fn http(&self) -> &reqwest::Client {
        &self.0.host.http
    }

    /// Sends a request with the access token, and again after a sign-in, refresh or step-up that it needed.
    pub async fn send(&self, request: Request) -> Result<Response> {
        let url = request.url().clone();
        let sending = |token: Option<String>| {
            let sending = request.try_clone().map(|mut request| {
                if let Some(Ok(mut value)) = token.map(|token| HeaderValue::try_from(format!("Bearer {token}"))) {
                    value.set_sensitive(true);
                    request.headers_mut().insert(AUTHORIZATION, value);
                }
                self.http().execute(request)
            });
            async { Some(sending?.await) }
        };
        let read_answer = |answer: &Option<reqwest::Result<Response>>| {
            let response = answer.as_ref()?.as_ref().ok()?;
            let challenges = response.headers().get_all(WWW_AUTHENTICATE).into_iter();
            let challenges = challenges.filter_map(|value| value.to_str().ok().map(str::to_owned));
            Some((response.status().as_u16(), challenges.collect()))
        };
        match self.send_signed(url.as_str(), sending, read_answer).await? {
            Some(answer) => answer.map_err(|error| network_failed(url.as_str(), &error).into()),
            None => {
                let message =
                    "The body of the request can be read only once, and it may have to be sent again. Read it first.";
                Err(Error::new(Code::InvalidArgument, message, &[]).into())
            }
        }
    }

    /// [`Connection::send`] for any client of HTTP: what sends with an access token, and what it was answered.
    pub async fn send_signed<T, F: Future<Output = T>>(
        &self,
        url: &str,
        sending: impl Fn(Option<String>) -> F,
        read_answer: impl Fn(&T) -> Option<Answer>,
    ) -> Result<T> {
        self.refuse_foreign(url)?;
        let mut attempt = 0;
        loop {
            let token = self.access_token().await?;
            let outcome = sending(token.clone()).await;
            match read_answer(&outcome) {
                None => return Ok(outcome),
                Some((status @ (401 | 403), challenges)) => {
                    if !self.on_refusal(status, challenges, token, attempt).await? {
                        return Ok(outcome);
                    }
                }
                Some((status, challenges)) => {
                    self.state().untested = None;
                    if self.state().session.as_ref().is_some_and(|session| session.refused_with.is_some()) {
                        self.on_refusal(status, challenges, token, attempt).await?;
                    }
                    return Ok(outcome);
                }
            }
            attempt += 1;
        }
    }

    /// Signs the person in, even if there is a session, and opens a browser for that.
    pub async fn sign_in(&self) -> Result<()> {
        let cause = SignInInput { pressed: Some(true), interaction: Some(true), ..self.cause() };
        self.sign_in_for(cause).await
    }

    /// Renews the tokens now.
    pub async fn refresh(&self) -> Result<()> {
        let session = self.session().await?;
        let Some(session) = session.filter(|session| session.tokens.refresh_token.is_some()) else {
            let message = "There is no refresh token: sign in first, or again.";
            return Err(Error::new(Code::NoRefreshToken, message, &[]).into());
        };
        let used = session.tokens.access_token.reveal();
        self.renew(used, None).await?;
        if self.token_in_use().as_deref() == Some(used) {
            let message = "The refresh token is not accepted any more. Sign in again.";
            return Err(Error::new(Code::RefreshTokenRefused, message, &[]).into());
        }
        Ok(())
    }

    /// Forgets the session, and has its tokens revoked: whether the authorization server did.
    pub async fn sign_out(&self) -> Result<bool> {
        let Inner { host, endpoint, account, .. } = &*self.0;
        let place = Place { endpoint, account };
        let revoked = run(&FlowPlatform::new(host), |replay| sign_out::sign_out(replay, &place)).await?;
        *self.state() = State::default();
        Ok(revoked)
    }

    /// The session in use, or else the stored one.
    pub async fn session(&self) -> Result<Option<Session>> {
        let in_use = self.state().session.clone();
        if in_use.is_some() {
            return Ok(in_use);
        }
        let Inner { host, endpoint, account, .. } = &*self.0;
        let place = Place { endpoint, account };
        let stored = run(&FlowPlatform::new(host), |replay| place.session(replay)).await?;
        let mut state = self.state();
        state.session = state.session.take().or(stored.map(|(_, session)| session));
        Ok(state.session.clone())
    }

    /// The access token for the next request, renewed if it is about to expire; none before the first sign-in.
    async fn access_token(&self) -> Result<Option<String>> {
        let Some(Session { tokens, .. }) = self.session().await? else { return Ok(None) };
        if tokens.renew_at().is_some_and(|at| now() >= at) {
            match self.renew(tokens.access_token.reveal(), None).await {
                // Nothing was decided, and the token may still serve for its last seconds.
                Err(Failure::Error(error))
                    if error.kind() == Kind::Transport && tokens.expires_at.is_none_or(|at| now() < at) => {}
                renewed => renewed.or_else(ignore_answered)?,
            }
        }
        Ok(self.token_in_use())
    }

    /// Does what a refusal needs. Whether the request may then be sent again is the answer.
    async fn on_refusal(&self, status: u16, headers: Vec<String>, token: Option<String>, attempt: u64) -> Result<bool> {
        let (session, untested) = {
            let state = self.state();
            (state.session.clone(), state.untested.clone())
        };
        let in_use = session.as_ref().map(|session| session.tokens.access_token.reveal().to_owned());
        let input = RefusalInput {
            endpoint: self.0.endpoint.clone(),
            account: self.0.account.clone(),
            method: None,
            in_session: None,
            status: status.into(),
            headers,
            late: Some(in_use.is_some() && in_use != token),
            untested: untested.filter(|(token, _)| in_use.as_ref() == Some(token)).map(|(_, origin)| origin),
            session,
            accepted: None,
            attempt,
        };
        let platform = FlowPlatform::new(&self.0.host);
        let decision = run(&platform, |replay| refusal::decide(replay, &input)).await;
        let remembers = input.session.as_ref().is_some_and(|session| session.refused_with.is_some());
        let is_other = decision.as_ref().is_ok_and(|decision| decision.action == Action::SendAgain);
        if remembers || is_other || input.untested == Some(TokenOrigin::SignIn) {
            // What is remembered of a refusal is in the store, and so is what somebody else has.
            let place = Place { endpoint: &self.0.endpoint, account: &self.0.account };
            let stored = run(&platform, |replay| place.session(replay)).await?;
            self.state().session = stored.map(|(_, session)| session);
        }
        let Decision { action, challenge, demanded } = decision?;
        let used = in_use.unwrap_or_default();
        match action {
            Action::HandBack => return Ok(false),
            Action::SendAgain => return Ok(true),
            Action::Refresh => {
                self.renew(&used, challenge.clone()).await.or_else(ignore_answered)?;
                if self.token_in_use().is_some_and(|token| token != used) {
                    return Ok(true);
                }
            }
            Action::SignIn | Action::StepUp => {}
        }
        let step_up = Some(action == Action::StepUp);
        let cause = SignInInput { challenge, demanded: Some(demanded), step_up, replaces: Some(used), ..self.cause() };
        self.sign_in_for(cause).await.map(|()| true)
    }

    fn cause(&self) -> SignInInput {
        let Inner { endpoint, account, interaction, sign_in_host, .. } = &*self.0;
        SignInInput {
            endpoint: endpoint.clone(),
            account: account.clone(),
            id: format!("{}-{:?}", std::process::id(), SystemTime::now().duration_since(UNIX_EPOCH)),
            unanswered: None,
            ended: None,
            called_at: None,
            challenge: None,
            demanded: None,
            step_up: None,
            pressed: None,
            replaces: None,
            interaction: Some(*interaction),
            agreed: None,
            host: sign_in_host.clone(),
        }
    }

    async fn sign_in_for(&self, cause: SignInInput) -> Result<()> {
        let demanded = cause.demanded.as_ref().and_then(|scopes| scopes.to_parameter()).unwrap_or_default();
        let what = format!("sign in {:?} {demanded}", cause.interaction);
        let connection = self.clone();
        self.once(&what, || {
            async move {
                let session = connection.signed_in(cause).await?;
                let token = session.tokens.access_token.reveal().to_owned();
                let mut state = connection.state();
                if state.session.as_ref().is_none_or(|session| session.tokens.access_token.reveal() != token) {
                    state.untested = Some((token, TokenOrigin::SignIn));
                }
                state.session = Some(session);
                Ok(())
            }
            .boxed()
        })
        .await
    }

    async fn signed_in(&self, mut cause: SignInInput) -> Result<Session> {
        let Inner { host, sign_in_host, .. } = &*self.0;
        let _turn = if cause.interaction == Some(true) { Some(host.person.lock().await) } else { None };
        let platform = FlowPlatform::new(host);
        let mut outcome = run(&platform, |replay| sign_in::sign_in(replay, &cause)).await?;
        let mut seen = (String::new(), 0, 0);
        loop {
            let departure = match outcome {
                SignInOutcome::SignedIn(SignedIn { session }) => return Ok(session),
                SignInOutcome::InteractionRequired(needed) => return Err(Failure::InteractionRequired(needed.into())),
                SignInOutcome::Authorize(departure) => departure,
                SignInOutcome::UnderWay(UnderWay { id, renewed_at }) => {
                    let times = if (&seen.0, seen.1) == (&id, renewed_at) { seen.2 + 1 } else { 0 };
                    // The clock alone does not tell: it may have jumped.
                    cause.ended = Some(id.clone()).filter(|_| times > 5 && now() >= renewed_at + 15);
                    seen = (id, renewed_at, times);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    outcome = run(&platform, |replay| sign_in::sign_in(replay, &cause)).await?;
                    continue;
                }
            };
            let sent = platform.send_person(&departure);
            tokio::pin!(sent);
            // Other processes that want the same session wait for as long as this one says that it waits.
            let sent = loop {
                tokio::select! {
                    sent = &mut sent => break sent,
                    () = tokio::time::sleep(Duration::from_secs(5)) => {
                        let place = Place { endpoint: &cause.endpoint, account: &cause.account };
                        run(&platform, |replay| place.renew_sign_in(replay, &cause.id)).await?;
                    }
                }
            };
            let callback_url = match sent {
                Ok(callback_url) => callback_url,
                Err(error) => {
                    run(&platform, |replay| stored::take_pending(replay, departure.state.reveal())).await?;
                    return Err(error.into());
                }
            };
            let input = CameBackInput { callback_url, account: None, id: None, host: sign_in_host.clone() };
            outcome = run(&platform, |replay| came_back::came_back(replay, &input)).await?;
        }
    }

    /// Renews the tokens, unless others than these are there by now. It goes on when nobody waits for it any more: the server
    /// may have rotated the refresh token.
    async fn renew(&self, used: &str, challenge: Option<Challenge>) -> Result<()> {
        let (connection, replaces) = (self.clone(), used.to_owned());
        self.once("refresh", || {
            async move {
                let renewal = tokio::spawn(async move { connection.renewed(replaces, challenge).await });
                renewal.await.unwrap_or_else(|error| {
                    Err(Error::new(Code::HostFailed, "The refresh was ended: {}.", &[&error.to_string()]).into())
                })
            }
            .boxed()
        })
        .await
    }

    async fn renewed(&self, replaces: String, challenge: Option<Challenge>) -> Result<()> {
        self.store_unstored().await?;
        let Inner { host, endpoint, account, sign_in_host, .. } = &*self.0;
        let (endpoint, account, settings) = (endpoint.clone(), account.clone(), sign_in_host.settings.clone());
        let input = RenewInput { endpoint, account, replaces, challenge, settings };
        let renewal = run(&FlowPlatform::new(host), |replay| renewal::renew(replay, &input)).await?;
        let Renewal { session, renewed, stored } = renewal;
        if let Some(session) = session.clone().filter(|_| !stored) {
            self.state().unstored = Some((session, input.replaces));
        }
        self.store_unstored().await?;
        let mut state = self.state();
        if let Some(session) = session.as_ref().filter(|_| renewed) {
            state.untested = Some((session.tokens.access_token.reveal().to_owned(), TokenOrigin::Refresh));
        }
        state.session = session;
        Ok(())
    }

    /// The refresh token that is stored is used up, so this comes before all else.
    async fn store_unstored(&self) -> Result<()> {
        let Some((session, replaced)) = self.state().unstored.clone() else { return Ok(()) };
        let Inner { host, endpoint, account, .. } = &*self.0;
        let place = Place { endpoint, account };
        run(&FlowPlatform::new(host), |replay| place.change_session(replay, &replaced, &|_| session.clone())).await?;
        self.state().unstored = None;
        Ok(())
    }

    /// Waits for that which runs already, or runs it. When nobody waits any more, it ends.
    async fn once(&self, what: &str, work: impl FnOnce() -> Running) -> Result<()> {
        let shared = {
            let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
            let shared = running.get(what).and_then(WeakShared::upgrade).filter(|shared| shared.peek().is_none());
            let shared = shared.unwrap_or_else(|| work().shared());
            running.extend(shared.downgrade().map(|weak| (what.to_owned(), weak)));
            shared
        };
        shared.await
    }

    /// A token goes only to the server that it was issued for.
    fn refuse_foreign(&self, url: &str) -> Result<()> {
        let own = self.0.endpoint.url();
        if Url::parse(url).is_some_and(|called| called.origin() == own.origin() && called.path() == own.path()) {
            return Ok(());
        }
        let message = "This connection is signed in to {} and sends its token nowhere else. Use another one.";
        Err(Error::new(Code::InvalidUrl, message, &[own.as_str()]).into())
    }

    fn token_in_use(&self) -> Option<String> {
        self.state().session.as_ref().map(|session| session.tokens.access_token.reveal().to_owned())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refresh brought no tokens, whatever the server answered: the refresh token is kept. The access token may still serve,
/// and a person can sign in. Where no answer came, or somebody has to be patient, that is the error.
fn ignore_answered(failure: Failure) -> Result<()> {
    match failure {
        Failure::Error(error) if matches!(error.kind(), Kind::Refused | Kind::Incompatible | Kind::Misbehaved) => {
            Ok(())
        }
        failure => Err(failure),
    }
}

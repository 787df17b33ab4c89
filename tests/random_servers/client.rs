//! A client that performs what the flows decide, as `js/connection.js` does, and lives through one case.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use mcp_oauth_wasm::connection::came_back::came_back;
use mcp_oauth_wasm::connection::refusal::{Action, Decision, RefusalInput, TokenOrigin, decide};
use mcp_oauth_wasm::connection::renewal::{RenewInput, renew};
use mcp_oauth_wasm::connection::sign_in::{
    CameBackInput, Departure, SignInHost, SignInInput, SignInOutcome, UnderWay, sign_in,
};
use mcp_oauth_wasm::data::error::{Code, Error, Kind, Result, Step};
use mcp_oauth_wasm::data::http::{Request, Response};
use mcp_oauth_wasm::data::identifier::{Endpoint, Secret};
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::read;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::flow::replay::{Replay, run};
use mcp_oauth_wasm::protocol::settings::{ClientDescription, PreRegisteredClient, ServerSettings};
use mcp_oauth_wasm::protocol::token::Session;
use mcp_oauth_wasm::protocol::trace::Event;

use crate::records::{read_record, swap_record};
use crate::scopes::Scopes;
use crate::world::{CLIENT_METADATA, MCP_SERVER, OPERATIONS, Visit, World};

/// What one flow may ask of its host, and one action of the network.
const EFFECT_LIMIT: u64 = 120;
const REQUEST_LIMIT: u64 = 100;

/// Windows after which nobody waits for the end of a call.
const WINDOW_LIMIT: u64 = 10;

const ACCOUNTS: [&str; 2] = ["one", "two"];

/// A window that was closed is what JavaScript calls `callback_aborted`.
const CLOSED: &str = "The person closed the window.";

struct Host {
    world: Mutex<World>,
    /// What the flow under way has asked for.
    effects: AtomicU64,
}

/// What the process remembers of an account.
#[derive(Default)]
struct Memory {
    session: Option<Session>,
    untested: Option<(String, TokenOrigin)>,
}

pub struct Client {
    host: Host,
    memories: [Memory; 2],
    /// How many sign-ins there were.
    sign_ins: u64,
    interaction: bool,
}

impl Platform for Host {
    async fn fetch(&self, _: Step, request: &Request, _: bool) -> Result<Response> {
        self.count()?;
        let answer = self.world.lock().unwrap().answer(request);
        answer.ok_or_else(|| Error::new(Code::NetworkFailed, "Nobody answers.", &[]))
    }

    async fn client_assertion(&self, _: &str, _: &str) -> Result<Secret> {
        panic!("no client here has a key")
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        self.count()?;
        let world = &mut *self.world.lock().unwrap();
        Ok(match effect {
            Effect::Read { key } => read_record(&world.store, key),
            Effect::CompareAndSwap { key, version, value } => Json::Bool(swap(world, key, version.as_deref(), value)),
            Effect::Wait { milliseconds } => {
                world.now += milliseconds / 1000;
                Json::Null
            }
            Effect::PrepareRedirect { candidate, preferred, .. } => {
                let name = if *candidate == 0 { "127.0.0.1" } else { "localhost" };
                let at = |port: u64| format!("http://{name}:{}/callback", 4000 + port);
                let is_free = |uri: &str| (world.taken_ports..world.taken_ports + 10).any(|port| at(port) == uri);
                let preferred = preferred.as_ref().map(|uri| uri.as_str()).filter(|uri| is_free(uri));
                let uri = preferred.map_or_else(|| at(world.taken_ports), str::to_owned);
                Json::Object(Vec::new()).with("redirectUri", uri.as_str().into()).with("acceptsQuery", Json::Bool(true))
            }
            Effect::Approve { .. } => Json::Bool(world.host_row("the host") == "approves"),
            Effect::AskAhead { .. }
            | Effect::Lock { .. }
            | Effect::Admit { .. }
            | Effect::CheckIdToken { .. }
            | Effect::Obtain { .. } => Json::Null,
        })
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        let random = &mut self.world.lock().unwrap().random;
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&random.next().to_le_bytes());
        }
        Ok(bytes)
    }

    fn now(&self) -> u64 {
        self.world.lock().unwrap().now
    }

    fn trace(&self, _: Event) {}
}

/// Swaps; another writer is first now and then, but for what only one is to take.
fn swap(world: &mut World, key: &str, version: Option<&str>, value: &Option<Json>) -> bool {
    if world.store.contains_key(key) && !key.starts_with("pending ") && world.host_row("the store") != "is ours alone" {
        world.store.get_mut(key).unwrap().0 += 1;
    }
    swap_record(&mut world.store, key, version, value)
}

impl Host {
    fn count(&self) -> Result<()> {
        let count = self.effects.fetch_add(1, Ordering::Relaxed);
        if count < EFFECT_LIMIT {
            return Ok(());
        }
        if count == EFFECT_LIMIT {
            self.world.lock().unwrap().books.violation("a flow does not end", "");
        }
        Err(Error::new(Code::Aborted, "That is enough.", &[]))
    }
}

impl Client {
    pub fn new(case: u64, tells: bool) -> Client {
        let host = Host { world: Mutex::new(World::new(case, tells)), effects: AtomicU64::new(0) };
        Client { host, memories: Default::default(), sign_ins: 0, interaction: true }
    }

    pub fn into_world(self) -> World {
        self.host.world.into_inner().unwrap()
    }

    fn world(&mut self) -> &mut World {
        self.host.world.get_mut().unwrap()
    }

    /// Lives through the case: first a call, then whatever comes.
    pub fn live(&mut self) {
        let actions = 2 + self.world().random.below(5);
        for number in 0..actions {
            let random = &mut self.world().random;
            let account = usize::from(random.happens(12));
            let operation = random.below(OPERATIONS);
            let chance = if number == 0 { 0 } else { random.below(100) };
            // A session is worth a longer life.
            let lives_on = self.stored(account).session.is_some() && self.world().random.happens(30);
            let chance = if lives_on { 75 } else { chance };
            self.interaction = self.world().random.happens(95);
            match chance {
                0..42 => self.acts(account, "call", |client| client.call(account, operation)),
                42..54 => self.acts(account, "press", |client| client.press(account)),
                54..60 => self.restart(),
                60..66 => self.world().operator_changes_policy(),
                66..75 => self.world().operator_changes_scopes(),
                75..88 => {
                    self.world().passes(2 * 3600);
                    self.acts(account, "call", |client| client.call(account, operation));
                }
                88..90 => self.world().passes(25 * 3600),
                90..92 => self.world().forget_clients(),
                92..96 => {
                    let refresh_tokens = self.world().random.happens(50);
                    self.world().forget_tokens(refresh_tokens);
                }
                96..98 => self.world().resource_moves(),
                _ => self.world().taken_ports += 1,
            }
        }
    }

    fn restart(&mut self) {
        self.memories = Default::default();
        self.world().tell(|_| "-- the process starts again".to_owned());
    }

    /// One call or press, and what must hold of it.
    fn acts(&mut self, account: usize, what: &str, act: impl FnOnce(&mut Client) -> Result<()>) {
        let world = self.world();
        let host = world.settings.scopes;
        world.tell(|_| format!("== {what} of account {}", ACCOUNTS[account]));
        world.books.begin_action(host);
        world.requests = 0;
        let before = self.stored(account);
        let outcome = act(self);
        let after = self.stored(account);
        let world = self.world();
        let requests = world.requests;
        world.reached.much("requests", requests);
        world.reached.much("windows", world.books.windows());
        if requests > REQUEST_LIMIT {
            world.books.violation("too many requests in one call", &requests.to_string());
        }
        world.tell(|_| match &outcome {
            Ok(()) => "   ends well".to_owned(),
            Err(error) => format!("   ends {error}"),
        });
        let Err(error) = outcome else { return };
        if error.code == Code::Internal {
            world.books.violation("internal", &error.message);
        }
        if matches!(error.kind(), Kind::Misuse | Kind::Storage) && !matches!(error.code, Code::ClientOfOtherIssuer) {
            world.books.violation("blames the host", &format!("{} {}", error.code.word(), error.message));
        }
        self.judge_loss(&before, &after);
    }

    /// What a call that failed may have taken away: nothing but what the server definitely refused.
    fn judge_loss(&mut self, before: &Stored, after: &Stored) {
        let books = &mut self.world().books;
        if before.session.is_some() && after.session.is_none() {
            books.violation("a failed call loses the session", "");
        }
        if let (Some(before), Some(after)) = (&before.session, &after.session)
            && before.access_token == after.access_token
            && before.refresh_token != after.refresh_token
            && !books.refresh_refused
        {
            books.violation("a failed call loses the refresh token", "");
        }
        for (issuer, client_id) in &before.clients {
            let has_session_with_other = after.session.as_ref().is_some_and(|session| session.client_id != *client_id)
                && before.session.as_ref().map(|session| &session.access_token)
                    != after.session.as_ref().map(|session| &session.access_token);
            let is_there = after.clients.iter().any(|(own, id)| own == issuer && id == client_id);
            if !is_there && !has_session_with_other && !books.refused_clients.contains(client_id) {
                books.violation("a failed call loses the registration", client_id);
            }
        }
    }

    fn stored(&mut self, account: usize) -> Stored {
        let store = &self.world().store;
        let session = store.get(&format!("session {MCP_SERVER} {}", ACCOUNTS[account])).map(|(_, value)| {
            let text = |json: &Json, name: &str| json.member(name).as_str().unwrap_or_default().to_owned();
            StoredSession {
                access_token: text(value.member("tokens"), "accessToken"),
                refresh_token: text(value.member("tokens"), "refreshToken"),
                client_id: text(value.member("registration"), "clientId"),
            }
        });
        let clients = store.get(&format!("clients {MCP_SERVER}")).map(|(_, value)| value.member("clients").clone());
        let clients = match clients {
            Some(Json::Object(members)) => members
                .into_iter()
                .map(|(issuer, kept)| {
                    (issuer, kept.member("registration").member("clientId").as_str().unwrap_or_default().to_owned())
                })
                .collect(),
            _ => Vec::new(),
        };
        Stored { session, clients }
    }

    // What js/connection.js does

    fn call(&mut self, account: usize, operation: usize) -> Result<()> {
        for attempt in 0.. {
            self.remember(account)?;
            let session = self.memories[account].session.clone();
            let token = session.as_ref().map(|session| session.tokens.access_token.reveal().to_owned());
            let (status, headers) = self.world().call(operation, token.as_deref());
            if status != 401 && status != 403 {
                self.memories[account].untested = None;
                return Ok(());
            }
            let untested = self.memories[account].untested.as_ref().filter(|(own, _)| Some(own) == token.as_ref());
            let input = RefusalInput {
                endpoint: endpoint(),
                account: ACCOUNTS[account].to_owned(),
                method: None,
                in_session: None,
                status,
                headers: headers.clone(),
                session,
                late: None,
                untested: untested.map(|(_, from)| *from),
                accepted: None,
                attempt,
            };
            let decision = self.run(|replay| decide(replay, &input))?;
            let replaces = token.clone().unwrap_or_default();
            match decision.action {
                Action::HandBack => return Ok(()),
                Action::SendAgain => continue,
                Action::Refresh => {
                    self.renew_unless_refused(account, &replaces)?;
                    let now =
                        self.memories[account].session.as_ref().map(|session| session.tokens.access_token.reveal());
                    if now.is_some_and(|now| now != replaces) {
                        continue;
                    }
                }
                Action::SignIn | Action::StepUp => {}
            }
            let cause =
                format!("{status} {} {}", if token.is_some() { "with a token" } else { "without" }, headers.concat());
            let Decision { action, challenge, demanded } = decision;
            let input = SignInInput {
                endpoint: endpoint(),
                account: ACCOUNTS[account].to_owned(),
                id: self.next_sign_in(),
                unanswered: None,
                ended: None,
                called_at: None,
                challenge,
                demanded: Some(demanded),
                step_up: Some(action == Action::StepUp),
                pressed: None,
                replaces: Some(replaces),
                interaction: Some(self.interaction),
                agreed: None,
                host: self.sign_in_host(),
            };
            self.sign_in(account, &cause, &input)?;
        }
        Ok(())
    }

    fn next_sign_in(&mut self) -> String {
        self.sign_ins += 1;
        self.sign_ins.to_string()
    }

    fn press(&mut self, account: usize) -> Result<()> {
        let input = SignInInput {
            endpoint: endpoint(),
            account: ACCOUNTS[account].to_owned(),
            id: self.next_sign_in(),
            unanswered: None,
            ended: None,
            called_at: None,
            challenge: None,
            demanded: None,
            step_up: None,
            pressed: Some(true),
            replaces: None,
            interaction: Some(true),
            agreed: None,
            host: self.sign_in_host(),
        };
        self.sign_in(account, "a press", &input)
    }

    /// Reads the stored session, and renews tokens that are about to expire.
    fn remember(&mut self, account: usize) -> Result<()> {
        if self.memories[account].session.is_none() {
            self.memories[account].session = self.read_session(account);
        }
        let now = self.world().now;
        let is_expiring = |session: &Session| session.tokens.expires_at.is_some_and(|at| now + 30 >= at);
        if self.memories[account].session.as_ref().is_some_and(is_expiring) {
            self.memories[account].session = self.read_session(account);
            let session = self.memories[account].session.clone();
            if let Some(session) =
                session.filter(|session| is_expiring(session) && session.tokens.refresh_token.is_some())
            {
                self.renew_unless_refused(account, session.tokens.access_token.reveal())?;
            }
        }
        Ok(())
    }

    fn read_session(&mut self, account: usize) -> Option<Session> {
        let (_, value) = self.world().store.get(&format!("session {MCP_SERVER} {}", ACCOUNTS[account]))?;
        Some(read(value).unwrap_or_else(|mismatch| panic!("the stored session is damaged: {mismatch:?}")))
    }

    fn renew_unless_refused(&mut self, account: usize, replaces: &str) -> Result<()> {
        let input = RenewInput {
            endpoint: endpoint(),
            account: ACCOUNTS[account].to_owned(),
            replaces: replaces.to_owned(),
            challenge: None,
            settings: None,
        };
        match self.run(|replay| renew(replay, &input)) {
            Ok(renewal) => {
                if renewal.renewed
                    && let Some(session) = &renewal.session
                {
                    let token = session.tokens.access_token.reveal().to_owned();
                    self.memories[account].untested = Some((token, TokenOrigin::Refresh));
                }
                self.memories[account].session = renewal.session;
                Ok(())
            }
            Err(error) if matches!(error.code, Code::TokenRefused | Code::RefreshTokenRefused) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn sign_in(&mut self, account: usize, cause: &str, input: &SignInInput) -> Result<()> {
        self.world().books.begin_cause(cause);
        let mut outcome = self.run(|replay| sign_in(replay, input))?;
        loop {
            let departure = match outcome {
                SignInOutcome::SignedIn(signed_in) => {
                    let session = signed_in.session;
                    let token = session.tokens.access_token.reveal().to_owned();
                    let known = self.memories[account].session.as_ref();
                    if known.is_none_or(|known| known.tokens.access_token.reveal() != token) {
                        self.memories[account].untested = Some((token, TokenOrigin::SignIn));
                    }
                    self.memories[account].session = Some(session);
                    return Ok(());
                }
                SignInOutcome::InteractionRequired(_) => {
                    return Err(Error::new(Code::NotApproved, "Nobody may be asked.", &[]));
                }
                SignInOutcome::Authorize(departure) => departure,
                // There is one process, so whoever began that one has given up.
                SignInOutcome::UnderWay(UnderWay { id, .. }) => {
                    let input = SignInInput { ended: Some(id), ..input.clone() };
                    outcome = self.run(|replay| sign_in(replay, &input))?;
                    continue;
                }
            };
            if self.world().books.windows() > WINDOW_LIMIT {
                self.world().books.violation("a sign-in does not end", cause);
                return Err(Error::new(Code::Aborted, "That is enough.", &[]));
            }
            let callback_url = self.send_person(&departure)?;
            let input = CameBackInput { callback_url, account: None, id: None, host: self.sign_in_host() };
            outcome = self.run(|replay| came_back(replay, &input))?;
        }
    }

    fn send_person(&mut self, departure: &Departure) -> Result<String> {
        match self.world().visit(&departure.authorization_url) {
            Visit::Back(url) => Ok(url),
            Visit::Page(_) => {
                self.world().store.remove(&format!("pending {}", departure.state.reveal()));
                Err(Error::new(Code::TimedOut, CLOSED, &[]))
            }
        }
    }

    fn sign_in_host(&mut self) -> Arc<SignInHost> {
        let world = self.world();
        let by_hand = world.by_hand();
        let settings = &world.settings;
        let client = ClientDescription {
            client_metadata_url: settings.has_document.then(|| CLIENT_METADATA.to_owned()),
            ..ClientDescription::default()
        };
        let set = |scopes: Scopes| (!scopes.is_empty()).then(|| scopes.names().collect());
        let settings = ServerSettings {
            scopes: set(settings.scopes),
            optional_scopes: set(settings.optional_scopes),
            refresh: Some(settings.refresh),
            consent_prompt: Some(settings.consent_prompt),
            preflight: Some(settings.preflight),
            pushed_authorization_requests: settings.pushes.then_some(true),
            client: settings.by_hand.map(|(scopes, is_told)| PreRegisteredClient {
                client_id: by_hand.to_owned(),
                client_secret: None,
                issuer: None,
                token_endpoint_auth_method: None,
                scopes: is_told.then(|| scopes.names().collect()),
                redirect_uri: None,
            }),
            ..ServerSettings::default()
        };
        Arc::new(SignInHost {
            client: Some(Arc::new(client)),
            settings: Some(Arc::new(settings)),
            redirects: 2,
            approves: Some(true),
            grant: None,
            interactive_grant: None,
        })
    }

    fn run<T>(&mut self, flow: impl Fn(&Replay) -> Result<T>) -> Result<T> {
        self.host.effects.store(0, Ordering::Relaxed);
        let outcome = match pin!(run(&self.host, flow)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("the flow waited for something else than its host"),
        };
        let effects = self.host.effects.load(Ordering::Relaxed);
        self.world().reached.much("effects of one flow", effects);
        outcome
    }
}

struct Stored {
    session: Option<StoredSession>,
    /// By issuer.
    clients: Vec<(String, String)>,
}

struct StoredSession {
    access_token: String,
    refresh_token: String,
    client_id: String,
}

fn endpoint() -> Endpoint {
    read(&MCP_SERVER.into()).unwrap()
}

//! Whatever servers say, in whatever order: what belongs to one authorization server goes to no other, a consent is for what
//! was shown, and nobody is sent nearer to this machine than the MCP server is.
//!
//! An honest authorization server, two that say what a script has them say, and an MCP server that names any of them.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test program")]

#[path = "fuzz_bodies/records.rs"]
mod records;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_oauth_wasm::connection::came_back::came_back;
use mcp_oauth_wasm::connection::contract::Consent;
use mcp_oauth_wasm::connection::renewal::{RenewInput, renew};
use mcp_oauth_wasm::connection::sign_in::{CameBackInput, SignInHost, SignInInput, SignInOutcome, sign_in};
use mcp_oauth_wasm::connection::sign_out::sign_out;
use mcp_oauth_wasm::connection::stored::Place;
use mcp_oauth_wasm::data::error::{Code, Error, Result, Step};
use mcp_oauth_wasm::data::http::{Method, Parameters, Request, Response};
use mcp_oauth_wasm::data::identifier::{Endpoint, Secret};
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::read;
use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::data::url::Url;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::flow::replay::{Replay, run};
use mcp_oauth_wasm::protocol::challenge;
use mcp_oauth_wasm::protocol::settings::ServerSettings;
use mcp_oauth_wasm::protocol::token::Session;
use mcp_oauth_wasm::protocol::trace::Event;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use records::{Records, read_record, swap_record};

const MCP_SERVER: &str = "https://mcp.example/mcp";
const HONEST: &str = "https://honest.example";
const OTHERS: [&str; 2] = ["https://evil.example", "https://other.example"];
const REDIRECT: &str = "https://app.example/callback";

/// Where servers may say that something is: at each other, and in here, in many spellings.
const TARGETS: [&str; 17] = [
    OTHERS[0],
    OTHERS[1],
    HONEST,
    "https://10.0.0.9",
    "http://10.0.0.9",
    "https://192.168.7.7:8443",
    "https://127.0.0.1:8443",
    "http://127.0.0.1:3000",
    "https://localhost",
    "https://printer.localhost.",
    "https://[::1]",
    "https://[fd00::1]",
    "https://[::ffff:10.0.0.9]",
    "https://169.254.169.254",
    "https://100.64.0.1",
    "https://2130706433",
    "https://0x7f.1",
];
const MEMBERS: [&str; 9] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "registration_client_uri",
    "redirect",
];
const SCOPES: [&str; 4] = ["read", "read write", "admin", "read write admin everything"];

/// What one script came to, so that the test can tell whether it proves anything.
#[derive(Default, Debug)]
struct Seen {
    signed_in_at_honest: u64,
    signed_in_at_others: u64,
    renewed: u64,
    resumed: u64,
    new_questions: u64,
    refused: u64,
    /// Sign-ins at others that led to the honest server, to get its code.
    mixed_up: u64,
}

#[derive(Default)]
struct World {
    /// Whether the client was registered by hand with the honest server, which registers nobody.
    by_hand: bool,
    /// Whether the honest server says who answers.
    sends_issuer: bool,
    named: String,
    resource_metadata: Option<String>,
    scopes: String,
    /// What servers say beside, and in place of, their own: by issuer and member.
    said: BTreeMap<(&'static str, &'static str), String>,
    /// Which `iss` the others send.
    iss: Option<&'static str>,
    count: u64,
    now: u64,
    registered: BTreeMap<String, String>,
    store: Records,
    violations: Vec<String>,
}

struct Host(Mutex<World>);

impl World {
    fn judge(&mut self, request: &Request, url: &Url) {
        let origin = url.origin();
        if !is_outside(url) {
            self.violations.push(format!("a request went to {}", request.url));
        }
        if !request.named_by.as_ref().is_some_and(is_outside) {
            self.violations.push(format!("nobody in particular named {}", request.url));
        }
        let authorization = request.authorization.as_ref().map(|text| text.reveal().to_owned()).unwrap_or_default();
        let basic = authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
        let basic = basic.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let body = request.body.as_ref().map(|body| body.text.reveal().to_owned()).unwrap_or_default();
        if origin != HONEST
            && [&request.url, &authorization, &basic, &body].iter().any(|text| text.contains("of-honest"))
        {
            self.violations.push(format!("{} got what is of the honest one: {body} {authorization}", request.url));
        }
    }

    fn answer(&mut self, request: &Request) -> Result<Response> {
        let url = Url::parse(&request.url).expect("the package asks for URLs");
        self.judge(request, &url);
        self.count += 1;
        let (origin, path) = (url.origin(), url.path().to_owned());
        let known = [HONEST, OTHERS[0], OTHERS[1]].into_iter().find(|known| *known == origin);
        let mut location = None;
        let (status, body) = match (known, request.method) {
            _ if origin == "https://mcp.example" && request.method == Method::Get => (200, self.resource()),
            _ if origin == "https://mcp.example" => (401, String::new()),
            (None, _) => (404, String::new()),
            (Some(issuer), Method::Get) => {
                location = self.said.get(&(issuer, "redirect")).cloned();
                if location.is_some() { (307, String::new()) } else { (200, self.metadata(issuer)) }
            }
            (Some(issuer), Method::Post) if path.contains("register") => (201, self.register(issuer, request)),
            (Some(issuer), Method::Post) if path.contains("push") => {
                (201, format!("{{\"request_uri\":\"urn:of:{issuer}\",\"expires_in\":60}}"))
            }
            (Some(HONEST), Method::Post) if !is_of_honest(request) => (400, "{\"error\":\"invalid_grant\"}".to_owned()),
            (Some(issuer), Method::Post) => (200, self.tokens(issuer)),
            _ => (204, String::new()),
        };
        let header = self.challenge();
        Ok(Response::new(request.url.clone(), status, body.into_bytes(), |name| match name {
            "content-type" => Some("application/json".to_owned()),
            "location" => location.clone(),
            "www-authenticate" => Some(header.clone()),
            _ => None,
        }))
    }

    fn challenge(&self) -> String {
        let metadata = self.resource_metadata.as_ref();
        let metadata = metadata.map(|url| format!(", resource_metadata=\"{url}\"")).unwrap_or_default();
        format!("Bearer scope=\"{}\"{metadata}", self.scopes)
    }

    fn resource(&self) -> String {
        format!("{{\"resource\":\"{MCP_SERVER}\",\"authorization_servers\":[\"{}\"]}}", self.named)
    }

    fn metadata(&self, issuer: &'static str) -> String {
        let said =
            |member: &'static str, own: &str| self.said.get(&(issuer, member)).cloned().unwrap_or(own.to_owned());
        let mut members =
            format!("\"issuer\":\"{}\",\"code_challenge_methods_supported\":[\"S256\"]", said("issuer", issuer));
        for (member, path) in [
            ("authorization_endpoint", "authorize"),
            ("token_endpoint", "token"),
            ("revocation_endpoint", "revoke"),
            ("registration_endpoint", "register"),
        ] {
            if issuer != HONEST || !self.by_hand || member != "registration_endpoint" {
                members += &format!(",\"{member}\":\"{}\"", said(member, &format!("{issuer}/{path}")));
            }
        }
        for member in ["jwks_uri", "pushed_authorization_request_endpoint"] {
            if let Some(url) = self.said.get(&(issuer, member)) {
                members += &format!(",\"{member}\":\"{url}\"");
            }
        }
        let sends_issuer = if issuer == HONEST { self.sends_issuer } else { self.iss == Some(issuer) };
        format!("{{{members},\"authorization_response_iss_parameter_supported\":{sends_issuer}}}")
    }

    fn register(&mut self, issuer: &'static str, request: &Request) -> String {
        let body = request.body.as_ref().map(|body| body.text.reveal().to_owned()).unwrap_or_default();
        let name = name_of(issuer);
        let asked = Json::parse(&body).unwrap_or(Json::Null);
        let Json::Array(uris) = asked.member("redirect_uris") else { return "{}".to_owned() };
        // The others call us what the honest one calls us, so that it takes their requests for its own.
        let ours = self.registered.keys().last().cloned().filter(|_| issuer != HONEST);
        let id = ours.unwrap_or(format!("client-{name}-{}", self.count));
        if issuer == HONEST {
            self.registered.insert(id.clone(), uris[0].as_str().unwrap().to_owned());
        }
        let manage = self.said.get(&(issuer, "registration_client_uri")).cloned();
        format!(
            "{{\"client_id\":\"{id}\",\"client_secret\":\"secret-of-{name}\",\"client_secret_expires_at\":0,\
             \"token_endpoint_auth_method\":\"client_secret_basic\",\"registration_access_token\":\"manages-of-{name}\",\
             \"registration_client_uri\":\"{}\"}}",
            manage.unwrap_or(format!("{issuer}/register/{id}"))
        )
    }

    fn tokens(&self, issuer: &str) -> String {
        let (name, count) = (name_of(issuer), self.count);
        format!(
            "{{\"access_token\":\"access{count}-of-{name}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\
             \"refresh_token\":\"refresh{count}-of-{name}\"}}"
        )
    }

    /// The person agrees wherever they are; the honest server knows its clients and where they may be sent back to.
    fn visit(&mut self, authorization_url: &str) -> Option<String> {
        let url = Url::parse(authorization_url)?;
        if !is_outside(&url) {
            self.violations.push(format!("the person was sent to {authorization_url}"));
        }
        let origin = url.origin();
        let form = Parameters::read(url.query());
        let redirect_uri = form.get("redirect_uri").unwrap_or(REDIRECT).to_owned();
        let mut back = Parameters::default();
        back.set("state", form.get("state"));
        if origin == HONEST {
            let registered = self.registered.get(form.get("client_id")?)?;
            if *registered != redirect_uri {
                return None;
            }
            self.count += 1;
            back.add("code", &format!("code{}-of-honest", self.count));
            if self.sends_issuer {
                back.add("iss", HONEST);
            }
        } else {
            back.add("code", "code-of-evil");
            if let Some(iss) = self.iss {
                back.add("iss", iss);
            }
        }
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        Some(format!("{redirect_uri}{separator}{}", back.to_text()))
    }
}

/// Whether a code or a refresh token is the honest server's own.
fn is_of_honest(request: &Request) -> bool {
    let form = request.body.as_ref().map(|body| Parameters::read(body.text.reveal())).unwrap_or_default();
    ["code", "refresh_token"].iter().any(|name| form.get(name).is_some_and(|value| value.contains("of-honest")))
}

/// Whether it is one of these servers: everything else that they name is in here. The package's own judgement is not asked.
fn is_outside(url: &Url) -> bool {
    ["https://mcp.example", HONEST, OTHERS[0], OTHERS[1]].contains(&url.origin().as_str())
}

fn name_of(issuer: &str) -> &'static str {
    if issuer == HONEST { "honest" } else { "evil" }
}

impl Platform for Host {
    async fn fetch(&self, _: Step, request: &Request, _: bool) -> Result<Response> {
        self.0.lock().unwrap().answer(request)
    }

    async fn client_assertion(&self, _: &str, _: &str) -> Result<Secret> {
        Err(Error::new(Code::InvalidArgument, "No client here has a key.", &[]))
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        let world = &mut *self.0.lock().unwrap();
        Ok(match effect {
            Effect::Read { key } => read_record(&world.store, key),
            Effect::CompareAndSwap { key, version, value } => {
                Json::Bool(swap_record(&mut world.store, key, version.as_deref(), value))
            }
            Effect::PrepareRedirect { .. } => {
                Json::Object(Vec::new()).with("redirectUri", REDIRECT.into()).with("acceptsQuery", Json::Bool(true))
            }
            _ => Json::Null,
        })
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        let world = &mut *self.0.lock().unwrap();
        world.count += 1;
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&world.count.to_le_bytes());
        Ok(bytes)
    }

    fn now(&self) -> u64 {
        self.0.lock().unwrap().now
    }

    fn trace(&self, _: Event) {}
}

struct Application<'s> {
    host: Host,
    sign_in_host: Arc<SignInHost>,
    session: Option<Session>,
    shown: Option<Consent>,
    ids: u64,
    seen: &'s RefCell<Seen>,
}

impl Application<'_> {
    fn world(&mut self) -> &mut World {
        self.host.0.get_mut().unwrap()
    }

    fn act(&mut self, action: u8, first: usize, second: usize) {
        let target = TARGETS[second % TARGETS.len()];
        let other = OTHERS[first % OTHERS.len()];
        match action % 14 {
            0 | 1 => self.world().named = [HONEST, OTHERS[0], OTHERS[1], target][first % 4].to_owned(),
            2 | 3 => {
                let member = MEMBERS[first % MEMBERS.len()];
                // Whoever has a client registered elsewhere could do so without us.
                let target = if member == "registration_endpoint" && target == HONEST { OTHERS[0] } else { target };
                let path = match member {
                    "issuer" => "",
                    "registration_endpoint" | "registration_client_uri" => "/register",
                    _ => "/token",
                };
                self.world().said.insert((other, member), format!("{target}{path}"));
            }
            4 => self.world().said.clear(),
            5 => self.world().iss = [None, Some(HONEST), Some(OTHERS[0]), Some(OTHERS[1])][first % 4],
            6 => self.world().scopes = SCOPES[first % SCOPES.len()].to_owned(),
            7 => {
                self.world().resource_metadata = Some(format!("{target}/metadata")).filter(|_| !first.is_multiple_of(3))
            }
            8 => self.sign_in(Some(true), None),
            9 => self.sign_in(None, None),
            10 => {
                if let Some(shown) = self.shown.take() {
                    self.seen.borrow_mut().resumed += 1;
                    self.sign_in(Some(true), Some(shown));
                }
            }
            11 => self.renew(),
            // The person is sent to the honest server, by whoever wants what it answers; or somebody takes its name.
            12 => {
                let world = self.world();
                world.named = other.to_owned();
                world.iss = Some(other).filter(|_| second.is_multiple_of(2));
                let (member, path) =
                    if second % 3 == 2 { ("issuer", "") } else { ("authorization_endpoint", "/authorize") };
                world.said.insert((other, member), format!("{HONEST}{path}"));
            }
            _ => {
                let endpoint = endpoint();
                let _ = self.run(|replay| sign_out(replay, &Place { endpoint: &endpoint, account: "one" }));
                self.session = None;
            }
        }
    }

    fn sign_in(&mut self, interaction: Option<bool>, agreed: Option<Consent>) {
        self.ids += 1;
        // People do not mind being asked again after a day.
        self.world().now += 86_400;
        let input = SignInInput {
            endpoint: endpoint(),
            account: "one".to_owned(),
            id: self.ids.to_string(),
            unanswered: None,
            ended: None,
            called_at: None,
            challenge: challenge::read(&[self.world().challenge()]),
            demanded: None,
            step_up: None,
            pressed: None,
            replaces: None,
            interaction,
            agreed: agreed.clone(),
            host: self.sign_in_host.clone(),
        };
        let mut outcome = self.run(|replay| sign_in(replay, &input));
        for _ in 0..3 {
            match outcome {
                Ok(SignInOutcome::SignedIn(signed_in)) => {
                    let issuer = signed_in.session.registration.issuer.as_str();
                    let seen = &mut *self.seen.borrow_mut();
                    let count =
                        if issuer == HONEST { &mut seen.signed_in_at_honest } else { &mut seen.signed_in_at_others };
                    *count += 1;
                    self.session = Some(signed_in.session);
                    return;
                }
                Ok(SignInOutcome::InteractionRequired(question)) => {
                    self.seen.borrow_mut().new_questions += u64::from(agreed.is_some());
                    self.shown = Some(Consent { issuer: question.issuer, scopes: question.plan.requested() });
                    return;
                }
                Ok(SignInOutcome::Authorize(departure)) => {
                    if let Some(agreed) = &agreed {
                        let url = Url::parse(&departure.authorization_url).unwrap();
                        let form = Parameters::read(url.query());
                        let scopes = ScopeSet::read(form.get("scope").unwrap_or_default());
                        if departure.issuer != agreed.issuer || !agreed.scopes.includes(&scopes) {
                            let violation = format!("{agreed:?} led to {}", departure.authorization_url);
                            self.world().violations.push(violation);
                        }
                    }
                    let is_mixed_up =
                        departure.issuer.as_str() != HONEST && departure.authorization_url.starts_with(HONEST);
                    self.seen.borrow_mut().mixed_up += u64::from(is_mixed_up);
                    let Some(callback_url) = self.world().visit(&departure.authorization_url) else { return };
                    let input =
                        CameBackInput { account: None, id: None, callback_url, host: self.sign_in_host.clone() };
                    outcome = self.run(|replay| came_back(replay, &input));
                }
                Ok(SignInOutcome::UnderWay(_)) => return,
                Err(_) => {
                    self.seen.borrow_mut().refused += 1;
                    return;
                }
            }
        }
    }

    fn renew(&mut self) {
        let Some(session) = &self.session else { return };
        let input = RenewInput {
            endpoint: endpoint(),
            account: "one".to_owned(),
            replaces: session.tokens.access_token.reveal().to_owned(),
            challenge: challenge::read(&["Bearer".to_owned()]),
            settings: self.sign_in_host.settings.clone(),
        };
        if let Ok(renewal) = self.run(|replay| renew(replay, &input)) {
            self.seen.borrow_mut().renewed += u64::from(renewal.renewed);
            self.session = renewal.session;
        }
    }

    fn run<T>(&mut self, flow: impl Fn(&Replay) -> Result<T>) -> Result<T> {
        match pin!(run(&self.host, flow)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("nothing here waits"),
        }
    }
}

fn endpoint() -> Endpoint {
    read(&MCP_SERVER.into()).expect("an endpoint")
}

fn played(by_hand: bool, sends_issuer: bool, script: &[(u8, usize, usize)], seen: &RefCell<Seen>) -> Vec<String> {
    let client = "{\"client\":{\"clientId\":\"by-hand\",\"clientSecret\":\"secret-of-honest\",\"issuer\":\"https://honest.example\"}}";
    let settings: ServerSettings = read(&Json::parse(if by_hand { client } else { "{}" }).unwrap()).unwrap();
    let mut world = World {
        by_hand,
        sends_issuer,
        named: HONEST.to_owned(),
        scopes: "read".to_owned(),
        now: 1_800_000_000,
        ..World::default()
    };
    if by_hand {
        world.registered.insert("by-hand".to_owned(), REDIRECT.to_owned());
    }
    let sign_in_host = Arc::new(SignInHost {
        client: None,
        settings: Some(Arc::new(settings)),
        redirects: 1,
        approves: None,
        grant: None,
        interactive_grant: None,
    });
    let mut application =
        Application { host: Host(Mutex::new(world)), sign_in_host, session: None, shown: None, ids: 0, seen };
    for (action, first, second) in script {
        application.act(*action, *first, *second);
    }
    let violations: BTreeSet<String> = application.world().violations.drain(..).collect();
    violations.into_iter().collect()
}

#[test]
fn whatever_servers_say_what_belongs_to_one_goes_to_no_other_and_nobody_is_sent_nearer() {
    let seen = RefCell::new(Seen::default());
    let config =
        ProptestConfig { cases: 600, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() };
    let script = prop::collection::vec((0..14_u8, 0..100_usize, 0..100_usize), 4..30);
    TestRunner::new(config)
        .run(&(any::<bool>(), any::<bool>(), script), |(by_hand, sends_issuer, script)| {
            let violations = played(by_hand, sends_issuer, &script, &seen);
            prop_assert!(violations.is_empty(), "{violations:#?}");
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner();
    println!("{seen:?}");
    let all = [
        seen.signed_in_at_honest,
        seen.signed_in_at_others,
        seen.renewed,
        seen.resumed,
        seen.new_questions,
        seen.refused,
        seen.mixed_up,
    ];
    assert!(all.iter().all(|count| *count > 3), "these scripts prove little: {seen:?}");
}

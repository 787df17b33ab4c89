//! Whole hostile servers: a client lives with an MCP server and an authorization server that do what a script says. Whatever
//! that is, no call costs more than it may.
//!
//! A script has one word of a table in each place, so that every change of it is another script: `do` and an action, or an
//! endpoint, what is done to its answers, and a number.

#[path = "hostile_platform.rs"]
mod platform;
#[path = "records.rs"]
mod records;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mcp_oauth_wasm::connection::came_back::came_back;
use mcp_oauth_wasm::connection::refusal::{Action, RefusalInput, TokenOrigin, decide};
use mcp_oauth_wasm::connection::renewal::{RenewInput, renew};
use mcp_oauth_wasm::connection::sign_in::{CameBackInput, SignInHost, SignInInput, SignInOutcome, sign_in};
use mcp_oauth_wasm::connection::sign_out::sign_out;
use mcp_oauth_wasm::connection::stored::Place;
use mcp_oauth_wasm::data::error::{Code, Error, Result};
use mcp_oauth_wasm::data::http::{BODY_LIMIT, Method, Parameters, Request};
use mcp_oauth_wasm::data::identifier::Endpoint;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::read;
use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::data::url::Url;
use mcp_oauth_wasm::flow::budget::Budget;
use mcp_oauth_wasm::flow::replay::{Replay, run};
use mcp_oauth_wasm::protocol::challenge;
use mcp_oauth_wasm::protocol::token::Session;

const MCP_SERVER: &str = "https://mcp.example/mcp";
const ISSUER: &str = "https://as.example";

/// What a call may cost, as the product states it; the fuzz target does not ask the code.
const REQUESTS: u64 = 40;
const BYTES: usize = 512 * 1024;
/// So much of a page counts.
const PAGE: usize = 64 * 1024;
const MILLISECONDS: u64 = 60_000;
const RECORD: usize = 32 * 1024;
const ITEMS: usize = 2000;
const EVENT: usize = 40 * 1024;

/// How many items these servers send of one kind: more are beyond what is read of an answer, and would only keep them busy.
const SENT: usize = 40_000;

/// How long the host lets any request take.
const TIME_OUT: u64 = 30_000;

pub const ACTIONS: [&str; 8] = ["call", "press", "renew", "abandon", "forbidden", "sign-out", "day", "year"];
pub const ENDPOINTS: [&str; 8] =
    ["resource", "server", "openid", "register", "manage", "authorize", "token", "challenge"];
pub const CHANGES: [&str; 22] = [
    "scopes", "same", "long", "fresh", "grants", "methods", "issuers", "members", "pad", "text", "deep", "status",
    "wait", "redirect", "away", "token", "uris", "broken", "page", "without", "error", "commas",
];
const MEMBERS: [&str; 8] = [
    "issuer",
    "scopes_supported",
    "registration_endpoint",
    "scope",
    "refresh_token",
    "grant_types_supported",
    "expires_in",
    "code_challenge_methods_supported",
];

struct Rule {
    endpoint: &'static str,
    change: &'static str,
    number: usize,
}

/// What the costliest operation of a script cost, and what all of them came to.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    pub requests: u64,
    pub bytes: usize,
    pub milliseconds: u64,
    pub store: usize,
    /// The processor's time, without what these servers take to make their answers.
    pub busy: Duration,
    pub sign_ins: u64,
    pub signed_in: u64,
    pub renewed: u64,
    pub accepted: u64,
    /// The kinds of all records that were ever stored.
    pub records: BTreeSet<String>,
}

#[derive(Default)]
struct World {
    rules: Vec<Rule>,
    now: u64,
    /// How long servers took, in all.
    waited: u64,
    answers: u64,
    store: records::Records,
    /// What the person was asked to agree to.
    asked: String,
    /// Of the operation under way: a call of the MCP server up to the person, or what follows when they came back.
    left: Option<Budget>,
    waited_before: u64,
    requests: u64,
    bytes: usize,
    effects: u64,
    served: Duration,
    violations: Vec<String>,
}

/// What a server sends.
struct Answer {
    status: u16,
    body: Vec<u8>,
    location: Option<String>,
    challenge: String,
}

struct Host(Mutex<World>);

fn word<'w>(text: &str, table: &[&'w str]) -> &'w str {
    let known = table.iter().find(|word| **word == text);
    known.unwrap_or_else(|| &table[text.bytes().map(usize::from).sum::<usize>() % table.len()])
}

fn number(text: &str) -> usize {
    let any = || text.bytes().fold(7, |number: usize, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
    text.parse().unwrap_or_else(|_| any()) % 1_500_000
}

/// Plays a script, and asserts that no call of it costs more than it may.
pub fn hostile_servers(bytes: &[u8]) {
    cost_of(bytes);
}

/// Plays a script, and tells what it cost.
pub fn cost_of(bytes: &[u8]) -> Cost {
    let script = String::from_utf8_lossy(bytes);
    let (mut rules, mut actions) = (Vec::new(), Vec::new());
    for line in script.lines().take(40) {
        let mut words = line.split_ascii_whitespace();
        let [first, second, third] = [(); 3].map(|()| words.next().unwrap_or_default());
        if first == "do" {
            actions.push(word(second, &ACTIONS));
        } else if !first.is_empty() {
            let (endpoint, change) = (word(first, &ENDPOINTS), word(second, &CHANGES));
            rules.push(Rule { endpoint, change, number: number(third) });
        }
    }
    if actions.is_empty() {
        actions = vec!["call", "renew", "forbidden", "call"];
    }
    actions.truncate(8);
    let world = World { rules, now: 1_800_000_000, ..World::default() };
    let mut client = Client { host: Host(Mutex::new(world)), session: None, cost: Cost::default() };
    for action in actions {
        client.act(action);
    }
    let world = client.host.0.into_inner().unwrap();
    assert!(world.violations.is_empty(), "{:#?}\n{script}", world.violations);
    client.cost
}

struct Client {
    host: Host,
    session: Option<Session>,
    cost: Cost,
}

impl Client {
    fn world(&mut self) -> &mut World {
        self.host.0.get_mut().unwrap()
    }

    /// Begins an operation: all that it does has one budget.
    fn begin(&mut self) {
        let world = self.world();
        (world.requests, world.bytes, world.effects, world.left) = (0, 0, 0, None);
        world.waited_before = world.waited;
    }

    fn act(&mut self, action: &str) {
        self.begin();
        match action {
            "day" => self.world().now += 86_400,
            "year" => self.world().now += 365 * 86_400,
            "sign-out" => {
                let endpoint = endpoint();
                let _ = self.run(|replay| sign_out(replay, &Place { endpoint: &endpoint, account: "one" }));
                self.session = None;
            }
            "renew" => self.renew(),
            "press" | "abandon" => self.sign_in(None, ScopeSet::default(), false, action),
            refused => self.refused(if refused == "forbidden" { 403 } else { 401 }),
        }
    }

    fn refused(&mut self, status: u64) {
        for attempt in 0..4 {
            let mut status = status;
            let header = self.world().challenge(status);
            if self.is_content(&header) {
                (status, self.cost.accepted) = (200, self.cost.accepted + 1);
            }
            let input = RefusalInput {
                endpoint: endpoint(),
                account: "one".to_owned(),
                method: None,
                in_session: None,
                status,
                headers: vec![header],
                session: self.session.clone(),
                late: None,
                untested: self.session.as_ref().map(|_| TokenOrigin::SignIn).filter(|_| attempt > 0),
                accepted: None,
                attempt,
            };
            let Some(Ok(decision)) = self.run(|replay| decide(replay, &input)) else { return };
            match decision.action {
                Action::HandBack => return,
                Action::SendAgain => {}
                Action::Refresh => self.renew(),
                Action::SignIn | Action::StepUp => {
                    let step_up = decision.action == Action::StepUp;
                    self.sign_in(decision.challenge, decision.demanded, step_up, "call");
                }
            }
        }
    }

    /// Whether the MCP server takes the token: it has all that is demanded, and no rule says that none ever serves.
    fn is_content(&mut self, header: &str) -> bool {
        let demanded = challenge::read(&[header.to_owned()]).and_then(|challenge| challenge.scopes).unwrap_or_default();
        let serves = |session: &Session| session.plan.granted().includes(&demanded);
        self.session.as_ref().is_some_and(serves) && self.world().rule("challenge", "status").is_none()
    }

    fn renew(&mut self) {
        let Some(session) = &self.session else { return };
        let input = RenewInput {
            endpoint: endpoint(),
            account: "one".to_owned(),
            replaces: session.tokens.access_token.reveal().to_owned(),
            challenge: None,
            settings: None,
        };
        if let Some(Ok(renewal)) = self.run(|replay| renew(replay, &input)) {
            self.cost.renewed += u64::from(renewal.renewed);
            self.session = renewal.session;
        }
    }

    fn sign_in(
        &mut self,
        challenge: Option<mcp_oauth_wasm::protocol::challenge::Challenge>,
        demanded: ScopeSet,
        step_up: bool,
        why: &str,
    ) {
        let host = Arc::new(SignInHost {
            client: None,
            settings: None,
            redirects: 2,
            approves: None,
            grant: None,
            interactive_grant: None,
        });
        self.cost.sign_ins += 1;
        let input = SignInInput {
            endpoint: endpoint(),
            account: "one".to_owned(),
            id: self.cost.sign_ins.to_string(),
            unanswered: None,
            ended: None,
            called_at: None,
            agreed: None,
            challenge,
            demanded: Some(demanded),
            step_up: Some(step_up),
            pressed: Some(why != "call"),
            replaces: None,
            interaction: Some(true),
            host: host.clone(),
        };
        let mut outcome = self.run(|replay| sign_in(replay, &input));
        for _ in 0..3 {
            match outcome {
                Some(Ok(SignInOutcome::SignedIn(signed_in))) => {
                    self.cost.signed_in += 1;
                    self.session = Some(signed_in.session);
                    return;
                }
                Some(Ok(SignInOutcome::Authorize(departure))) if why != "abandon" => {
                    let input = CameBackInput {
                        id: None,
                        account: None,
                        callback_url: self.world().visit(&departure.authorization_url),
                        host: host.clone(),
                    };
                    self.begin();
                    outcome = self.run(|replay| came_back(replay, &input));
                }
                _ => return,
            }
        }
    }

    /// Runs a call; nothing where it went on for ever.
    fn run<T>(&mut self, flow: impl Fn(&Replay) -> Result<T>) -> Option<Result<T>> {
        self.world().served = Duration::ZERO;
        let began = Instant::now();
        let outcome = match pin!(run(&self.host, flow)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        };
        let taken = began.elapsed();
        let world = self.world();
        let busy = taken.saturating_sub(world.served);
        let waited = world.waited - world.waited_before;
        let all = world.store.values().map(|(_, value)| value.to_text().len()).sum();
        let (requests, bytes) = (world.requests, world.bytes);
        let kinds: Vec<String> = world.store.keys().filter_map(|key| Some(key.split_once(' ')?.0.to_owned())).collect();
        world.judge(waited);
        let most = &mut self.cost;
        most.records.extend(kinds);
        most.requests = most.requests.max(requests);
        most.bytes = most.bytes.max(bytes);
        most.milliseconds = most.milliseconds.max(waited);
        most.store = most.store.max(all);
        most.busy = most.busy.max(busy);
        outcome
    }
}

impl World {
    fn judge(&mut self, waited: u64) {
        let mut broken = Vec::new();
        // The last body may go beyond, and what is sent once may take its time.
        let limits = [
            ("requests", self.requests, REQUESTS),
            ("bytes", self.bytes as u64, (BYTES + BODY_LIMIT) as u64),
            ("milliseconds", waited, MILLISECONDS + TIME_OUT),
            ("effects", self.effects, 300),
            ("records", self.store.len() as u64, 40),
        ];
        for (what, cost, most) in limits {
            if cost > most {
                broken.push(format!("{cost} {what}, more than {most}"));
            }
        }
        for (key, (_, value)) in &self.store {
            let (size, items) = (value.to_text().len(), items(value));
            if size > RECORD || items > ITEMS {
                broken.push(format!("{key} has {size} bytes and {items} items"));
            }
            if value.member("expiresAt").as_whole_number().is_none() {
                broken.push(format!("{key} counts for ever"));
            }
        }
        self.violations.append(&mut broken);
    }

    fn rule(&self, endpoint: &str, change: &str) -> Option<usize> {
        self.rules.iter().find(|rule| rule.endpoint == endpoint && rule.change == change).map(|rule| rule.number)
    }

    /// Scopes as the rules of that endpoint want them.
    fn scopes(&self, endpoint: &str) -> Option<Vec<String>> {
        if let Some(count) = self.rule(endpoint, "scopes") {
            return Some((0..count.min(SENT)).map(|number| format!("s{number}")).collect());
        }
        if let Some(count) = self.rule(endpoint, "same") {
            let mut all: Vec<String> = (0..998).map(|number| format!("scope{number}")).collect();
            all.extend((0..count.min(SENT)).map(|_| "scope997".to_owned()));
            return Some(all);
        }
        if let Some(length) = self.rule(endpoint, "long") {
            return Some((0..300).map(|number| format!("{number}{}", "x".repeat(length % 4000))).collect());
        }
        let count = self.rule(endpoint, "fresh")?;
        Some((0..count % 3000).map(|number| format!("of{}at{number}", self.answers)).collect())
    }

    fn challenge(&mut self, status: u64) -> String {
        self.answers += 1;
        let mut header = "Bearer".to_owned();
        if status == 403 {
            header += " error=\"insufficient_scope\",";
        }
        let honest = if status == 403 { "write" } else { "read" };
        let scopes = self.scopes("challenge").unwrap_or_else(|| vec![honest.to_owned()]);
        let _ = write!(header, " scope=\"{}\"", scopes.join(" "));
        if let Some(length) = self.rule("challenge", "uris") {
            let _ = write!(header, ", resource_metadata=\"https://mcp.example/{}\"", "m".repeat(length % 100_000));
        }
        if let Some(count) = self.rule("challenge", "page") {
            header += &", Basic a='x ".repeat(count % 50_000);
        }
        header
    }

    /// The person agrees, and comes back.
    fn visit(&mut self, url: &str) -> String {
        self.answers += 1;
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let form = Parameters::read(query);
        self.asked = form.get("scope").unwrap_or_default().to_owned();
        let mut back = Parameters::default();
        back.set("state", form.get("state"));
        match self.rule("authorize", "error") {
            Some(number) => {
                back.add("error", ["invalid_scope", "access_denied", "server_error", "invalid_request"][number % 4]);
                back.add("error_description", &"no ".repeat(number % 10_000));
            }
            None => back.add("code", &"c".repeat(8 + self.rule("authorize", "token").unwrap_or_default() % 4000)),
        }
        back.add("iss", ISSUER);
        format!("{}?{}", form.get("redirect_uri").unwrap_or_default(), back.to_text())
    }

    fn answer(&mut self, request: &Request) -> Result<Answer> {
        self.answers += 1;
        self.requests += 1;
        let url = Url::parse(&request.url).expect("the package asks for URLs");
        let path = url.path().to_owned();
        let endpoint = match (request.method, path.as_str()) {
            (Method::Post, "/mcp") => "challenge",
            (Method::Post, path) if path.contains("register") => "register",
            (Method::Post, _) => "token",
            (_, path) if path.contains("protected-resource") || url.origin() == "https://mcp.example" => "resource",
            (_, path) if path.contains("openid") => "openid",
            (_, path) if path.contains("manage") => "manage",
            (_, path) if path.contains("authorize") => "authorize",
            _ => "server",
        };
        let wait = self.rule(endpoint, "wait").unwrap_or(50) as u64;
        let limit = TIME_OUT.min(request.milliseconds.unwrap_or(TIME_OUT));
        self.waited += wait.min(limit);
        self.now += wait.min(limit) / 1000;
        if wait > limit {
            return Err(Error::new(Code::TimedOut, "No answer came in time.", &[]));
        }
        if self.rule(endpoint, "broken").is_some_and(|number| number as u64 % 5 == self.answers % 5) {
            return Err(Error::new(Code::NetworkFailed, "The line is cut.", &[]));
        }
        let challenge = self.challenge(401);
        let mut body = self.body(endpoint, request).into_bytes();
        let mut status = match (endpoint, request.method) {
            ("challenge", _) => 401,
            ("register", _) => 201,
            ("manage", Method::Delete) => 204,
            _ => 200,
        };
        if let Some(number) = self.rule(endpoint, "status") {
            status = [404, 500, 502, 503, 429, 400, 401, 403, 200, 302][number % 10];
        }
        let mut location = None;
        if let Some(count) = self.rule(endpoint, "redirect") {
            let step = path.rsplit('/').next().and_then(|last| last.parse::<usize>().ok()).unwrap_or_default();
            if step < count {
                status = 307;
                location = Some(format!("{}{path}/{}", url.origin(), step + 1));
            }
        }
        if let Some(number) = self.rule(endpoint, "away") {
            status = 307;
            location = Some(["https://elsewhere.example/", "http://10.0.0.1/", "/", "?"][number % 4].to_owned());
        }
        body.truncate(BODY_LIMIT + 1);
        self.bytes += if body.starts_with(b"<") { body.len().min(PAGE) } else { body.len() };
        Ok(Answer { status, body, location, challenge })
    }

    fn body(&self, endpoint: &str, request: &Request) -> String {
        if let Some(count) = self.rule(endpoint, "page") {
            return "<".repeat(count);
        }
        let scopes = self.scopes(endpoint);
        let listed = |name: &str, scopes: &Option<Vec<String>>| {
            scopes.as_ref().map(|list| format!(",\"{name}\":{}", array(list))).unwrap_or_default()
        };
        let separator = if self.rule(endpoint, "commas").is_some() { "," } else { " " };
        let scope = |default: &str| scopes.as_ref().map_or(default.to_owned(), |list| list.join(separator));
        let long = "u".repeat(self.rule(endpoint, "uris").unwrap_or_default() % 100_000);
        let mut members = match endpoint {
            "resource" => {
                let count = self.rule(endpoint, "issuers").unwrap_or_default().min(SENT);
                let mut issuers: Vec<String> = (0..count).map(|number| format!("{ISSUER}/tenant/{number}")).collect();
                issuers.push(ISSUER.to_owned());
                format!(
                    "\"resource\":\"{MCP_SERVER}\",\"authorization_servers\":{}{}",
                    array(&issuers),
                    listed("scopes_supported", &scopes)
                )
            }
            "server" | "openid" => {
                let words = |name: &str| (0..name.len() * SENT / 6).map(|_| "x".to_owned()).collect::<Vec<String>>();
                let mut lists = String::new();
                for (change, name) in
                    [("grants", "grant_types_supported"), ("methods", "token_endpoint_auth_methods_supported")]
                {
                    if let Some(count) = self.rule(endpoint, change) {
                        let mut list = words(change);
                        list.truncate(count);
                        list.push("none".to_owned());
                        let _ = write!(lists, ",\"{name}\":{}", array(&list));
                    }
                }
                format!(
                    "\"issuer\":\"{ISSUER}\",\"authorization_endpoint\":\"{ISSUER}/authorize{long}\",\"token_endpoint\":\
                     \"{ISSUER}/token{long}\",\"registration_endpoint\":\"{ISSUER}/register{long}\",\
                     \"code_challenge_methods_supported\":[\"S256\"]{lists}{}",
                    listed("scopes_supported", &scopes)
                )
            }
            "register" => {
                let secret = "k".repeat(self.rule(endpoint, "token").unwrap_or_default() % 200_000);
                format!(
                    "\"client_id\":\"client{}{secret}\",\"registration_client_uri\":\"{ISSUER}/manage{long}\",\
                     \"registration_access_token\":\"manages{secret}\",\"scope\":\"{}\"",
                    self.answers,
                    scope("read write")
                )
            }
            "token" => {
                let text = request.body.as_ref().map(|body| body.text.reveal().to_owned()).unwrap_or_default();
                let length = self.rule(endpoint, "token").unwrap_or_default() % 200_000;
                let kind = if text.contains("refresh") { "new" } else { "first" };
                format!(
                    "\"access_token\":\"{kind}{}{}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"refresh_token\":\
                     \"r{}\",\"scope\":\"{}\"",
                    self.answers,
                    "t".repeat(length),
                    self.answers,
                    scope(&self.asked)
                )
            }
            _ => "\"x\":1".to_owned(),
        };
        if let Some(number) = self.rule(endpoint, "error") {
            let error = ["invalid_scope", "invalid_grant", "invalid_client", "invalid_request"][number % 4];
            members = format!("\"error\":\"{error}\",\"error_description\":\"{}\"", "no ".repeat(number % 10_000));
        }
        if let Some(count) = self.rule(endpoint, "members") {
            for number in 0..count.min(SENT) {
                let _ = write!(members, ",\"m{number}code\":{number}");
            }
        }
        if let Some(length) = self.rule(endpoint, "text") {
            let _ = write!(members, ",\"text\":\"{}\"", "w".repeat(length));
        }
        if let Some(depth) = self.rule(endpoint, "deep") {
            let depth = depth % 200;
            let _ = write!(members, ",\"deep\":{}{}", "[".repeat(depth), "]".repeat(depth));
        }
        if let Some(number) = self.rule(endpoint, "without") {
            members = members.replacen(MEMBERS[number % MEMBERS.len()], "without", 1);
        }
        let document = format!("{{{members}}}");
        let length = self.rule(endpoint, "pad").unwrap_or_default();
        document.clone() + &" ".repeat(length.saturating_sub(document.len()))
    }
}

fn array(list: &[String]) -> String {
    Json::array_of(&list.iter().map(String::as_str).collect::<Vec<&str>>()).to_text()
}

fn items(json: &Json) -> usize {
    match json {
        Json::Array(all) => all.len() + all.iter().map(items).sum::<usize>(),
        Json::Object(members) => members.iter().map(|(_, value)| items(value)).sum(),
        _ => 0,
    }
}

fn endpoint() -> Endpoint {
    read(&MCP_SERVER.into()).expect("an endpoint")
}

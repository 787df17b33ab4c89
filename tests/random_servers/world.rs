//! The servers of one case, with all that they remember, and the store. What they answer is drawn from the rows.

use std::collections::BTreeMap;

use mcp_oauth_wasm::data::http::{Parameters, Request, Response};
use mcp_oauth_wasm::data::json::Json;

use crate::books::{self, Books};
use crate::random::Random;
use crate::rows::{Policies, Reached};
use crate::scopes::{ALL, NONE, OFFLINE_ACCESS, OPENID, Scopes};

pub const MCP_SERVER: &str = "https://mcp.example/mcp";
pub const CLIENT_METADATA: &str = "https://app.example/client.json";
const RESOURCE_METADATA: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
const BY_HAND: &str = "by-hand";
const TOKEN_SECONDS: u64 = 3600;

/// How many operations the MCP server has.
pub const OPERATIONS: usize = 3;

/// A client that a server knows.
struct Registered {
    id: String,
    dynamic: bool,
    /// What it may request; `None`: nobody keeps books.
    scopes: Option<Scopes>,
    redirect_uris: Vec<String>,
    secret: Option<String>,
    management_token: Option<String>,
    /// How often it was taken for an unknown one.
    overlooked: u64,
}

struct Grant {
    client_id: String,
    granted: Scopes,
    expires_at: u64,
}

struct Issued {
    grant: Grant,
    redirect_uri: String,
    requested: Scopes,
    by_person: bool,
}

struct Server {
    issuer: String,
    clients: Vec<Registered>,
    codes: BTreeMap<String, Issued>,
    access_tokens: BTreeMap<String, Grant>,
    refresh_tokens: BTreeMap<String, Grant>,
    pushed: BTreeMap<String, String>,
    /// The scopes that it lists.
    lists: Option<Scopes>,
    is_openid_provider: bool,
    /// Whether its document, as it was read last, promises `iss`.
    promises_iss: bool,
    takes_documents: bool,
    /// What its operator permits.
    permits: Scopes,
    /// What everybody may have, whatever is registered.
    everybody: Scopes,
}

/// The host's settings for the MCP server.
pub struct Settings {
    pub scopes: Scopes,
    pub optional_scopes: Scopes,
    pub refresh: bool,
    pub consent_prompt: bool,
    pub preflight: bool,
    pub pushes: bool,
    pub has_document: bool,
    /// The scopes that the document declares.
    pub document_scopes: Option<Scopes>,
    /// The scopes of a client that was registered by hand, where there is one, and whether the host tells them.
    pub by_hand: Option<(Scopes, bool)>,
}

pub struct World {
    pub random: Random,
    policies: Policies,
    /// Whether each answer may be of another row than the one before.
    is_erratic: bool,
    pub reached: Reached,
    tells: bool,
    pub story: Vec<String>,
    pub books: Books,
    pub now: u64,
    pub settings: Settings,
    servers: [Server; 2],
    /// The one that the MCP server names.
    current: usize,
    /// What the MCP server lists, demands of everybody, and needs for each operation.
    lists: Option<Scopes>,
    demands: Scopes,
    needs: [Scopes; OPERATIONS],
    pub store: crate::records::Records,
    pub taken_ports: u64,
    issued: u64,
    /// Requests in this action, and in all.
    pub requests: u64,
    pub requests_in_all: u64,
}

pub enum Visit {
    /// The person came back to this URL.
    Back(String),
    /// They met a page, and closed the window.
    Page(u16),
}

impl World {
    pub fn new(case: u64, tells: bool) -> World {
        let mut random = Random::of_case(case);
        let settings = Settings {
            scopes: if random.happens(20) { Scopes::drawn(&mut random, 25) } else { NONE },
            optional_scopes: if random.happens(15) { Scopes::drawn(&mut random, 25) } else { NONE },
            refresh: random.happens(92),
            consent_prompt: random.happens(85),
            preflight: random.happens(15),
            pushes: random.happens(20),
            has_document: random.happens(20),
            document_scopes: random.happens(50).then(|| Scopes::drawn(&mut random, 60)),
            by_hand: random.happens(8).then(|| (Scopes::drawn(&mut random, 70), random.happens(50))),
        };
        let servers = [0, 1].map(|number| Server {
            issuer: format!("https://as{number}.example"),
            clients: Vec::new(),
            codes: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            pushed: BTreeMap::new(),
            lists: random
                .happens(80)
                .then(|| Scopes::drawn(&mut random, 70).and(if random.happens(75) { OFFLINE_ACCESS } else { NONE })),
            is_openid_provider: random.happens(40),
            promises_iss: true,
            takes_documents: random.happens(30),
            permits: Scopes::drawn(&mut random, 65),
            everybody: Scopes::drawn(&mut random, 20),
        });
        let mut world = World {
            policies: Policies::drawn(&mut random),
            is_erratic: random.happens(35),
            reached: Reached::default(),
            tells,
            story: Vec::new(),
            books: Books::default(),
            now: 1_800_000_000,
            settings,
            servers,
            current: 0,
            lists: random.happens(60).then(|| Scopes::drawn(&mut random, 45)),
            demands: if random.happens(60) { Scopes::drawn(&mut random, 35) } else { NONE },
            needs: [20, 40, 40].map(|percent| Scopes::drawn(&mut random, percent).without(OFFLINE_ACCESS)),
            store: BTreeMap::new(),
            taken_ports: 0,
            issued: 0,
            requests: 0,
            requests_in_all: 0,
            random,
        };
        world.declare_clients();
        world
    }

    /// Clients that did not register themselves.
    fn declare_clients(&mut self) {
        let Settings { has_document, document_scopes, by_hand, .. } = self.settings;
        let client = |id: &str, scopes| Registered {
            id: id.to_owned(),
            dynamic: false,
            scopes,
            redirect_uris: Vec::new(),
            secret: None,
            management_token: None,
            overlooked: 0,
        };
        for server in &mut self.servers {
            if has_document && server.takes_documents {
                server.clients.push(client(CLIENT_METADATA, document_scopes));
            }
            server.clients.extend(by_hand.map(|(scopes, _)| client(BY_HAND, Some(scopes))));
        }
        self.books.declare(CLIENT_METADATA, document_scopes, false, &[]);
        if let Some((scopes, is_told)) = by_hand {
            self.books.declare(BY_HAND, is_told.then_some(scopes), false, &[]);
        }
    }

    pub fn by_hand(&self) -> &'static str {
        BY_HAND
    }

    /// Tells a line of the story, if somebody listens.
    pub fn tell(&mut self, line: impl FnOnce(&World) -> String) {
        if self.tells {
            let line = line(self);
            self.story.push(line);
        }
    }

    fn serial(&mut self, what: &str) -> String {
        self.issued += 1;
        format!("{what}-{}", self.issued)
    }

    /// What is done at that endpoint, this time.
    fn row(&mut self, endpoint: &'static str) -> &'static str {
        let row = self.drawn_row(endpoint);
        self.reached.count(endpoint, row);
        row
    }

    /// The same, where it depends on more whether it is done.
    fn drawn_row(&mut self, endpoint: &'static str) -> &'static str {
        if self.is_erratic && self.random.happens(20) {
            self.policies.redraw(&mut self.random, endpoint);
        }
        self.policies.row(endpoint)
    }

    /// What the host does, of which the person has one mind for each time.
    pub fn host_row(&mut self, endpoint: &'static str) -> &'static str {
        self.policies.redraw(&mut self.random, endpoint);
        self.row(endpoint)
    }

    // What happens between actions

    pub fn operator_changes_policy(&mut self) {
        let endpoints = crate::rows::ROWS;
        for _ in 0..=self.random.below(3) {
            let endpoint = endpoints[self.random.below(endpoints.len())].0;
            self.policies.redraw(&mut self.random, endpoint);
        }
        self.tell(|_| "-- the operators change a policy".to_owned());
    }

    pub fn operator_changes_scopes(&mut self) {
        let (current, random) = (self.current, &mut self.random);
        let change = random.below(5);
        match change {
            0 => self.servers[current].permits = Scopes::drawn(random, 60),
            1 => {
                let lost = Scopes::drawn(random, 30);
                let server = &mut self.servers[current];
                server.permits = server.permits.without(lost);
                for client in server.clients.iter_mut().filter(|client| client.dynamic) {
                    client.scopes = client.scopes.map(|scopes| scopes.without(lost));
                }
            }
            2 => self.needs[random.below(OPERATIONS)] = Scopes::drawn(random, 40).without(OFFLINE_ACCESS),
            3 => self.demands = Scopes::drawn(random, 35),
            _ => self.lists = random.happens(70).then(|| Scopes::drawn(random, 45)),
        }
        self.tell(|world| {
            let permits = world.servers[current].permits.text();
            format!("-- the operators change scopes ({change}); permitted: {permits}")
        });
    }

    pub fn forget_clients(&mut self) {
        self.servers[self.current].clients.retain(|client| !client.dynamic);
        self.tell(|_| "-- the server forgets its clients".to_owned());
    }

    pub fn forget_tokens(&mut self, refresh_tokens: bool) {
        let server = &mut self.servers[self.current];
        server.access_tokens.clear();
        if refresh_tokens {
            server.refresh_tokens.clear();
        }
        self.tell(|_| format!("-- the server forgets tokens; refresh tokens too: {refresh_tokens}"));
    }

    pub fn resource_moves(&mut self) {
        self.current = 1 - self.current;
        self.tell(|world| format!("-- the MCP server now names {}", world.servers[world.current].issuer));
    }

    pub fn passes(&mut self, seconds: u64) {
        self.now += seconds;
        self.tell(|_| format!("-- {seconds} seconds pass"));
    }

    // Requests

    pub fn answer(&mut self, request: &Request) -> Option<Response> {
        self.requests += 1;
        self.requests_in_all += 1;
        self.now += 1;
        let (url, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let text = request.body.as_ref().map(|body| body.text.reveal().to_owned()).unwrap_or_default();
        let answer = self.answer_at(request, url, query, &text);
        self.tell(|_| {
            let line = match &answer {
                None => "silence".to_owned(),
                Some(Answer { status, body, location, .. }) => {
                    format!("{status} {}{body}", location.as_deref().unwrap_or_default())
                }
            };
            let asked = if text.is_empty() { query } else { &text };
            format!("{} {url} {asked}\n        {line}", request.method.word())
        });
        answer.map(|answer| answer.response(&request.url))
    }

    fn answer_at(&mut self, request: &Request, url: &str, query: &str, text: &str) -> Option<Answer> {
        if url == RESOURCE_METADATA || url == "https://mcp.example/.well-known/oauth-protected-resource" {
            return Some(self.resource_metadata(url));
        }
        if url == CLIENT_METADATA {
            let scope = self.settings.document_scopes.map_or(Json::Null, |scopes| scopes.text().as_str().into());
            return Some(Answer::json(200, object().with("client_id", CLIENT_METADATA.into()).with("scope", scope)));
        }
        let number = self.servers.iter().position(|server| url.starts_with(&server.issuer));
        let Some(number) = number else { return Some(Answer::page(404)) };
        let path = url[self.servers[number].issuer.len()..].to_owned();
        let authorization = request.authorization.as_ref().map(|value| value.reveal().to_owned());
        match path.as_str() {
            "/.well-known/oauth-authorization-server" => Some(self.server_metadata(number)),
            "/authorize" => Some(match self.authorize(number, query, false) {
                Visit::Back(location) => Answer::redirect(location),
                Visit::Page(status) => Answer::page(status),
            }),
            "/par" => self.push(number, text),
            "/register" => self.register(number, text),
            "/token" => self.issue(number, text),
            _ => match path.strip_prefix("/register/") {
                Some(id) => Some(self.manage(number, id, request.method.word(), authorization.as_deref(), text)),
                None => Some(Answer::page(404)),
            },
        }
    }

    // Documents

    fn resource_metadata(&mut self, url: &str) -> Answer {
        match self.row("the resource's document") {
            "is broken" => return Answer::page(503),
            "does not exist" => return Answer::page(404),
            _ => {}
        }
        if url != RESOURCE_METADATA {
            return Answer::page(404);
        }
        let document = object()
            .with("resource", MCP_SERVER.into())
            .with("authorization_servers", Json::array_of(&[&self.servers[self.current].issuer]))
            .with("scopes_supported", list(self.lists));
        Answer::json(200, document)
    }

    fn server_metadata(&mut self, number: usize) -> Answer {
        match self.row("the server's document") {
            "is broken" => return Answer::page(503),
            "does not exist" => return Answer::page(404),
            _ => {}
        }
        let promises_iss = self.policies.row("iss") != "is neither";
        let pushes = self.policies.row("a pushed request") != "is not wanted";
        let wants_pushes = pushes && self.random.happens(30);
        let server = &mut self.servers[number];
        server.promises_iss = promises_iss;
        let at = |path: &str| Json::from(format!("{}{path}", server.issuer).as_str());
        let is_openid_provider = |member: Json| if server.is_openid_provider { member } else { Json::Null };
        let document = object()
            .with("issuer", server.issuer.as_str().into())
            .with("authorization_endpoint", at("/authorize"))
            .with("token_endpoint", at("/token"))
            .with("registration_endpoint", at("/register"))
            .with("code_challenge_methods_supported", Json::array_of(&["S256"]))
            .with("token_endpoint_auth_methods_supported", Json::array_of(&["none", "client_secret_post"]))
            .with("scopes_supported", list(server.lists))
            .with("subject_types_supported", is_openid_provider(Json::array_of(&["public"])))
            .with("id_token_signing_alg_values_supported", is_openid_provider(Json::array_of(&["RS256"])))
            .with("client_id_metadata_document_supported", Json::Bool(server.takes_documents))
            .with("pushed_authorization_request_endpoint", if pushes { at("/par") } else { Json::Null })
            .with("require_pushed_authorization_requests", Json::Bool(wants_pushes))
            .with("authorization_response_iss_parameter_supported", Json::Bool(promises_iss));
        Answer::json(200, document)
    }

    // Registration

    fn register(&mut self, number: usize, text: &str) -> Option<Answer> {
        let sent = Json::parse(text).unwrap();
        if let Some(refusal) = self.refuses_to_register(number, &sent) {
            return refusal;
        }
        let is = self.row("registration is");
        let management = self.row("management");
        let id = self.serial("client");
        let secret = (is == "confidential").then(|| self.serial("secret"));
        let management_token = (management != "none").then(|| self.serial("registration"));
        let redirect_uris = strings(sent.member("redirect_uris"));
        self.servers[number].clients.push(Registered {
            id: id.clone(),
            dynamic: true,
            scopes: None,
            redirect_uris,
            secret,
            management_token,
            overlooked: 0,
        });
        Some(self.registered(number, &id, &sent, is, 201))
    }

    /// The answer to a registration or update that is agreed to.
    fn registered(&mut self, number: usize, id: &str, sent: &Json, is: &'static str, status: u16) -> Answer {
        let sent_scopes = sent.member("scope").as_str().map(Scopes::read);
        let server = &self.servers[number];
        let (permits, everybody) = (server.permits, server.everybody);
        let (registered, answered) = match sent_scopes {
            None => match self.row("registration without scope") {
                "a default, and tells" => (everybody, Some(everybody)),
                "a default, and says nothing" => (everybody, None),
                _ => (NONE, None),
            },
            Some(scopes) => match self.row("registration answers") {
                "what was sent" => (scopes, Some(scopes)),
                "no scope" => (scopes, None),
                "the permitted part" => (scopes.within(permits), Some(scopes.within(permits))),
                "no scope, and registers the permitted part" => (scopes.within(permits), None),
                "what was sent, and registers the permitted part" => (scopes.within(permits), Some(scopes)),
                "a list of its own" => (permits, Some(permits)),
                _ => (scopes.and(everybody), Some(scopes.without(everybody))),
            },
        };
        let redirect_uris = strings(sent.member("redirect_uris"));
        self.books.register(id, sent_scopes, answered, &redirect_uris);
        let server = &mut self.servers[number];
        let issuer = server.issuer.clone();
        let client = server.clients.iter_mut().find(|client| client.id == id).unwrap();
        client.scopes = Some(registered);
        client.redirect_uris = redirect_uris;
        let text = |value: Option<&str>| value.map_or(Json::Null, Json::from);
        let grants = if is == "without the grant refresh_token" {
            &["authorization_code"][..]
        } else {
            &["authorization_code", "refresh_token"]
        };
        let secret = client.secret.as_deref();
        let managed_at = client.management_token.is_some().then(|| format!("{issuer}/register/{id}"));
        let scope = answered.map(Scopes::text).filter(|scope| !scope.is_empty());
        let document = object()
            .with("client_id", id.into())
            .with("client_secret", text(secret))
            .with("token_endpoint_auth_method", text(secret.map(|_| "client_secret_post")))
            .with("redirect_uris", sent.member("redirect_uris").clone())
            .with("grant_types", Json::array_of(grants))
            .with("client_uri", if is == "with an empty member" { "".into() } else { Json::Null })
            .with("scope", text(scope.as_deref()))
            .with("registration_access_token", text(client.management_token.as_deref()))
            .with("registration_client_uri", text(managed_at.as_deref()));
        Answer::json(status, document)
    }

    /// Whether a registration is refused, and then with what: also with silence.
    fn refuses_to_register(&mut self, number: usize, sent: &Json) -> Option<Option<Answer>> {
        let scope = sent.member("scope").as_str().map(str::to_owned);
        if scope.as_deref().is_some_and(|scope| scope.trim().is_empty()) {
            self.books.violation("an empty scope", "in a registration");
        }
        let scopes = scope.as_deref().map(Scopes::read);
        let unpermitted = scopes.unwrap_or_default().without(self.servers[number].permits);
        let is_second = self.servers[number].clients.iter().any(|client| client.dynamic);
        let says_localhost = strings(sent.member("redirect_uris")).iter().all(|uri| uri.contains("//localhost"));
        let grants = strings(sent.member("grant_types"));
        let named = |scopes: Scopes| {
            oauth_error(
                400,
                "invalid_client_metadata",
                &format!("these scopes are invalid: {}", scopes.names().collect::<Vec<_>>().join(", ")),
            )
        };
        let refuses = self.drawn_row("registration refuses");
        let answer = match refuses {
            "unpermitted scopes, by name" if !unpermitted.is_empty() => named(unpermitted.first()),
            "unpermitted scopes, as a list" if !unpermitted.is_empty() => named(unpermitted),
            "unpermitted scopes, without a name" if !unpermitted.is_empty() => oauth_error(400, "invalid_scope", ""),
            "unpermitted scopes, in other JSON" if !unpermitted.is_empty() => {
                Answer::json(400, object().with("detail", "Requested metadata is not allowed".into()))
            }
            "unpermitted scopes, with 403" if !unpermitted.is_empty() => {
                oauth_error(403, "insufficient_scope", "Not permitted to use specified clientScope")
            }
            "any scope" if scopes.is_some() => oauth_error(400, "invalid_client_metadata", "scope is not supported"),
            "everybody" => oauth_error(403, "access_denied", "not for everybody"),
            "the grant refresh_token" if grants.iter().any(|grant| grant == "refresh_token") => {
                oauth_error(400, "invalid_client_metadata", "grant_types may be authorization_code")
            }
            "native applications" if sent.member("application_type").as_str() == Some("native") => {
                oauth_error(400, "invalid_redirect_uri", "loopback redirect URIs are for web applications")
            }
            "redirect URIs that do not say localhost" if !says_localhost => {
                oauth_error(400, "invalid_redirect_uri", "http is for localhost")
            }
            "a second client, with 429" if is_second => Answer::page(429),
            "by a page to sign in" => Answer::redirect(format!("{}/login", self.servers[number].issuer)),
            "with 503" => Answer::page(503),
            "by silence" => {
                self.reached.count("registration refuses", refuses);
                return Some(None);
            }
            _ => {
                if scopes.is_none() && self.row("registration without scope") == "is refused" {
                    return Some(Some(oauth_error(400, "invalid_client_metadata", "scope is required")));
                }
                if refuses == "nobody" {
                    self.reached.count("registration refuses", "nobody");
                }
                return None;
            }
        };
        if scopes.is_some() {
            self.books.refuse_registration();
        }
        self.reached.count("registration refuses", refuses);
        Some(Some(answer))
    }

    fn manage(&mut self, number: usize, id: &str, method: &str, authorization: Option<&str>, text: &str) -> Answer {
        let row = self.row("management");
        let clients = &self.servers[number].clients;
        let client = clients.iter().find(|client| client.id == id);
        let token = client.and_then(|client| client.management_token.clone());
        if token.is_none()
            || authorization != Some(&format!("Bearer {}", token.clone().unwrap_or_default()))
            || row == "forbidden"
        {
            self.books.refused_clients.insert(id.to_owned());
            return oauth_error(401, "invalid_token", "");
        }
        match (method, row) {
            (_, "broken") => Answer::page(500),
            ("GET", _) => Answer::json(200, object().with("client_id", id.into())),
            ("DELETE", _) => {
                self.deletes(id);
                self.servers[number].clients.retain(|client| client.id != id);
                Answer::page(204)
            }
            (_, "read only") => Answer::page(405),
            _ => {
                let sent = Json::parse(text).unwrap();
                if let Some(refusal) = self.refuses_to_register(number, &sent) {
                    return refusal.unwrap_or(Answer::page(500));
                }
                if row == "offered, tokens rotate" {
                    let token = self.serial("registration");
                    let client = self.servers[number].clients.iter_mut().find(|client| client.id == id).unwrap();
                    client.management_token = Some(token);
                }
                self.registered(number, id, &sent, "public", 200)
            }
        }
    }

    /// A client that a stored session uses is not deleted.
    fn deletes(&mut self, id: &str) {
        let uses = |(key, (_, value)): (&String, &(u64, Json))| {
            key.starts_with("session ") && value.member("registration").member("clientId").as_str() == Some(id)
        };
        if self.store.iter().any(uses) {
            self.books.violation("deletes a client that a session uses", id);
        }
    }

    // Authorization

    /// The person opens this URL.
    pub fn visit(&mut self, url: &str) -> Visit {
        let (endpoint, query) = url.split_once('?').unwrap();
        let number = self.servers.iter().position(|server| endpoint == format!("{}/authorize", server.issuer));
        self.books.window();
        self.now += 5;
        let visit = number.map_or(Visit::Page(404), |number| self.authorize(number, query, true));
        self.tell(|_| {
            let end = match &visit {
                Visit::Back(location) => location.clone(),
                Visit::Page(status) => format!("a page with status {status}"),
            };
            format!("WINDOW {query}\n        {end}")
        });
        visit
    }

    fn authorize(&mut self, number: usize, query: &str, by_person: bool) -> Visit {
        let mut query = Parameters::read(query);
        let pushed = query.get("request_uri").and_then(|reference| self.servers[number].pushed.remove(reference));
        if let Some(pushed) = &pushed {
            query = Parameters::read(pushed);
        }
        let parameter = |name: &str| query.get(name).unwrap_or_default().to_owned();
        match self.row("the authorization endpoint") {
            "is broken" => return Visit::Page(503),
            "is temporarily unavailable" => return self.back(number, &query, &[("error", "temporarily_unavailable")]),
            "says unauthorized_client" => {
                self.books.refused_clients.insert(parameter("client_id"));
                return self.back(number, &query, &[("error", "unauthorized_client")]);
            }
            _ => {}
        }
        let client_id = parameter("client_id");
        if self.is_unknown(number, &client_id) {
            let row = self.row("an unknown client");
            if row != "passes, and is refused for its code" {
                self.books.refused_clients.insert(client_id);
            }
            if query.get("scope").is_none() && row.starts_with("meets a page") {
                // Nobody can tell that page from one for want of a scope.
                self.books.insist(ALL);
            }
            match row {
                "meets a page" => return Visit::Page(400),
                "meets a page with 404" => return Visit::Page(404),
                "is sent back" => return self.back(number, &query, &[("error", "invalid_client")]),
                _ => {}
            }
        }
        if pushed.is_none() {
            self.note(number, &query);
        }
        if let Some((visit, _)) = self.refuses(number, &query, false) {
            return visit;
        }
        if !by_person && self.row("a look") == "meets a page" {
            return Visit::Page(200);
        }
        if by_person {
            match self.host_row("the person") {
                "declines" => return self.back(number, &query, &[("error", "access_denied")]),
                "closes the window" => return Visit::Page(200),
                _ => {}
            }
        }
        let client =
            self.servers[number].clients.iter().find(|client| client.id == query.get("client_id").unwrap_or_default());
        let registered = client.and_then(|client| client.scopes).unwrap_or_default();
        let requested = query.get("scope").map(Scopes::read);
        let beyond = requested.unwrap_or_default().without(self.allowed(number, &query).unwrap_or(ALL));
        let granted = requested.map_or(registered, |requested| requested.without(beyond));
        let code = self.serial("code");
        let (client_id, redirect_uri) = (parameter("client_id"), parameter("redirect_uri"));
        let grant = Grant { client_id, granted, expires_at: self.now + 60 };
        self.servers[number]
            .codes
            .insert(code.clone(), Issued { grant, redirect_uri, requested: requested.unwrap_or_default(), by_person });
        self.back(number, &query, &[("code", &code)])
    }

    fn note(&mut self, number: usize, query: &Parameters) {
        let parameter = |name: &str| query.get(name).unwrap_or_default().to_owned();
        self.books.request(
            number,
            &books::Request {
                client_id: parameter("client_id"),
                redirect_uri: parameter("redirect_uri"),
                scope: query.get("scope").map(str::to_owned),
                state: parameter("state"),
                code_challenge: parameter("code_challenge"),
                has_nonce: query.get("nonce").is_some(),
            },
        );
    }

    /// A client that is not there, or that this part of the server has not learnt of yet.
    fn is_unknown(&mut self, number: usize, id: &str) -> bool {
        let learns_after = match self.row("a new client") {
            "is known at once" => 0,
            "is known at the second request" => 1,
            _ => 2,
        };
        match self.servers[number].clients.iter_mut().find(|client| client.id == id) {
            None => true,
            Some(client) if client.dynamic && client.overlooked < learns_after => {
                client.overlooked += 1;
                true
            }
            Some(_) => false,
        }
    }

    /// What a request may have; `None`: anything.
    fn allowed(&self, number: usize, query: &Parameters) -> Option<Scopes> {
        let server = &self.servers[number];
        let client = server.clients.iter().find(|client| Some(client.id.as_str()) == query.get("client_id"));
        let registered = client.and_then(|client| client.scopes);
        match self.policies.row("a request") {
            "may have anything" => None,
            "may have what is permitted now" => Some(server.permits),
            "may have what is registered" => registered,
            _ => registered.map(|scopes| scopes.and(server.everybody)),
        }
    }

    /// Whether the request itself is refused: where the person ends, and what is said in an answer to a pushed request.
    fn refuses(&mut self, number: usize, query: &Parameters, is_pushed: bool) -> Option<(Visit, Answer)> {
        let requested = query.get("scope").map(Scopes::read).unwrap_or_default();
        if query.get("prompt") == Some("consent") && self.row("prompt=consent") == "is refused" {
            return Some(self.refused(number, query, "invalid_request", "prompt is not supported"));
        }
        let lacks = self.row("a request lacks");
        let lacks_scope = lacks.starts_with("a scope") && requested.is_empty();
        let lacks_openid = lacks.starts_with("openid") && requested.within(OPENID).is_empty();
        if lacks_scope || lacks_openid {
            self.books.insist(if requested.is_empty() { ALL } else { OPENID });
            return Some(match lacks {
                "openid: a page" => (Visit::Page(400), Answer::page(400)),
                "openid: access_denied" => self.refused(number, query, "access_denied", ""),
                "openid: invalid_request" | "a scope: invalid_request" => {
                    self.refused(number, query, "invalid_request", "")
                }
                "openid: invalid_scope that names it" => {
                    self.refused(number, query, "invalid_scope", "the scope openid is missing")
                }
                _ => self.refused(number, query, "invalid_scope", ""),
            });
        }
        self.row("a request");
        let beyond = requested.without(self.allowed(number, query).unwrap_or(ALL));
        if beyond.is_empty() {
            return None;
        }
        let first = beyond.first();
        let row = self.row("scopes beyond");
        let (told, is_named, description) = match row {
            "are dropped" => return None,
            "are refused by a page" => return Some((Visit::Page(400), Answer::page(400))),
            "are refused by name" => (first, true, format!("Client was not registered with scope {}", first.text())),
            "are refused in `scope`" => (first, true, "requested scope is not allowed".to_owned()),
            "are refused as a list" => (
                beyond,
                true,
                format!("the following scopes are invalid: {}", beyond.names().collect::<Vec<_>>().join(", ")),
            ),
            "are refused by the name of another" => {
                (requested, false, "Client was not registered with scope everything".to_owned())
            }
            _ => (requested, false, String::new()),
        };
        let (visit, answer) = if row == "are refused in `scope`" {
            let scope = first.text();
            let errors = [("error", "invalid_scope"), ("error_description", &description), ("scope", &scope)];
            let document = object().with("error", "invalid_scope".into()).with("scope", scope.as_str().into());
            (self.back(number, query, &errors), Answer::json(400, document))
        } else {
            self.refused(number, query, "invalid_scope", &description)
        };
        // What must not be believed has told nothing.
        let server = &self.servers[number];
        let is_genuine = match &visit {
            Visit::Back(url) => match Parameters::read(url.split_once('?').unwrap().1).get("iss") {
                Some(iss) => iss == server.issuer,
                None => !server.promises_iss,
            },
            Visit::Page(_) => false,
        };
        if is_genuine || is_pushed {
            self.books.refuse(told, is_named);
        }
        Some((visit, answer))
    }

    fn refused(&mut self, number: usize, query: &Parameters, error: &str, description: &str) -> (Visit, Answer) {
        let visit = self.back(number, query, &[("error", error), ("error_description", description)]);
        (visit, oauth_error(400, error, description))
    }

    /// Where the person is sent back to.
    fn back(&mut self, number: usize, query: &Parameters, answer: &[(&str, &str)]) -> Visit {
        let mut parameters = Parameters::default();
        for (name, value) in answer.iter().filter(|(_, value)| !value.is_empty()) {
            parameters.add(name, value);
        }
        parameters.set("state", query.get("state"));
        let is_error = answer.iter().any(|(name, _)| *name == "error");
        let iss = match self.row("iss") {
            "is promised and sent" => Some(self.servers[number].issuer.clone()),
            "is promised and missing in errors" if !is_error => Some(self.servers[number].issuer.clone()),
            "is another's" => Some("https://other.example".to_owned()),
            _ => None,
        };
        parameters.set("iss", iss.as_deref());
        Visit::Back(format!("{}?{}", query.get("redirect_uri").unwrap_or_default(), parameters.to_text()))
    }

    fn push(&mut self, number: usize, text: &str) -> Option<Answer> {
        let form = Parameters::read(text);
        let client_id = form.get("client_id").unwrap_or_default().to_owned();
        let row = self.row("a pushed request");
        if row == "fails" {
            return if self.random.happens(50) { None } else { Some(Answer::page(503)) };
        }
        if row == "is refused as the client is" || self.is_unknown(number, &client_id) {
            self.books.refused_clients.insert(client_id);
            return Some(oauth_error(401, "invalid_client", ""));
        }
        self.note(number, &form);
        if let Some((_, answer)) = self.refuses(number, &form, true) {
            return Some(answer);
        }
        let reference = self.serial("urn:request");
        self.servers[number].pushed.insert(reference.clone(), text.to_owned());
        Some(Answer::json(
            201,
            object().with("request_uri", reference.as_str().into()).with("expires_in", Json::Number(60.0)),
        ))
    }

    // Tokens

    fn issue(&mut self, number: usize, text: &str) -> Option<Answer> {
        let form = Parameters::read(text);
        let client_id = form.get("client_id").unwrap_or_default().to_owned();
        let is_unknown = self.is_unknown(number, &client_id);
        let client = self.servers[number].clients.iter().find(|client| client.id == client_id);
        let has_secret = client.is_none_or(|client| client.secret.as_deref() == form.get("client_secret"));
        if is_unknown || !has_secret {
            self.books.refused_clients.insert(client_id);
            self.books.refresh_refused |= form.get("grant_type") == Some("refresh_token");
            return Some(oauth_error(401, "invalid_client", ""));
        }
        if form.get("grant_type") == Some("refresh_token") {
            self.refresh(number, &form, &client_id)
        } else {
            self.redeem(number, &form, &client_id)
        }
    }

    fn redeem(&mut self, number: usize, form: &Parameters, client_id: &str) -> Option<Answer> {
        let issued = self.servers[number].codes.remove(form.get("code").unwrap_or_default());
        let Some(Issued { grant, redirect_uri, requested, by_person }) = issued else {
            return Some(oauth_error(400, "invalid_grant", ""));
        };
        if !by_person {
            self.books.violation("redeems a code to which nobody agreed", client_id);
        }
        if grant.client_id != client_id || Some(redirect_uri.as_str()) != form.get("redirect_uri") {
            self.books.violation("redeems a code by another client or redirect URI", client_id);
        }
        let less = grant.granted.without(Scopes::drawn(&mut self.random, 40));
        let wider = grant.granted.and(Scopes::drawn(&mut self.random, 30));
        let all = grant.granted;
        let row = self.drawn_row("a code is traded");
        let is_done = row != "for an error: no offline session" || !requested.within(OFFLINE_ACCESS).is_empty();
        let row = if is_done { row } else { "for tokens, scopes named" };
        self.reached.count("a code is traded", row);
        let (granted, says, separator) = match row {
            "for tokens, scopes named" => (all, true, " "),
            "for tokens, scopes not named" => (all, false, " "),
            "for a narrower token, which says so" => (less, true, " "),
            "for a narrower token, which says nothing" => (less, false, " "),
            "for a wider token" => (wider, true, " "),
            "for tokens, scopes in a list with commas" => (all, true, ","),
            "for an error: invalid_client" => {
                self.books.refused_clients.insert(client_id.to_owned());
                return Some(oauth_error(401, "invalid_client", ""));
            }
            "for an error: invalid_grant" => return Some(oauth_error(400, "invalid_grant", "")),
            "for an error: no offline session" => {
                self.books.refuse(OFFLINE_ACCESS, true);
                return Some(oauth_error(400, "invalid_grant", "Offline session is not allowed for this client"));
            }
            "for an error in other JSON" => return Some(Answer::json(422, object().with("message", "no".into()))),
            "for a page" => return Some(Answer::page(404)),
            "for 503" => return Some(Answer::page(503)),
            _ => return None,
        };
        let believed = if says && !granted.is_empty() { granted } else { requested };
        self.books.granted(number, believed);
        let refreshable = match self.row("refresh tokens") {
            "come with offline_access" => !granted.within(OFFLINE_ACCESS).is_empty(),
            row => row == "always come",
        };
        let says = says.then_some(separator);
        Some(self.tokens(number, client_id, granted, says, refreshable))
    }

    fn tokens(
        &mut self,
        number: usize,
        client_id: &str,
        granted: Scopes,
        says: Option<&str>,
        refreshable: bool,
    ) -> Answer {
        let access_token = self.serial("access");
        let refresh_token = refreshable.then(|| self.serial("refresh"));
        let grant = |expires_at| Grant { client_id: client_id.to_owned(), granted, expires_at };
        let expires_at = self.now + TOKEN_SECONDS;
        let server = &mut self.servers[number];
        server.access_tokens.insert(access_token.clone(), grant(expires_at));
        if let Some(token) = &refresh_token {
            server.refresh_tokens.insert(token.clone(), grant(u64::MAX));
        }
        let scope = says.map(|separator| granted.names().collect::<Vec<_>>().join(separator));
        let document = object()
            .with("access_token", access_token.as_str().into())
            .with("token_type", "Bearer".into())
            .with("expires_in", Json::Number(TOKEN_SECONDS as f64))
            .with("refresh_token", refresh_token.as_deref().map_or(Json::Null, Json::from))
            .with("scope", scope.as_deref().map_or(Json::Null, Json::from));
        Answer::json(200, document)
    }

    fn refresh(&mut self, number: usize, form: &Parameters, client_id: &str) -> Option<Answer> {
        if form.get("scope").is_some() {
            self.books.violation("a refresh names scopes", form.get("scope").unwrap_or_default());
        }
        let token = form.get("refresh_token").unwrap_or_default();
        let known = self.servers[number].refresh_tokens.get(token).filter(|grant| grant.client_id == client_id);
        let granted = known.map(|grant| grant.granted);
        let row = self.drawn_row("a refresh");
        if granted.is_some() {
            self.reached.count("a refresh", row);
        }
        match row {
            "meets 503" => return Some(Answer::page(503)),
            "meets silence" => return None,
            _ => {}
        }
        self.books.refresh_refused |= granted.is_none() || row.starts_with("is refused");
        let Some(granted) = granted else { return Some(oauth_error(400, "invalid_grant", "")) };
        match row {
            "is refused: invalid_grant" => return Some(oauth_error(400, "invalid_grant", "")),
            "is refused: invalid_client" => {
                self.books.refused_clients.insert(client_id.to_owned());
                return Some(oauth_error(401, "invalid_client", ""));
            }
            "is refused in other JSON" => return Some(Answer::json(400, object().with("message", "no".into()))),
            "is refused by a page" => return Some(Answer::page(403)),
            "is refused with nothing" => return Some(Answer { status: 400, ..Answer::default() }),
            _ => {}
        }
        if row == "gives a new refresh token" {
            self.servers[number].refresh_tokens.remove(token);
        }
        let granted = if row == "narrows" { granted.without(Scopes::drawn(&mut self.random, 40)) } else { granted };
        Some(self.tokens(number, client_id, granted, Some(" "), row == "gives a new refresh token"))
    }

    // The MCP server

    /// Answers a call: its status, and the challenge where there is one.
    pub fn call(&mut self, operation: usize, token: Option<&str>) -> (u64, Vec<String>) {
        self.requests += 1;
        self.requests_in_all += 1;
        self.now += 1;
        let (status, header) = self.judge(operation, token);
        self.tell(|_| {
            let (token, header) = (token.unwrap_or("no token"), header.as_deref().unwrap_or_default());
            format!("CALL {operation} with {token}\n        {status} {header}")
        });
        (status, header.into_iter().collect())
    }

    fn judge(&mut self, operation: usize, token: Option<&str>) -> (u64, Option<String>) {
        let row = self.row("the MCP server");
        match row {
            "is broken" => return (503, None),
            "answers 403 of its own" => return (403, None),
            _ => {}
        }
        let grant = token.and_then(|token| self.servers[self.current].access_tokens.get(token));
        let granted = grant.filter(|grant| grant.expires_at > self.now).map(|grant| grant.granted);
        let needs = self.needs[operation];
        let Some(granted) = granted.filter(|_| row != "is always answering 401") else {
            let names = self.row("a 401") == "names scopes";
            let scope = Some(self.demands.and(needs)).filter(|_| names);
            return self.challenge(401, token.map(|_| "invalid_token"), scope, token.is_some());
        };
        let missing = needs.without(granted);
        if row == "never is content" {
            return self.challenge(403, Some("insufficient_scope"), Some(needs), true);
        }
        if missing.is_empty() {
            return (200, None);
        }
        match self.row("a token that lacks scopes") {
            "is answered 403 with all of them" => self.challenge(403, Some("insufficient_scope"), Some(needs), true),
            "is answered 403 with those that it lacks" => {
                self.challenge(403, Some("insufficient_scope"), Some(missing), true)
            }
            "is answered 403 without scope" => self.challenge(403, Some("insufficient_scope"), None, true),
            "is answered 401 with all of them" => self.challenge(401, Some("invalid_token"), Some(needs), true),
            _ => self.challenge(401, Some("invalid_token"), None, true),
        }
    }

    fn challenge(
        &mut self,
        status: u64,
        error: Option<&str>,
        scope: Option<Scopes>,
        has_token: bool,
    ) -> (u64, Option<String>) {
        let scope = scope.filter(|scope| !scope.is_empty());
        if has_token {
            let listed = if status == 403 { self.lists.unwrap_or_default() } else { NONE };
            self.books.insist(scope.unwrap_or(listed));
        }
        let mut parameters = Vec::new();
        parameters.extend(error.map(|error| format!("error=\"{error}\"")));
        parameters.extend(scope.map(|scope| format!("scope=\"{}\"", scope.text())));
        if self.policies.row("the resource's document") == "is named by challenges" {
            parameters.push(format!("resource_metadata=\"{RESOURCE_METADATA}\""));
        }
        (status, Some(format!("Bearer {}", parameters.join(", "))))
    }
}

/// What a server answers.
#[derive(Default)]
struct Answer {
    status: u16,
    media_type: &'static str,
    body: String,
    location: Option<String>,
}

impl Answer {
    fn json(status: u16, document: Json) -> Answer {
        Answer { status, media_type: "application/json", body: document.to_text(), location: None }
    }

    fn page(status: u16) -> Answer {
        Answer { status, media_type: "text/html", body: "<h1>A page</h1>".to_owned(), location: None }
    }

    fn redirect(location: String) -> Answer {
        Answer { status: 302, location: Some(location), ..Answer::default() }
    }

    fn response(self, url: &str) -> Response {
        let Answer { status, media_type, body, location } = self;
        Response::new(url.to_owned(), status, body.into_bytes(), |name| match name {
            "content-type" => Some(media_type.to_owned()),
            "location" => location.clone(),
            _ => None,
        })
    }
}

fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    let description = if description.is_empty() { Json::Null } else { description.into() };
    Answer::json(status, object().with("error", error.into()).with("error_description", description))
}

fn object() -> Json {
    Json::Object(Vec::new())
}

fn list(scopes: Option<Scopes>) -> Json {
    scopes.map_or(Json::Null, |scopes| Json::array_of(&scopes.names().collect::<Vec<_>>()))
}

fn strings(list: &Json) -> Vec<String> {
    list.strings().unwrap_or_default().into_iter().map(str::to_owned).collect()
}

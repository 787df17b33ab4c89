//! The books of an authorization server and of its neighbours: what a client was told, what was demanded of it, what it was
//! refused, and what it did all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::scopes::{NONE, OPENID, Scopes};

/// Windows that may open from one cause.
const WINDOW_LIMIT: u64 = 2;

/// What a client was told is registered for it.
struct Told {
    /// Nothing is known of one that was made to register without scope, or was registered by hand.
    scopes: Option<Scopes>,
    dynamic: bool,
    redirect_uris: Vec<String>,
    /// When, counted in entries of the books.
    at: u64,
}

struct Refusal {
    scopes: Scopes,
    named: bool,
    at: u64,
}

#[derive(Default)]
pub struct Books {
    /// What did not hold: a kind, and after a colon the rest.
    pub violations: Vec<String>,
    clients: BTreeMap<String, Told>,
    entries: u64,
    /// What was demanded in this action of a token that lacks it, or of a request.
    insisted: Scopes,
    /// What the host requires.
    host: Scopes,
    /// What an earlier token of that server had, by server.
    granted: BTreeMap<usize, Scopes>,
    /// What was refused since the cause began.
    refusals: Vec<Refusal>,
    /// Whether a registration was refused since the cause began, so that the next may do without scope.
    registration_refused: bool,
    /// How many windows opened from each cause of this action.
    windows: BTreeMap<String, u64>,
    cause: String,
    /// `state` and code challenges: each is good for one request.
    used: BTreeSet<String>,
    /// Clients that the server said in this action that it does not know.
    pub refused_clients: BTreeSet<String>,
    /// Whether the server said in this action that a refresh token is over.
    pub refresh_refused: bool,
}

impl Books {
    pub fn violation(&mut self, kind: &str, rest: &str) {
        self.violations.push(format!("{kind}: {rest}"));
    }

    /// An action begins: a call, or a press.
    pub fn begin_action(&mut self, host: Scopes) {
        self.host = host;
        self.insisted = NONE;
        self.windows.clear();
        self.refused_clients.clear();
        self.refresh_refused = false;
        self.begin_cause("none");
    }

    /// A sign-in begins, and why.
    pub fn begin_cause(&mut self, cause: &str) {
        self.cause = cause.to_owned();
        self.refusals.clear();
        self.registration_refused = false;
    }

    pub fn window(&mut self) {
        let windows = self.windows.entry(self.cause.clone()).or_default();
        *windows += 1;
        if *windows == WINDOW_LIMIT + 1 {
            let cause = self.cause.clone();
            self.violation("more than two windows from one cause", &cause);
        }
    }

    pub fn windows(&self) -> u64 {
        self.windows.values().sum()
    }

    pub fn insist(&mut self, scopes: Scopes) {
        self.insisted = self.insisted.and(scopes);
    }

    pub fn granted(&mut self, server: usize, scopes: Scopes) {
        let granted = self.granted.entry(server).or_default();
        *granted = granted.and(scopes);
    }

    pub fn refuse_registration(&mut self) {
        self.registration_refused = true;
    }

    /// A registration was agreed to: what was sent, and what the answer says.
    pub fn register(&mut self, id: &str, sent: Option<Scopes>, answered: Option<Scopes>, redirect_uris: &[String]) {
        let is_forced = sent.is_none() && self.registration_refused;
        self.registration_refused = false;
        let scopes = answered.filter(|scopes| !scopes.is_empty()).or(if is_forced {
            None
        } else {
            Some(sent.unwrap_or_default())
        });
        self.declare(id, scopes, true, redirect_uris);
    }

    pub fn declare(&mut self, id: &str, scopes: Option<Scopes>, dynamic: bool, redirect_uris: &[String]) {
        self.entries += 1;
        let told = Told { scopes, dynamic, redirect_uris: redirect_uris.to_vec(), at: self.entries };
        self.clients.insert(id.to_owned(), told);
    }

    /// An authorization request, whoever makes it.
    pub fn request(&mut self, server: usize, request: &Request) {
        let requested = request.scope.as_deref().map(Scopes::read).unwrap_or_default();
        if request.scope.as_deref() == Some("") {
            self.violation("an empty scope", "in an authorization request");
        }
        for once in [&request.state, &request.code_challenge] {
            if !self.used.insert(once.clone()) {
                self.violation("used twice", once);
            }
        }
        if request.has_nonce && requested.within(OPENID).is_empty() {
            self.violation("a nonce without openid", &requested.text());
        }
        let Some(Told { scopes, dynamic, redirect_uris, at }) = self.clients.get(&request.client_id) else {
            return self.violation("a client of nobody", &request.client_id.clone());
        };
        let (scopes, dynamic, at) = (*scopes, *dynamic, *at);
        let is_redirect_registered = !dynamic || redirect_uris.contains(&request.redirect_uri);
        if !is_redirect_registered {
            self.violation("a redirect URI that is not registered", &request.redirect_uri);
        }
        let more = self.insisted.and(self.host).and(self.granted.get(&server).copied().unwrap_or_default());
        let allowed = |told: Scopes| if dynamic { told.and(more) } else { told };
        let beyond = scopes.map_or(NONE, |told| requested.without(allowed(told)));
        if !beyond.is_empty() {
            let told = scopes.unwrap_or_default().text();
            self.violation("requests what nobody told or demanded", &format!("{}, told only `{told}`", beyond.text()));
        }
        for refusal in &self.refusals {
            let again = requested.within(refusal.scopes);
            let whole = if refusal.named { !again.is_empty() } else { again == refusal.scopes && !again.is_empty() };
            let since = at > refusal.at && scopes.is_some_and(|told| again.without(told).is_empty());
            if whole && !since {
                let violation = format!("requests again what was refused: {}", again.text());
                self.violations.push(violation);
                break;
            }
        }
    }

    /// An authorization request was refused for its scopes, in a way that reaches the client.
    pub fn refuse(&mut self, scopes: Scopes, named: bool) {
        self.entries += 1;
        self.refusals.push(Refusal { scopes, named, at: self.entries });
    }
}

/// What is noted of an authorization request.
pub struct Request {
    pub client_id: String,
    pub redirect_uri: String,
    pub scope: Option<String>,
    pub state: String,
    pub code_challenge: String,
    pub has_nonce: bool,
}

//! The scope plan: one value that drives the whole life of a connection.
//!
//! Most sign-in failures with scopes have one cause: registration, authorization request, refresh and step-up each
//! work out a scope string by themselves, and the strings disagree. Here they are worked out once, **before**
//! registration, and everybody else only reads the plan. Two rules hold throughout: what is requested is within what
//! we were told is registered, and what a server refused is not requested again unless it was registered since. Both
//! are kept in one place, at the end of every change of a plan.
//!
//! **What is requested.** What the challenge demands is required: without it the operation fails, and it counts
//! whether or not the protected resource lists it. Where the challenge names nothing, what the protected resource
//! lists is requested, but none of it is required: a resource may list a scope that the authorization server will not
//! give, and that must not spoil the rest. So it is for a step-up whose challenge names nothing. What the host
//! configured comes on top and is required unless it was configured as optional. The authorization server's own list
//! is never requested: it is a catalogue, administration included. `offline_access` is added when the host wants to
//! stay signed in *and* the authorization server lists it *and* something else is requested: alone it would take the
//! place of the server's defaults. Otherwise it is requested where the challenge or the host names it, and left out
//! where only the resource lists it. Nothing at all is a valid plan: then no `scope` parameter is sent anywhere,
//! never an empty one.
//!
//! **What is registered.** A client may ask only for what it is registered for, so everything that is requested is
//! registered. Beyond it the registration asks for the *ceiling*, what the protected resource lists, so that a later
//! step-up needs no new registration. But never when the request will carry no `scope`: the server may then grant
//! everything that is registered (RFC 6749 §3.3).
//!
//! **What registration answers.** The answer's `scope` is the truth, in its absence what was sent (RFC 7591 §3.2.1).
//! What is not registered is not requested. If it is required, the plan says that it is missing, and no browser
//! opens. Only where a server made the client register without scope is nothing known, and the request is the plan.
//! The same holds where nothing was registered just now: a client registered by hand is registered for what the host
//! says that it was given, one with a metadata document for what the document says, and where these do not say,
//! nothing is known.
//!
//! **A registration from an earlier time** serves if everything required is among its scopes, and if the rest is as
//! well, or was asked for when it was made: asking again would not change that answer. Otherwise it is widened where
//! the server lets registrations be changed, by its own scopes and the plan's, and else replaced; the old one is kept
//! until the new one works.
//!
//! **What registration refuses.** Some servers refuse a whole registration for one scope in it, some for any. Then
//! there are two more attempts: without the scopes that the refusal names, if none of them is required, else with the
//! required ones alone; and without scope.
//!
//! **What the authorization server refuses.** A server may register less than it says. When it sends the person back
//! with `invalid_scope`, and only if that response is genuine, there is one repair in a sign-in. Optional scopes are
//! dropped: those that it names, or all where it names none. For a required one a dynamic registration is widened,
//! since it may be older or narrower than the server said. A name in the server's words counts only if that scope was
//! requested. After that it is an error: a loop through a browser helps nobody.
//!
//! **What is granted.** The token answer's `scope` is the truth, wider or narrower; in its absence everything
//! requested is granted (RFC 6749 §5.1). Neither is a failure: what is missing shows when the resource demands it. A
//! refresh sends no scope, which stands for what is granted (RFC 6749 §6), and so never asks for more.
//!
//! **What comes later.** A challenge for more widens the plan: what was requested or granted before, and then what
//! the challenge adds, through a fresh authorization, since a refresh cannot widen. The new plan starts from the old
//! one, so that refusals are remembered, and nothing is lost that other operations need. Scopes that were asked for
//! in vain are not asked for by themselves for ever; who counts that is the connection, for each set of scopes that
//! is demanded.

use std::sync::Arc;

use crate::scope::ScopeSet;
use crate::{record, words};

/// The scope that asks for a refresh token (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

words! {
    /// Where a scope comes from.
    pub enum Source {
        /// The challenge of a 401 or 403: what the operation at hand needs.
        Challenge = "challenge",
        /// The protected resource's metadata.
        ProtectedResource = "protected-resource",
        /// The host's settings for this server.
        Host = "host",
        /// The wish to stay signed in.
        Refresh = "refresh",
        /// The authorization server, which granted it unasked.
        AuthorizationServer = "authorization-server",
    }
}

words! {
    /// What a scope is in the plan for.
    pub enum Purpose {
        /// To be registered and requested.
        Request = "request",
        /// To be registered only, so that a step-up needs no new registration.
        Ceiling = "ceiling",
        /// Named by somebody, and left out for the reason given.
        LeftOut = "left-out",
    }
}

record! {
    /// One scope of a plan (RFC 6749 §3.3). `null` or absent means: not known yet.
    #[derive(Debug, PartialEq)]
    pub struct PlannedScope {
        /// The scope, opaque and case-sensitive.
        pub scope: String,
        /// Where it comes from.
        pub sources: Vec<Source>,
        /// Whether the sign-in is useless without it.
        pub required: bool,
        /// What it is in the plan for.
        pub purpose: Purpose,
        /// Whether the client is registered for it; absent before registration, and where the server does not tell.
        pub registered: Option<bool>,
        /// Whether it is in the authorization request.
        pub requested: bool,
        /// Whether the server refused it; then it is not requested again unless it was registered since.
        pub refused: bool,
        /// Whether it was granted; absent before the token answer.
        pub granted: Option<bool>,
        /// Why, in words for people.
        pub reason: String,
    }
}

record! {
    /// The scopes of a connection (RFC 6749 §3.3), from the first challenge to the last step-up. Never changed, only
    /// replaced.
    #[derive(Debug, PartialEq)]
    pub struct ScopePlan {
        /// The version of this record: 1.
        pub version: u64,
        /// Every scope that anybody named, in order.
        pub scopes: Vec<PlannedScope>,
    }
}

record! {
    /// Everything that a plan is made from.
    #[derive(Debug, Default)]
    pub struct ScopeSources {
        /// The challenge's scopes, where it names any (RFC 6750 §3).
        pub challenge: Option<ScopeSet>,
        /// The protected resource's `scopes_supported` (RFC 9728 §2).
        pub protected_resource: Option<ScopeSet>,
        /// Whether what was granted was not enough, and nobody says what is missing.
        pub insufficient: Option<bool>,
        /// The host's scopes for this server: required.
        pub host: Option<ScopeSet>,
        /// The host's scopes for this server that it can do without.
        pub host_optional: Option<ScopeSet>,
        /// Whether the host wants to stay signed in.
        pub refresh: Option<bool>,
        /// The authorization server's `scopes_supported` (RFC 8414 §2): only asked whether it lists `offline_access`.
        pub authorization_server: Option<ScopeSet>,
    }
}

/// Plans the scopes of a connection (see the module's text). `earlier` is the plan of the same connection that
/// is to be widened or repeated.
pub fn plan(sources: &ScopeSources, earlier: Option<&ScopePlan>) -> Arc<ScopePlan> {
    let mut plan = earlier.cloned().unwrap_or(ScopePlan { version: 1, scopes: Vec::new() });
    for scope in &mut plan.scopes {
        if (scope.requested || scope.granted == Some(true)) && !scope.refused {
            scope.purpose = Purpose::Request;
        }
    }
    let repeats = plan.scopes.iter().any(|scope| scope.purpose == Purpose::Request && !scope.is_ours_to_decide());
    plan.add(&sources.challenge, Source::Challenge, true, Purpose::Request);
    plan.add(&sources.host, Source::Host, true, Purpose::Request);
    plan.add(&sources.host_optional, Source::Host, false, Purpose::Request);
    let demands = sources.challenge.as_ref().is_some_and(|challenge| !challenge.is_empty());
    let only_listed = !demands && (!repeats || sources.insufficient == Some(true));
    let purpose = if only_listed { Purpose::Request } else { Purpose::Ceiling };
    plan.add(&sources.protected_resource, Source::ProtectedResource, false, purpose);
    plan.decide_offline_access(sources);
    plan.settled(&|scope| (scope.registered, scope.granted) = (None, None))
}

impl PlannedScope {
    /// `offline_access` is, unless the challenge or the host's own settings name it.
    fn is_ours_to_decide(&self) -> bool {
        self.scope == OFFLINE_ACCESS
            && !self.sources.iter().any(|source| matches!(source, Source::Challenge | Source::Host))
    }
}

impl ScopePlan {
    /// What is registered: the request and the ceiling; nothing where the request carries no scope. What was refused
    /// is tried again only if it is required.
    pub fn to_register(&self) -> ScopeSet {
        let wanted = |scope: &PlannedScope| scope.purpose != Purpose::LeftOut && (scope.required || !scope.refused);
        let request = self.select(&|scope| scope.purpose == Purpose::Request && wanted(scope));
        if request.is_empty() { request } else { self.select(&wanted) }
    }

    /// What is requested.
    pub fn requested(&self) -> ScopeSet {
        self.select(&|scope| scope.requested)
    }

    /// What is granted, as far as is known.
    pub fn granted(&self) -> ScopeSet {
        self.select(&|scope| scope.granted == Some(true))
    }

    /// What the authorization server refused.
    pub fn refused(&self) -> ScopeSet {
        self.select(&|scope| scope.refused)
    }

    /// What is required, and cannot be requested.
    pub fn missing(&self) -> ScopeSet {
        self.select(&|scope| scope.required && !scope.requested)
    }

    /// What is required.
    pub fn required(&self) -> ScopeSet {
        self.select(&|scope| scope.required)
    }

    /// The plan for a client that is registered for these scopes; `None` where the server made us register
    /// without, so that nothing is known.
    pub fn within(&self, registered: Option<&ScopeSet>) -> Arc<ScopePlan> {
        self.settled(&|scope| scope.registered = registered.map(|set| set.contains(&scope.scope)))
    }

    /// The plan after the token answer, whose scopes are the truth; `None` where it names none.
    pub fn granting(&self, answered: Option<&ScopeSet>) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        if let Some(answered) = answered {
            let known: ScopeSet = self.scopes.iter().map(|scope| scope.scope.as_str()).collect();
            plan.add(&Some(answered.without(&known)), Source::AuthorizationServer, false, Purpose::LeftOut);
        }
        plan.settled(&|scope| {
            scope.granted = Some(answered.map_or(scope.requested, |answered| answered.contains(&scope.scope)));
        })
    }

    /// The plan after the authorization server refused these scopes. The registration was no truth, so they count as
    /// not registered.
    pub fn refusing(&self, refused: &ScopeSet) -> Arc<ScopePlan> {
        self.settled(&|scope| {
            if refused.contains(&scope.scope) {
                (scope.refused, scope.registered) = (true, Some(false));
            }
        })
    }

    fn select(&self, accept: &dyn Fn(&PlannedScope) -> bool) -> ScopeSet {
        self.scopes.iter().filter(|scope| accept(scope)).map(|scope| scope.scope.as_str()).collect()
    }

    fn add(&mut self, scopes: &Option<ScopeSet>, source: Source, required: bool, purpose: Purpose) {
        for name in scopes.iter().flat_map(ScopeSet::iter) {
            let Some(known) = self.scopes.iter_mut().find(|scope| scope.scope == name) else {
                self.scopes.push(PlannedScope {
                    scope: name.to_owned(),
                    sources: vec![source],
                    required,
                    purpose,
                    registered: None,
                    requested: false,
                    refused: false,
                    granted: None,
                    reason: String::new(),
                });
                continue;
            };
            if !known.sources.contains(&source) {
                known.sources.push(source);
            }
            known.required |= required;
            if purpose == Purpose::Request {
                known.purpose = Purpose::Request;
            }
        }
    }

    fn decide_offline_access(&mut self, sources: &ScopeSources) {
        let lists = sources.authorization_server.as_ref().is_some_and(|listed| listed.contains(OFFLINE_ACCESS));
        let something_else =
            self.scopes.iter().any(|scope| scope.purpose == Purpose::Request && scope.scope != OFFLINE_ACCESS);
        if sources.refresh == Some(true) && lists && something_else {
            self.add(&Some(ScopeSet::read(OFFLINE_ACCESS)), Source::Refresh, false, Purpose::Request);
            return;
        }
        for scope in self.scopes.iter_mut().filter(|scope| scope.is_ours_to_decide()) {
            scope.purpose = Purpose::LeftOut;
        }
    }

    /// Applies a change to every scope, then works out again what follows from it.
    fn settled(&self, change: &dyn Fn(&mut PlannedScope)) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        for scope in &mut plan.scopes {
            change(scope);
            scope.refused &= scope.registered != Some(true);
            scope.requested = scope.purpose == Purpose::Request && scope.registered != Some(false) && !scope.refused;
            scope.reason = reason(scope).to_owned();
        }
        Arc::new(plan)
    }
}

fn reason(scope: &PlannedScope) -> &'static str {
    let from = |source| scope.sources.contains(&source);
    match scope {
        PlannedScope { refused: true, .. } => "the authorization server refused it",
        PlannedScope { requested: false, granted: Some(true), .. } => "granted without being requested",
        PlannedScope { requested: true, granted: Some(false), .. } => "requested, but not granted",
        PlannedScope { purpose: Purpose::Request, registered: Some(false), .. } => {
            "not registered for this client, so not requested"
        }
        PlannedScope { purpose: Purpose::Ceiling, .. } => "not needed now; registered for a later step-up",
        PlannedScope { purpose: Purpose::LeftOut, .. } => {
            "needs a server that lists it, a host that wants to stay signed in, and another scope"
        }
        _ if from(Source::Challenge) => "the MCP server's challenge demands it",
        _ if from(Source::Host) => "configured for this server",
        _ if from(Source::ProtectedResource) => "the protected resource lists it",
        _ if from(Source::Refresh) => "to stay signed in: it asks for a refresh token",
        _ => "granted before",
    }
}

//! The scope plan: one value that drives the whole life of a connection.
//!
//! Most sign-in failures with scopes have one cause: registration, authorization request, refresh and step-up each
//! work out a scope string by themselves, and the strings disagree. Here they are worked out once, **before**
//! registration, and everybody else only reads the plan. Two rules hold throughout: the first request never exceeds
//! what the registration names, and nothing is asked for outright but what is demanded of a token that lacks it; what
//! a server refused is not requested again unless it was registered since. Both are kept in one place, at the end of
//! every change of a plan.
//!
//! **What is requested.** What the challenge demands is required: without it the operation fails, and it counts
//! whether or not the protected resource lists it. Where the challenge names nothing, what the protected resource
//! lists is requested, but none of it is required: a resource may list a scope that the authorization server will not
//! give, and that must not spoil the rest. So it is for a step-up whose challenge names nothing. What the host
//! configured comes on top and is required unless it was configured as optional. The authorization server's own list
//! is never requested: it is a catalogue, administration included. `offline_access` is added when the host wants to
//! stay signed in *and* the authorization server lists it *and* something else is requested: alone it would take the
//! place of the server's defaults. Otherwise it is requested where the challenge or the host names it, and left out
//! where only the resource lists it. Where nobody names a scope and the authorization server is an OpenID provider by
//! its own metadata, `openid` is requested of a person (OpenID Connect Core §3.1.2.1): most providers refuse a request
//! without it. Nothing at all is a valid plan elsewhere: then no `scope` parameter is sent anywhere, never an empty one.
//!
//! **What is registered.** A client may ask only for what it is registered for, so everything that is requested is
//! registered. Beyond it the registration asks for the *ceiling*, what the protected resource lists, so that a later
//! step-up needs no new registration. But never when the request will carry no `scope`: the server may then grant
//! everything that is registered (RFC 6749 §3.3).
//!
//! **What registration answers.** The answer's `scope` is evidence of what is permitted, in its absence what was sent
//! (RFC 7591 §3.2.1). It is no evidence of what is not: Keycloak never names `openid`, nor the scopes that a realm
//! gives to everybody. So the first request carries what the answer names of the plan; where it names nothing of it,
//! no `scope` parameter, unless a wider ceiling was registered, which the server might then grant whole: then the client
//! is first registered without the ceiling. What came is judged by the token and by the MCP server, which is satisfied
//! if it takes the token. Only where it demands a scope of a token that lacks it, or where the authorization server
//! refuses the request for want of it, that scope is asked for **outright**, once, though the answer does not name it.
//! What comes of it is remembered with the registration for a day, so that the next sign-in is right at once.
//!
//! Where a server made the client register without scope, and named none, nothing is known, and the request is the plan.
//! A ceiling that the host declared (a client registered by hand, the `scope` of a client metadata document) is no
//! silence: what it leaves out is not requested, and if that is required, no browser opens. Where the host says exactly what
//! to request, that is registered and requested as it is, on its word: nothing is added, left out or repaired.
//!
//! **A registration from an earlier time** serves if everything in the plan is among its scopes, or was asked for when
//! it was made: asking again would not change that answer within a day. Otherwise it is widened where the server lets
//! registrations be changed, by its own scopes and the plan's, and else replaced; the old one is kept until the new one
//! works.
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
//! one, so that refusals are remembered, and nothing is lost that other operations need. A sign-in that is no step-up
//! asks for what the last one had as well, but requires nothing of it: what is not permitted any more must not keep the
//! person out. Where a refusal names nothing, what a step-up added is the first to go. Scopes that were asked for
//! in vain are not asked for by themselves for ever; who counts that is the connection, for each set of scopes that
//! is demanded.

use std::sync::Arc;

use crate::data::scope::{KEPT, KEPT_LENGTH, ScopeSet};
use crate::{record, string_enum};

/// The scope that asks for a refresh token (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scope that asks for an ID Token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";

string_enum! {
    /// Where a scope comes from.
    pub enum Source {
        /// The challenge of a 401 or 403: what the operation at hand needs.
        Challenge = "challenge",
        /// The protected resource's metadata.
        ProtectedResource = "protected-resource",
        /// The host's settings for this server.
        Host = "host",
        /// The host's settings for this server, which it can do without.
        HostOptional = "host-optional",
        /// The wish to stay signed in.
        Refresh = "refresh",
        /// The authorization server, which granted it unasked, or registered it by default.
        AuthorizationServer = "authorization-server",
        /// Nobody; but the authorization server is an OpenID provider, whose requests have it.
        OpenidProvider = "openid-provider",
    }
}

string_enum! {
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

string_enum! {
    /// Why a scope is requested though the registration does not name it (RFC 7591 §3.2.1).
    pub enum Outright {
        /// It was demanded of a token that lacks it, or a request was refused for want of it.
        Insisted = "insisted",
        /// It was asked for before, and granted.
        Permitted = "permitted",
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
        /// Whether a step-up added it: the first sign-in did without.
        pub from_step_up: Option<bool>,
        /// What it is in the plan for.
        pub purpose: Purpose,
        /// Whether the registration names it; absent before registration, and where the server does not tell.
        pub registered: Option<bool>,
        /// Why it may be requested though the registration does not name it; absent: it may not.
        pub outright: Option<Outright>,
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
        /// Whether the host said exactly what to request: then nothing that a server says changes it.
        pub exact: Option<bool>,
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
        /// What the protected resource demands of a token that lacks it.
        pub insisted: Option<ScopeSet>,
        /// The host's scopes for this server: required.
        pub host: Option<ScopeSet>,
        /// The host's scopes for this server that it can do without.
        pub host_optional: Option<ScopeSet>,
        /// The host's scopes for this server where it says exactly what to request.
        pub exact: Option<ScopeSet>,
        /// Whether the host wants to stay signed in.
        pub refresh: Option<bool>,
        /// The authorization server's `scopes_supported` (RFC 8414 §2): only asked whether it lists `offline_access`.
        pub authorization_server: Option<ScopeSet>,
        /// Whether a person signs in at an OpenID provider, whose requests have `openid`.
        pub openid_provider: Option<bool>,
        /// Whether a person asks to sign in: then what was refused earlier may be asked for again.
        pub pressed: Option<bool>,
    }
}

/// Plans the scopes of a connection (see the module's text). `earlier` is the plan of the same connection that
/// is to be widened or repeated.
pub fn plan(sources: &ScopeSources, earlier: Option<&ScopePlan>) -> Arc<ScopePlan> {
    if let Some(exact) = &sources.exact {
        let mut plan = ScopePlan { version: 1, scopes: Vec::new(), exact: Some(true) };
        plan.add(&Some(exact.clone()), Source::Host, true, Purpose::Request);
        return plan.settled(&|_| ());
    }
    let mut plan = earlier.cloned().unwrap_or(ScopePlan { version: 1, scopes: Vec::new(), exact: None });
    plan.exact = None;
    let insisted = sources.insisted.clone().unwrap_or_default();
    let is_step_up = earlier.is_some() && (!insisted.is_empty() || sources.insufficient == Some(true));
    for scope in &mut plan.scopes {
        scope.required &= is_step_up;
        scope.refused &= sources.pressed != Some(true);
        // What was permitted is remembered with the registration; beside that, a step-up loses nothing that it has.
        if insisted.is_empty() || scope.granted != Some(true) {
            scope.outright = None;
        }
        if (scope.requested || scope.granted == Some(true)) && !scope.refused {
            scope.purpose = Purpose::Request;
        }
    }
    let repeats = plan.scopes.iter().any(|scope| scope.purpose == Purpose::Request && !scope.is_ours_to_decide());
    plan.add(&sources.challenge, Source::Challenge, true, Purpose::Request);
    plan.add(&sources.host, Source::Host, true, Purpose::Request);
    plan.add(&sources.host_optional, Source::HostOptional, false, Purpose::Request);
    let demands = sources.challenge.as_ref().is_some_and(|challenge| !challenge.is_empty());
    let only_listed = !demands && (!repeats || sources.insufficient == Some(true));
    let purpose = if only_listed { Purpose::Request } else { Purpose::Ceiling };
    plan.add(&sources.protected_resource, Source::ProtectedResource, false, purpose);
    if sources.openid_provider == Some(true) && !plan.requests_something() {
        plan.add(&Some(ScopeSet::read(OPENID)), Source::OpenidProvider, false, Purpose::Request);
    }
    plan.decide_offline_access(sources);
    let requested_before = earlier.map(ScopePlan::requested).unwrap_or_default();
    plan.insisting(&insisted).settled(&|scope| {
        (scope.registered, scope.granted) = (None, None);
        if is_step_up && scope.purpose == Purpose::Request && !requested_before.contains(&scope.scope) {
            scope.from_step_up = Some(true);
        }
    })
}

impl PlannedScope {
    /// `offline_access` is, unless the challenge or the host's own settings name it.
    fn is_ours_to_decide(&self) -> bool {
        self.scope == OFFLINE_ACCESS
            && !self
                .sources
                .iter()
                .any(|source| matches!(source, Source::Challenge | Source::Host | Source::HostOptional))
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

    /// What is required, and cannot be requested: the authorization server refused it.
    pub fn missing(&self) -> ScopeSet {
        self.select(&|scope| scope.required && !scope.requested && scope.refused)
    }

    /// What is required, and is not requested, for whatever reason.
    pub fn lacking(&self) -> ScopeSet {
        self.select(&|scope| scope.required && !scope.requested)
    }

    /// What was requested and not granted.
    pub fn withheld(&self) -> ScopeSet {
        self.select(&|scope| scope.requested && scope.granted != Some(true))
    }

    /// What was wanted, and the token came without.
    pub fn missed(&self) -> ScopeSet {
        self.select(&|scope| scope.purpose == Purpose::Request && scope.granted != Some(true))
    }

    /// What a sign-in could not add: it is left out, was refused, or is not named by the registration, and nobody demands
    /// it by name.
    pub fn not_to_be_had(&self) -> ScopeSet {
        self.select(&|scope| scope.purpose == Purpose::LeftOut || scope.refused || scope.registered == Some(false))
    }

    /// What is requested because an earlier step-up added it, and is not required now.
    pub fn from_earlier_step_up(&self) -> ScopeSet {
        self.select(&|scope| scope.requested && !scope.required && scope.from_step_up == Some(true))
    }

    /// What the protected resource lists.
    pub fn listed(&self) -> ScopeSet {
        self.select(&|scope| scope.sources.contains(&Source::ProtectedResource))
    }

    /// What is required.
    pub fn required(&self) -> ScopeSet {
        self.select(&|scope| scope.required)
    }

    /// What is required, or was demanded by a challenge before.
    pub fn demanded(&self) -> ScopeSet {
        self.select(&|scope| scope.required || scope.sources.contains(&Source::Challenge))
    }

    /// What is wanted now, the wish to stay signed in aside.
    pub fn wanted(&self) -> ScopeSet {
        self.select(&|scope| scope.purpose == Purpose::Request && !scope.refused && !scope.is_ours_to_decide())
    }

    /// What is wanted and not requested, because the registration does not name it.
    pub fn not_named(&self) -> ScopeSet {
        self.wanted().without(&self.requested())
    }

    /// Whether nobody names that scope, and it is wanted because the authorization server is an OpenID provider.
    pub fn is_only_of_provider(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own.scope == scope && own.sources == [Source::OpenidProvider])
    }

    /// Whether the host names that scope.
    pub fn is_of_host(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own.scope == scope && own.sources.contains(&Source::Host))
    }

    /// What is requested though the registration does not name it.
    pub fn outright(&self) -> ScopeSet {
        self.select(&|scope| scope.requested && scope.registered == Some(false))
    }

    /// Whether that scope is asked for outright because somebody insists now, rather than because it was permitted before.
    pub fn insists_on(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own.scope == scope && own.outright == Some(Outright::Insisted))
    }

    /// What the host requires, and the token lacks because it was not requested.
    pub fn withheld_from_host(&self) -> ScopeSet {
        let not_named = self.not_named();
        self.select(&|scope| {
            let is_demanded = scope.required && scope.sources.contains(&Source::Host);
            is_demanded && scope.granted != Some(true) && not_named.contains(&scope.scope)
        })
    }

    /// The plan for a client whose registration names these scopes; `None` where the server made us register without,
    /// so that nothing is known.
    pub fn within(&self, registered: Option<&ScopeSet>) -> Arc<ScopePlan> {
        self.settled(&|scope| scope.registered = registered.map(|set| set.contains(&scope.scope)))
    }

    /// The plan for a client for which the host declared these scopes: nothing else is asked for.
    pub fn within_declared(&self, declared: Option<&ScopeSet>) -> Arc<ScopePlan> {
        self.settled(&|scope| {
            (scope.registered, scope.outright) = (declared.map(|set| set.contains(&scope.scope)), None);
        })
    }

    /// The plan with what came of asking outright before. A refusal ends a sign-in only where somebody insists: else
    /// the MCP server may well do without.
    pub fn remembering(&self, permitted: &ScopeSet, refused: &ScopeSet) -> Arc<ScopePlan> {
        self.settled(&|scope| {
            let is_of_host = scope.required && scope.sources.contains(&Source::Host);
            let is_insisted = is_of_host || scope.outright == Some(Outright::Insisted);
            scope.refused |= is_insisted && refused.contains(&scope.scope);
            if permitted.contains(&scope.scope) && scope.outright.is_none() {
                scope.outright = Some(Outright::Permitted);
            }
        })
    }

    /// The plan with these scopes no longer asked for outright.
    pub fn not_asking(&self, scopes: &ScopeSet) -> Arc<ScopePlan> {
        self.settled(&|scope| scope.outright = scope.outright.filter(|_| !scopes.contains(&scope.scope)))
    }

    /// The plan with these scopes asked for outright, whether or not the registration names them.
    pub fn insisting(&self, insisted: &ScopeSet) -> Arc<ScopePlan> {
        self.settled(&|scope| {
            if insisted.contains(&scope.scope) {
                (scope.purpose, scope.outright) = (Purpose::Request, Some(Outright::Insisted));
            }
        })
    }

    /// The plan with what the authorization server registered by default, where it refuses a request without scope.
    pub fn with_defaults(&self, registered: &ScopeSet) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        plan.add(&Some(registered.clone()), Source::AuthorizationServer, false, Purpose::Request);
        plan.within(Some(registered))
    }

    /// The plan without the ceiling.
    pub fn without_ceiling(&self) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        plan.scopes.retain(|scope| scope.purpose != Purpose::Ceiling);
        Arc::new(plan)
    }

    /// The plan after the token answer, whose scopes are the truth; `None` where it names none.
    pub fn granting(&self, answered: Option<&ScopeSet>) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        if let Some(answered) = answered {
            // What was granted unasked before counts no more.
            let is_unasked = |scope: &PlannedScope| {
                scope.sources == [Source::AuthorizationServer] && scope.purpose == Purpose::LeftOut
            };
            plan.scopes.retain(|scope| !is_unasked(scope) || answered.contains(&scope.scope));
            let known: ScopeSet = self.scopes.iter().map(|scope| scope.scope.as_str()).collect();
            plan.add(&Some(answered.without(&known)), Source::AuthorizationServer, false, Purpose::LeftOut);
        }
        plan.settled(&|scope| {
            scope.granted = Some(answered.map_or(scope.requested, |answered| answered.contains(&scope.scope)));
            if scope.granted == Some(true) && scope.outright.is_some() {
                scope.outright = Some(Outright::Permitted);
            }
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
                if !self.has_room(name, source) {
                    continue;
                }
                self.scopes.push(PlannedScope {
                    scope: name.to_owned(),
                    sources: vec![source],
                    required,
                    from_step_up: None,
                    purpose,
                    registered: None,
                    outright: None,
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

    /// Whether that scope can be added, where need be in the place of others that a server only lists or gives. What the host
    /// wants always can.
    fn has_room(&mut self, name: &str, source: Source) -> bool {
        let of_server = |source: &Source| matches!(source, Source::ProtectedResource | Source::AuthorizationServer);
        let may_go = |scope: &PlannedScope| !scope.required && scope.sources.iter().all(of_server);
        let length = |plan: &ScopePlan| plan.scopes.iter().map(|scope| scope.scope.len()).sum::<usize>();
        while self.scopes.len() >= KEPT || length(self) + name.len() > KEPT_LENGTH {
            let last = if of_server(&source) { None } else { self.scopes.iter().rposition(may_go) };
            let Some(last) = last else { return matches!(source, Source::Host | Source::HostOptional) };
            self.scopes.remove(last);
        }
        true
    }

    /// Whether all that servers name had room.
    pub fn has_all(&self, ScopeSources { challenge, protected_resource, .. }: &ScopeSources) -> bool {
        let all = self.select(&|_| true);
        [challenge, protected_resource].into_iter().flatten().all(|named| all.includes(named))
    }

    fn decide_offline_access(&mut self, sources: &ScopeSources) {
        let lists = sources.authorization_server.as_ref().is_some_and(|listed| listed.contains(OFFLINE_ACCESS));
        if sources.refresh == Some(true) && lists && self.requests_something() {
            self.add(&Some(ScopeSet::read(OFFLINE_ACCESS)), Source::Refresh, false, Purpose::Request);
            return;
        }
        for scope in self.scopes.iter_mut().filter(|scope| scope.is_ours_to_decide()) {
            scope.purpose = Purpose::LeftOut;
        }
    }

    /// Whether anything is to be requested but `offline_access`.
    fn requests_something(&self) -> bool {
        self.scopes.iter().any(|scope| scope.purpose == Purpose::Request && scope.scope != OFFLINE_ACCESS)
    }

    /// Applies a change to every scope, then works out again what follows from it.
    fn settled(&self, change: &dyn Fn(&mut PlannedScope)) -> Arc<ScopePlan> {
        let mut plan = self.clone();
        for scope in &mut plan.scopes {
            change(scope);
            scope.refused &= scope.registered != Some(true) && plan.exact != Some(true);
            let is_permitted = scope.registered != Some(false) || scope.outright.is_some() || plan.exact == Some(true);
            scope.requested = scope.purpose == Purpose::Request && is_permitted && !scope.refused;
        }
        // Alone, `offline_access` would take the place of the server's defaults.
        let alone = !plan.scopes.iter().any(|scope| scope.requested && !scope.is_ours_to_decide());
        for scope in &mut plan.scopes {
            scope.requested &= !(alone && scope.is_ours_to_decide());
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
        PlannedScope { requested: true, registered: Some(false), outright: Some(Outright::Insisted), .. } => {
            "demanded, so asked for though the registration does not name it"
        }
        PlannedScope { requested: true, registered: Some(false), .. } => {
            "permitted before, though the registration does not name it"
        }
        PlannedScope { purpose: Purpose::Request, registered: Some(false), .. } => {
            "the registration does not name it, so it is not requested at first"
        }
        PlannedScope { purpose: Purpose::Ceiling, .. } => "not needed now; registered for a later step-up",
        PlannedScope { purpose: Purpose::LeftOut, .. } => {
            "needs a server that lists it, a host that wants to stay signed in, and another scope"
        }
        _ if from(Source::Challenge) => "the MCP server's challenge demands it",
        _ if from(Source::Host) || from(Source::HostOptional) => "configured for this server",
        _ if from(Source::ProtectedResource) => "the protected resource lists it",
        _ if from(Source::Refresh) => "to stay signed in: it asks for a refresh token",
        _ if from(Source::OpenidProvider) => "nobody names a scope, and an OpenID provider wants it",
        _ if from(Source::AuthorizationServer) && scope.granted.is_none() => {
            "the authorization server registers it by default"
        }
        _ => "granted before",
    }
}

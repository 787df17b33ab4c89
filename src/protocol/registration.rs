//! Client registration: by hand, by metadata document, or dynamically (RFC 7591).

use std::sync::Arc;

use crate::data::error::{Code, Error, Result};
use crate::data::http::{Method, Request, Response, StatedError};
use crate::data::identifier::{Endpoint, Issuer, RedirectUri, Secret};
use crate::data::json::Json;
use crate::data::printable::{self, filled};
use crate::data::scope::ScopeSet;
use crate::data::url::Url;
use crate::protocol::authorization_server::{AuthorizationServer, requires_pushed};
use crate::protocol::client_authentication::ClientAuthentication;
use crate::protocol::grant::GrantType;
use crate::protocol::registration_refusal;
use crate::protocol::scope_plan::{OFFLINE_ACCESS, ScopePlan};
use crate::protocol::settings::{ClientDescription, PreRegisteredClient};
use crate::{record, string_enum};

string_enum! {
    /// How the client got its `client_id`.
    pub enum RegistrationKind {
        /// By hand.
        PreRegistered = "pre-registered",
        /// It is the URL of a client metadata document.
        MetadataDocument = "metadata-document",
        /// Dynamically (RFC 7591).
        Dynamic = "dynamic",
    }
}

/// How long an answer about scopes counts, in seconds: an operator who permits more is noticed after a day.
const ANSWER_LIFETIME: u64 = 86_400;

record! {
    /// What came of asking for scopes that the registration does not name (RFC 6749 §3.3). Forgotten after a day.
    #[derive(Debug, Default)]
    pub struct OutrightOutcome {
        /// Those that were granted.
        pub permitted: ScopeSet,
        /// Those that the server refused.
        pub refused: ScopeSet,
        /// When, in seconds since 1970.
        pub at: u64,
    }
}

record! {
    /// A client that an authorization server knows (RFC 7591 §3.2.1). Bound to its issuer: never sent to another.
    #[derive(Debug)]
    pub struct ClientRegistration {
        /// The version of this record: 1.
        pub version: u64,
        /// How it came about.
        pub kind: RegistrationKind,
        /// The issuer that knows it.
        pub issuer: Issuer,
        /// The client identifier.
        pub client_id: String,
        /// Its secret, where it has one.
        pub client_secret: Option<Secret>,
        /// When the secret expires, in seconds since 1970; absent: never.
        pub client_secret_expires_at: Option<u64>,
        /// How it authenticates at the token endpoint.
        pub token_endpoint_auth_method: ClientAuthentication,
        /// The redirect URI that is registered, and sent; absent where no browser comes back.
        pub redirect_uri: Option<RedirectUri>,
        /// The scopes that it may request, as we were told; absent: unknown.
        pub scopes: Option<ScopeSet>,
        /// The scopes that its registration asked for.
        pub asked_scopes: Option<ScopeSet>,
        /// Those of them that were demanded.
        pub demanded_scopes: Option<ScopeSet>,
        /// When the server answered to that, in seconds since 1970.
        pub answered_at: Option<u64>,
        /// What came of asking for others.
        pub outright: Option<OutrightOutcome>,
        /// Whether the server refused `prompt=consent` of this client.
        pub consent_prompt_refused: Option<bool>,
        /// Whether its authorization requests have to be pushed (RFC 9126 §6).
        pub require_pushed_authorization_requests: Option<bool>,
        /// For managing it (RFC 7592), where the server offers that.
        pub registration_access_token: Option<Secret>,
        /// Where it is managed (RFC 7592).
        pub registration_client_uri: Option<Endpoint>,
    }
}

impl ClientRegistration {
    /// A public client of which nothing else is known.
    fn new(kind: RegistrationKind, issuer: &Issuer, client_id: &str, redirect_uri: Option<&RedirectUri>) -> Self {
        ClientRegistration {
            version: 1,
            kind,
            issuer: issuer.clone(),
            client_id: client_id.to_owned(),
            client_secret: None,
            client_secret_expires_at: None,
            token_endpoint_auth_method: ClientAuthentication::None,
            redirect_uri: redirect_uri.cloned(),
            scopes: None,
            asked_scopes: None,
            demanded_scopes: None,
            answered_at: None,
            outright: None,
            consent_prompt_refused: None,
            require_pushed_authorization_requests: None,
            registration_access_token: None,
            registration_client_uri: None,
        }
    }

    /// Whether this stored registration may be used at all: a dynamic one, same issuer, secret not expired.
    pub fn is_usable(&self, server: &AuthorizationServer, now: u64) -> bool {
        self.kind == RegistrationKind::Dynamic && self.issuer == server.issuer && !self.has_expired(now)
    }

    /// Whether it authenticates by a secret that counts no more.
    fn has_expired(&self, now: u64) -> bool {
        let by_secret = self.token_endpoint_auth_method != ClientAuthentication::None;
        by_secret && self.client_secret_expires_at.is_some_and(|at| at <= now)
    }

    /// Refuses a server that it is not bound to: whoever put the two together, its credentials go to its own issuer.
    pub fn require_issuer(&self, server: &AuthorizationServer) -> Result<()> {
        if self.issuer == server.issuer { Ok(()) } else { Err(of_other_issuer(&self.issuer, server)) }
    }

    /// As it turned out to be: without the scopes that the server refused. Those that it had never named were asked for
    /// outright, and are not for a day.
    pub fn refusing(&self, refused: &ScopeSet, now: u64) -> ClientRegistration {
        let mut registration = self.clone();
        let named = registration.scopes.clone();
        registration.scopes = named.as_ref().map(|scopes| scopes.without(refused));
        let beyond = refused.without(&named.unwrap_or_else(|| refused.clone()));
        registration.remember(&ScopeSet::default(), &beyond, now);
        registration
    }

    /// As it turned out to be: `prompt=consent` is refused.
    pub fn refusing_consent_prompt(&self) -> Arc<ClientRegistration> {
        Arc::new(ClientRegistration { consent_prompt_refused: Some(true), ..self.clone() })
    }

    /// With what came of asking outright, as the token answer has it.
    pub fn permitting(&self, plan: &ScopePlan, now: u64) -> ClientRegistration {
        let mut registration = self.clone();
        let granted = plan.granted();
        let permitted: ScopeSet = plan.outright().iter().filter(|scope| granted.contains(scope)).collect();
        registration.remember(&permitted, &ScopeSet::default(), now);
        registration
    }

    fn remember(&mut self, permitted: &ScopeSet, refused: &ScopeSet, now: u64) {
        if permitted.is_empty() && refused.is_empty() {
            return;
        }
        let before = self.outright.take().unwrap_or_default();
        self.outright = Some(OutrightOutcome {
            permitted: before.permitted.without(refused).union(permitted).kept(permitted),
            refused: before.refused.without(permitted).union(refused).kept(refused),
            at: now,
        });
    }

    /// Without what is remembered for longer than a day. Where a person asks to sign in, what was refused is forgotten
    /// too, and asked for anew at registration.
    pub fn recalled(&self, pressed: bool, now: u64) -> ClientRegistration {
        let mut registration = self.clone();
        registration.outright = registration.outright.filter(|outcome| outcome.at + ANSWER_LIFETIME > now);
        if let Some(outcome) = registration.outright.as_mut().filter(|outcome| pressed && !outcome.refused.is_empty()) {
            outcome.refused = ScopeSet::default();
            registration.asked_scopes = None;
        }
        registration
    }

    /// Whether the answer to its registration is recent enough to be the same today.
    pub fn is_recent(&self, now: u64) -> bool {
        self.answered_at.is_some_and(|at| at + ANSWER_LIFETIME > now)
    }

    /// The plan, set within this registration: what it names may be requested, and what was permitted outright before.
    pub fn plan(&self, plan: &ScopePlan) -> Arc<ScopePlan> {
        if self.kind != RegistrationKind::Dynamic {
            return plan.within_declared(self.scopes.as_ref());
        }
        let plan = plan.within(self.scopes.as_ref());
        self.outright.as_ref().map_or(plan.clone(), |outcome| plan.remembering(&outcome.permitted, &outcome.refused))
    }

    /// What the plan requires, and this client cannot have: beyond what the host declared for it, or refused.
    pub fn missing(&self, plan: &ScopePlan) -> ScopeSet {
        let within = self.plan(plan);
        if self.kind == RegistrationKind::Dynamic { within.missing() } else { within.lacking() }
    }

    /// Whether it serves for the plan: everything is named, or was asked for, so that the answer would be the same. What is
    /// required is worth asking for again if it was not when the server answered, or if that was more than a day ago.
    pub fn covers(&self, plan: &ScopePlan, now: u64) -> bool {
        let within = self.plan(plan);
        if self.grants_ceiling_unasked(plan) || !within.missing().is_empty() {
            return false;
        }
        let is_in = |set: &Option<ScopeSet>, scopes: &ScopeSet| set.as_ref().is_some_and(|set| set.includes(scopes));
        let unnamed = |scopes: ScopeSet| scopes.iter().filter(|scope| !self.names(scope)).collect::<ScopeSet>();
        let permitted = self.outright.as_ref().map(|outcome| outcome.permitted.clone()).unwrap_or_default();
        let silent = unnamed(plan.required()).without(&permitted);
        let is_answered = silent.is_empty() || is_in(&self.demanded_scopes, &silent) && self.is_recent(now);
        let not_named = unnamed(plan.requested());
        is_answered && (not_named.is_empty() || is_in(&self.asked_scopes, &not_named))
    }

    fn names(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope))
    }

    /// A newer answer for the same client, or for another in its place: what was refused stays so where the answer is
    /// silent about it as before.
    pub fn renewed(&self, answered: Arc<ClientRegistration>) -> Arc<ClientRegistration> {
        let Some(outcome) = &self.outright else { return answered };
        let mut renewed = Arc::unwrap_or_clone(answered);
        let refused: ScopeSet = outcome.refused.iter().filter(|scope| !renewed.names(scope)).collect();
        if !refused.is_empty() {
            renewed.outright = Some(OutrightOutcome { permitted: ScopeSet::default(), refused, at: outcome.at });
        }
        Arc::new(renewed)
    }

    /// Whether a request would carry no scope although a ceiling is registered, which the server might then grant whole
    /// (RFC 6749 §3.3).
    pub fn grants_ceiling_unasked(&self, plan: &ScopePlan) -> bool {
        let asks_nothing = self.plan(plan).requested().is_empty() && !plan.requested().is_empty();
        let ceiling = plan.to_register().without(&plan.requested());
        let named = self.scopes.clone().unwrap_or_default();
        let asked = self.asked_scopes.clone().unwrap_or_default();
        self.kind == RegistrationKind::Dynamic
            && asks_nothing
            && ceiling.iter().any(|scope| named.contains(scope) && asked.contains(scope))
    }
}

/// The client that was registered by hand. Its credentials are bound to one issuer: the one in the settings,
/// or else the one that it was first used with.
pub fn pre_registered(
    client: &PreRegisteredClient,
    stored: Option<&ClientRegistration>,
    server: &AuthorizationServer,
    redirect_uri: Option<&RedirectUri>,
) -> Result<Arc<ClientRegistration>> {
    let first_used =
        stored.filter(|stored| stored.kind == RegistrationKind::PreRegistered && stored.client_id == client.client_id);
    let bound_to = client.issuer.as_ref().or(first_used.map(|stored| &stored.issuer));
    if let Some(bound) = bound_to.filter(|bound| !bound.is_same_for_discovery(&server.issuer)) {
        return Err(of_other_issuer(bound, server));
    }
    registration_refusal::require_redirect_uri_of(client, redirect_uri)?;
    let client_secret = client.client_secret.clone().filter(|secret| !secret.reveal().is_empty());
    let method = match (client.token_endpoint_auth_method, &client_secret) {
        (Some(method), _) => method,
        (None, None) => ClientAuthentication::None,
        (None, Some(_)) => ClientAuthentication::for_secret(server.token_endpoint_auth_methods_supported.as_deref()),
    };
    Ok(Arc::new(ClientRegistration {
        client_secret,
        token_endpoint_auth_method: method,
        scopes: client.scopes.clone(),
        ..ClientRegistration::new(RegistrationKind::PreRegistered, &server.issuer, &client.client_id, redirect_uri)
    }))
}

fn of_other_issuer(bound: &Issuer, server: &AuthorizationServer) -> Box<Error> {
    let message = "The client belongs to {}, but the MCP server now names {}. Its credentials were not sent. If the change is right, configure a client for the new issuer.";
    Error::new(Code::ClientOfOtherIssuer, message, &[bound.as_str(), server.issuer.as_str()])
        .with("issuer", server.issuer.as_str())
}

/// Reads the URL of a client metadata document, which is a client identifier: https, with a path, and nothing that could
/// make two spellings of one document.
pub fn metadata_document_url(url: &str) -> Result<Url> {
    let is_identifier = |parsed: &Url| {
        let plain = parsed.is_secure() && !parsed.has_fragment() && parsed.href() == url;
        parsed.scheme() == "https" && parsed.path() != "/" && plain
    };
    Url::parse(url).filter(is_identifier).ok_or_else(|| {
        let message = "`clientMetadataUrl` must be an https URL with a path, without user name, fragment or dot segments, spelled in its normal form.";
        Error::new(Code::InvalidClientMetadataUrl, message, &[])
    })
}

/// Whether a server's statement of a client names redirect URIs, and not this one.
pub fn lacks_redirect_uri(document: &Json, redirect_uri: Option<&RedirectUri>) -> bool {
    let named = document.member("redirect_uris").strings().unwrap_or_default();
    !named.is_empty() && redirect_uri.is_some_and(|uri| !named.iter().any(|named| uri.is_registered_as(named)))
}

/// The client whose identifier is the URL of its metadata document. The document's `scope`, if it has one, is what the
/// client is registered for, and its `redirect_uris` are those that may be sent; where it cannot be read from here, nothing
/// is known.
pub fn by_metadata_document(
    url: &Url,
    document: Option<&Json>,
    server: &AuthorizationServer,
    redirect_uri: Option<&RedirectUri>,
) -> Result<Arc<ClientRegistration>> {
    let listed = document.and_then(|document| document.member("redirect_uris").strings()).unwrap_or_default();
    let is_listed = |uri: &RedirectUri| listed.iter().any(|listed| uri.is_but_for_port(listed));
    if let Some(uri) = redirect_uri.filter(|uri| !listed.is_empty() && !is_listed(uri)) {
        return Err(registration_refusal::redirect_not_listed(uri, url, &listed));
    }
    let stated = |member| document.and_then(|document| document.member(member).as_str());
    let authentication = match stated("token_endpoint_auth_method") {
        Some("private_key_jwt") => ClientAuthentication::PrivateKeyJwt,
        _ => ClientAuthentication::None,
    };
    Ok(Arc::new(ClientRegistration {
        token_endpoint_auth_method: authentication,
        scopes: stated("scope").map(ScopeSet::read),
        require_pushed_authorization_requests: document.and_then(requires_pushed),
        ..ClientRegistration::new(RegistrationKind::MetadataDocument, &server.issuer, url.as_str(), redirect_uri)
    }))
}

/// What a dynamic registration asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the client will give for tokens.
    pub grant: GrantType,
    /// The redirect URI, where a browser comes back.
    pub redirect_uri: Option<RedirectUri>,
    /// `native` or `web`.
    pub application_type: &'static str,
    /// How the client wants to authenticate.
    pub authentication: ClientAuthentication,
    /// The scopes; `scope` is left out where there are none.
    pub scopes: ScopeSet,
    /// Whether to ask for refresh tokens.
    pub refresh: bool,
    /// What was asked for at first, before the server had any of it left out.
    first_scopes: ScopeSet,
    /// The secret that the client has already.
    client_secret: Option<Secret>,
    /// How often the scopes were reduced already.
    reductions: usize,
    /// Whether the application type was changed already.
    application_type_changed: bool,
    /// Whether the grant for refresh tokens was added or left out already.
    refresh_changed: bool,
    /// Whether the way to authenticate was changed already.
    authentication_changed: bool,
    /// Members that a refusal named, and that nothing depends on.
    left_out: Vec<&'static str>,
}

/// Members that go where a refusal names them.
const DISPENSABLE: [&str; 7] =
    ["application_type", "client_name", "client_uri", "logo_uri", "software_id", "software_version", "response_types"];

/// Members that are not sent: what a refusal wants there is not to be had, and no scope is given up for it.
const NEVER_SENT: [&str; 5] = ["contacts", "tos_uri", "policy_uri", "jwks", "software_statement"];

/// What a registration endpoint answers.
#[derive(Debug)]
pub enum Answer {
    /// The client is registered.
    Registered(Arc<ClientRegistration>),
    /// It is not.
    Refused(StatedError, u16),
}

impl Asked {
    /// The first attempt: everything that the plan wants registered.
    pub fn first(
        server: &AuthorizationServer,
        plan: &ScopePlan,
        grant: GrantType,
        redirect_uri: Option<&RedirectUri>,
        refresh: bool,
    ) -> Result<Asked> {
        Ok(Asked {
            grant,
            redirect_uri: redirect_uri.cloned(),
            application_type: redirect_uri.map_or("native", RedirectUri::application_type),
            authentication: ClientAuthentication::to_register(server.token_endpoint_auth_methods_supported.as_deref())?,
            scopes: plan.to_register(),
            first_scopes: plan.to_register(),
            // Whatever the server lists: some issue refresh tokens, and refuse them to clients that did not register the grant.
            refresh,
            client_secret: None,
            reductions: 0,
            application_type_changed: false,
            refresh_changed: false,
            authentication_changed: false,
            left_out: Vec::new(),
        })
    }

    /// Whether it is another attempt, with fewer scopes.
    pub fn is_reduced(&self) -> bool {
        self.reductions > 0
    }

    /// The same beside what a stored registration asked for, so that an update takes nothing from other sessions.
    pub fn beside(mut self, stored: &ClientRegistration) -> Asked {
        let known = [&stored.scopes, &stored.asked_scopes].into_iter().flatten();
        let wanted = self.scopes.clone();
        self.scopes = known.fold(self.scopes, |all, scopes| all.union(scopes)).kept(&wanted);
        self.first_scopes = self.scopes.clone();
        self.replacing(stored)
    }

    /// The same in place of what a stored registration asked for.
    pub fn replacing(mut self, stored: &ClientRegistration) -> Asked {
        self.authentication = stored.token_endpoint_auth_method;
        self.client_secret = stored.client_secret.clone();
        self
    }

    /// The next attempt after a refusal, or nothing when there is no other way to ask.
    ///
    /// A member that the refusal names is changed, once, and the scopes stay: the application type, for a refused redirect
    /// URI too; the grant for refresh tokens; the way to authenticate. What nothing depends on is left out. Refused scopes go
    /// in a ladder of three:
    /// everything; without those that are named, if none of them is required, else the required ones only; none at all.
    pub fn after(
        &self,
        refusal: &StatedError,
        status: u16,
        server: &AuthorizationServer,
        plan: &ScopePlan,
    ) -> Option<Asked> {
        let mut next = self.clone();
        let error = refusal.error.as_deref().unwrap_or_default();
        let words = filled("{} {}", &[error, &refusal.description]);
        let mentions = |word: &str| printable::mentions(&words, word);
        // Scopes may be called `refresh_token`, and be refused beside a redirect.
        let of_scopes = mentions("scope");
        let speaks_of = |word: &str| mentions(word) && !of_scopes;
        let of_application_type =
            error == "invalid_redirect_uri" || mentions("application_type") || speaks_of("redirect");
        let of_refresh = mentions("grant_type") || speaks_of("grant type") || speaks_of("refresh_token");
        let of_authentication = mentions("token_endpoint_auth")
            || ["auth method", "authentication method", "public client"].into_iter().any(speaks_of);
        if of_application_type && !self.application_type_changed {
            next.application_type = if self.application_type == "native" { "web" } else { "native" };
            next.application_type_changed = true;
            return Some(next);
        }
        if of_refresh && !self.refresh_changed {
            next.refresh = !self.refresh;
            next.refresh_changed = true;
            return Some(next);
        }
        if of_authentication && !self.authentication_changed {
            next.authentication = match self.authentication {
                ClientAuthentication::None => {
                    ClientAuthentication::for_secret(server.token_endpoint_auth_methods_supported.as_deref())
                }
                _ => ClientAuthentication::None,
            };
            next.authentication_changed = true;
            return Some(next);
        }
        if let Some(member) = DISPENSABLE.into_iter().find(|member| mentions(member) && !self.left_out.contains(member))
        {
            next.left_out.push(member);
            return Some(next);
        }
        let of_others = || DISPENSABLE.into_iter().chain(NEVER_SENT).any(mentions);
        if of_application_type || of_refresh || of_authentication || of_others() {
            return None;
        }
        let about_others =
            matches!(error, "access_denied" | "invalid_software_statement" | "unapproved_software_statement");
        // Some say `insufficient_scope` of the registration itself, which only its words tell from one of the scopes in it.
        let description = &refusal.description;
        let of_registration =
            error == "insufficient_scope" && !description.is_empty() && !printable::mentions(description, "scope");
        let about_scopes = !of_registration
            && (matches!(status, 400 | 422) && !about_others
                || matches!(error, "invalid_scope" | "insufficient_scope"));
        if !about_scopes || self.scopes.is_empty() {
            return None;
        }
        let named = self.scopes.named_by(refusal);
        let required = plan.required();
        let spared = if named.is_empty() || named.iter().any(|scope| required.contains(scope)) {
            required
        } else {
            self.scopes.without(&named)
        };
        let last = self.reductions > 0 || spared == self.scopes;
        next.scopes = if last { ScopeSet::default() } else { spared };
        next.reductions += 1;
        Some(next)
    }

    /// The registration request (RFC 7591 §3.1).
    pub fn request(&self, endpoint: &Endpoint, client: &ClientDescription) -> Request {
        Request::json(Method::Post, endpoint.as_str(), &self.metadata(client))
    }

    /// The client's metadata (RFC 7591 §2), with members of the registry only.
    pub fn metadata(&self, client: &ClientDescription) -> Json {
        let mut grants = vec![self.grant.word()];
        if self.refresh {
            grants.push("refresh_token");
        }
        // Left out, it would mean `code`, and demand a redirect URI (RFC 7591 §2, §2.1).
        let responses: &[&str] = if self.redirect_uri.is_some() { &["code"] } else { &[] };
        let text =
            |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map_or(Json::Null, Json::from);
        let mut metadata = Json::Object(Vec::new())
            .with("client_name", text(&client.client_name))
            .with("client_uri", text(&client.client_uri))
            .with("logo_uri", text(&client.logo_uri))
            .with("software_id", text(&client.software_id))
            .with("software_version", text(&client.software_version))
            .with("application_type", self.application_type.into())
            .with("redirect_uris", self.redirect_uri.as_ref().map_or(Json::Null, |uri| Json::array_of(&[uri.as_str()])))
            .with("grant_types", Json::array_of(&grants))
            .with("response_types", Json::array_of(responses))
            .with("token_endpoint_auth_method", self.authentication.word().into())
            .with("scope", text(&self.scopes.to_parameter()));
        if let Json::Object(members) = &mut metadata {
            members.retain(|(name, _)| !self.left_out.iter().any(|left_out| left_out == name));
        }
        metadata
    }

    /// Reads the answer, which overrules what was asked for (RFC 7591 §3.2.1). Only `client_id` is required of it.
    pub fn read(&self, response: &Response, server: &AuthorizationServer, now: u64) -> Result<Answer> {
        if !response.is_success() {
            return Ok(Answer::Refused(response.stated_error(), response.status));
        }
        let document = response.document()?;
        let invalid = |member: &str, rule: &str| {
            Error::invalid_document("The registration answer (RFC 7591 §3.2.1)", member, rule)
        };
        let text = |member| document.text(member);
        let client_id = text("client_id").ok_or_else(|| invalid("client_id", "must be a string"))?;
        if lacks_redirect_uri(document, self.redirect_uri.as_ref()) {
            return Err(invalid("redirect_uris", "lacks the redirect URI that was asked for"));
        }
        let client_secret = text("client_secret").map(Secret::new).or_else(|| self.client_secret.clone());
        let token_endpoint_auth_method = match (text("token_endpoint_auth_method"), &client_secret, self.authentication)
        {
            (Some(method), ..) => ClientAuthentication::named(method)?,
            (None, Some(_), ClientAuthentication::None) => {
                ClientAuthentication::for_secret(server.token_endpoint_auth_methods_supported.as_deref())
            }
            (None, ..) => self.authentication,
        };
        if token_endpoint_auth_method != ClientAuthentication::None && client_secret.is_none() {
            return Err(invalid("client_secret", "is missing, though the client has to authenticate by it"));
        }
        // Some servers give a relative one (RFC 7592 §3 wants it whole).
        let managed_at = server.registration_endpoint.as_ref().and_then(|endpoint| {
            let url = Url::join(endpoint.as_str(), text("registration_client_uri")?)?;
            // Nowhere else: whatever is there would be read, replaced and deleted from here.
            let is_beside = url.origin() == endpoint.url().origin();
            Endpoint::named(url.as_str(), endpoint.url().zone()).ok().filter(|_| is_beside)
        });
        let registration = ClientRegistration {
            client_secret,
            client_secret_expires_at: document
                .member("client_secret_expires_at")
                .as_whole_number()
                .filter(|at| *at > 0),
            token_endpoint_auth_method,
            scopes: self.told(document),
            asked_scopes: Some(self.first_scopes.clone()),
            answered_at: Some(now),
            require_pushed_authorization_requests: requires_pushed(document),
            registration_access_token: text("registration_access_token").and_then(Secret::for_header),
            registration_client_uri: managed_at,
            ..ClientRegistration::new(RegistrationKind::Dynamic, &server.issuer, client_id, self.redirect_uri.as_ref())
        };
        if registration.has_expired(now) {
            return Err(registration_refusal::expired(server));
        }
        Ok(Answer::Registered(Arc::new(registration)))
    }

    /// What we were told is registered: the answer's `scope`, else what was sent; unknown only where the server
    /// made us leave it out. Where the grant for refresh tokens was asked for and not given, the scope that asks for one
    /// is not registered.
    fn told(&self, document: &Json) -> Option<ScopeSet> {
        let answered = document.member("scope").as_str().filter(|scope| !scope.trim_ascii().is_empty());
        let told = match answered {
            Some(scope) => Some(ScopeSet::read_answer(scope, &self.scopes).kept(&self.scopes)),
            None if self.reductions > 0 && self.scopes.is_empty() => None,
            None => Some(self.scopes.clone()),
        }?;
        let grants = document.member("grant_types").strings().unwrap_or_default();
        let refresh = !self.refresh || grants.is_empty() || grants.contains(&"refresh_token");
        Some(if refresh { told } else { told.without(&ScopeSet::read(OFFLINE_ACCESS)) })
    }
}

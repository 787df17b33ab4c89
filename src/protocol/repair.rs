//! What can still be done when the authorization server refuses a request. It may have registered less than it said; it
//! may refuse what the registration does not name; or it may want a scope where the request carried too few, or none.

use std::sync::Arc;

use crate::data::error::{Code, Error, Kind};
use crate::data::http::StatedError;
use crate::data::printable::{filled, mentions};
use crate::data::scope::ScopeSet;
use crate::protocol::authorization::PendingAuthorization;
use crate::protocol::registration::RegistrationKind;
use crate::protocol::registration_refusal;
use crate::protocol::scope_plan::{OFFLINE_ACCESS, ScopePlan};

/// Trips through the browser in one sign-in: the first, and one repaired.
pub const AUTHORIZATION_LIMIT: u64 = 2;

/// One repair of a sign-in.
#[derive(Debug)]
pub enum Repair {
    /// Authorize again without the scopes that were refused.
    WithoutRefused {
        /// The plan without them.
        plan: Arc<ScopePlan>,
        /// What was refused.
        refused: ScopeSet,
    },
    /// Widen or replace the registration, then authorize again.
    Widen(Arc<ScopePlan>),
    /// Authorize again with scopes for want of which the request was refused.
    AskFor(Arc<ScopePlan>),
    /// Authorize again without `prompt=consent`.
    WithoutConsentPrompt,
}

/// What a refusal may be about beside `prompt`.
const OTHER_PARAMETERS: [&str; 9] =
    ["nonce", "scope", "redirect", "challenge", "resource", "client", "state", "pushed", "response_type"];

/// Whether a refusal is about `prompt=consent`, which nobody but we asked for: it says so, or nothing of anything else.
pub fn refuses_consent_prompt(refusal: &StatedError, pending: &PendingAuthorization) -> bool {
    let error = refusal.error.as_deref().unwrap_or_default();
    let says = |word: &str| mentions(error, word) || mentions(&refusal.description, word);
    let is_about_it = match error {
        "access_denied" => false,
        "invalid_request" => says("prompt") || !OTHER_PARAMETERS.into_iter().any(says),
        _ => says("prompt"),
    };
    is_about_it && pending.consent_prompt == Some(true)
}

/// The scopes that a refusal is about; empty where it is about something else.
///
/// A name in the server's words counts only if that scope was requested. Where some were asked for outright, these are
/// the cause: the others are in the registration, and some servers name the whole request.
pub fn refused_scopes(refusal: &StatedError, pending: &PendingAuthorization) -> ScopeSet {
    let PendingAuthorization { plan, .. } = pending;
    let (requested, required, outright) = (plan.requested(), plan.required(), plan.outright());
    if refusal.error.as_deref() != Some("invalid_scope") {
        return ScopeSet::default();
    }
    let named = requested.named_by(refusal);
    let named_outright: ScopeSet = named.iter().filter(|scope| outright.contains(scope)).collect();
    if !outright.is_empty() && (named.is_empty() || !named_outright.is_empty()) {
        return if named_outright.is_empty() { outright } else { named_outright };
    }
    // Where the server names none, those go first that can best be done without.
    let candidates = [named, plan.from_earlier_step_up(), requested.without(&required), required];
    candidates.into_iter().find(|scopes| !scopes.is_empty()).unwrap_or_default()
}

/// The one repair after a refusal, or nothing where none could help. `unseen` says that the refusal came before any person
/// took part.
///
/// Optional scopes that are refused are dropped, as are those that were merely permitted before. Where a required one is
/// refused, the registration is widened: it may be older, or narrower than the server said. There is nothing to widen
/// where the server made us register without scopes, or answered to the same question just now.
pub fn after(refusal: &StatedError, pending: &PendingAuthorization, unseen: bool, now: u64) -> Option<Repair> {
    let PendingAuthorization { plan, attempts, registration, .. } = pending;
    if attempts.authorizations >= AUTHORIZATION_LIMIT || plan.exact == Some(true) {
        return None;
    }
    if refuses_consent_prompt(refusal, pending) {
        return Some(Repair::WithoutConsentPrompt);
    }
    if let Some(wanted) = wanted_scopes(refusal, pending, unseen) {
        return Some(Repair::AskFor(wanted));
    }
    let refused = refused_scopes(refusal, pending);
    if refused.is_empty() || plan.requested().is_empty() {
        return None;
    }
    let is_beyond = plan.outright().includes(&refused);
    if is_beyond && !refused.iter().any(|scope| plan.insists_on(scope)) {
        return Some(Repair::WithoutRefused { plan: plan.not_asking(&refused), refused });
    }
    if !refused.iter().any(|scope| plan.required().contains(scope)) {
        return Some(Repair::WithoutRefused { plan: plan.refusing(&refused), refused });
    }
    let can_widen = registration.kind == RegistrationKind::Dynamic && registration.scopes.is_some();
    let is_answered = is_beyond && registration.is_recent(now);
    (can_widen && !is_answered).then(|| Repair::Widen(plan.refusing(&refused)))
}

/// The repair after a code was refused because nobody may stay signed in here: `offline_access`, which nobody but we
/// asked for, goes.
pub fn after_refused_code(error: &Error, pending: &PendingAuthorization) -> Option<Repair> {
    let PendingAuthorization { plan, attempts, .. } = pending;
    let offline = ScopeSet::read(OFFLINE_ACCESS);
    let is_ours = plan.requested().contains(OFFLINE_ACCESS) && !plan.required().contains(OFFLINE_ACCESS);
    let is_about_it = error.code == Code::TokenRefused && mentions(&error.message, "offline");
    let may_repair = is_ours && is_about_it && attempts.authorizations < AUTHORIZATION_LIMIT;
    may_repair.then(|| Repair::WithoutRefused { plan: plan.refusing(&offline), refused: offline })
}

/// The plan with what a request was refused for want of: what the registration does not name, where the server names it
/// or nothing else was requested; else, where nobody names a scope, what the server registered by default.
fn wanted_scopes(refusal: &StatedError, pending: &PendingAuthorization, unseen: bool) -> Option<Arc<ScopePlan>> {
    let PendingAuthorization { plan, registration, .. } = pending;
    let error = refusal.error.as_deref();
    let not_named = if registration.kind == RegistrationKind::Dynamic { plan.not_named() } else { ScopeSet::default() };
    if !plan.requested().is_empty() {
        let named = not_named.named_by(refusal);
        let is_wanted = error == Some("invalid_scope") && !named.is_empty();
        return is_wanted.then(|| plan.insisting(&named));
    }
    let is_for_want_of_scope = match error {
        Some("invalid_scope" | "invalid_request") => true,
        // A person's own no looks the same, and is taken for it.
        None | Some("access_denied") => unseen,
        Some(_) => false,
    };
    if !is_for_want_of_scope {
        return None;
    }
    let defaults = registration.scopes.as_ref().filter(|scopes| not_named.is_empty() && !scopes.is_empty());
    match defaults {
        Some(defaults) => Some(plan.with_defaults(defaults)),
        None if not_named.is_empty() => None,
        None => Some(plan.insisting(&not_named)),
    }
}

/// The refusal of a sign-in, for people. Refused scopes are named, also where the server does not name them.
pub fn refused(refusal: StatedError, pending: &PendingAuthorization) -> Box<Error> {
    let requested = pending.plan.requested();
    let refused = refused_scopes(&refusal, pending);
    let is_outright =
        !refused.is_empty() && pending.plan.outright().includes(&refused) && pending.plan.exact != Some(true);
    let scopes = if is_outright || !refused.is_empty() && !requested.named_by(&refusal).is_empty() {
        refused
    } else {
        requested
    };
    let scopes = scopes.to_parameter();
    let issuer = pending.discovery.authorization_server.issuer.as_str();
    let scopes = scopes.as_deref().unwrap_or_default();
    let (code, sentence) = match refusal.error.as_deref().unwrap_or_default() {
        "invalid_request" if wants_push(&refusal, pending) => (
            Code::AuthorizationRefused,
            "The authorization server {} wants this client to push its requests (RFC 9126), which its metadata does not say. Set `pushedAuthorizationRequests` for this server.",
        ),
        error if error != "access_denied" && concerns_consent_prompt(&refusal, pending) => (
            Code::AuthorizationRefused,
            "The authorization server {} refused the request. Whether `prompt=consent` goes with `offline_access` is the setting `consentPrompt` for this server; `refresh: false` does without both. It is left out by itself once it was refused.",
        ),
        "invalid_scope" | "invalid_request" | "" if scopes.is_empty() => (
            Code::AuthorizationRefused,
            "The authorization server {} wants scopes, and neither the MCP server nor the host names any. Configure `scopes` for this server.",
        ),
        "invalid_scope" if is_outright => {
            return registration_refusal::refused_outright(refusal, scopes, issuer);
        }
        "invalid_scope" => (
            Code::AuthorizationRefused,
            "The authorization server {} refused the scopes `{}`. Its operator has to permit them for this client; if they come from the setting `scopes` or `exactScopes`, change it.",
        ),
        "access_denied" if scopes.is_empty() => (
            Code::AuthorizationRefused,
            "The authorization server {} denied access to a request without scopes: somebody declined, or it wants a scope, and neither the MCP server nor the host names any. Sign in again to consent, or configure `scopes` for this server.",
        ),
        "invalid_client" => (
            Code::ClientRefused,
            "The authorization server {} does not accept this client any more. Register it again.",
        ),
        "access_denied" => (
            Code::AuthorizationRefused,
            "The authorization server {} says that the sign-in was declined. Sign in again to consent.",
        ),
        "temporarily_unavailable" | "server_error" => {
            (Code::AuthorizationRefused, "The authorization server {} had a problem of its own. Try again later.")
        }
        _ => (Code::AuthorizationRefused, "The authorization server {} refused the sign-in."),
    };
    let error = refusal.into_error(code, sentence, &[issuer, scopes]).with("issuer", issuer);
    if pending.resource.is_some() { naming_resource(error) } else { error }
}

/// A refusal of the `resource` parameter (RFC 8707 §2), by its code or in words, names the settings that help. What servers
/// write about the resource owner is about people.
pub fn naming_resource(mut error: Box<Error>) -> Box<Error> {
    let stated = |own: &str| {
        let detail = error.details.iter().find(|(name, _)| *name == own);
        detail.and_then(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let (code, words) = (stated("error"), stated("errorDescription"));
    let is_in_words = mentions(words, "resource") && !mentions(words, "resource owner") && code != "access_denied";
    if error.kind() == Kind::Refused && (code == "invalid_target" || is_in_words) {
        let message = "{} This is about the `resource` parameter (RFC 8707): set `omitResource` for this server, or `resource` to what it knows the MCP server by.";
        error.message = filled(message, &[&error.message]);
    }
    error
}

/// Whether `prompt=consent` is refused, or was, or is what the host insists on.
fn concerns_consent_prompt(refusal: &StatedError, pending: &PendingAuthorization) -> bool {
    let may_be = !matches!(refusal.error.as_deref(), Some("invalid_scope" | "invalid_client"));
    let is_left_out = pending.registration.consent_prompt_refused == Some(true) && may_be;
    let is_asked = pending.plan.requested().contains(OFFLINE_ACCESS);
    let says_so = mentions(&refusal.description, "prompt");
    refuses_consent_prompt(refusal, pending) || is_asked && (is_left_out || says_so)
}

/// There is no error code for it: a requirement of single clients shows in the server's words alone.
fn wants_push(refusal: &StatedError, pending: &PendingAuthorization) -> bool {
    let endpoints = pending.discovery.authorization_server.endpoints.as_ref();
    let has_endpoint =
        endpoints.is_some_and(|endpoints| endpoints.get("pushed_authorization_request_endpoint").is_some());
    let mentions = |word: &str| {
        refusal.description.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    };
    has_endpoint && mentions("pushed")
}

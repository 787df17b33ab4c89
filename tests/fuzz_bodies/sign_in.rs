//! The authorization response, and stored records.

use std::sync::LazyLock;

use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::{self, AsJson};
use mcp_oauth_wasm::data::url::Url;
use mcp_oauth_wasm::protocol::authorization::{self, AuthorizationResponse, PendingAuthorization};
use mcp_oauth_wasm::protocol::registration::ClientRegistration;
use mcp_oauth_wasm::protocol::repair::{self, Repair};
use mcp_oauth_wasm::protocol::scope_plan::{self, ScopePlan, ScopeSources};
use mcp_oauth_wasm::protocol::token::Session;

use super::{assert_printable, assert_scopes, assert_survives_storage, given, text};

/// The time of every sign-in here.
pub const NOW: u64 = 1_700_000_000;

/// A sign-in that waits for its response, with the `state` that the seeds carry.
pub fn pending() -> PendingAuthorization {
    static PENDING: LazyLock<PendingAuthorization> = LazyLock::new(|| given(include_str!("pending.json")));
    PENDING.clone()
}

/// The whole URL that a browser was sent back to.
pub fn authorization_response(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    for promises_iss in [false, true] {
        let mut pending = pending();
        if promises_iss {
            let silent = "\"authorizationResponseIssParameterSupported\":false";
            let promising = pending.to_json().to_text().replace(silent, &silent.replace("false", "true"));
            pending = given(&promising);
        }
        let Ok(response) = authorization::read(text, &pending) else { continue };
        let url = Url::parse(text).expect("a response arrives at a URL");
        assert!(pending.registration.redirect_uri.as_ref().is_some_and(|uri| uri.is_location_of(&url)));
        let sent = |name: &str| {
            let pairs = url.search().trim_start_matches('?').split('&');
            pairs.filter_map(|pair| pair.split_once('=')).filter(|(own, _)| own.replace('+', " ") == name).count()
        };
        assert!(url.search().contains('%') || sent("state") == 1);
        assert!(!promises_iss || url.search().contains('%') || sent("iss") == 1);
        match response {
            AuthorizationResponse::Code(code) => assert!(!code.reveal().is_empty()),
            AuthorizationResponse::Refused(refusal) => {
                refusal.error.iter().for_each(|error| assert_printable(error));
                assert_printable(&refusal.description);
                assert_repair(repair::after(&refusal, &pending, false, pending.created_at), &pending);
                let error = repair::refused(refusal, &pending);
                assert!(!error.message.contains(char::is_control));
            }
        }
    }
}

fn assert_repair(repair: Option<Repair>, pending: &PendingAuthorization) {
    let before = pending.plan.requested();
    match repair {
        None => {}
        Some(Repair::WithoutRefused { plan, .. }) => {
            assert!(before.includes(&plan.requested()) && plan.requested() != before, "something is left out");
            assert!(plan.missing().is_empty(), "and nothing that is required");
        }
        Some(Repair::Widen(plan)) => assert!(plan.refused() != pending.plan.refused(), "a cause was found"),
        Some(Repair::AskFor(plan)) => {
            assert!(plan.requested().includes(&before) && plan.requested() != before, "something is added");
        }
        Some(Repair::WithoutConsentPrompt) => assert_eq!(pending.consent_prompt, Some(true)),
    }
}

/// JSON text as a store might give it back, read as each record that is stored.
pub fn record(bytes: &[u8]) {
    let Some(json) = text(bytes).and_then(Json::parse) else { return };
    let mut plans = Vec::new();
    if let Some(session) = stored::<Session>(&json) {
        assert!(session.discovery.authorization_server().token_endpoint.url().is_secure());
        plans.push((*session.plan).clone());
    }
    if let Some(pending) = stored::<PendingAuthorization>(&json) {
        assert!(pending.discovery.authorization_server().token_endpoint.url().is_secure());
        plans.push((*pending.plan).clone());
    }
    if let Some(registration) = stored::<ClientRegistration>(&json) {
        assert!(registration.registration_client_uri.is_none_or(|endpoint| endpoint.url().is_secure()));
        registration.scopes.iter().for_each(assert_scopes);
    }
    plans.extend(stored::<ScopePlan>(&json));
    plans.iter().for_each(assert_plan);
}

fn stored<T: AsJson>(json: &Json) -> Option<T> {
    let value = record::read::<T>(json).ok()?;
    assert_survives_storage(&value);
    Some(value)
}

/// Whatever a store gives back, a plan requests no more than we were told, and is settled by planning again.
fn assert_plan(plan: &ScopePlan) {
    let to_register = plan.to_register();
    for set in [&plan.requested(), &plan.granted(), &plan.refused(), &plan.missing(), &to_register] {
        assert_scopes(set);
    }
    for told in [plan.granted(), plan.required(), to_register] {
        let within = plan.within(Some(&told));
        assert!(told.union(&within.outright()).includes(&within.requested()));
    }
    let once = scope_plan::plan(&ScopeSources::default(), Some(plan));
    let twice = scope_plan::plan(&ScopeSources::default(), Some(&once));
    assert_eq!(once.requested(), twice.requested());
    assert_eq!(once.to_register(), twice.to_register());
}

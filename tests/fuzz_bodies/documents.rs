//! Documents and answers of servers: the status and media type on the first line, then the body.

use std::sync::Arc;

use mcp_oauth_wasm::data::http::{Parameters, StatedError};
use mcp_oauth_wasm::data::identifier::{Endpoint, Issuer, RedirectUri};
use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::data::url::{Url, Zone};
use mcp_oauth_wasm::protocol::authorization::PendingAuthorization;
use mcp_oauth_wasm::protocol::authorization_server::{self, AuthorizationServer};
use mcp_oauth_wasm::protocol::client_authentication::ClientAuthentication;
use mcp_oauth_wasm::protocol::grant::GrantType;
use mcp_oauth_wasm::protocol::protected_resource::{self, Statement};
use mcp_oauth_wasm::protocol::registration::{Answer, Asked};
use mcp_oauth_wasm::protocol::scope_plan::ScopePlan;
use mcp_oauth_wasm::protocol::settings::ServerSettings;
use mcp_oauth_wasm::protocol::token::{self, Granting};

use super::sign_in::{NOW, pending};
use super::{assert_listed, assert_printable, assert_scopes, assert_survives_storage, response};

pub fn protected_resource(bytes: &[u8]) {
    let Some(response) = response(bytes) else { return };
    let called = Url::parse("https://mcp.example/tenant/mcp").expect("a URL");
    let own = "https://mcp.example/.well-known/oauth-protected-resource/tenant/mcp";
    for location in [own, "https://mcp.example/.well-known/oauth-protected-resource"] {
        match protected_resource::read(&response, location, &called, Zone::Public) {
            Err(_) => {}
            Ok(Statement::ConfirmAt(elsewhere)) => {
                assert_eq!(Url::parse(&elsewhere).expect("a location").origin(), called.origin());
                let again = protected_resource::read(&response, &elsewhere, &called, Zone::Public);
                assert!(!matches!(again, Ok(Statement::ConfirmAt(_))), "the chain ends");
            }
            Ok(Statement::Identified(resource)) => {
                let identifier = Url::parse(&resource.resource).expect("the resource is a URL");
                assert!(identifier.is_secure() && identifier.contains(&called));
                assert!(!resource.authorization_servers.is_empty());
                resource.authorization_servers.iter().for_each(assert_public_issuer);
                assert_listed(&resource.scopes_supported);
                resource.resource_name.iter().for_each(|name| assert_printable(name));
                assert_eq!(resource.metadata_url.as_deref(), Some(location));
                assert_survives_storage(&resource);
            }
        }
    }
}

fn assert_public_issuer(issuer: &Issuer) {
    assert!(issuer.url().is_secure() && issuer.url().zone() == Zone::Public);
    assert!(!issuer.as_str().contains(['?', '#']));
}

pub fn authorization_server(bytes: &[u8]) {
    let Some(response) = response(bytes) else { return };
    let location = "https://as.example/.well-known/oauth-authorization-server";
    for asked in ["https://as.example", "https://as.example/", "https://as.example/tenant"] {
        let issuer = Issuer::named(asked, Zone::Public).expect("an issuer");
        let read = |assume_s256| {
            let settings = ServerSettings { assume_s256: Some(assume_s256), ..ServerSettings::default() };
            authorization_server::read(&response, location, &issuer, &settings, Zone::Public)
        };
        let Ok(server) = read(true) else {
            assert!(read(false).is_err(), "the opt-out takes nothing away");
            continue;
        };
        let pathless = asked != "https://as.example/tenant";
        let same = server.issuer.as_str() == asked
            || (pathless && server.issuer.as_str().trim_end_matches('/') == asked.trim_end_matches('/'));
        assert!(same, "{}", server.issuer.as_str());
        assert_public_issuer(&server.issuer);
        let optional = server.registration_endpoint.iter();
        [&server.authorization_endpoint, &server.token_endpoint].into_iter().chain(optional).for_each(assert_public);
        for (_, endpoint) in server.endpoints.iter().flat_map(Parameters::iter) {
            assert_public(&Endpoint::named(endpoint, Zone::Public).expect("an endpoint"));
        }
        assert_listed(&server.scopes_supported);
        assert_survives_storage(&server);
    }
}

fn assert_public(endpoint: &Endpoint) {
    assert!(endpoint.url().is_secure() && endpoint.url().zone() == Zone::Public);
    assert!(!endpoint.as_str().contains('#'));
}

pub fn registration(bytes: &[u8]) {
    let Some(response) = response(bytes) else { return };
    let pending = pending();
    let server = &pending.discovery.authorization_server();
    let redirect_uri = RedirectUri::parse("http://127.0.0.1:49152/callback").expect("a redirect URI");
    let first = Asked::first(server, &pending.plan, GrantType::AuthorizationCode, Some(&redirect_uri), true)
        .expect("the server permits public clients");
    let mut asked = first.clone();
    // Three rungs, three members that are changed once each, and one that gives up.
    for _ in 0..7 {
        match asked.read(&response, server, 1) {
            Err(_) => return,
            Ok(Answer::Registered(registration)) => {
                assert_registered(&registration, &asked, server, &pending.plan);
                return;
            }
            Ok(Answer::Refused(refusal, status)) => {
                assert_stated(&refusal);
                let Some(next) = asked.after(&refusal, status, server, &pending.plan) else { return };
                assert!(asked.scopes.includes(&next.scopes), "no attempt asks for more than the one before");
                asked = next;
            }
        }
    }
    panic!("the ladder has no end");
}

fn assert_registered(
    registration: &mcp_oauth_wasm::protocol::registration::ClientRegistration,
    asked: &Asked,
    server: &AuthorizationServer,
    plan: &ScopePlan,
) {
    assert!(!registration.client_id.is_empty());
    assert_eq!(registration.issuer, server.issuer);
    assert_eq!(registration.redirect_uri, asked.redirect_uri);
    let public = registration.token_endpoint_auth_method == ClientAuthentication::None;
    assert!(public || registration.client_secret.is_some());
    registration.registration_client_uri.iter().for_each(assert_public);
    let told = registration.scopes.clone().expect("nobody made us leave the scopes out");
    assert_scopes(&told);
    assert!(told.includes(&plan.within(Some(&told)).requested()), "requested is within what we were told");
    assert_survives_storage(registration);
}

fn assert_stated(refusal: &StatedError) {
    refusal.error.iter().for_each(|error| assert_printable(error));
    assert_printable(&refusal.description);
}

pub fn token(bytes: &[u8]) {
    let Some(response) = response(bytes) else { return };
    let answer = match token::read(&response, NOW, false) {
        Ok(answer) => answer,
        Err(error) => {
            assert!(!error.message.contains(char::is_control), "{}", error.message);
            return;
        }
    };
    assert!(response.is_success());
    let pending = pending();
    let requested = pending.plan.requested();
    let PendingAuthorization { discovery, resource, registration, plan, .. } = pending;
    let session =
        token::session(answer, GrantType::AuthorizationCode, Granting { discovery, resource, registration, plan });
    assert_session(&session);
    assert_eq!(session.plan.granted().is_empty(), session.plan.granted().to_parameter().is_none());
    let known: ScopeSet = session.plan.scopes.iter().map(|scope| scope.scope.as_str()).collect();
    assert!(known.includes(&requested), "a narrower grant forgets nothing");

    let renewed = token::read(&response, NOW + 60, false).expect("the same answer is read the same way");
    let refresh_token = session.tokens.refresh_token.clone();
    let plan = Arc::clone(&session.plan);
    let session = token::refreshed(renewed, session);
    assert_session(&session);
    assert!(session.tokens.refresh_token == refresh_token);
    assert_eq!(session.plan.granted(), plan.granted(), "the same answer grants the same");
}

fn assert_session(session: &token::Session) {
    let access_token = session.tokens.access_token.reveal();
    assert!(!access_token.is_empty() && access_token.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(session.tokens.expires_at.is_none_or(|at| at >= session.tokens.received_at));
    assert!(session.tokens.refresh_token.as_ref().is_none_or(|token| !token.reveal().is_empty()));
    assert_scopes(&session.plan.granted());
    assert_survives_storage(session);
}

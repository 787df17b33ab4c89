//! js/core/records.d.ts is made from the Rust records. `UPDATE=1 cargo test typescript_types` writes it anew.
#![cfg(not(target_arch = "wasm32"))]

use mcp_oauth_wasm::connection::*;
use mcp_oauth_wasm::data::record::Declared;
use mcp_oauth_wasm::data::*;
use mcp_oauth_wasm::flow::*;
use mcp_oauth_wasm::protocol::*;

#[test]
fn typescript_types_are_those_of_the_records() {
    let declarations: &[fn() -> String] = &[
        error::Kind::declaration,
        error::Code::declaration,
        error::Step::declaration,
        challenge::Challenge::declaration,
        protected_resource::ProtectedResource::declaration,
        authorization_server::AuthorizationServer::declaration,
        scope_plan::Source::declaration,
        scope_plan::Purpose::declaration,
        scope_plan::Outright::declaration,
        scope_plan::PlannedScope::declaration,
        scope_plan::ScopePlan::declaration,
        scope_plan::ScopeSources::declaration,
        pkce::Pkce::declaration,
        client_authentication::ClientAuthentication::declaration,
        settings::ClientDescription::declaration,
        settings::PreRegisteredClient::declaration,
        settings::InitialAccessToken::declaration,
        settings::ServerSettings::declaration,
        discovery::Discovery::declaration,
        registration::RegistrationKind::declaration,
        registration::OutrightOutcome::declaration,
        registration::ClientRegistration::declaration,
        authorization::Attempts::declaration,
        authorization::PendingAuthorization::declaration,
        grant::GrantType::declaration,
        token::TokenType::declaration,
        token::Tokens::declaration,
        token::Session::declaration,
        trace::EventKind::declaration,
        trace::Party::declaration,
        trace::Event::declaration,
        dynamic_registration::Doubt::declaration,
        steps::DiscoverInput::declaration,
        steps::PlanInput::declaration,
        steps::RegisterInput::declaration,
        steps::Registered::declaration,
        steps::BeginInput::declaration,
        steps::Begun::declaration,
        steps::CompleteInput::declaration,
        steps::SignedIn::declaration,
        steps::Completion::declaration,
        steps::RefreshInput::declaration,
        steps::UnregisterInput::declaration,
        discovery::KeptDiscovery::declaration,
        stored::KeptRegistration::declaration,
        under_way::Question::declaration,
        under_way::KeptSignIn::declaration,
        refusal::TokenOrigin::declaration,
        refusal::Action::declaration,
        refusal::Decision::declaration,
        contract::Departure::declaration,
        contract::InteractionRequired::declaration,
        contract::Consent::declaration,
        contract::UnderWay::declaration,
        contract::SignInOutcome::declaration,
        renewal::Renewal::declaration,
        token_endpoint::GrantInput::declaration,
        token_endpoint::AskInput::declaration,
        calls::GenuineResponse::declaration,
    ];
    let mut expected =
        "// Made from the Rust records by `UPDATE=1 cargo test typescript_types`. Do not edit.\n".to_owned();
    for declaration in declarations {
        expected += "\n";
        expected += &declaration();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/js/core/records.d.ts");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        written == expected,
        "js/core/records.d.ts is out of date: run `UPDATE=1 cargo test typescript_types` and commit it"
    );
}

//! A sign-in, from the challenge to the tokens.

use std::error::Error;
use std::sync::Arc;

use mcp_oauth_wasm::challenge;
use mcp_oauth_wasm::flow::{
    self, BeginInput, CompleteInput, Completion, DiscoverInput, PlanInput, RegisterInput, Registered, SignedIn,
};
use mcp_oauth_wasm::identifier::Endpoint;
use mcp_oauth_wasm::platform::Platform;
use mcp_oauth_wasm::settings::ClientDescription;
use mcp_oauth_wasm::token::Session;
use mcp_oauth_wasm::url::Nearness;
use mcp_oauth_wasm::replay::run;

use crate::loopback_redirect::LoopbackRedirect;

/// Signs the person in at whatever authorization server protects this MCP server.
///
/// An application keeps what it gets: `session.registration` is used again by the next `flow::register`, and
/// `flow::refresh` renews the tokens before `session.tokens.expires_at`. The ID Token, if there is one, is as the server
/// sent it: check it before relying on what it says.
pub async fn sign_in<P: Platform>(
    platform: &P,
    server: &str,
    challenge: &str,
    open: impl Fn(&str),
) -> Result<Session, Box<dyn Error>> {
    let client = Some(Arc::new(ClientDescription { client_name: Some("An example".to_owned()), ..Default::default() }));
    let endpoint = Endpoint::named(server, Nearness::Local)?;
    let challenge = challenge::read(&[challenge.to_owned()]);

    let input = DiscoverInput { endpoint, challenge, preferred_issuer: None, settings: None };
    let discovery = Arc::new(run(platform, |replay| flow::discover(replay, &input)).await?);

    let input = PlanInput {
        discovery: discovery.clone(),
        earlier: None,
        insisted: None,
        grant: None,
        pressed: None,
        settings: None,
    };
    let plan = run(platform, |replay| Ok(flow::plan(replay, &input))).await?;

    let redirect = LoopbackRedirect::listen().await?;
    let input = RegisterInput {
        discovery: discovery.clone(),
        plan,
        redirect_uri: Some(redirect.uri.clone()),
        grant: None,
        client: client.clone(),
        registration: None,
        doubt: None,
        pressed: None,
        attempts: None,
        settings: None,
    };
    let Registered { registration, plan, attempts } = run(platform, |replay| flow::register(replay, &input)).await?;

    let (client_again, attempts) = (client.clone(), Some(attempts));
    let input = BeginInput { discovery, registration, plan, client: client_again, attempts, settings: None };
    let mut begun = run(platform, |replay| flow::begin(replay, &input)).await?;
    loop {
        open(&begun.authorization_url);
        let callback_url = redirect.receive(&begun.pending.state).await?;
        let input = CompleteInput { pending: begun.pending, callback_url, client: client.clone(), settings: None };
        match run(platform, |replay| flow::complete(replay, &input)).await? {
            Completion::SignedIn(SignedIn { session }) => return Ok(session),
            // The server refused a scope that it had registered. It is asked once more, without it.
            Completion::AuthorizeAgain(again) => begun = again,
        }
    }
}

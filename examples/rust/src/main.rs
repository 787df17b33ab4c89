//! Calls the tool `whoami` of an MCP server that demands a sign-in: `cargo run -- https://mcp.example.com/mcp`. With
//! `--print` behind it, the URL to sign in at is printed instead of opened.
//!
//! What to ask for, where, and how often, is decided by `mcp_oauth_wasm`, as it is in every other host. What is here is
//! what a host brings: requests, a redirect, a browser.

mod loopback_redirect;
mod reqwest_platform;
mod sign_in;

use std::error::Error;

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{ClientInitializeError, RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use crate::reqwest_platform::ReqwestPlatform;
use crate::sign_in::sign_in;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("Say which MCP server: its URL.")?;
    let client = match connect(&server, None).await {
        Ok(client) => client,
        Err(refusal) => {
            let Some(challenge) = refusal.auth_challenge() else { return Err(refusal.into()) };
            let session = sign_in(&ReqwestPlatform::new()?, &server, challenge, open).await?;
            connect(&server, Some(session.tokens.access_token.reveal())).await?
        }
    };
    let answer = client.call_tool(CallToolRequestParams::new("whoami")).await?;
    answer.content.iter().filter_map(|part| part.as_text()).for_each(|part| println!("{}", part.text));
    client.cancel().await?;
    Ok(())
}

/// Connects with a token, or without one, which the server may refuse with a challenge.
async fn connect(
    server: &str,
    token: Option<&str>,
) -> Result<RunningService<RoleClient, ()>, Box<ClientInitializeError>> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(server);
    config.auth_header = token.map(str::to_owned);
    ().serve(StreamableHttpClientTransport::from_config(config)).await.map_err(Box::new)
}

/// Opens the URL in the person's browser.
fn open(url: &str) {
    let prints = std::env::args().any(|argument| argument == "--print");
    if prints || webbrowser::open(url).is_err() {
        println!("Open this URL to sign in: {url}");
    }
}

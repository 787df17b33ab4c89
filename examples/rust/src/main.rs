//! Calls the tool `whoami` of an MCP server that demands a sign-in: `cargo run -- https://mcp.example.com/mcp FOLDER`. What is
//! kept is in that folder. With `--print` behind it, the URL to sign in at is printed instead of opened.

use std::error::Error;
use std::process::ExitCode;

use mcp_oauth_driver::{Connection, ConnectionOptions, FileStore, Host};
use mcp_oauth_wasm::protocol::settings::ClientDescription;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

#[tokio::main]
async fn main() -> ExitCode {
    match called().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn called() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("Say which MCP server, by its URL, and in which folder its session is to be kept.".into());
    };
    let client = ClientDescription { client_name: Some("An example".to_owned()), ..Default::default() };
    let host = Host::new(client, FileStore::open(folder)?, open)?;
    let options = ConnectionOptions { interaction: true, ..Default::default() };
    let connection = Connection::new(host, &server, options)?;
    let config = StreamableHttpClientTransportConfig::with_uri(server);
    let client = ().serve(StreamableHttpClientTransport::with_client(connection, config)).await?;
    let answer = client.call_tool(CallToolRequestParams::new("whoami")).await?;
    answer.content.iter().filter_map(|part| part.as_text()).for_each(|part| println!("{}", part.text));
    client.cancel().await?;
    Ok(())
}

/// Opens the URL in the person's browser.
fn open(url: &str) {
    let prints = std::env::args().any(|argument| argument == "--print");
    if prints || webbrowser::open(url).is_err() {
        println!("Open this URL to sign in: {url}");
    }
}

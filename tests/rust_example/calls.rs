//! A host whose tasks call tools on tokio's multi-thread runtime: `calls SERVER FOLDER COMMAND…`. Of the commands, one after
//! the other, `edit*50` calls the tool `edit` in 50 tasks at once; `sign-in`, `refresh` and `sign-out` are the connection's
//! own. Each call is a line: the tool, and the status or why it failed. `SCOPES` are those of the host's settings;
//! with `UNATTENDED` no call may send the person away.
#![allow(clippy::unwrap_used, reason = "a test program")]

use std::time::Duration;

use mcp_oauth_driver::{Connection, ConnectionOptions, FileStore, Host};
use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::protocol::settings::{ClientDescription, ServerSettings};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (server, folder) = (arguments.next().unwrap(), arguments.next().unwrap());
    let host = Host::new(ClientDescription::default(), FileStore::open(folder).unwrap(), |url| {
        println!("Open this URL to sign in: {url}");
    });
    let scopes = std::env::var("SCOPES").ok().as_deref().map(ScopeSet::read);
    let settings = ServerSettings { scopes, ..Default::default() };
    let interaction = std::env::var("UNATTENDED").is_err();
    let options = ConnectionOptions { interaction, settings, ..Default::default() };
    let connection = Connection::new(host.unwrap(), &server, options).unwrap();
    for command in arguments {
        timeout(PATIENCE, perform(&connection, &server, &command)).await.unwrap();
    }
}

async fn perform(connection: &Connection, server: &str, command: &str) {
    match command.split_once('*') {
        Some((tool, count)) => {
            let mut tasks = JoinSet::new();
            for _ in 0..count.parse().unwrap() {
                tasks.spawn(call(connection.clone(), server.to_owned(), tool.to_owned()));
            }
            for line in tasks.join_all().await {
                println!("{line}");
            }
        }
        None if command == "sign-in" => connection.sign_in().await.unwrap(),
        None if command == "refresh" => connection.refresh().await.unwrap(),
        None => println!("revoked: {}", connection.sign_out().await.unwrap()),
    }
}

async fn call(connection: Connection, server: String, tool: String) -> String {
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#);
    let request = connection.http().post(server).header(CONTENT_TYPE, "application/json");
    let request = request.header(ACCEPT, "application/json, text/event-stream").body(body).build().unwrap();
    match connection.send(request).await {
        Ok(response) => format!("{tool} {}", response.status().as_u16()),
        Err(failure) => format!("{tool} {failure}"),
    }
}

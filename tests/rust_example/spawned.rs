//! Flows and connections are for `tokio::spawn` on the multi-thread runtime: this compiles only while their futures are `Send`.
#![allow(clippy::unwrap_used, reason = "a test program")]

use std::net::TcpListener;
use std::sync::Arc;

use mcp_oauth_driver::platform::FlowPlatform;
use mcp_oauth_driver::{Connection, ConnectionOptions, Failure, FileStore, Host};
use mcp_oauth_wasm::connection::came_back;
use mcp_oauth_wasm::connection::refusal::{self, Action, RefusalInput};
use mcp_oauth_wasm::connection::renewal::{self, RenewInput};
use mcp_oauth_wasm::connection::sign_in::{self, CameBackInput, SignInHost, SignInInput};
use mcp_oauth_wasm::data::error::{Code, Result};
use mcp_oauth_wasm::data::identifier::Endpoint;
use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::data::url::Zone;
use mcp_oauth_wasm::flow::replay::{Replay, run};
use mcp_oauth_wasm::protocol::settings::ClientDescription;
use tempfile::{TempDir, tempdir};

/// A host, and the URL of a server that is not there.
fn host() -> (Arc<Host>, String, TempDir) {
    let folder = tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    let host = Host::new(ClientDescription::default(), store, |_| {}).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    (host, format!("http://127.0.0.1:{port}/mcp"), folder)
}

/// What the flow comes to in a task of its own.
async fn spawned<T: Send + 'static>(
    host: &Arc<Host>,
    flow: impl Fn(&Replay) -> Result<T> + Send + 'static,
) -> Result<T> {
    let host = host.clone();
    tokio::spawn(async move { run(&FlowPlatform::new(&host), flow).await }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_run_in_tasks_of_their_own() {
    let (host, url, _folder) = host();
    let endpoint = Endpoint::named(&url, Zone::Local).unwrap();
    let sign_in_host = Arc::new(SignInHost {
        client: None,
        settings: None,
        redirects: 1,
        approves: None,
        grant: None,
        interactive_grant: None,
    });
    let sign_in = SignInInput {
        endpoint: endpoint.clone(),
        account: "default".to_owned(),
        id: "1".to_owned(),
        unanswered: None,
        ended: None,
        called_at: None,
        challenge: None,
        demanded: None,
        step_up: None,
        pressed: None,
        replaces: None,
        interaction: Some(true),
        agreed: None,
        host: sign_in_host.clone(),
    };
    let step_up = SignInInput { demanded: Some(ScopeSet::read("edit")), step_up: Some(true), ..sign_in.clone() };
    for input in [sign_in, step_up] {
        let outcome = spawned(&host, move |replay| sign_in::sign_in(replay, &input)).await;
        assert_eq!(outcome.err().unwrap().code, Code::NetworkFailed);
    }

    let callback_url = "http://127.0.0.1/callback?code=1&state=unknown".to_owned();
    let input = CameBackInput { callback_url, host: sign_in_host, account: None, id: None };
    let outcome = spawned(&host, move |replay| came_back::came_back(replay, &input)).await;
    assert_eq!(outcome.err().unwrap().code, Code::StateMismatch);

    let (account, replaces) = ("default".to_owned(), "a token".to_owned());
    let input = RenewInput { endpoint: endpoint.clone(), account, replaces, challenge: None, settings: None };
    let renewal = spawned(&host, move |replay| renewal::renew(replay, &input)).await.unwrap();
    assert!(renewal.session.is_none());

    let headers = vec!["Bearer scope=\"edit\"".to_owned()];
    let input = RefusalInput {
        endpoint,
        account: "default".to_owned(),
        method: None,
        in_session: None,
        status: 401,
        headers,
        session: None,
        late: None,
        untested: None,
        accepted: None,
        attempt: 0,
    };
    let decision = spawned(&host, move |replay| refusal::decide(replay, &input)).await.unwrap();
    assert_eq!(decision.action, Action::SignIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_in_tasks_of_their_own() {
    let (host, url, _folder) = host();
    let connection = Connection::new(host, &url, ConnectionOptions::default()).unwrap();
    let request = connection.http().get(&url).build().unwrap();
    let code = |failure: Failure| match failure {
        Failure::Error(error) => Some(error.code),
        Failure::InteractionRequired(_) => None,
    };

    let own = connection.clone();
    let sent = tokio::spawn(async move { own.send(request).await.map(|_| ()) }).await.unwrap();
    assert_eq!(sent.err().and_then(code), Some(Code::NetworkFailed));
    let own = connection.clone();
    let signed_in = tokio::spawn(async move { own.sign_in().await }).await.unwrap();
    assert_eq!(signed_in.err().and_then(code), Some(Code::NetworkFailed));
    let own = connection.clone();
    let refreshed = tokio::spawn(async move { own.refresh().await }).await.unwrap();
    assert_eq!(refreshed.err().and_then(code), Some(Code::NoRefreshToken));
    let revoked = tokio::spawn(async move { connection.sign_out().await }).await.unwrap();
    assert!(!revoked.unwrap());
}

//! A small application around `rmcp`, driven from JavaScript: one JSON object a line, in and out.
//!
//! In: first what the application is given, then `{"do": …}`. Out: `{"visit": URL}`, to be answered by
//! `{"callback": URL}` or `{"lost": why}`; `{"credentials": …}` whenever they change; `{"done": null | error}`.
//! It signs in reactively, as rmcp's documentation advises: from the challenge of a 401 by a fresh authorization, from
//! that of a 403 by a scope upgrade. What to do about scopes is left to the library, but for those that the host wants.

use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthError, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, CredentialStore,
    OAuthClientConfig, OAuthState, StoredCredentials, WWWAuthenticateParams,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Trips for one call: an application gives up at some point.
const TRIP_LIMIT: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    endpoint: String,
    redirect_uri: String,
    client_metadata_url: Option<String>,
    scopes: Vec<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    interaction: bool,
    approves: bool,
    credentials: Option<StoredCredentials>,
}

/// What is remembered, by a clock that the scenario sets.
#[derive(Clone)]
struct Store {
    credentials: Arc<StdMutex<Option<StoredCredentials>>>,
    ahead: Arc<StdMutex<u64>>,
}

impl Store {
    fn ahead(&self) -> u64 {
        *self.ahead.lock().expect("nobody panics while holding it")
    }

    fn set(&self, credentials: Option<StoredCredentials>) {
        say(&json!({ "credentials": credentials }));
        *self.credentials.lock().expect("nobody panics while holding it") = credentials;
    }

    fn get(&self) -> Option<StoredCredentials> {
        self.credentials.lock().expect("nobody panics while holding it").clone()
    }
}

#[async_trait]
impl CredentialStore for Store {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        Ok(self.get().map(|mut stored| {
            stored.token_received_at = stored.token_received_at.map(|at| at.saturating_sub(self.ahead()));
            stored
        }))
    }

    async fn save(&self, mut credentials: StoredCredentials) -> Result<(), AuthError> {
        credentials.token_received_at = credentials.token_received_at.map(|at| at + self.ahead());
        self.set(Some(credentials));
        Ok(())
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.set(None);
        Ok(())
    }
}

struct Application {
    given: Given,
    store: Store,
    session: Option<Session>,
}

struct Session {
    service: RunningService<RoleClient, ()>,
    manager: Arc<Mutex<AuthorizationManager>>,
}

impl Application {
    async fn perform(&mut self, command: &Value) -> Outcome {
        match command["do"].as_str() {
            Some("connect") => self.connect().await,
            Some("call") => self.call(command["operation"].as_str().unwrap_or_default()).await,
            Some("signIn") => {
                self.store.clear().await?;
                self.connect().await
            }
            Some("signOut" | "forget") => {
                self.session = None;
                Ok(self.store.clear().await?)
            }
            Some("refresh") => {
                self.manager().await?.refresh_token().await?;
                Ok(())
            }
            _ => Err("there is no such command".into()),
        }
    }

    async fn connect(&mut self) -> Outcome {
        self.session = None;
        for trip in 0.. {
            let client = AuthClient::new(reqwest::Client::new(), self.manager().await?);
            let manager = client.auth_manager.clone();
            let config = StreamableHttpClientTransportConfig::with_uri(self.given.endpoint.as_str());
            match ().serve(StreamableHttpClientTransport::with_client(client, config)).await {
                Ok(service) => {
                    self.session = Some(Session { service, manager });
                    return Ok(());
                }
                Err(error) => match error.auth_challenge().map(str::to_owned) {
                    Some(challenge) if trip < TRIP_LIMIT => self.authorize(&challenge, manager).await?,
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    async fn call(&mut self, operation: &str) -> Outcome {
        for trip in 0.. {
            if self.session.is_none() {
                self.connect().await?;
            }
            let Some(Session { service, manager }) = &self.session else { return Err("not connected".into()) };
            let manager = manager.clone();
            match service.call_tool(CallToolRequestParams::new(operation.to_owned())).await {
                Ok(_) => return Ok(()),
                Err(error) => match error.auth_challenge().map(str::to_owned) {
                    Some(challenge) if trip < TRIP_LIMIT => self.authorize(&challenge, manager).await?,
                    _ => return Err(error.into()),
                },
            }
            // The transport may have ended with the refusal, and a new one has the new token in any case.
            self.session = None;
        }
        Ok(())
    }

    /// A manager with what is remembered, for the redirect URI that can be had now.
    async fn manager(&self) -> Outcome<AuthorizationManager> {
        let mut manager = AuthorizationManager::new(self.given.endpoint.as_str()).await?;
        manager.set_credential_store(self.store.clone());
        if manager.initialize_from_store().await?
            && let Some(stored) = self.store.get()
        {
            let mut config = OAuthClientConfig::new(stored.client_id, self.given.redirect_uri.as_str())
                .with_scopes(stored.granted_scopes);
            if let Some(secret) = &self.given.client_secret {
                config = config.with_client_secret(secret.as_str());
            }
            manager.configure_client(config)?;
        }
        Ok(manager)
    }

    async fn authorize(&mut self, challenge: &str, manager: Arc<Mutex<AuthorizationManager>>) -> Outcome {
        let stored = self.store.get();
        if !self.given.interaction {
            return Err("a browser is needed, and not allowed for this call".into());
        }
        if !self.given.approves && stored.is_some() {
            return Err("the person did not agree to another trip".into());
        }
        let parameters = WWWAuthenticateParams::parse(challenge, &Url::parse(&self.given.endpoint)?);
        if parameters.is_insufficient_scope() && stored.is_some() {
            let manager = manager.lock().await;
            let required = parameters.scope.unwrap_or_default();
            let callback = visit(&manager.request_scope_upgrade(&required).await?)?;
            let AuthorizationCallback { code, csrf_token, issuer, .. } =
                AuthorizationCallback::from_redirect_url(&callback)?;
            manager.exchange_code_for_token_with_issuer(&code, &csrf_token, issuer.as_deref()).await?;
            return Ok(());
        }
        let mut manager = AuthorizationManager::new(self.given.endpoint.as_str()).await?;
        manager.set_credential_store(self.store.clone());
        let mut state = OAuthState::Unauthorized(manager);
        state.start_authorization(self.request(challenge, parameters.scope.as_deref())).await?;
        let callback = visit(&state.get_authorization_url().await?)?;
        Ok(state.handle_callback_url(&callback).await?)
    }

    fn request(&self, challenge: &str, demanded: Option<&str>) -> AuthorizationRequest {
        let Given { redirect_uri, client_metadata_url, scopes, client_id, client_secret, .. } = &self.given;
        let mut request =
            AuthorizationRequest::new(redirect_uri.as_str()).with_client_name("Zoo").with_challenge(challenge);
        if !scopes.is_empty() {
            let demanded = demanded.unwrap_or_default().split_whitespace().map(str::to_owned);
            request = request.with_scopes(demanded.chain(scopes.iter().cloned()));
        }
        if let Some(url) = client_metadata_url {
            request = request.with_client_metadata_url(url.as_str());
        }
        if let Some(client_id) = client_id {
            request = request.with_preregistered_client(client_id.as_str());
        }
        if let Some(secret) = client_secret {
            request = request.with_client_secret(secret.as_str());
        }
        request
    }
}

/// Sends the person to the authorization server, and returns where they came back to.
fn visit(authorization_url: &str) -> Outcome<String> {
    say(&json!({ "visit": authorization_url }));
    let answer = hear()?.ok_or("nobody answers")?;
    let callback = answer["callback"].as_str().ok_or_else(|| answer["lost"].as_str().unwrap_or_default().to_owned())?;
    if let Some((_, error)) = Url::parse(callback)?.query_pairs().find(|(name, _)| name == "error") {
        return Err(error.into_owned().into());
    }
    Ok(callback.to_owned())
}

fn say(message: &Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{message}").and_then(|()| output.flush()).expect("the other side listens");
}

fn hear() -> Outcome<Option<Value>> {
    let mut line = String::new();
    let length = std::io::stdin().lock().read_line(&mut line)?;
    if length == 0 { Ok(None) } else { Ok(Some(serde_json::from_str(&line)?)) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let given: Given = serde_json::from_value(hear()?.ok_or("nothing was given")?)?;
    let credentials = Arc::new(StdMutex::new(given.credentials.clone()));
    let store = Store { credentials, ahead: Arc::default() };
    let mut application = Application { given, store, session: None };
    while let Some(command) = hear()? {
        let world = command["now"].as_u64().unwrap_or_default();
        let here = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        *application.store.ahead.lock().expect("nobody panics while holding it") = world.saturating_sub(here);
        let error = application.perform(&command).await.err().map(|error| in_full(error.as_ref()));
        say(&json!({ "done": error }));
    }
    Ok(())
}

/// An error with everything that caused it.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

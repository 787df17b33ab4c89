//! What one flow asks for, done: requests over `reqwest`, and the effects over the parts of the host.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mcp_oauth_wasm::connection::sign_in::Departure;
use mcp_oauth_wasm::data::error::{Code, Error, Result, Step};
use mcp_oauth_wasm::data::http::{BODY_LIMIT, Request, Response};
use mcp_oauth_wasm::data::identifier::Secret;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::protocol::trace::{Event, redacted_url};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use tokio::task::spawn_blocking;

use crate::file_store::FileStore;
use crate::host::Host;
use crate::loopback_redirect::LoopbackRedirect;

/// How long a request may take, its body included.
const TIME_OUT: Duration = Duration::from_secs(30);

/// For one flow. What it locked and prepared is released when this is dropped, however the flow ends.
pub struct FlowPlatform<'h> {
    host: &'h Host,
    locks: Mutex<Vec<File>>,
    redirect: Mutex<Option<Arc<LoopbackRedirect>>>,
    started: Instant,
}

impl FlowPlatform<'_> {
    pub fn new(host: &Host) -> FlowPlatform<'_> {
        FlowPlatform { host, locks: Mutex::default(), redirect: Mutex::default(), started: Instant::now() }
    }

    /// Sends the person to the authorization server, and gives the URL that they come back with.
    pub async fn send_person(&self, departure: &Departure) -> Result<String> {
        let redirect = self.redirect.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(redirect) = redirect else {
            return Err(Error::new(Code::Internal, "A person was to be sent away with no way back.", &[]));
        };
        (self.host.open)(&departure.authorization_url);
        redirect.receive(&departure.state).await.map_err(|error| {
            let message = "Nobody came back from {}: {}. Sign in again.";
            Error::new(Code::TimedOut, message, &[departure.issuer.as_str(), &error.to_string()]).at(Step::Callback)
        })
    }

    async fn send(&self, request: &Request) -> reqwest::Result<reqwest::Response> {
        let method = Method::from_bytes(request.method.word().as_bytes()).unwrap_or_default();
        let limit = request.milliseconds.map_or(TIME_OUT, |limit| TIME_OUT.min(Duration::from_millis(limit)));
        let mut sending =
            self.host.http.request(method, &request.url).timeout(limit).header(ACCEPT, "application/json");
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, body.content_type).body(body.text.reveal().to_owned());
        }
        if let Some(authorization) = &request.authorization {
            sending = sending.header(AUTHORIZATION, authorization.reveal());
        }
        sending.send().await
    }

    async fn stored<T: Send + 'static>(
        &self,
        work: impl FnOnce(FileStore) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.host.store.clone();
        let done = spawn_blocking(move || work(store)).await.map_err(io::Error::other);
        done.flatten()
            .map_err(|error| Error::new(Code::HostFailed, "The store cannot be used: {}.", &[&error.to_string()]))
    }
}

impl Platform for FlowPlatform<'_> {
    async fn fetch(&self, _step: Step, request: &Request, _follows: bool) -> Result<Response> {
        let failed = |error: reqwest::Error| network_failed(&request.url, &error);
        let mut response = self.send(request).await.map_err(failed)?;
        let mut body = Vec::new();
        while body.len() <= BODY_LIMIT
            && let Some(chunk) = response.chunk().await.map_err(failed)?
        {
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (response.status().as_u16(), response.headers());
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Ok(Response::new(request.url.clone(), status, body, header))
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        match effect.clone() {
            Effect::Read { key } => {
                let record = self.stored(move |store| store.read(&key)).await?;
                Ok(record.map_or(Json::Null, |record| {
                    Json::Object(Vec::new()).with("version", record.version.into()).with("value", record.value)
                }))
            }
            Effect::CompareAndSwap { key, version, value } => {
                let swap = move |store: FileStore| store.compare_and_swap(&key, version.as_deref(), value.as_ref());
                self.stored(swap).await.map(Json::Bool)
            }
            Effect::Lock { key, .. } => {
                let lock = self.stored(move |store| store.lock(&key)).await?;
                self.locks.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
                Ok(Json::Null)
            }
            Effect::Wait { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(Json::Null)
            }
            Effect::PrepareRedirect { preferred, .. } => {
                // Its port may be the preferred one.
                self.redirect.lock().unwrap_or_else(PoisonError::into_inner).take();
                let redirect = LoopbackRedirect::listen(preferred.as_ref()).await.map_err(|error| {
                    let message = "This machine receives no authorization response on loopback: {}.";
                    Error::new(Code::HostFailed, message, &[&error.to_string()])
                })?;
                let uri = Json::Object(Vec::new()).with("redirectUri", redirect.uri.as_str().into());
                self.redirect.lock().unwrap_or_else(PoisonError::into_inner).replace(redirect.into());
                Ok(uri.with("acceptsQuery", Json::Bool(true)))
            }
            // The library then drops the ID Token, or ends the sign-in where the application itself asks for `openid`.
            Effect::CheckIdToken { .. } => Ok("unverified".into()),
            // What a name leads to is the browser's to find out here.
            Effect::Admit { .. } => Ok(Json::Null),
            // It asks for each when it is told to.
            Effect::AskAhead { .. } => Ok(Json::Null),
            // Neither is announced: nobody is asked, and there is no grant of our own.
            Effect::Approve { .. } | Effect::Obtain { .. } => Ok(Json::Null),
        }
    }

    async fn client_assertion(&self, _issuer: &str, _client_id: &str) -> Result<Secret> {
        Err(Error::new(Code::InvalidArgument, "This client has no key to authenticate with (`private_key_jwt`).", &[]))
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(Code::NoRandomness, "This machine gives no random bytes: {}.", &[&error.to_string()])
        })?;
        Ok(bytes)
    }

    fn now(&self) -> u64 {
        now()
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn trace(&self, event: Event) {
        // No secret is in it.
        tracing::debug!("{}: {}", event.step.word(), event.summary);
    }
}

/// The time, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

pub fn network_failed(url: &str, error: &reqwest::Error) -> Box<Error> {
    let (code, what) = if error.is_timeout() {
        (Code::TimedOut, "did not answer completely in time")
    } else {
        (Code::NetworkFailed, "could not be reached")
    };
    Error::new(code, "The server at {} {}. Check the URL and the network.", &[&redacted_url(url), what])
}

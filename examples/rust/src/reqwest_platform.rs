//! The seam between the sign-in and the world, over `reqwest`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_oauth_wasm::error::{Code, Error, Result, Step};
use mcp_oauth_wasm::http::{BODY_LIMIT, Request, Response};
use mcp_oauth_wasm::identifier::Secret;
use mcp_oauth_wasm::platform::Platform;
use mcp_oauth_wasm::registration::ClientRegistration;
use mcp_oauth_wasm::trace::{Event, redacted_url};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};

/// How long a request may take, its body included.
const TIME_OUT: Duration = Duration::from_secs(30);

pub struct ReqwestPlatform {
    client: Client,
}

impl ReqwestPlatform {
    pub fn new() -> reqwest::Result<ReqwestPlatform> {
        // Redirects are for the sign-in to judge: it follows those that stay where they are.
        let client = Client::builder().redirect(Policy::none()).timeout(TIME_OUT).build()?;
        Ok(ReqwestPlatform { client })
    }

    async fn send(&self, request: &Request) -> reqwest::Result<reqwest::Response> {
        let method = Method::from_bytes(request.method.word().as_bytes()).unwrap_or_default();
        let mut sending = self.client.request(method, &request.url).header(ACCEPT, "application/json");
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, body.content_type).body(body.text.reveal().to_owned());
        }
        if let Some(authorization) = &request.authorization {
            sending = sending.header(AUTHORIZATION, authorization.reveal());
        }
        sending.send().await
    }
}

impl Platform for ReqwestPlatform {
    async fn fetch(&self, _step: Step, request: &Request, _follows: bool) -> Result<Response> {
        let failed = |error: reqwest::Error| network_failed(request, &error);
        let mut response = self.send(request).await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                let message = "The server's answer is larger than 1 MiB, which no document of the protocol is.";
                return Err(Error::new(Code::ResponseTooLarge, message, &[]));
            }
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (response.status().as_u16(), response.headers());
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Ok(Response::new(request.url.clone(), status, body, header))
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
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    fn registered(&self, _: &ClientRegistration) {
        // An application stores it, for the next `flow::register`.
    }

    fn trace(&self, event: Event) {
        // No secret is in it.
        eprintln!("{}: {}", event.step.word(), event.summary);
    }
}

fn network_failed(request: &Request, error: &reqwest::Error) -> Box<Error> {
    let (code, what) = if error.is_timeout() {
        (Code::TimedOut, "did not answer completely in time")
    } else {
        (Code::NetworkFailed, "could not be reached")
    };
    let url = redacted_url(&request.url);
    Error::new(code, "The server at {} {}. Check the URL and the network.", &[&url, what])
}

//! Receives the authorization response on this machine's loopback interface (RFC 8252 §7.3).

use std::io;
use std::time::Duration;

use mcp_oauth_wasm::data::http::Parameters;
use mcp_oauth_wasm::data::identifier::{RedirectUri, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the person may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A longer request is not read to its end.
const REQUEST_LIMIT: u64 = 16 * 1024;

pub struct LoopbackRedirect {
    listener: TcpListener,
    /// What is registered and sent, byte for byte.
    pub uri: RedirectUri,
}

impl LoopbackRedirect {
    /// Listens at the port of the redirect URI that is registered already, if it is free, else at any. Each sign-in has one
    /// of its own, so that no response to another comes here.
    pub async fn listen(preferred: Option<&RedirectUri>) -> io::Result<LoopbackRedirect> {
        // Whatever query it has there.
        let address = |uri: &RedirectUri| {
            Some(uri.as_str().strip_prefix("http://")?.split('?').next()?.strip_suffix("/callback")?.to_owned())
        };
        let listening = match preferred.and_then(address) {
            Some(address) => TcpListener::bind(address).await.ok(),
            None => None,
        };
        let listener = match listening {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", 0)).await?,
        };
        let uri = format!("http://{}/callback", listener.local_addr()?);
        let uri = RedirectUri::parse(&uri).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(LoopbackRedirect { listener, uri })
    }

    /// Waits for the response that carries this `state`, and gives back its URL. Whatever else comes does not end the wait.
    pub async fn receive(&self, state: &Secret) -> io::Result<String> {
        timeout(PATIENCE, self.first(state)).await?
    }

    async fn first(&self, state: &Secret) -> io::Result<String> {
        // At once: browsers open connections on which they then say nothing.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    connections.spawn(answer(stream, self.uri.as_str().to_owned(), state.clone()));
                }
                Some(answered) = connections.join_next() => {
                    if let Ok(Ok(Some(callback_url))) = answered {
                        return Ok(callback_url);
                    }
                }
            }
        }
    }
}

/// Answers one request: the callback URL, if it is the one that is waited for.
async fn answer(mut stream: TcpStream, redirect_uri: String, state: Secret) -> io::Result<Option<String>> {
    let target = target(&mut stream).await?;
    let query = target.as_deref().and_then(|target| target.strip_prefix("/callback?"));
    let is_awaited = |query: &&str| Parameters::read(query).get("state").is_some_and(|given| state.equals(given));
    let callback_url = query.filter(is_awaited).map(|query| format!("{redirect_uri}?{query}"));
    let (status, text) = match callback_url {
        Some(_) => ("200 OK", "You may close this window and go back to the application."),
        None => ("404 Not Found", "There is nothing here."),
    };
    let length = text.len();
    let headers =
        "Content-Type: text/plain\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close";
    let response = format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{text}");
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(callback_url)
}

/// What a GET asks for. The request is read to the end of its headers, so that the browser reads our answer.
async fn target(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut request = Vec::new();
    let mut reader = stream.take(REQUEST_LIMIT);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if reader.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    let request = String::from_utf8_lossy(&request);
    Ok(request.strip_prefix("GET ").and_then(|line| line.split(' ').next()).map(str::to_owned))
}

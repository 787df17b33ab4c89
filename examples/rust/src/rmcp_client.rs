//! `rmcp` over a connection: every request that its transport sends is signed, and sent again after what it needed.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;

use futures_util::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;

use crate::connection::{Answer, Connection, Failure};

type Outcome<T> = Result<T, StreamableHttpError<reqwest::Error>>;
type Headers = HashMap<HeaderName, HeaderValue>;

impl StreamableHttpClient for Connection {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        url: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _token: Option<String>,
        headers: Headers,
    ) -> Outcome<StreamableHttpPostResponse> {
        self.call(&url, |token| {
            self.http().post_message(url.clone(), message.clone(), session.clone(), token, headers.clone())
        })
        .await
    }

    async fn get_stream(
        &self,
        url: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _token: Option<String>,
        headers: Headers,
    ) -> Outcome<BoxStream<'static, Result<Sse, SseError>>> {
        self.call(&url, |token| {
            self.http().get_stream(url.clone(), session.clone(), last_event.clone(), token, headers.clone())
        })
        .await
    }

    async fn delete_session(
        &self,
        url: Arc<str>,
        session: Arc<str>,
        _token: Option<String>,
        headers: Headers,
    ) -> Outcome<()> {
        self.call(&url, |token| self.http().delete_session(url.clone(), session.clone(), token, headers.clone())).await
    }
}

impl Connection {
    async fn call<T, F: Future<Output = Outcome<T>>>(
        &self,
        url: &str,
        send: impl Fn(Option<String>) -> F,
    ) -> Outcome<T> {
        let failed = |failure: Failure| StreamableHttpError::Io(io::Error::other(failure));
        self.send_signed(url, send, answer).await.map_err(failed)?
    }
}

fn answer<T>(outcome: &Outcome<T>) -> Option<Answer> {
    match outcome {
        Ok(_) => Some((200, Vec::new())),
        Err(StreamableHttpError::AuthRequired(refused)) => Some((401, vec![refused.www_authenticate_header.clone()])),
        Err(StreamableHttpError::InsufficientScope(refused)) => {
            Some((403, vec![refused.www_authenticate_header.clone()]))
        }
        Err(_) => None,
    }
}

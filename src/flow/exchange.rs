//! One exchange with a server: the request is sent, redirects are judged, the answer is decided or reported.

use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::{Method, Request, Response};
use crate::data::json::Json;
use crate::data::url::Url;
use crate::flow::replay::Replay;
use crate::protocol::trace::{Party, redacted_url};

/// How many redirects of a document are followed.
const REDIRECT_LIMIT: usize = 3;

/// A step's way to one party.
#[derive(Clone, Copy)]
pub struct Exchange<'w> {
    /// The replay.
    pub replay: &'w Replay,
    /// The step under way.
    pub step: Step,
    /// Whom it speaks to.
    pub party: Party,
    /// On whose word.
    pub named_by: &'w Url,
}

impl<'w> Exchange<'w> {
    /// Reads a document. Redirects are followed within the origin only, so that nobody else can speak for it.
    pub fn get(&self, url: &str) -> Result<&'w Response> {
        let mut request = Request::bare(Method::Get, url);
        for _ in 0..=REDIRECT_LIMIT {
            let mut response = self.send(&request, false)?;
            if response.status == 0 {
                response = self.send(&request, true)?;
            }
            if !response.is_redirect() {
                return available(response);
            }
            let target = response.location.as_deref().and_then(|location| Url::join(&request.url, location));
            request = Request::bare(Method::Get, within_origin(url, target)?.href());
        }
        Err(redirect_refused("in circles, or too often"))
    }

    /// Sends a request that changes something or carries secrets: never twice, and never elsewhere.
    pub fn once(&self, request: &Request) -> Result<&'w Response> {
        let response = self.unfollowed(request)?;
        if response.is_redirect() {
            return Err(redirect_refused("elsewhere, with secrets in the request"));
        }
        Ok(response)
    }

    /// The same, where a redirect is an answer that tells something.
    pub fn unfollowed(&self, request: &Request) -> Result<&'w Response> {
        decided(self.send(request, false)?)
    }

    /// Looks at the first answer to a URL, redirect or not, and follows nothing.
    pub fn look(&self, url: &str) -> Result<&'w Response> {
        self.send(&Request::bare(Method::Get, url), false)
    }

    fn send(&self, request: &Request, follows: bool) -> Result<&'w Response> {
        let request = Request { named_by: Some(self.named_by.clone()), ..request.clone() };
        let response = self.replay.fetch(self.step, self.party, &request, follows)?;
        // Where redirects are hidden the platform was told to follow; some follow, whatever they are told.
        within_origin(&request.url, Url::parse(&response.url))?;
        Ok(response)
    }
}

fn within_origin(asked: &str, target: Option<Url>) -> Result<Url> {
    let asked = Url::parse(asked).map(|asked| asked.origin());
    target
        .filter(|target| Some(target.origin()) == asked && target.is_secure())
        .ok_or_else(|| redirect_refused("to another origin"))
}

/// The error for a redirect that is not followed.
pub fn redirect_refused(whither: &str) -> Box<Error> {
    let message =
        "The server redirected the request {}. That was not followed. Its operator has to answer at the URL itself.";
    Error::new(Code::RedirectRefused, message, &[whither])
}

/// An answer to a form or a registration: some servers state an OAuth error with status 500.
fn decided(response: &Response) -> Result<&Response> {
    if response.status == 500 && response.stated_error().error.is_some() { Ok(response) } else { available(response) }
}

/// A server that is overloaded or broken has decided nothing: that is reported, never taken for an answer.
fn available(response: &Response) -> Result<&Response> {
    if !response.is_unavailable() {
        return Ok(response);
    }
    let status = Json::from(response.status).to_text();
    let url = redacted_url(&response.url);
    let message = "The server at {} is overloaded or broken (status {}). Nothing was decided and nothing deleted; try again later.";
    let retry_after = response.retry_after.as_deref().map_or(Json::Null, Json::from).as_whole_number();
    Err(Error::new(Code::ServerUnavailable, message, &[&url, &status])
        .with("url", url.as_str())
        .with("status", response.status)
        .with("retryAfterSeconds", retry_after.map_or(Json::Null, |seconds| Json::Number(seconds as f64))))
}

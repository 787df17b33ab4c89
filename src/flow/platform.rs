//! What a host provides to the flows.

use std::future::Future;

use crate::data::error::{Result, Step};
use crate::data::http::{Request, Response};
use crate::data::identifier::Secret;
use crate::data::json::Json;
use crate::flow::budget::Budget;
use crate::flow::effect::Effect;
use crate::protocol::trace::Event;

/// `Send`, except in JavaScript, whose values stay on one thread.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}

/// `Send`, except in JavaScript, whose values stay on one thread.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// What the flows need of a host. The shell implements it for JavaScript; a native host writes its own.
pub trait Platform {
    /// Sends one request of that step and reads its response, in bounded time ([`Request::milliseconds`] at most, then
    /// [`crate::data::error::Code::TimedOut`]) and no further than beyond [`crate::data::http::BODY_LIMIT`].
    ///
    /// Redirects are not followed. Where the platform hides them, status 0 stands for one; a request that
    /// `follows` is then followed by the platform, and the response says which URL answered.
    fn fetch(&self, step: Step, request: &Request, follows: bool)
    -> impl Future<Output = Result<Response>> + MaybeSend;

    /// An assertion by which the client authenticates at that issuer (RFC 7523 §2.2).
    fn client_assertion(&self, issuer: &str, client_id: &str) -> impl Future<Output = Result<Secret>> + MaybeSend;

    /// Does what a whole sign-in needs beside requests. A host that calls single steps only needs
    /// [`Effect::CheckIdToken`].
    fn perform(&self, effect: &Effect) -> impl Future<Output = Result<Json>> + MaybeSend;

    /// Whether requests can prove that a key is at hand (RFC 9449), so that tokens may be bound to it.
    fn proves_possession(&self) -> bool;

    /// 32 random bytes.
    fn random(&self) -> Result<[u8; 32]>;

    /// The time, in seconds since 1970.
    fn now(&self) -> u64;

    /// A clock for how long servers take, in milliseconds. It stands while the machine sleeps.
    fn milliseconds(&self) -> u64 {
        self.now() * 1000
    }

    /// What is left for the servers, where this call is a part of something: a refresh, and the sign-in that follows.
    /// `None`: as much as there is for one call.
    fn budget(&self) -> Option<Budget> {
        None
    }

    /// Keeps what is left, for the next part.
    fn keep_budget(&self, _left: Budget) {}

    /// Takes note of an event.
    fn trace(&self, event: Event);
}

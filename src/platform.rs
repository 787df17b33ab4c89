//! The seam between the story and the world: what a host provides.

use crate::error::{Result, Step};
use crate::http::{Request, Response};
use crate::identifier::Secret;
use crate::registration::ClientRegistration;
use crate::trace::Event;

/// What the story needs of the world. The shell implements it for JavaScript; a native host writes its own.
#[allow(async_fn_in_trait, reason = "one teller asks the platform, on one thread")]
pub trait Platform {
    /// Sends one request of that step and reads its response, in bounded time and at most
    /// [`crate::http::BODY_LIMIT`] bytes.
    ///
    /// Redirects are not followed. Where the platform hides them, status 0 stands for one; a request that
    /// `follows` is then followed by the platform, and the response says which URL answered.
    async fn fetch(&self, step: Step, request: &Request, follows: bool) -> Result<Response>;

    /// An assertion by which the client authenticates at that issuer (RFC 7523 §2.2).
    async fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret>;

    /// Whether requests can prove that a key is at hand (RFC 9449), so that tokens may be bound to it.
    fn proves_possession(&self) -> bool;

    /// 32 random bytes.
    fn random(&self) -> Result<[u8; 32]>;

    /// The time, in seconds since 1970.
    fn now(&self) -> u64;

    /// Takes note of a registration that the server answered with: it counts, whatever becomes of the sign-in, since it
    /// replaces what was registered before (RFC 7592 §3).
    fn registered(&self, registration: &ClientRegistration);

    /// Takes note of an event.
    fn trace(&self, event: Event);
}

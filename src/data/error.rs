//! Errors: what happened, who can act on it, and what to do next.

use std::fmt;

use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::{AsJson, Mismatch};
use crate::string_enum;

string_enum! {
    /// Who can act on an error.
    pub enum Kind {
        /// The calling code.
        Misuse = "misuse",
        /// The network; a retry may help.
        Transport = "transport",
        /// The user or the operator of a server, who refused; `details.error` carries the OAuth error.
        Refused = "refused",
        /// Nobody today: the server lacks something that MCP authorization needs.
        Incompatible = "incompatible",
        /// An attack or a bug at the other side. Such an error carries no words of the server's, only URLs that it named.
        Misbehaved = "misbehaved",
        /// Whoever keeps the store: a record cannot be read. It is never overwritten.
        Storage = "storage",
    }
}

string_enum! {
    /// The step of a sign-in that was under way.
    pub enum Step {
        /// Reading the challenge, the protected resource's metadata and the authorization server's.
        Discover = "discover",
        /// Planning scopes.
        Plan = "plan",
        /// Registering the client.
        Register = "register",
        /// Building the authorization request.
        Authorize = "authorize",
        /// Reading the authorization response.
        Callback = "callback",
        /// Trading the authorization code for tokens.
        Token = "token",
        /// Refreshing tokens.
        Refresh = "refresh",
        /// Calling the protected resource.
        Call = "call",
        /// Asking for more scopes.
        StepUp = "step-up",
        /// Revoking tokens.
        Revoke = "revoke",
    }
}

/// One row per code: variant, kind, the stable word. The only place where a code gets its kind.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident $kind:ident $word:literal,)*) => {
        string_enum! {
            /// A stable error code.
            pub enum Code { $($(#[doc = $doc])* $variant = $word,)* }
        }

        impl Code {
            /// Who can act on it.
            pub fn kind(self) -> Kind {
                match self { $(Code::$variant => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    /// An argument has the wrong shape; `details.path` says where.
    InvalidArgument Misuse "invalid_argument",
    /// A URL given by the host cannot be used.
    InvalidUrl Misuse "invalid_url",
    /// An extra authorization parameter would replace one of the protocol's own.
    ReservedParameter Misuse "reserved_parameter",
    /// A client belongs to another issuer; its credentials are not sent.
    ClientOfOtherIssuer Misuse "client_of_other_issuer",
    /// The redirect URI belongs to another authorization server; `details.redirectUri` has it.
    RedirectOfOtherIssuer Misuse "redirect_of_other_issuer",
    /// There is no refresh token to refresh with.
    NoRefreshToken Misuse "no_refresh_token",
    /// Interaction was allowed, but the host has no `redirect` to send the person with.
    NoRedirect Misuse "no_redirect",
    /// A part of this package contradicted itself, which is a bug of it.
    Internal Misuse "internal",
    /// The client metadata document lists redirect URIs, or the client was registered by hand with one, and the host can have none of them; `details.redirectUris` has them.
    RedirectNotListed Misuse "redirect_not_listed",
    /// The client metadata document's URL cannot be a client identifier.
    InvalidClientMetadataUrl Misuse "invalid_client_metadata_url",

    /// The request could not be sent or its answer not received.
    NetworkFailed Transport "network_failed",
    /// The server answers, and does not let this page see what (CORS); `details.url`, `headers` that are needed, `urls` with everything that was kept from the page.
    CorsMissing Transport "cors_missing",
    /// No complete answer came in time.
    TimedOut Transport "timed_out",
    /// The host cancelled the call.
    Aborted Transport "aborted",
    /// The host failed at what it was asked to do.
    HostFailed Transport "host_failed",
    /// The server answered 429 or 5xx: nothing is decided, nothing was deleted. `details.retryAfterSeconds`, where it says so.
    ServerUnavailable Transport "server_unavailable",
    /// The platform has no source of randomness.
    NoRandomness Transport "no_randomness",

    /// The authorization server sent the user back with an error (RFC 6749 §4.1.2.1).
    AuthorizationRefused Refused "authorization_refused",
    /// The token endpoint refused (RFC 6749 §5.2).
    TokenRefused Refused "token_refused",
    /// The refresh token is dead (RFC 6749 §5.2, `invalid_grant`), or its use was refused without an OAuth error: sign in again, with the same client.
    RefreshTokenRefused Refused "refresh_token_refused",
    /// The authorization server does not know the client, or not by this secret (`invalid_client`).
    ClientRefused Refused "client_refused",
    /// Registration was refused (RFC 7591 §3.2.2).
    RegistrationRefused Refused "registration_refused",
    /// A scope that is required is beyond what the host declared for its client, or the authorization server refused it.
    ScopeNotRegistered Refused "scope_not_registered",
    /// The host, or the person through it, did not approve. Nothing was sent.
    NotApproved Refused "not_approved",
    /// The MCP server demands scopes that were requested, and that the authorization server did not grant.
    ScopeWithheld Refused "scope_withheld",
    /// The attempts of this sign-in are used up.
    AttemptsExhausted Refused "attempts_exhausted",

    /// The MCP server publishes no protected resource metadata (RFC 9728).
    NoProtectedResourceMetadata Incompatible "no_protected_resource_metadata",
    /// No authorization server metadata was found (RFC 8414).
    NoAuthorizationServerMetadata Incompatible "no_authorization_server_metadata",
    /// The authorization server does not offer PKCE with S256 (RFC 7636).
    NoS256 Incompatible "no_s256",
    /// The authorization server offers no way to register, and no `client_id` is configured.
    NeedsClientId Incompatible "needs_client_id",
    /// None of the server's ways to authenticate a client is supported.
    NoClientAuthentication Incompatible "no_client_authentication",
    /// The authorization server offers no sign-in on another device (RFC 8628).
    NoDeviceAuthorizationEndpoint Incompatible "no_device_authorization_endpoint",
    /// The access token is of a type that is not supported.
    TokenTypeUnsupported Incompatible "token_type_unsupported",

    /// A document is not JSON, or not of the declared type; `details.reason` says more.
    NotJson Misbehaved "not_json",
    /// A document lacks a member or has one of the wrong type; `details.member` names it.
    InvalidDocument Misbehaved "invalid_document",
    /// A body was larger than 256 KiB.
    ResponseTooLarge Misbehaved "response_too_large",
    /// The servers of one call cost more than they may; `details.limit`: `requests`, `bytes`, `seconds`, or `record` for what would have to be stored.
    LimitExceeded Misbehaved "limit_exceeded",
    /// A redirect led elsewhere, down to http, or in circles (or a POST was redirected).
    RedirectRefused Misbehaved "redirect_refused",
    /// The server answered with a status that the protocol does not foresee.
    UnexpectedStatus Misbehaved "unexpected_status",
    /// The document's issuer is not the one that was asked for (RFC 8414 §3.3).
    IssuerMismatch Misbehaved "issuer_mismatch",
    /// The protected resource's metadata speaks of another resource (RFC 9728 §3.3).
    ResourceMismatch Misbehaved "resource_mismatch",
    /// An endpoint is not https (http on loopback), or has an active scheme.
    InsecureEndpoint Misbehaved "insecure_endpoint",
    /// A public server named a loopback, private or link-local address.
    PrivateAddress Misbehaved "private_address",
    /// The authorization response lacks `state`, has another or a used one (RFC 6749 §10.12).
    StateMismatch Misbehaved "state_mismatch",
    /// The authorization response comes from another issuer, or does not say (RFC 9207 §2.4).
    ResponseIssuerMismatch Misbehaved "response_issuer_mismatch",
    /// The authorization response is not one: wrong redirect URI, repeated members, neither code nor error.
    InvalidAuthorizationResponse Misbehaved "invalid_authorization_response",
    /// The MCP server refuses tokens that have everything it demands.
    FreshTokenRefused Misbehaved "fresh_token_refused",
    /// An ID Token does not hold (OpenID Connect Core §3.1.3.7); `details.reason` names the check.
    IdTokenInvalid Misbehaved "id_token_invalid",
    /// A token could not stand in a header.
    InvalidToken Misbehaved "invalid_token",

    /// A stored record is not what it should be; it was left as it is.
    RecordInvalid Storage "record_invalid",
    /// A stored record was written by a newer version; it was left as it is.
    RecordNewer Storage "record_newer",
}

/// An error: a code, a sentence that says what to do next, and the step in which it happened.
#[derive(Clone, Debug)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What happened, why, and what to do next.
    pub message: String,
    /// The step, once it is known.
    pub step: Option<Step>,
    /// Facts for programs: strings and numbers, never secrets.
    pub details: Vec<(&'static str, Json)>,
    /// How many bytes of an answer had come before it.
    pub length: usize,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code.word())
    }
}

impl std::error::Error for Error {}

/// What everything that can fail returns.
///
/// Boxed, since an error is rare and large: every `?` then moves one word.
pub type Result<T, E = Box<Error>> = std::result::Result<T, E>;

impl Error {
    /// An error with its message, in which each `{}` stands for the next of the parts.
    #[inline(never)]
    pub fn new(code: Code, message: &str, parts: &[&str]) -> Box<Error> {
        Box::new(Error { code, message: filled(message, parts), step: None, details: Vec::new(), length: 0 })
    }

    /// A document lacks something that it must have; `details.member` names it.
    pub fn invalid_document(document: &str, member: &str, rule: &str) -> Box<Error> {
        let message = "{} is unusable: `{}` {}. The server's operator has to correct it.";
        Error::new(Code::InvalidDocument, message, &[document, member, rule]).with("member", member)
    }

    /// The same error with one more fact; what it knows already stays.
    #[inline(never)]
    pub fn with(mut self: Box<Error>, name: &'static str, value: impl Into<Json>) -> Box<Error> {
        if self.details.iter().all(|(known, _)| *known != name) {
            self.details.push((name, value.into()));
        }
        self
    }

    /// The same error, with what was read when it came up.
    pub fn reading(mut self: Box<Error>, name: &'static str, value: &str) -> Box<Error> {
        let message = if name == "member" { "{} It is in `{}`." } else { "{} It stands in {}." };
        self.message = filled(message, &[&self.message, value]);
        self.with(name, value)
    }

    /// A fact that is a text; empty where it is none.
    pub fn detail(&self, name: &str) -> &str {
        let detail = self.details.iter().find(|(own, _)| *own == name);
        detail.and_then(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The same error, after so many bytes of an answer.
    pub fn after(mut self: Box<Error>, length: usize) -> Box<Error> {
        self.length = length;
        self
    }

    /// The same error, placed in a step unless it already is.
    pub fn at(mut self: Box<Error>, step: Step) -> Box<Error> {
        self.step.get_or_insert(step);
        self
    }

    /// Who can act on it.
    pub fn kind(&self) -> Kind {
        self.code.kind()
    }

    /// What a caller passed does not have the shape that it must have.
    pub fn invalid_argument(mismatch: Mismatch) -> Box<Error> {
        let message = "The argument `{}` must be {}.";
        // What a connection gathers from its host was given to it as `client` and `settings`.
        let path = mismatch.path.strip_prefix("host.").unwrap_or(&mismatch.path);
        Error::new(Code::InvalidArgument, message, &[path, mismatch.expected]).with("path", path)
    }

    /// What a store gave back does not have the shape that it must have.
    pub fn invalid_record(mismatch: Mismatch) -> Box<Error> {
        let message =
            "A stored record is damaged: `{}` must be {}. It was left as it is; move it aside to sign in anew.";
        Error::new(Code::RecordInvalid, message, &[&mismatch.path, mismatch.expected]).with("path", mismatch.path)
    }

    /// As it crosses to JavaScript, where a class is made of it.
    pub fn to_json(&self) -> Json {
        let mut details = Json::Object(Vec::new());
        for (name, value) in &self.details {
            details = details.with(name, value.clone());
        }
        Json::Object(Vec::new())
            .with("kind", self.kind().to_json())
            .with("code", self.code.to_json())
            .with("message", self.message.as_str().into())
            .with("step", self.step.to_json())
            .with("details", details)
    }
}

//! What a flow asks of its host beside requests to servers.

use std::sync::Arc;

use crate::data::identifier::{Endpoint, Issuer, RedirectUri, Secret};
use crate::data::json::Json;
use crate::data::record::AsJson;
use crate::protocol::discovery::Discovery;
use crate::protocol::registration::ClientRegistration;
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::token::Session;
use crate::protocol::trace::object;

/// One thing that the host does, and answers with plain data.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Read a record. Answer: `{ version, value }`, or `null` where there is none.
    Read {
        /// Its key.
        key: String,
    },
    /// Write a record, if it is still that version. Answer: whether it was.
    CompareAndSwap {
        /// Its key.
        key: String,
        /// The version that was read; `None`: there was none.
        version: Option<String>,
        /// The new value; `None` removes the record.
        value: Option<Json>,
    },
    /// Keep others who share the store from what they do under this lock, until the flow ends. Answer: nothing.
    Lock {
        /// Its key.
        key: String,
        /// How long to wait for it before going on without.
        milliseconds: Option<u64>,
    },
    /// Ask for these documents now: their answers are wanted later, if at all. Answer: whether that is done, at once. A host
    /// that cannot do it asks for each when it is told to.
    AskAhead {
        /// Their URLs.
        urls: Vec<String>,
    },
    /// Wait. Answer: nothing.
    Wait {
        /// How long.
        milliseconds: u64,
    },
    /// Get ready for the person to come back. Answer: `{ redirectUri }`, and `acceptsQuery: true` where responses are
    /// received at it with any query as well.
    PrepareRedirect {
        /// Which of the host's ways back, counted from 0. The one that was prepared before is not needed any more.
        candidate: u64,
        /// The authorization server to which the person goes.
        issuer: Issuer,
        /// The redirect URI that is registered already.
        preferred: Option<RedirectUri>,
        /// Those that the client metadata document lists, where it was found not to list the one that was prepared.
        listed: Option<Vec<String>>,
    },
    /// Ask the person whether to go on. Answer: whether they agree.
    Approve {
        /// Why: `step-up` or `issuer-changed`.
        reason: &'static str,
        /// The authorization server to which the person would go.
        issuer: Issuer,
        /// What would be asked for.
        plan: Arc<ScopePlan>,
    },
    /// See where the person is about to be sent. Answer: nothing. A host that can tell addresses fails where that is nearer to
    /// this machine than the server on whose word they go.
    Admit {
        /// What a server named.
        url: String,
        /// On whose word: the MCP server's.
        named_by: Endpoint,
    },
    /// Check the session's ID Token (OpenID Connect Core §3.1.3.7). Answer: `null`, the name of the check that failed
    /// (`unverified` by a host that cannot check any), or `{ "wantsKeys": true }`; then it is asked once more, with the
    /// server's keys.
    CheckIdToken {
        /// The session, with an ID Token.
        session: Box<Session>,
        /// What the token has to repeat; `None`: no nonce was sent.
        nonce: Option<Secret>,
        /// The server's keys (RFC 7517 §5), once they were read.
        keys: Option<Json>,
    },
    /// Get a session by the host's own grant. Answer: the session.
    Obtain {
        /// What discovery found.
        discovery: Arc<Discovery>,
        /// The client.
        registration: Arc<ClientRegistration>,
        /// The scopes.
        plan: Arc<ScopePlan>,
    },
}

impl Effect {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Effect::Read { .. } => "read",
            Effect::CompareAndSwap { .. } => "compareAndSwap",
            Effect::Lock { .. } => "lock",
            Effect::AskAhead { .. } => "askAhead",
            Effect::Wait { .. } => "wait",
            Effect::PrepareRedirect { .. } => "prepareRedirect",
            Effect::Approve { .. } => "approve",
            Effect::Admit { .. } => "admit",
            Effect::CheckIdToken { .. } => "checkIdToken",
            Effect::Obtain { .. } => "obtain",
        }
    }

    /// What it is about, in a few words: the same question is asked again when a flow runs again.
    pub fn subject(&self) -> &str {
        match self {
            Effect::Read { key } | Effect::CompareAndSwap { key, .. } | Effect::Lock { key, .. } => key,
            Effect::PrepareRedirect { issuer, .. } => issuer.as_str(),
            Effect::Approve { reason, .. } => reason,
            Effect::CheckIdToken { keys: Some(_), .. } => "keys",
            _ => "",
        }
    }

    /// As it crosses to JavaScript.
    pub fn to_json(&self) -> Json {
        match self {
            Effect::Read { key } => object().with("key", key.as_str().into()),
            Effect::Lock { key, milliseconds } => {
                object().with("key", key.as_str().into()).with("milliseconds", milliseconds.to_json())
            }
            Effect::CompareAndSwap { key, version, value } => object()
                .with("key", key.as_str().into())
                .with("version", version.to_json())
                .with("value", value.to_json()),
            Effect::AskAhead { urls } => object().with("urls", urls.to_json()),
            Effect::Wait { milliseconds } => object().with("milliseconds", milliseconds.to_json()),
            Effect::PrepareRedirect { candidate, issuer, preferred, listed } => object()
                .with("candidate", candidate.to_json())
                .with("issuer", issuer.to_json())
                .with("preferred", preferred.to_json())
                .with("listed", listed.to_json()),
            Effect::Approve { reason, issuer, plan } => {
                object().with("reason", (*reason).into()).with("issuer", issuer.to_json()).with("plan", plan.to_json())
            }
            Effect::Admit { url, named_by } => {
                object().with("url", url.as_str().into()).with("namedBy", named_by.to_json())
            }
            Effect::CheckIdToken { session, nonce, keys } => {
                object().with("session", session.to_json()).with("nonce", nonce.to_json()).with("keys", keys.to_json())
            }
            Effect::Obtain { discovery, registration, plan } => object()
                .with("discovery", discovery.to_json())
                .with("registration", registration.to_json())
                .with("plan", plan.to_json()),
        }
    }
}

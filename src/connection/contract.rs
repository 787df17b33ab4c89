//! What a sign-in takes of its host, and gives.

use std::sync::Arc;

use crate::data::identifier::{Endpoint, Issuer, Secret};
use crate::data::record::AsJson;
use crate::data::scope::ScopeSet;
use crate::flow::steps::SignedIn;
use crate::protocol::challenge::Challenge;
use crate::protocol::grant::GrantType;
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::settings::{ClientDescription, ServerSettings};
use crate::{record, tagged};

record! {
    /// What a host brings to a sign-in.
    #[derive(Debug)]
    pub struct SignInHost {
        /// The client, as it presents itself.
        pub client: Option<Arc<ClientDescription>>,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
        /// How many ways it has for a person to come back.
        pub redirects: u64,
        /// Whether it wants to be asked before a step-up or a changed issuer.
        pub approves: Option<bool>,
        /// The grant by which it gets sessions. Absent: the authorization code.
        pub grant: Option<GrantType>,
        /// Whether a person takes part in that.
        pub interactive_grant: Option<bool>,
    }
}

record! {
    /// Whose refusal is expected.
    #[derive(Debug)]
    pub struct AskAheadInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
    }
}

record! {
    /// What a sign-in starts from.
    #[derive(Debug)]
    pub struct SignInInput {
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
        /// Tells this sign-in apart from all others, in whatever process: drawn at random.
        pub id: String,
        /// How often the person was sent in this sign-in before, and has not come back yet.
        pub unanswered: Option<u64>,
        /// Another sign-in whose process is known to have ended.
        pub ended: Option<String>,
        /// Where it was found to be, after redirects. Absent: where it was the last time, or at its URL.
        pub called_at: Option<Endpoint>,
        /// The challenge that is answered, where there is one.
        pub challenge: Option<Challenge>,
        /// The scopes that the MCP server demands, and that the token lacks.
        pub demanded: Option<ScopeSet>,
        /// Whether there is a session, and more scopes are asked for.
        pub step_up: Option<bool>,
        /// Whether a person asked for it, rather than a call.
        pub pressed: Option<bool>,
        /// The access token that was refused, empty where none was sent: another one that has come in the meantime, and
        /// has all that is demanded, will do. Absent: a new one is wanted.
        pub replaces: Option<String>,
        /// Whether a person may be asked.
        pub interaction: Option<bool>,
        /// What was agreed to, where it was shown beforehand. Anything beyond it is a new question.
        pub agreed: Option<Consent>,
        /// What the host brings.
        pub host: Arc<SignInHost>,
    }
}

record! {
    /// What was agreed to, by whoever was shown it: that somebody signs in there, for no more than that.
    #[derive(Debug)]
    pub struct Consent {
        /// The authorization server.
        pub issuer: Issuer,
        /// The scopes.
        pub scopes: ScopeSet,
    }
}

record! {
    /// What goes on where the person came back.
    #[derive(Debug)]
    pub struct CameBackInput {
        /// The whole URL that the browser was sent back to.
        pub callback_url: String,
        /// The account of whoever brings it. Absent: whoever began the sign-in.
        pub account: Option<String>,
        /// What tells the sign-in apart from here on, where another process may have begun it: as that of `SignInInput`.
        pub id: Option<String>,
        /// What the host brings.
        pub host: Arc<SignInHost>,
    }
}

record! {
    /// Where the person has to go (RFC 6749 §4.1.1).
    #[derive(Debug)]
    pub struct Departure {
        /// The URL to open: https, or http on loopback.
        pub authorization_url: String,
        /// What the response will carry.
        pub state: Secret,
        /// The authorization server.
        pub issuer: Issuer,
        /// Documents to ask for while the person is away, since they will be wanted then.
        pub ask_ahead: Option<Vec<String>>,
    }
}

record! {
    /// What a person would have to do.
    #[derive(Debug)]
    pub struct InteractionRequired {
        /// The authorization server at which somebody has to sign in.
        pub issuer: Issuer,
        /// What would be asked for.
        pub plan: Arc<ScopePlan>,
    }
}

record! {
    /// A sign-in of another process, for which this one has to wait. Ask again after a second. It has `ended` where it is not
    /// renewed any more: neither seen to be in six seconds, nor for fifteen by the clock, which may jump.
    #[derive(Debug)]
    pub struct UnderWay {
        /// What tells it apart from others.
        pub id: String,
        /// When it was renewed last, in seconds since 1970.
        pub renewed_at: u64,
    }
}

tagged! {
    /// How far a sign-in came.
    pub enum SignInOutcome {
        /// The person is signed in; the session is stored.
        SignedIn(SignedIn) = "signed-in",
        /// The person has to be sent to the authorization server; all that is needed to go on is stored.
        Authorize(Departure) = "authorize",
        /// A person is needed, and may not be asked.
        InteractionRequired(InteractionRequired) = "interaction-required",
        /// Another process sends the person. Whoever asks for it by a press goes ahead all the same.
        UnderWay(UnderWay) = "under-way",
    }
}

//! Whose a redirect URI is. Where an authorization server does not say in its responses that they are its own (`iss`,
//! RFC 9207), it is told apart from others by the redirect URI alone (RFC 9700 §4.4.2): that belongs to one issuer, by the
//! mark of it that stands in it, or by a record.

use crate::connection::stored::{RECORD_VERSION, SWAP_LIMIT, read_record, swap, whole};
use crate::data::error::{Code, Error, Result, Step};
use crate::data::identifier::{Issuer, RedirectUri};
use crate::data::printable::filled;
use crate::data::record::AsJson;
use crate::flow::replay::Replay;
use crate::protocol::authorization_server::AuthorizationServer;
use crate::protocol::pkce;
use crate::protocol::settings::ServerSettings;
use crate::record;

record! {
    /// Whose responses come back at a redirect URI, if they do not say so themselves.
    #[derive(Debug)]
    pub struct KeptRedirect {
        /// The version of this record: 1.
        pub version: u64,
        /// The authorization server.
        pub issuer: Issuer,
        /// Whether the client was registered there by hand, with that redirect URI.
        pub by_hand: Option<bool>,
    }
}

/// A redirect URI, and the authorization server that would send people back there.
pub struct Ownership<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// Whether the client was registered there by hand.
    pub is_by_hand: bool,
}

impl<'a> Ownership<'a> {
    /// As the settings have it. A client that does not say whose it is could be anybody's.
    pub fn new(server: &'a AuthorizationServer, settings: &ServerSettings) -> Ownership<'a> {
        let is_by_hand = settings.client.as_ref().is_some_and(|client| client.issuer.is_some());
        Ownership { server, is_by_hand }
    }

    /// The redirect URI that may be used: this one, or else it with the mark of the issuer, where responses are received
    /// there too.
    pub fn usable(&self, replay: &Replay, uri: RedirectUri, accepts_query: bool) -> Result<RedirectUri> {
        if self.may_use(&uri) || self.owner(replay, &uri)?.1.is_none_or(|owner| self.may_take(&owner)) {
            return Ok(uri);
        }
        let separator = if uri.as_str().contains('?') { "&" } else { "?" };
        let mark = pkce::mark(self.server.issuer.as_str());
        let own = RedirectUri::parse(&filled("{}{}issuer={}", &[uri.as_str(), separator, &mark]));
        own.filter(|_| accepts_query).ok_or_else(|| self.of_other_issuer(&uri))
    }

    /// Makes it this issuer's, if it is nobody's yet.
    pub fn claim(&self, replay: &Replay, uri: &RedirectUri) -> Result<()> {
        if self.may_use(uri) {
            return Ok(());
        }
        for _ in 0..SWAP_LIMIT {
            let (version, owner) = self.owner(replay, uri)?;
            if let Some(owner) = owner {
                if owner.issuer == self.server.issuer && (owner.by_hand == Some(true) || !self.is_by_hand) {
                    return Ok(());
                }
                if !self.may_take(&owner) {
                    return Err(self.of_other_issuer(uri));
                }
            }
            let (issuer, by_hand) = (self.server.issuer.clone(), self.is_by_hand.then_some(true));
            let kept = KeptRedirect { version: RECORD_VERSION, issuer, by_hand };
            if swap(replay, &key(uri), version, Some(kept.to_json()))? {
                return Ok(());
            }
        }
        Err(self.of_other_issuer(uri))
    }

    /// Refuses a response at a redirect URI that has become another issuer's meanwhile.
    pub fn require(&self, replay: &Replay, uri: &RedirectUri) -> Result<()> {
        let is_own = |owner: KeptRedirect| owner.issuer == self.server.issuer;
        let holds = self.may_use(uri) || self.owner(replay, uri)?.1.is_none_or(is_own);
        if holds { Ok(()) } else { Err(self.of_other_issuer(uri)) }
    }

    /// Whether it is told apart without a record.
    fn may_use(&self, uri: &RedirectUri) -> bool {
        let AuthorizationServer { issuer, authorization_response_iss_parameter_supported: says_so, .. } = self.server;
        *says_so || uri.as_str().contains(&pkce::mark(issuer.as_str()))
    }

    fn may_take(&self, owner: &KeptRedirect) -> bool {
        owner.issuer == self.server.issuer || self.is_by_hand && owner.by_hand != Some(true)
    }

    fn owner(&self, replay: &Replay, uri: &RedirectUri) -> Result<(Option<String>, Option<KeptRedirect>)> {
        let key = key(uri);
        let (version, value) = read_record(replay, &key)?.unzip();
        Ok((version, value.map(|value| whole(&key, &value)).transpose()?))
    }

    fn of_other_issuer(&self, uri: &RedirectUri) -> Box<Error> {
        let message = "The redirect URI {} is another authorization server's, and the responses of {} do not say whose they are (`iss`, RFC 9207): a code could go to the wrong one (RFC 9700 §4.4.2). Nothing was sent. Give this server a `redirectUri` of its own, or leave `pathPerIssuer` on.";
        let issuer = self.server.issuer.as_str();
        Error::new(Code::RedirectOfOtherIssuer, message, &[uri.as_str(), issuer])
            .with("issuer", issuer)
            .with("redirectUri", uri.as_str())
            .at(Step::Authorize)
    }
}

fn key(uri: &RedirectUri) -> String {
    filled("redirect {}", &[&uri.without_port()])
}

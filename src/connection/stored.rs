//! What is kept in a host's store, and under which keys. A record is written whole or not at all, by comparing and
//! swapping. One that is damaged or was written by a newer version is reported, and never overwritten.

use std::sync::Arc;

use crate::connection::contract::Consent;
use crate::data::error::{Code, Error, Result};
use crate::data::identifier::{Endpoint, Issuer, Secret};
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::record::{AsJson, read};
use crate::data::url::Zone;
use crate::flow::budget::exceeded;
use crate::flow::effect::Effect;
use crate::flow::replay::Replay;
use crate::protocol::authorization::PendingAuthorization;
use crate::protocol::discovery::KeptDiscovery;
use crate::protocol::registration::{ClientRegistration, RegistrationKind};
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::settings::ServerSettings;
use crate::protocol::token::{Session, Tokens};
use crate::record;

/// The version of the records that this code writes.
pub const RECORD_VERSION: u64 = 1;

/// How often a swap is tried when others write the same record at the same time.
pub const SWAP_LIMIT: usize = 100;

/// How the names of clients begin that were registered by hand.
const BY_HAND: &str = "client ";

/// How many replaced sessions are remembered for each account: all of them are revoked in one call.
const REPLACED_LIMIT: usize = 15;

/// How many accounts of a client are remembered: where there are others, it is not deleted.
pub const ACCOUNTS_LIMIT: usize = 20;

/// How large a record may be, in bytes of JSON, whatever a server sends.
const SIZE_LIMIT: usize = 32 * 1024;

const DAY: u64 = 86_400;

/// For how long a record counts after it was written. Nobody comes back to a sign-in page after a day.
fn lifetime(key: &str) -> u64 {
    match kind_of(key) {
        "pending" | "sign-in" => DAY,
        // It stays its issuer's.
        "redirect" => 36_500 * DAY,
        _ => 400 * DAY,
    }
}

record! {
    /// A registered client, as it is stored (RFC 7591 §3.2.1).
    #[derive(Debug)]
    pub struct KeptRegistration {
        /// The client.
        pub registration: Arc<ClientRegistration>,
        /// The accounts whose sessions use it.
        pub accounts: Vec<String>,
        /// Whether a refusal spoke of the client, which may be forgotten.
        pub doubtful: Option<bool>,
        /// How often a fresh code was refused since it last worked, by which some servers say that they have forgotten it.
        pub refused_codes: Option<u64>,
        /// What discovery found when somebody signed in with it last.
        pub discovery: Option<KeptDiscovery>,
    }
}

record! {
    /// How far a sign-in has come, beside what its pending authorization tells.
    #[derive(Debug, Default)]
    pub struct Progress {
        /// What tells it apart from others, where it sends a person.
        pub id: Option<String>,
        /// Whether the person was sent to the authorization server before, and did not come back yet.
        pub unanswered: Option<bool>,
        /// Whether there was a session when it began.
        pub had_session: Option<bool>,
        /// Which of the host's ways back is in use, counted from 0.
        pub redirect: u64,
        /// Whether a person asked for it.
        pub pressed: Option<bool>,
        /// What was agreed to, where somebody was asked.
        pub agreed: Option<Consent>,
        /// Whether the client is the one that is stored now.
        pub kept: Option<bool>,
        /// The client that was stored when it began.
        pub stored: Option<Arc<KeptRegistration>>,
        /// Whether the client is registered though it could name a metadata document.
        pub without_document: Option<bool>,
        /// Whether a client that the server refused was replaced.
        pub replaced: Option<bool>,
        /// Whether the client was registered in this sign-in.
        pub registered: Option<bool>,
        /// Whether the server was given time to make a new client known.
        pub waited: Option<bool>,
        /// Whether the person was sent by what was kept of the authorization server, which has to say the same now.
        pub unconfirmed: Option<bool>,
    }
}

record! {
    /// An authorization that waits for its response (RFC 6749 §4.1), as it is stored under its `state`.
    #[derive(Debug)]
    pub struct KeptPending {
        /// The version of this record: 1.
        pub version: u64,
        /// The MCP server's URL.
        pub endpoint: Endpoint,
        /// The account at it.
        pub account: String,
        /// What the response is read with.
        pub pending: PendingAuthorization,
        /// How far the sign-in has come.
        pub progress: Progress,
    }
}

record! {
    /// What the connection needs, though it has no session.
    #[derive(Debug)]
    pub struct KeptPlan {
        /// The version of this record: 1.
        pub version: u64,
        /// The authorization server that the plan is for.
        pub issuer: Issuer,
        /// The plan of the last session.
        pub plan: Arc<ScopePlan>,
    }
}

record! {
    /// Tokens that can be revoked (RFC 7009).
    #[derive(Debug)]
    pub struct Revocable {
        /// Where.
        pub endpoint: Endpoint,
        /// The client that they were issued to.
        pub registration: Arc<ClientRegistration>,
        /// The tokens.
        pub tokens: Tokens,
    }
}

impl Revocable {
    /// Those of a session, where the server revokes tokens.
    pub fn of(Session { discovery, registration, tokens, .. }: &Session) -> Option<Revocable> {
        let endpoint = discovery.authorization_server.endpoints.as_ref()?.get("revocation_endpoint")?;
        let endpoint = Endpoint::named(endpoint, Zone::Local).ok()?;
        Some(Revocable { endpoint, registration: registration.clone(), tokens: tokens.clone() })
    }
}

record! {
    /// What is left of the sessions that another one has replaced, until they are signed out with it.
    #[derive(Debug, Default)]
    pub struct Replaced {
        /// Their tokens, the latest last.
        pub sessions: Vec<Revocable>,
    }
}

/// The version and the value of a record, if there is one.
pub type Record = Option<(String, Json)>;

/// Whose records they are: one account at one MCP server.
pub struct Place<'a> {
    /// The MCP server's URL.
    pub endpoint: &'a Endpoint,
    /// The account at it.
    pub account: &'a str,
}

impl Place<'_> {
    /// The key of a record, the same however the URL is spelled. No account of one server has the place of another
    /// server's: an account may contain spaces, a URL as it is called does not.
    pub fn key(&self, kind: &str) -> String {
        filled("{} {} {}", &[kind, self.endpoint.url().href(), self.account])
    }

    /// The stored session, and the version of its record.
    pub fn session(&self, replay: &Replay) -> Result<Option<(String, Session)>> {
        let key = self.key("session");
        let Some((version, value)) = read_record(replay, &key)? else { return Ok(None) };
        let session: Session = whole(&key, &value)?;
        let is_fit = Secret::for_header(session.tokens.access_token.reveal()).is_some();
        if is_fit { Ok(Some((version, session))) } else { Err(damaged(&key)) }
    }

    /// Stores the session, whatever is there. What it replaces is kept for the sign-out, and not revoked before: that may
    /// end the whole grant (RFC 7009 §2.1), and what came of it since.
    pub fn store_session(&self, replay: &Replay, session: &Session, had_session: bool) -> Result<()> {
        let (key, value) = (self.key("session"), kept_session(session));
        if !had_session && swap(replay, &key, None, Some(value.clone()))? {
            return Ok(());
        }
        let (likely, there) = self.session(replay)?.unzip();
        let is_other = |there: &Session| there.tokens.access_token != session.tokens.access_token;
        if let Some(replaced) = there.filter(is_other).and_then(|there| Revocable::of(&there)) {
            let may_serve = |Tokens { refresh_token, expires_at, .. }: &Tokens| {
                refresh_token.is_some() || expires_at.is_none_or(|at| at > replay.now())
            };
            change(replay, &self.key("replaced"), None, &|there| {
                let mut all = there.map_or(Ok(Replaced::default()), read::<Replaced>).ok()?.sessions;
                all.push(replaced.clone());
                all.retain(|kept| may_serve(&kept.tokens));
                let sessions = all.split_off(all.len().saturating_sub(REPLACED_LIMIT));
                let mut sessions: Vec<Json> = sessions.iter().map(AsJson::to_json).collect();
                forget_oldest(&mut sessions, |kept| kept.size());
                Some(versioned().with("sessions", Json::Array(sessions)))
            })?;
        }
        if swap(replay, &key, likely, Some(value.clone()))? {
            return Ok(());
        }
        change(replay, &key, None, &|_| Some(value.clone()))
    }

    /// The record of all clients.
    pub fn clients(&self, replay: &Replay) -> Result<Record> {
        read_record(replay, &self.clients_key())
    }

    /// The client at that issuer, in that record. One registered by hand is kept under its identifier instead, so that it
    /// stays bound to the issuer that it was first used with.
    pub fn client(
        &self,
        clients: &Record,
        issuer: &Issuer,
        settings: &ServerSettings,
    ) -> Result<Option<KeptRegistration>> {
        whole(&self.clients_key(), members(clients).member(&client_name(issuer, settings)))
    }

    /// Changes the stored client at that issuer.
    pub fn change_client(
        &self,
        replay: &Replay,
        issuer: &Issuer,
        settings: &ServerSettings,
        known: Option<Record>,
        changed: &dyn Fn(Option<KeptRegistration>) -> Option<KeptRegistration>,
    ) -> Result<()> {
        let (key, name) = (self.clients_key(), client_name(issuer, settings));
        change(replay, &key, known, &|there| {
            let clients = there.map(|there| there.member("clients").clone()).unwrap_or(Json::Object(Vec::new()));
            let kept = read::<Option<KeptRegistration>>(clients.member(&name)).ok()?;
            let Json::Object(mut members) = clients else { return None };
            members.retain(|(own, _)| *own != name);
            let kept = changed(kept).map(|kept| (name.clone(), kept.to_json()));
            members.extend(kept);
            // A client of one's own stays bound to its issuer.
            let is_own = |(name, _): &(String, Json)| name.starts_with(BY_HAND);
            let mut kept: Vec<_> = members.iter().filter(|client| is_own(client)).cloned().collect();
            members.retain(|client| !is_own(client));
            forget_oldest(&mut members, |(name, kept)| name.len() + kept.size());
            members.append(&mut kept);
            Some(versioned().with("clients", Json::Object(members)))
        })
    }

    /// Forgets a client that the server no longer knows, unless another one has taken its place.
    pub fn forget_client(&self, replay: &Replay, client: &ClientRegistration) -> Result<()> {
        self.distrust_client(replay, client, true)
    }

    /// Has the server asked whether it still knows a client, before a person is sent there with it.
    pub fn doubt_client(&self, replay: &Replay, client: &ClientRegistration) -> Result<()> {
        self.distrust_client(replay, client, false)
    }

    fn distrust_client(&self, replay: &Replay, client: &ClientRegistration, is_forgotten: bool) -> Result<()> {
        if client.kind != RegistrationKind::Dynamic {
            return Ok(());
        }
        self.change_client(replay, &client.issuer, &ServerSettings::default(), None, &|there| {
            let mut kept = there?;
            if kept.registration.client_id == client.client_id {
                if is_forgotten {
                    return None;
                }
                kept.doubtful = Some(true);
            }
            Some(kept)
        })
    }

    /// Changes the session with that access token, if it is still there; gives what is there then.
    pub fn change_session(
        &self,
        replay: &Replay,
        access_token: &str,
        changed: &dyn Fn(Session) -> Session,
    ) -> Result<Option<Session>> {
        let key = self.key("session");
        for _ in 0..SWAP_LIMIT {
            let Some((version, value)) = read_record(replay, &key)? else { return Ok(None) };
            let there: Session = whole(&key, &value)?;
            if there.tokens.access_token.reveal() != access_token {
                return Ok(Some(there));
            }
            let session = changed(there);
            if swap(replay, &key, Some(version), Some(kept_session(&session)))? {
                return Ok(Some(session));
            }
        }
        Err(too_busy())
    }

    /// Keeps others who share the store from renewing the session at the same time. `milliseconds`: how long this may wait.
    pub fn lock_session(&self, replay: &Replay, milliseconds: Option<u64>) -> Result<()> {
        replay.perform(Effect::Lock { key: self.key("session"), milliseconds }).map(|_| ())
    }

    /// The tokens of the sessions that were replaced.
    pub fn replaced(&self, replay: &Replay) -> Result<Vec<Revocable>> {
        let key = self.key("replaced");
        let there = read_record(replay, &key)?;
        there.map_or(Ok(Vec::new()), |(_, value)| whole(&key, &value).map(|replaced: Replaced| replaced.sessions))
    }

    /// What the connection needs: as its session says, or else as was kept when the client was forgotten.
    pub fn plan(&self, replay: &Replay, session: Option<&Session>) -> Result<Option<KeptPlan>> {
        if let Some(Session { registration, plan, .. }) = session {
            let (issuer, plan) = (registration.issuer.clone(), plan.clone());
            return Ok(Some(KeptPlan { version: RECORD_VERSION, issuer, plan }));
        }
        let key = self.key("plan");
        read_record(replay, &key)?.map(|(_, value)| whole(&key, &value)).transpose()
    }

    /// Keeps what the connection needs.
    pub fn keep_plan(&self, replay: &Replay, plan: &KeptPlan) -> Result<()> {
        change(replay, &self.key("plan"), None, &|_| Some(plan.to_json()))
    }

    /// Forgets a record of this account: its `session`, what was `replaced` by it, the `sign-in`, or the `plan`.
    pub fn forget(&self, replay: &Replay, kind: &str) -> Result<()> {
        forget(replay, &self.key(kind))
    }

    /// Forgets the clients at this MCP server. One that was registered by hand stays bound to its issuer.
    pub fn forget_clients(&self, replay: &Replay) -> Result<()> {
        let key = self.clients_key();
        let by_hand = |value: &Json| {
            let Json::Object(mut members) = value.member("clients").clone() else { return None };
            members.retain(|(name, _)| name.starts_with(BY_HAND));
            (!members.is_empty()).then_some(versioned().with("clients", Json::Object(members)))
        };
        match read_record(replay, &key)? {
            Some((version, value)) if by_hand(&value).is_some() => {
                change(replay, &key, Some(Some((version, value))), &|there| by_hand(there?))
            }
            _ => forget(replay, &key),
        }
    }

    fn clients_key(&self) -> String {
        filled("clients {}", &[self.endpoint.url().href()])
    }

    /// Keeps what is needed to go on when the person comes back.
    pub fn store_pending(&self, replay: &Replay, pending: &PendingAuthorization, progress: &Progress) -> Result<()> {
        let mut kept = KeptPending {
            version: RECORD_VERSION,
            endpoint: self.endpoint.clone(),
            account: self.account.to_owned(),
            pending: pending.clone(),
            progress: progress.clone(),
        };
        kept.pending.discovery = pending.discovery.kept(&pending.plan);
        kept.progress.stored = progress.stored.as_deref().map(|stored| {
            // It is only deleted any more.
            let (scopes, asked_scopes, demanded_scopes, outright) = (None, None, None, None);
            let registration = (*stored.registration).clone();
            let registration =
                Arc::new(ClientRegistration { scopes, asked_scopes, demanded_scopes, outright, ..registration });
            Arc::new(KeptRegistration { registration, ..stored.clone() })
        });
        // Nobody else has a record under a `state` that was drawn just now.
        swap(replay, &pending_key(pending.state.reveal()), None, Some(kept.to_json())).map(|_| ())
    }
}

/// The first client whose servers are known from before.
pub fn known_client(clients: &Record, now: u64) -> Option<KeptRegistration> {
    let Json::Object(clients) = members(clients) else { return None };
    let mut clients = clients.iter().filter_map(|(_, client)| read::<KeptRegistration>(client).ok());
    clients.find(|client| client.discovery.as_ref().is_some_and(|kept| kept.is_recent(now)))
}

fn members(clients: &Record) -> &Json {
    clients.as_ref().map_or(&Json::Null, |(_, value)| value.member("clients"))
}

/// Takes what waits under that `state` away: of several takers one gets it.
pub fn take_pending(replay: &Replay, state: &str) -> Result<Option<KeptPending>> {
    let key = pending_key(state);
    let Some((version, value)) = read_record(replay, &key)? else { return Ok(None) };
    let kept = whole(&key, &value)?;
    Ok(swap(replay, &key, Some(version), None)?.then_some(kept))
}

fn pending_key(state: &str) -> String {
    filled("pending {}", &[state])
}

fn client_name(issuer: &Issuer, settings: &ServerSettings) -> String {
    let by_hand = settings.client.as_ref().map(|client| filled("{}{}", &[BY_HAND, &client.client_id]));
    by_hand.unwrap_or_else(|| issuer.as_str().to_owned())
}

fn versioned() -> Json {
    Json::Object(Vec::new()).with("version", RECORD_VERSION.to_json())
}

/// The version and the value of a record that says of itself that it belongs there: put in the place of another, it would
/// send tokens elsewhere.
pub fn read_record(replay: &Replay, key: &str) -> Result<Record> {
    let there = replay.perform(Effect::Read { key: key.to_owned() })?;
    let (Some(version), value) = (there.member("version").as_str(), there.member("value")) else { return Ok(None) };
    let kind = kind_of(key);
    let version_of_record = value.member("version").as_whole_number();
    if version_of_record.is_some_and(|version| version > RECORD_VERSION) {
        let message = "The stored {} was written by a newer version of this package. It was left as it is; update the application.";
        return Err(Error::new(Code::RecordNewer, message, &[kind]).with("record", kind));
    }
    if version_of_record != Some(RECORD_VERSION) || value.member("key").as_str() != Some(key) {
        return Err(damaged(key));
    }
    // Earlier versions did not say until when a record counts.
    let began_at = value.member("pending").member("createdAt").as_whole_number();
    let expires_at = value.member("expiresAt").as_whole_number().or(began_at.map(|at| at + DAY));
    if expires_at.is_some_and(|at| at <= replay.now()) {
        swap(replay, key, Some(version.to_owned()), None)?;
        return Ok(None);
    }
    Ok(Some((version.to_owned(), value.clone())))
}

/// A session as it is stored: what it needs of the documents that led to it, and of its client.
fn kept_session(session: &Session) -> Json {
    let mut kept = session.clone();
    kept.discovery = session.discovery.kept(&session.plan);
    kept.registration =
        Arc::new(ClientRegistration { asked_scopes: None, demanded_scopes: None, ..(*session.registration).clone() });
    kept.to_json()
}

/// Makes room for the last one.
fn forget_oldest<T>(all: &mut Vec<T>, size: impl Fn(&T) -> usize) {
    let room = SIZE_LIMIT - 1024;
    while all.len() > 1 && all.iter().map(&size).sum::<usize>() > room {
        all.remove(0);
    }
}

fn kind_of(key: &str) -> &str {
    key.split(' ').next().unwrap_or_default()
}

fn damaged(key: &str) -> Box<Error> {
    let kind = kind_of(key);
    let message = "The stored {} is damaged. It was left as it is; move it aside to sign in anew.";
    Error::new(Code::RecordInvalid, message, &[kind]).with("record", kind)
}

/// What a record holds.
pub fn whole<T: AsJson>(key: &str, value: &Json) -> Result<T> {
    read(value).map_err(|_| damaged(key))
}

/// Changes a record until nobody else was first. `known`: how it was read before, if it was.
pub fn change(
    replay: &Replay,
    key: &str,
    mut known: Option<Record>,
    changed: &dyn Fn(Option<&Json>) -> Option<Json>,
) -> Result<()> {
    for _ in 0..SWAP_LIMIT {
        let (version, value) = known.take().map_or_else(|| read_record(replay, key), Ok)?.unzip();
        let changed = changed(value.as_ref()).ok_or_else(|| damaged(key))?;
        if swap(replay, key, version, Some(changed))? {
            return Ok(());
        }
    }
    Err(too_busy())
}

fn forget(replay: &Replay, key: &str) -> Result<()> {
    for _ in 0..SWAP_LIMIT {
        let Some((version, _)) = read_record(replay, key)? else { return Ok(()) };
        if swap(replay, key, Some(version), None)? {
            return Ok(());
        }
    }
    Err(too_busy())
}

fn too_busy() -> Box<Error> {
    Error::new(Code::Aborted, "The store is written by others all the time. Try again.", &[])
}

/// Writes a record, if it is still that version. Whether it was is the answer.
pub fn swap(replay: &Replay, key: &str, version: Option<String>, value: Option<Json>) -> Result<bool> {
    let until = replay.now() + lifetime(key);
    let value = value.map(|value| value.with("key", key.into()).with("expiresAt", until.to_json()));
    if value.as_ref().is_some_and(|value| value.size() > SIZE_LIMIT) {
        return Err(exceeded("record", "32 KiB"));
    }
    let swapped = replay.perform(Effect::CompareAndSwap { key: key.to_owned(), version, value })?;
    Ok(*swapped == Json::Bool(true))
}

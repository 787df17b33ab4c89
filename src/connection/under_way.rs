//! A sign-in that sends a person is a record, and no lock: other processes see that it is under way for as long as it is
//! renewed, and take over when it is not.

use crate::connection::stored::{Place, RECORD_VERSION, SWAP_LIMIT, read_record, swap, whole};
use crate::data::error::Result;
use crate::data::record::AsJson;
use crate::flow::replay::Replay;
use crate::protocol::token::Session;
use crate::record;

/// A sign-in that nobody has renewed for this long is not under way any more. Seconds.
const RENEWAL_LIMIT: u64 = 15;

const KIND: &str = "sign-in";

record! {
    /// A sign-in that sends a person, from its beginning on. It is under way for as long as it is renewed. Once there is a
    /// session that names it, it is over; without one, nobody answered.
    #[derive(Debug)]
    pub struct KeptSignIn {
        /// The version of this record: 1.
        pub version: u64,
        /// Tells it apart from others.
        pub id: String,
        /// When it was renewed last, in seconds since 1970.
        pub renewed_at: u64,
    }
}

/// How a sign-in stands to those before it.
pub enum Standing {
    /// It goes ahead.
    GoesAhead {
        /// Whether the person was sent before, and has not come back.
        unanswered: bool,
    },
    /// It has to wait for another one.
    Waits {
        /// What tells that one apart.
        id: String,
    },
}

/// What a sign-in says of itself.
pub struct Claim<'a> {
    /// What tells it apart.
    pub id: &'a str,
    /// How often the person was sent in it.
    pub sent: u64,
    /// Whether a person asked for it, who is not to wait.
    pub pressed: bool,
    /// Another sign-in whose process is known to have ended.
    pub ended: Option<&'a str>,
}

impl Place<'_> {
    /// Begins a sign-in that sends a person. `earlier`: the version of the record of one that is over; without it there is
    /// none yet. Another one may be first; that is the answer.
    pub fn begin_sign_in(&self, replay: &Replay, id: &str, earlier: Option<String>) -> Result<bool> {
        let kept = KeptSignIn { version: RECORD_VERSION, id: id.to_owned(), renewed_at: replay.now() };
        swap(replay, &self.key(KIND), earlier, Some(kept.to_json()))
    }

    /// The sign-in that was begun last, and the version of its record.
    pub fn last_sign_in(&self, replay: &Replay) -> Result<Option<(String, KeptSignIn)>> {
        let key = self.key(KIND);
        let there = read_record(replay, &key)?;
        there.map(|(version, value)| whole(&key, &value).map(|kept| (version, kept))).transpose()
    }

    /// Says that somebody still waits for the person: every five seconds, so that other processes wait too.
    pub fn renew_sign_in(&self, replay: &Replay, id: &str) -> Result<()> {
        match self.last_sign_in(replay)? {
            Some((version, kept)) if kept.id == id => self.begin_sign_in(replay, id, Some(version)).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Ends a sign-in that came to nothing.
    pub fn end_sign_in(&self, replay: &Replay, id: &str) -> Result<()> {
        // Whoever renews it may be first.
        for _ in 0..SWAP_LIMIT {
            let Some((version, kept)) = self.last_sign_in(replay)? else { return Ok(()) };
            if kept.id != id || swap(replay, &self.key(KIND), Some(version), None)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// How a sign-in stands that was not the first, given the session that was read after that.
    pub fn standing(
        &self,
        replay: &Replay,
        claim: &Claim,
        last: Option<(String, KeptSignIn)>,
        session: Option<&Session>,
    ) -> Result<Standing> {
        let Some((version, KeptSignIn { id, renewed_at, .. })) = last else {
            return Ok(Standing::Waits { id: String::new() });
        };
        if id == claim.id {
            return Ok(Standing::GoesAhead { unanswered: claim.sent == 1 });
        }
        let is_over = session.is_some_and(|session| session.sign_in.as_ref() == Some(&id));
        let may_be_ignored = is_over || claim.pressed || claim.ended == Some(id.as_str());
        let is_under_way = !may_be_ignored && replay.now() < renewed_at + RENEWAL_LIMIT;
        if is_under_way || !self.begin_sign_in(replay, claim.id, Some(version))? {
            return Ok(Standing::Waits { id });
        }
        Ok(Standing::GoesAhead { unanswered: !is_over })
    }
}

//! A sign-in that sends a person is a record, and no lock: other processes see that it is under way for as long as it is
//! renewed, and take over when it is not.

use crate::connection::stored::{
    KeptRegistration, Place, RECORD_VERSION, SWAP_LIMIT, change, read_record, swap, whole,
};
use crate::data::error::{Code, Error, Result, Step};
use crate::data::json::Json;
use crate::data::printable::joined;
use crate::data::record::{AsJson, read};
use crate::data::scope::ScopeSet;
use crate::flow::replay::Replay;
use crate::protocol::pkce;
use crate::protocol::token::Session;
use crate::record;

/// How often a person is asked for the same scopes in a day, unless they ask for it themselves.
const SAME_LIMIT: usize = 2;

/// How often a person is asked in an hour, whatever for, before nobody asks for more scopes.
const STEP_UP_LIMIT: usize = 6;

/// How often a person is asked in an hour, whatever for.
const QUESTION_LIMIT: usize = 10;

const HOUR: u64 = 3600;

/// How long after its last renewal a sign-in counts as under way.
const SILENCE_SECONDS: u64 = 15;

const KIND: &str = "sign-in";

record! {
    /// That a person was asked for something, and had not asked for it.
    #[derive(Debug)]
    pub struct Question {
        /// When, in seconds since 1970.
        pub at: u64,
        /// What tells the scopes of a step-up apart from those of others; empty for a sign-in.
        pub scopes: String,
    }
}

impl Question {
    /// The question that a sign-in is; a step-up is one for these scopes.
    pub fn new(now: u64, step_up_for: Option<&ScopeSet>) -> Question {
        let scopes = step_up_for.map(|scopes| pkce::mark(&joined(&scopes.by_alphabet(), " ")));
        Question { at: now, scopes: scopes.unwrap_or_default() }
    }

    /// Whether it is one too many after those.
    fn is_too_many(&self, earlier: &[Question]) -> bool {
        let recent = earlier.iter().filter(|question| question.at + HOUR > self.at).count();
        let same = earlier.iter().filter(|question| question.scopes == self.scopes).count();
        let is_step_up = !self.scopes.is_empty();
        recent >= if is_step_up { STEP_UP_LIMIT } else { QUESTION_LIMIT } || is_step_up && same >= SAME_LIMIT
    }
}

record! {
    /// A sign-in that sends a person, from its beginning on. It is under way for as long as it is renewed: who waits for it
    /// sees that. Once there is a session that names it, it is over; without one, nobody answered.
    #[derive(Debug)]
    pub struct KeptSignIn {
        /// The version of this record: 1.
        pub version: u64,
        /// Tells it apart from others.
        pub id: String,
        /// When it was renewed last, in seconds since 1970; 0 once nobody waits for it any more.
        pub renewed_at: u64,
        /// Whether the person came back, with whatever answer.
        pub answered: Option<bool>,
        /// Whether a person has said no since they asked to sign in themselves: nobody is asked for more scopes then.
        pub declined: Option<bool>,
        /// What people were asked in the last day, since they asked to sign in themselves.
        pub questions: Option<Vec<Question>>,
        /// The one that a press went ahead of with this, and that may still wait for its person: it is waited for again once
        /// this one has come to nothing.
        pub before: Option<String>,
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
        /// When it was renewed last.
        renewed_at: u64,
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
    /// The scopes that are demanded.
    pub demanded: &'a ScopeSet,
    /// Whether it is a step-up for these.
    pub is_step_up: bool,
}

impl Claim<'_> {
    /// The record of it, after those before it. A press begins anew.
    fn record(&self, now: u64, last: Option<&KeptSignIn>) -> KeptSignIn {
        let last = last.filter(|_| !self.pressed);
        let mut questions = last.and_then(|last| last.questions.clone()).unwrap_or_default();
        questions.retain(|question| question.at + 24 * HOUR > now);
        if !self.pressed {
            questions.push(Question::new(now, Some(self.demanded).filter(|_| self.is_step_up)));
        }
        KeptSignIn {
            version: RECORD_VERSION,
            id: self.id.to_owned(),
            renewed_at: now,
            answered: None,
            declined: last.and_then(|last| last.declined),
            questions: Some(questions).filter(|questions| !questions.is_empty()),
            before: None,
        }
    }
}

impl Place<'_> {
    /// Begins a sign-in that sends a person, where there is no record of an earlier one. Whether it was is the answer.
    pub fn begin_sign_in(&self, replay: &Replay, claim: &Claim) -> Result<bool> {
        swap(replay, &self.key(KIND), None, Some(claim.record(replay.now(), None).to_json()))
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
            Some((version, kept)) if kept.id == id => {
                let renewed = KeptSignIn { renewed_at: replay.now(), ..kept };
                swap(replay, &self.key(KIND), Some(version), Some(renewed.to_json())).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Ends a sign-in that came to nothing. Whether the person was asked counts, and whether that was their no.
    pub fn end_sign_in(&self, replay: &Replay, id: &str, is_asked: bool, is_no: bool) -> Result<()> {
        // Whoever renews it may be first.
        for _ in 0..SWAP_LIMIT {
            let Some((version, mut kept)) = self.last_sign_in(replay)? else { return Ok(()) };
            if let Some(questions) = kept.questions.as_mut().filter(|_| !is_asked) {
                questions.pop();
            }
            kept.questions = kept.questions.filter(|questions| !questions.is_empty());
            kept.declined = is_no.then_some(true).or(kept.declined);
            (kept.renewed_at, kept.answered) = (0, Some(true));
            let is_of_use = kept.questions.is_some() || kept.declined.is_some() || kept.before.is_some();
            let ended = is_of_use.then(|| kept.to_json());
            if kept.id != id || swap(replay, &self.key(KIND), Some(version), ended)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Forgets what people were asked, with their session. Somebody's sign-in that is still under way goes on.
    pub fn forget_sign_ins(&self, replay: &Replay, session: Option<&Session>) -> Result<()> {
        let by_session = session.and_then(|session| session.sign_in.as_ref());
        let is_silent = |kept: &KeptSignIn| replay.now() >= kept.renewed_at + SILENCE_SECONDS;
        match self.last_sign_in(replay) {
            Ok(Some((version, kept))) if by_session != Some(&kept.id) && !is_silent(&kept) => {
                let under_way = KeptSignIn { declined: None, questions: None, ..kept };
                // Where another one was first, it has gone on.
                swap(replay, &self.key(KIND), Some(version), Some(under_way.to_json())).map(|_| ())
            }
            _ => self.forget(replay, KIND),
        }
    }

    /// Has a sign-in go on under another name, which is of the process that its person came back to: who waits for it sees
    /// that, though the one that sent them may have died.
    pub fn take_over_sign_in(&self, replay: &Replay, id: &str, own: &str) -> bool {
        let taken = |there: Option<&Json>| {
            let kept = read::<KeptSignIn>(there?).ok().filter(|kept| kept.id == id)?;
            Some(KeptSignIn { id: own.to_owned(), renewed_at: replay.now(), ..kept }.to_json())
        };
        change(replay, &self.key(KIND), None, &taken).is_ok()
    }

    /// How a sign-in stands that was not the first, given the client and the session that were read after that.
    pub fn standing(
        &self,
        replay: &Replay,
        claim: &Claim,
        last: Option<(String, KeptSignIn)>,
        session: Option<&Session>,
        client: Option<&KeptRegistration>,
    ) -> Result<Standing> {
        let Some((version, last)) = last else {
            return Ok(Standing::Waits { id: String::new(), renewed_at: 0 });
        };
        if last.id == claim.id {
            return Ok(Standing::GoesAhead { unanswered: claim.sent == 1 });
        }
        let by_session = session.and_then(|session| session.sign_in.as_ref());
        // The session may be gone by now.
        let by_client = client.and_then(|client| client.discovery.as_ref()?.sign_in.as_ref());
        let has_session = |id: &String| [by_session, by_client].contains(&Some(id));
        let is_over = has_session(&last.id);
        let has_ended = last.renewed_at == 0 || claim.ended == Some(last.id.as_str());
        if !(is_over || claim.pressed || has_ended) {
            return Ok(Standing::Waits { id: last.id, renewed_at: last.renewed_at });
        }
        let last_one = Some(&last.id).filter(|_| !has_ended);
        let before =
            last_one.or(last.before.as_ref()).filter(|id| !(is_over || has_session(id) || *id == claim.id)).cloned();
        let mut begun = claim.record(replay.now(), Some(&last));
        if !claim.pressed
            && let Some(id) = before
        {
            let renewed_at = replay.now();
            let waited_for = KeptSignIn { id: id.clone(), renewed_at, answered: None, before: None, ..last };
            swap(replay, &self.key(KIND), Some(version), Some(waited_for.to_json()))?;
            return Ok(Standing::Waits { id, renewed_at });
        }
        begun.before = before;
        if let Some((question, earlier)) = begun.questions.as_deref().and_then(<[Question]>::split_last)
            && (question.is_too_many(earlier) || claim.is_step_up && begun.declined.is_some())
        {
            return Err(asked_enough(claim.demanded, self));
        }
        if !swap(replay, &self.key(KIND), Some(version), Some(begun.to_json()))? {
            return Ok(Standing::Waits { id: last.id, renewed_at: last.renewed_at });
        }
        Ok(Standing::GoesAhead { unanswered: !is_over && last.answered.is_none() })
    }
}

fn asked_enough(demanded: &ScopeSet, place: &Place) -> Box<Error> {
    let scope = demanded.to_parameter().unwrap_or_default();
    let message = "{} demands the scopes `{}`, after a no, or after the person was asked in vain: nobody is asked again by itself. Call `signIn()` once they are permitted.";
    Error::new(Code::AttemptsExhausted, message, &[place.endpoint.as_str(), &scope])
        .with("scope", scope)
        .at(Step::StepUp)
}

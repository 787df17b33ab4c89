//! The world as the story knows it: what it was told so far.
//!
//! The story is made of ordinary functions, which ask the world. A question that was not answered yet ends the telling:
//! the platform is asked, and the story is told again from the top, with one answer more. The same answers lead to the
//! same question, so nothing has to be kept of a story half told, and nothing in it has to wait: a function that can
//! be suspended is compiled to several times its size.

use std::cell::{Cell, RefCell};

use crate::error::{Code, Error, Result, Step};
use crate::http::{BODY_LIMIT, Request, Response, too_large};
use crate::identifier::Secret;
use crate::platform::Platform;
use crate::registration::ClientRegistration;
use crate::trace::{Event, Party};

/// All that a story is told, in bytes: it is kept to the end, and servers decide how much that is.
const TOLD_LIMIT: usize = 4 * BODY_LIMIT;

/// The same in all tellings together, since what was told is read again in each.
const RETOLD_LIMIT: usize = 16 * BODY_LIMIT;

/// What a story asks, and what it was answered.
pub struct World<'p> {
    trace: &'p dyn Fn(Event),
    registered: &'p dyn Fn(&ClientRegistration),
    proves_possession: bool,
    started: u64,
    /// All answers, each with the time at which it arrived.
    answers: Vec<(Result<Answer>, u64)>,
    /// How many of them this telling has used.
    used: Cell<usize>,
    /// What this telling asked beyond them.
    question: RefCell<Option<Question>>,
    /// How many events this telling has come to.
    events: Cell<usize>,
    /// How many the earlier ones came to.
    traced: usize,
}

enum Question {
    Response { step: Step, party: Party, request: Request, follows: bool },
    Assertion { issuer: String, client_id: String },
    Random,
}

enum Answer {
    Response(Response),
    Assertion(Secret),
    Random([u8; 32]),
}

/// Tells the story until all that it asks is answered, and gives its outcome.
pub async fn tell<P: Platform, T>(platform: &P, story: impl Fn(&World) -> Result<T>) -> Result<T> {
    let mut world = World {
        trace: &|event| platform.trace(event),
        registered: &|registration| platform.registered(registration),
        proves_possession: platform.proves_possession(),
        started: platform.now(),
        answers: Vec::new(),
        used: Cell::new(0),
        question: RefCell::new(None),
        events: Cell::new(0),
        traced: 0,
    };
    let (mut told, mut retold) = (0, 0);
    loop {
        let outcome = story(&world);
        let Some(question) = world.question.take() else { return outcome };
        retold += told;
        let answer = match question {
            Question::Response { step, party, request, follows } => {
                platform.trace(Event::request(step, party, &request));
                platform.fetch(step, &request, follows).await.and_then(|response| {
                    platform.trace(Event::answer(step, party, &response));
                    told += response.body.len();
                    if told <= TOLD_LIMIT && retold <= RETOLD_LIMIT {
                        Ok(Answer::Response(response))
                    } else {
                        Err(too_large("4"))
                    }
                })
            }
            Question::Assertion { issuer, client_id } => {
                platform.client_assertion(&issuer, &client_id).await.map(Answer::Assertion)
            }
            Question::Random => platform.random().map(Answer::Random),
        };
        world.answers.push((answer, platform.now()));
        world.used.set(0);
        world.traced = world.events.take();
    }
}

impl World<'_> {
    /// The answer to a request of that step to that party.
    pub fn fetch(&self, step: Step, party: Party, request: &Request, follows: bool) -> Result<&Response> {
        match self.ask(|| Question::Response { step, party, request: request.clone(), follows })? {
            Answer::Response(response) => Ok(response),
            _ => Err(unanswered()),
        }
    }

    /// An assertion by which the client authenticates at that issuer (RFC 7523 §2.2).
    pub fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        match self.ask(|| Question::Assertion { issuer: issuer.to_owned(), client_id: client_id.to_owned() })? {
            Answer::Assertion(assertion) => Ok(assertion.clone()),
            _ => Err(unanswered()),
        }
    }

    /// 32 random bytes.
    pub fn random(&self) -> Result<[u8; 32]> {
        match self.ask(|| Question::Random)? {
            Answer::Random(random) => Ok(*random),
            _ => Err(unanswered()),
        }
    }

    /// Whether requests can prove that a key is at hand (RFC 9449), so that tokens may be bound to it.
    pub fn proves_possession(&self) -> bool {
        self.proves_possession
    }

    /// When the last answer arrived, or the story began, in seconds since 1970.
    pub fn now(&self) -> u64 {
        let last = self.used.get().checked_sub(1).and_then(|last| self.answers.get(last));
        last.map_or(self.started, |(_, at)| *at)
    }

    /// Takes note of a registration; that each telling does so again does no harm.
    pub fn registered(&self, registration: &ClientRegistration) {
        (self.registered)(registration);
    }

    /// Takes note of an event.
    pub fn trace(&self, event: Event) {
        if self.question.borrow().is_none() {
            self.events.set(self.events.get() + 1);
            if self.events.get() > self.traced {
                (self.trace)(event);
            }
        }
    }

    /// The next answer. Where there is none the question is kept, and the telling ends as soon as it can.
    fn ask(&self, question: impl FnOnce() -> Question) -> Result<&Answer> {
        let used = self.used.get();
        let Some((answer, _)) = self.answers.get(used) else {
            self.question.borrow_mut().get_or_insert_with(question);
            return Err(unanswered());
        };
        self.used.set(used + 1);
        answer.as_ref().map_err(Clone::clone)
    }
}

/// Ends the telling. Nobody sees it: where there is a question, the outcome is not looked at.
fn unanswered() -> Box<Error> {
    Error::new(Code::Aborted, "", &[])
}

//! How flows run: each is an ordinary function that asks, and is run again from the top with one answer more.
//!
//! A question that was not answered yet suspends the flow: the platform is asked, and the flow runs again. The same
//! answers lead to the same question, so nothing has to be kept of a flow half done, and nothing in it has to wait: a
//! function that can be suspended is compiled to several times its size.
//!
//! The contract: a flow reads no clock, draws no randomness and iterates over nothing unordered by itself, so that each
//! run asks what the one before asked. Every answer is kept with its question; a run that asks another one ends with
//! `internal`, and never gets a wrong answer. What a finished [`Replay::once`] came to replaces the answers that led there,
//! so that large documents are read once.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::http::{Method, Request, Response, StatedError};
use crate::data::identifier::Secret;
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::flow::budget::Budget;
use crate::flow::effect::Effect;
use crate::flow::platform::Platform;
use crate::protocol::authorization::Attempts;
use crate::protocol::registration::ClientRegistration;
use crate::protocol::scope_plan::ScopePlan;
use crate::protocol::trace::{Event, Party, object, redacted_url};

/// What is told of an answer whose lists or texts are longer than any that a sign-in needs.
const CUT: &str = "reads no more of that answer: its lists or texts go beyond the limit";

/// What a flow asked, and what it was answered.
pub struct Replay {
    proves_possession: bool,
    started: u64,
    /// All answers, each with its question and the time at which it arrived.
    answers: Vec<Answered>,
    /// How many of them this run has used.
    used: Cell<usize>,
    /// What this run asked beyond them.
    question: RefCell<Option<Question>>,
    /// The events of this run that no earlier run has told.
    events: RefCell<Vec<Event>>,
    /// How many this run has come to.
    event_count: Cell<usize>,
    /// How many the earlier runs came to.
    traced: usize,
    /// What finished in this run, and how many answers led there.
    finished: RefCell<Option<Finished>>,
    /// What was tried in this run, and before it in the same sign-in.
    attempts: Cell<Attempts>,
    /// The latest answer to a registration in this run.
    registration: RefCell<Option<Arc<ClientRegistration>>>,
    /// The scope plan as it was repaired in this run.
    plan: RefCell<Option<Arc<ScopePlan>>>,
    /// What the next authorization request would meet, if that was seen in this run.
    met: RefCell<Option<StatedError>>,
    /// Where this run began to go by what was kept, if it does: how many answers, and events, were there before.
    goes_by_kept: Cell<Option<(usize, usize)>>,
    /// Whether runs have to do without that.
    may_go_by_kept: bool,
}

struct Answered {
    question: String,
    answer: Result<Answer>,
    at: u64,
}

struct Finished {
    first: usize,
    end: usize,
    outcome: Answered,
}

enum Question {
    Response {
        step: Step,
        party: Party,
        request: Request,
        follows: bool,
    },
    Assertion {
        issuer: String,
        client_id: String,
    },
    Random,
    Effect(Effect),
    /// What was kept does for no more than that.
    WithoutKept,
}

enum Answer {
    Response(Response),
    Assertion(Secret),
    Random([u8; 32]),
    Effect(Json),
    Outcome { of: Arc<dyn Any + Send + Sync>, events: usize },
}

/// Runs the flow until all that it asks is answered, and gives its outcome.
pub async fn run<P: Platform, T>(platform: &P, flow: impl Fn(&Replay) -> Result<T>) -> Result<T> {
    let mut replay = Replay {
        proves_possession: platform.proves_possession(),
        started: platform.now(),
        answers: Vec::new(),
        used: Cell::new(0),
        question: RefCell::new(None),
        events: RefCell::new(Vec::new()),
        event_count: Cell::new(0),
        traced: 0,
        finished: RefCell::new(None),
        attempts: Cell::default(),
        registration: RefCell::new(None),
        plan: RefCell::new(None),
        met: RefCell::new(None),
        goes_by_kept: Cell::new(None),
        may_go_by_kept: true,
    };
    let mut budget = Budget::default();
    let mut exceeded: Option<Box<Error>> = None;
    loop {
        let outcome = flow(&replay);
        for event in replay.events.take() {
            platform.trace(event.cut());
        }
        replay.traced = replay.event_count.take();
        let Some(question) = replay.question.take() else {
            // What it led to says less than the limit itself.
            return outcome.map_err(|error| exceeded.filter(|_| error.kind() != Kind::Transport).unwrap_or(error));
        };
        let text = question.text();
        let is_without_kept = matches!(question, Question::WithoutKept);
        let answer = match question {
            Question::Response { step, party, mut request, follows } => {
                // A code or a refresh token that was sent is used up.
                let may_end = !matches!(step, Step::Token | Step::Refresh) || request.body.is_none();
                budget = platform.budget().unwrap_or(budget);
                let answer = match budget.send(&mut request, may_end) {
                    Err(error) => Err(error),
                    Ok(()) => {
                        platform.trace(Event::request(step, party, &request).cut());
                        let sent_at = platform.milliseconds();
                        let answer = platform.fetch(step, &request, follows).await;
                        let answer = budget.receive(answer, platform.milliseconds().saturating_sub(sent_at));
                        platform.keep_budget(budget);
                        answer.inspect(|response| {
                            platform.trace(Event::answer(step, party, response).cut());
                            if response.is_cut {
                                platform.trace(Event::decision(step, CUT, Json::Null));
                            }
                        })
                    }
                };
                let answer =
                    answer.map_err(|error| if error.code == Code::LimitExceeded { error.at(step) } else { error });
                let of_budget = answer.as_ref().err().filter(|error| error.code == Code::LimitExceeded);
                exceeded = exceeded.or_else(|| of_budget.cloned());
                answer.map(Answer::Response)
            }
            Question::Assertion { issuer, client_id } => {
                platform.client_assertion(&issuer, &client_id).await.map(Answer::Assertion)
            }
            Question::Random => platform.random().map(Answer::Random),
            Question::Effect(effect) => platform.perform(&effect).await.map(Answer::Effect),
            Question::WithoutKept => Err(suspended()),
        };
        match replay.goes_by_kept.take().filter(|_| is_without_kept) {
            // From there on everything is asked anew.
            Some((answers, events)) => {
                replay.finished.take();
                replay.answers.truncate(answers);
                replay.traced = events;
                replay.may_go_by_kept = false;
            }
            None => {
                replay.compact();
                replay.answers.push(Answered { question: text, answer, at: platform.now() });
            }
        }
        replay.used.set(0);
        replay.attempts.take();
        replay.registration.take();
        replay.plan.take();
        replay.met.take();
    }
}

impl Question {
    fn text(&self) -> String {
        match self {
            Question::Response { request, .. } => filled("{} {}", &[request.method.word(), &request.url]),
            Question::Assertion { issuer, .. } => filled("assertion {}", &[issuer]),
            Question::Random => "random".to_owned(),
            Question::Effect(effect) => filled("{} {}", &[effect.name(), effect.subject()]),
            Question::WithoutKept => String::new(),
        }
    }

    /// Whether something would leave that not everybody may get, or a person be asked: what was kept does not do for that.
    fn has_to_be_confirmed(&self) -> bool {
        match self {
            Question::Response { step, request, .. } => {
                request.method != Method::Get || request.authorization.is_some() || *step == Step::Authorize
            }
            Question::Assertion { .. } | Question::Effect(Effect::Obtain { .. } | Effect::Approve { .. }) => true,
            _ => false,
        }
    }
}

impl Replay {
    /// The answer to a request of that step to that party.
    pub fn fetch(&self, step: Step, party: Party, request: &Request, follows: bool) -> Result<&Response> {
        match self.ask(Question::Response { step, party, request: request.clone(), follows })? {
            Answer::Response(response) => Ok(response),
            _ => Err(suspended()),
        }
    }

    /// An assertion by which the client authenticates at that issuer (RFC 7523 §2.2).
    pub fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        match self.ask(Question::Assertion { issuer: issuer.to_owned(), client_id: client_id.to_owned() })? {
            Answer::Assertion(assertion) => Ok(assertion.clone()),
            _ => Err(suspended()),
        }
    }

    /// 32 random bytes.
    pub fn random(&self) -> Result<[u8; 32]> {
        match self.ask(Question::Random)? {
            Answer::Random(random) => Ok(*random),
            _ => Err(suspended()),
        }
    }

    /// Has documents asked for beside what is asked next, so that nobody waits for one after the other, where the host can.
    /// Whether it did is the answer. Each is read by [`Replay::fetch`] as ever.
    pub fn ask_ahead(&self, urls: &[String]) -> bool {
        // A host that fails at it asks later.
        let is_asked = self.perform(Effect::AskAhead { urls: urls.to_vec() }).is_ok_and(|did| *did == Json::Bool(true));
        for url in urls.iter().filter(|_| is_asked) {
            let (method, url) = (Method::Get.word(), redacted_url(url));
            let details = object().with("method", method.into()).with("url", url.as_str().into());
            self.trace(Event::decision(Step::Discover, &filled("asks beside it: {} {}", &[method, &url]), details));
        }
        is_asked
    }

    /// What the host answers to something that it was asked to do.
    pub fn perform(&self, effect: Effect) -> Result<&Json> {
        match self.ask(Question::Effect(effect))? {
            Answer::Effect(answer) => Ok(answer),
            _ => Err(suspended()),
        }
    }

    /// The outcome of a part of the flow. Once it has one, it is not run again, and all that it was answered goes.
    pub fn once<T: Clone + Send + Sync + 'static>(&self, part: impl FnOnce() -> Result<T>) -> Result<T> {
        let first = self.used.get();
        if let Some(Answered { answer: Ok(Answer::Outcome { of, events }), .. }) = self.answers.get(first)
            && let Some(outcome) = of.downcast_ref::<Result<T>>()
        {
            self.used.set(first + 1);
            self.event_count.set(self.event_count.get() + events);
            return outcome.clone();
        }
        let events_before = self.event_count.get();
        let outcome = part();
        if !self.is_suspended() {
            let events = self.event_count.get() - events_before;
            let answer = Ok(Answer::Outcome { of: Arc::new(outcome.clone()), events });
            let outcome = Answered { question: String::new(), answer, at: self.now() };
            self.finished.replace(Some(Finished { first, end: self.used.get(), outcome }));
        }
        outcome
    }

    /// Whether the flow may go by what was kept of the servers, from here on. As soon as it would send anything secret, it is
    /// run again without.
    pub fn may_go_by_kept(&self) -> bool {
        if self.may_go_by_kept && !self.is_suspended() {
            self.goes_by_kept.set(Some((self.used.get(), self.event_count.get())));
        }
        self.may_go_by_kept
    }

    /// Whether requests can prove that a key is at hand (RFC 9449), so that tokens may be bound to it.
    pub fn proves_possession(&self) -> bool {
        self.proves_possession
    }

    /// When the last answer arrived, or the flow began, in seconds since 1970.
    pub fn now(&self) -> u64 {
        let last = self.used.get().checked_sub(1).and_then(|last| self.answers.get(last));
        last.map_or(self.started, |answered| answered.at)
    }

    /// What was tried in this sign-in so far, failures included.
    pub fn attempts(&self) -> Attempts {
        self.attempts.get()
    }

    /// Goes on from what was tried.
    pub fn set_attempts(&self, attempts: Attempts) {
        self.attempts.set(attempts);
    }

    /// Takes note of a registration that the server answered with: it counts, whatever becomes of the flow, since it
    /// replaces what was registered before (RFC 7592 §3).
    pub fn registered(&self, registration: Arc<ClientRegistration>) {
        self.registration.replace(Some(registration));
    }

    /// The latest registration that was noted since this was asked before.
    pub fn take_registered(&self) -> Option<Arc<ClientRegistration>> {
        self.registration.take()
    }

    /// Takes note of a repair of the scope plan: it counts, whatever becomes of the flow, so that what was refused is not
    /// requested again.
    pub fn repaired(&self, plan: Arc<ScopePlan>) {
        self.plan.replace(Some(plan));
    }

    /// The latest repaired plan that was noted since this was asked before.
    pub fn take_repaired(&self) -> Option<Arc<ScopePlan>> {
        self.plan.take()
    }

    /// Takes note of what the next authorization request would meet.
    pub fn met(&self, refusal: Option<StatedError>) {
        self.met.replace(refusal);
    }

    /// What the next authorization request would meet, if that was seen.
    pub fn take_met(&self) -> Option<StatedError> {
        self.met.take()
    }

    /// Takes note of an event.
    pub fn trace(&self, event: Event) {
        if !self.is_suspended() {
            self.event_count.set(self.event_count.get() + 1);
            if self.event_count.get() > self.traced {
                self.events.borrow_mut().push(event);
            }
        }
    }

    /// Whether the run asked something that is not answered yet: it ends as soon as it can, and nobody sees its outcome.
    pub fn is_suspended(&self) -> bool {
        self.question.borrow().is_some()
    }

    fn ask(&self, question: Question) -> Result<&Answer> {
        if self.is_suspended() {
            return Err(suspended());
        }
        if self.goes_by_kept.get().is_some() && question.has_to_be_confirmed() {
            self.question.replace(Some(Question::WithoutKept));
            return Err(suspended());
        }
        let used = self.used.get();
        let Some(Answered { question: asked, answer, .. }) = self.answers.get(used) else {
            self.question.replace(Some(question));
            return Err(suspended());
        };
        if *asked != question.text() {
            let message = "A part of this package asked for one thing and then for another. Nothing was done about it. Please report it.";
            return Err(Error::new(Code::Internal, message, &[]));
        }
        self.used.set(used + 1);
        answer.as_ref().map_err(Clone::clone)
    }

    /// Puts what finished last in the place of the answers that led there.
    fn compact(&mut self) {
        if let Some(Finished { first, end, outcome }) = self.finished.take()
            && end == self.answers.len()
        {
            self.answers.truncate(first);
            self.answers.push(outcome);
        }
    }
}

/// Ends the run. Nobody sees it: where there is a question, the outcome is not looked at.
fn suspended() -> Box<Error> {
    Error::new(Code::Aborted, "", &[])
}

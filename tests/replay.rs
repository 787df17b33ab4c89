//! A flow is run until all that it asks is answered, and each run is like the one before.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use mcp_oauth_wasm::data::error::{Code, Error, Kind, Result, Step};
use mcp_oauth_wasm::data::http::{BODY_LIMIT, Method, Parameters, Request, Response};
use mcp_oauth_wasm::data::identifier::Secret;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::flow::replay::{Replay, run};
use mcp_oauth_wasm::protocol::trace::{Event, Party};

/// Takes note of what it is asked; a minute passes with each answer, and no two random bytes are alike.
#[derive(Default)]
struct Noting {
    noted: Mutex<Vec<String>>,
    time: AtomicU64,
    drawn: AtomicU8,
    body_length: usize,
    /// How long the servers take for each answer, and took in all.
    milliseconds: u64,
    taken: AtomicU64,
}

impl Platform for Noting {
    async fn fetch(&self, _: Step, request: &Request, _: bool) -> Result<Response> {
        self.note(&request.url);
        self.time.fetch_add(60, Ordering::Relaxed);
        let limit = request.milliseconds.unwrap_or(u64::MAX);
        self.taken.fetch_add(self.milliseconds.min(limit), Ordering::Relaxed);
        if self.milliseconds > limit {
            return Err(Error::new(Code::TimedOut, "No answer came in time.", &[]));
        }
        if request.url.ends_with("/broken") {
            return Err(Error::new(Code::NetworkFailed, "The line is cut.", &[]));
        }
        Ok(Response::new(request.url.clone(), 200, vec![b' '; self.body_length], |_| None))
    }

    async fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        self.note("an assertion");
        Ok(Secret::new(format!("{client_id} at {issuer}")))
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        self.note(effect.name());
        Ok(Json::Null)
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        self.note("random bytes");
        Ok([(); 32].map(|()| self.drawn.fetch_add(1, Ordering::Relaxed)))
    }

    fn now(&self) -> u64 {
        self.time.load(Ordering::Relaxed)
    }

    fn milliseconds(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn trace(&self, event: Event) {
        self.note(&format!("event: {}", event.summary));
    }
}

impl Noting {
    fn note(&self, what: &str) {
        self.noted.lock().unwrap().push(what.to_owned());
    }

    fn noted(&self) -> Vec<String> {
        self.noted.lock().unwrap().clone()
    }
}

fn ran<T>(platform: &Noting, flow: impl Fn(&Replay) -> Result<T>) -> Result<T> {
    match pin!(run(platform, flow)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the flow waited"),
    }
}

fn asks(replay: &Replay, url: &str) -> Result<()> {
    replay.fetch(Step::Discover, Party::AuthorizationServer, &Request::bare(Method::Get, url), false).map(|_| ())
}

fn says(replay: &Replay, summary: &str) {
    replay.trace(Event::decision(Step::Discover, summary, Json::Null));
}

#[test]
fn every_question_is_put_once_and_every_event_traced_once_in_their_order() {
    let platform = Noting::default();
    let outcome = ran(&platform, |replay| {
        says(replay, "begins");
        asks(replay, "https://one.example/")?;
        says(replay, "goes on");
        replay.client_assertion("https://as.example", "client")?;
        asks(replay, "https://two.example/")?;
        says(replay, "ends");
        Ok("the end")
    });
    assert_eq!(outcome.unwrap(), "the end");
    assert_eq!(
        platform.noted(),
        [
            "event: begins",
            "event: GET https://one.example/",
            "https://one.example/",
            "event: answered 200",
            "event: goes on",
            "an assertion",
            "event: GET https://two.example/",
            "https://two.example/",
            "event: answered 200",
            "event: ends",
        ]
    );
}

#[test]
fn what_was_drawn_is_drawn_again_in_the_next_run() {
    let platform = Noting::default();
    let runs = RefCell::new(Vec::new());
    ran(&platform, |replay| {
        let drawn = [replay.random()?, replay.random()?];
        runs.borrow_mut().push(drawn);
        asks(replay, "https://one.example/")
    })
    .unwrap();
    let runs = runs.into_inner();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0][0], runs[0][1]);
}

#[test]
fn the_time_is_that_of_the_last_answer_in_every_run() {
    let platform = Noting::default();
    let times = ran(&platform, |replay| {
        let before = replay.now();
        asks(replay, "https://one.example/")?;
        let between = replay.now();
        asks(replay, "https://two.example/")?;
        Ok([before, between, replay.now()])
    });
    assert_eq!(times.unwrap(), [0, 60, 120]);
}

#[test]
fn a_failure_is_an_answer_with_which_the_flow_may_go_on() {
    let platform = Noting::default();
    let outcome = ran(&platform, |replay| {
        let failure = asks(replay, "https://one.example/broken").unwrap_err();
        asks(replay, "https://two.example/")?;
        Ok(failure.code)
    });
    assert_eq!(outcome.unwrap(), Code::NetworkFailed);
}

#[test]
fn a_flow_that_passes_over_a_question_asks_and_traces_nothing_before_it_is_answered() {
    let platform = Noting::default();
    let outcome = ran(&platform, |replay| {
        let one = asks(replay, "https://one.example/");
        says(replay, if one.is_ok() { "it is there" } else { "it is not there" });
        let two = asks(replay, if one.is_ok() { "https://two.example/" } else { "https://other.example/" });
        Ok(one.is_ok() && two.is_ok())
    });
    assert!(outcome.unwrap());
    let noted = platform.noted();
    assert!(noted.contains(&"event: it is there".to_owned()));
    assert!(!noted.iter().any(|note| note.contains("not there") || note.contains("other.example")), "{noted:?}");
}

#[test]
fn what_a_finished_part_was_answered_is_not_read_again() {
    let platform = Noting::default();
    let reads = Cell::new(0);
    let outcome = ran(&platform, |replay| {
        let read = replay.once(|| {
            says(replay, "reads");
            asks(replay, "https://as.example/large")?;
            reads.set(reads.get() + 1);
            Ok("the document")
        })?;
        (0..30).try_for_each(|number| asks(replay, &format!("https://as.example/{number}")))?;
        says(replay, "ends");
        Ok(read)
    });
    assert_eq!(outcome.unwrap(), "the document");
    assert_eq!(reads.get(), 1);
    let noted = platform.noted();
    assert_eq!(noted.iter().filter(|note| *note == "event: reads").count(), 1);
    assert_eq!(noted.iter().filter(|note| *note == "https://as.example/large").count(), 1);
    assert_eq!(noted.last().map(String::as_str), Some("event: ends"));
}

#[test]
fn a_flow_that_asks_something_else_when_it_is_run_again_gets_no_answer_to_it() {
    let platform = Noting::default();
    let runs = Cell::new(0);
    let outcome = ran(&platform, |replay| {
        runs.set(runs.get() + 1);
        asks(replay, &format!("https://as.example/{}", runs.get()))
    });
    assert_eq!(outcome.unwrap_err().code, Code::Internal);
}

fn asks_often(replay: &Replay, times: u64) -> Result<()> {
    (0..times).try_for_each(|number| asks(replay, &format!("https://as.example/{number}")))
}

/// The limit that the call went beyond, if it did, and how many requests were sent.
fn exceeded(platform: &Noting, flow: impl Fn(&Replay) -> Result<()>) -> (Option<String>, usize) {
    let outcome = ran(platform, flow);
    let limit = outcome.err().map(|error| {
        assert_eq!((error.code, error.kind()), (Code::LimitExceeded, Kind::Misbehaved));
        error.detail("limit").to_owned()
    });
    let sent = platform.noted().iter().filter(|note| note.starts_with("https:")).count();
    (limit, sent)
}

#[test]
fn forty_requests_are_sent_and_not_one_more() {
    assert_eq!(exceeded(&Noting::default(), |replay| asks_often(replay, 40)), (None, 40));
    assert_eq!(exceeded(&Noting::default(), |replay| asks_often(replay, 41)), (Some("requests".to_owned()), 40));
}

#[test]
fn half_a_mebibyte_is_received_and_then_nothing_more_is_asked_for() {
    for (body_length, times, expected) in [
        (BODY_LIMIT, 2, (None, 2)),
        (BODY_LIMIT, 3, (Some("bytes".to_owned()), 2)),
        (BODY_LIMIT - 1, 9, (Some("bytes".to_owned()), 3)),
    ] {
        let platform = Noting { body_length, ..Noting::default() };
        assert_eq!(exceeded(&platform, |replay| asks_often(replay, times)), expected);
    }
}

#[test]
fn a_minute_is_waited_for_servers_and_the_request_under_way_ends_with_it() {
    let platform = Noting { milliseconds: 29_000, ..Noting::default() };
    assert_eq!(exceeded(&platform, |replay| asks_often(replay, 9)), (Some("seconds".to_owned()), 3));
    assert_eq!(platform.milliseconds(), 60_000);
}

#[test]
fn who_passes_over_a_limit_learns_of_it_in_the_end_and_sends_nothing_more() {
    let platform = Noting::default();
    let flow = |replay: &Replay| {
        for number in 0..100 {
            let _ = asks(replay, &format!("https://as.example/{number}"));
        }
        Err(Error::new(Code::NotJson, "None of them was a document.", &[]))
    };
    assert_eq!(exceeded(&platform, flow), (Some("requests".to_owned()), 40));
}

#[test]
fn a_code_or_refresh_token_that_was_sent_is_not_ended_by_the_limit_and_none_is_sent_after_it() {
    for step in [Step::Token, Step::Refresh] {
        let platform = Noting { milliseconds: 90_000, ..Noting::default() };
        let form = Request::form("https://as.example/token", &Parameters::default());
        let trades = |replay: &Replay| replay.fetch(step, Party::AuthorizationServer, &form, false).map(|_| ());
        assert_eq!(exceeded(&platform, trades), (None, 1));
        assert_eq!(platform.milliseconds(), 90_000);
        let twice = |replay: &Replay| trades(replay).and_then(|()| trades(replay));
        let platform = Noting { milliseconds: 90_000, ..Noting::default() };
        assert_eq!(exceeded(&platform, twice), (Some("seconds".to_owned()), 1));
    }
}

//! A story is told until all that it asks is answered, and each telling is like the one before.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mcp_oauth_wasm::error::{Code, Error, Result, Step};
use mcp_oauth_wasm::http::{BODY_LIMIT, Method, Request, Response};
use mcp_oauth_wasm::identifier::Secret;
use mcp_oauth_wasm::json::Json;
use mcp_oauth_wasm::platform::Platform;
use mcp_oauth_wasm::registration::ClientRegistration;
use mcp_oauth_wasm::trace::{Event, Party};
use mcp_oauth_wasm::world::{World, tell};

/// Takes note of what it is asked; a minute passes with each answer, and no two random bytes are alike.
#[derive(Default)]
struct Noting {
    noted: RefCell<Vec<String>>,
    time: Cell<u64>,
    drawn: Cell<u8>,
    body_length: usize,
}

impl Platform for Noting {
    async fn fetch(&self, _: Step, request: &Request, _: bool) -> Result<Response> {
        self.note(&request.url);
        self.time.set(self.time.get() + 60);
        if request.url.ends_with("/broken") {
            return Err(Error::new(Code::NetworkFailed, "The line is cut.", &[]));
        }
        Ok(Response::new(request.url.clone(), 200, vec![b' '; self.body_length], |_| None))
    }

    async fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        self.note("an assertion");
        Ok(Secret::new(format!("{client_id} at {issuer}")))
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        self.note("random bytes");
        Ok([(); 32].map(|()| self.drawn.replace(self.drawn.get() + 1)))
    }

    fn now(&self) -> u64 {
        self.time.get()
    }

    fn registered(&self, _: &ClientRegistration) {}

    fn trace(&self, event: Event) {
        self.note(&format!("event: {}", event.summary));
    }
}

impl Noting {
    fn note(&self, what: &str) {
        self.noted.borrow_mut().push(what.to_owned());
    }

    fn noted(&self) -> Vec<String> {
        self.noted.borrow().clone()
    }
}

fn told<T>(platform: &Noting, story: impl Fn(&World) -> Result<T>) -> Result<T> {
    match pin!(tell(platform, story)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the story waited"),
    }
}

fn asks(world: &World, url: &str) -> Result<()> {
    world.fetch(Step::Discover, Party::AuthorizationServer, &Request::bare(Method::Get, url), false).map(|_| ())
}

fn says(world: &World, summary: &str) {
    world.trace(Event::decision(Step::Discover, summary, Json::Null));
}

#[test]
fn every_question_is_put_once_and_every_event_told_once_in_their_order() {
    let platform = Noting::default();
    let outcome = told(&platform, |world| {
        says(world, "begins");
        asks(world, "https://one.example/")?;
        says(world, "goes on");
        world.client_assertion("https://as.example", "client")?;
        asks(world, "https://two.example/")?;
        says(world, "ends");
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
fn what_was_drawn_is_drawn_again_in_the_next_telling() {
    let platform = Noting::default();
    let tellings = RefCell::new(Vec::new());
    told(&platform, |world| {
        let drawn = [world.random()?, world.random()?];
        tellings.borrow_mut().push(drawn);
        asks(world, "https://one.example/")
    })
    .unwrap();
    let tellings = tellings.into_inner();
    assert_eq!(tellings.len(), 2);
    assert_eq!(tellings[0], tellings[1]);
    assert_ne!(tellings[0][0], tellings[0][1]);
}

#[test]
fn the_time_is_that_of_the_last_answer_in_every_telling() {
    let platform = Noting::default();
    let times = told(&platform, |world| {
        let before = world.now();
        asks(world, "https://one.example/")?;
        let between = world.now();
        asks(world, "https://two.example/")?;
        Ok([before, between, world.now()])
    });
    assert_eq!(times.unwrap(), [0, 60, 120]);
}

#[test]
fn a_failure_is_an_answer_with_which_the_story_may_go_on() {
    let platform = Noting::default();
    let outcome = told(&platform, |world| {
        let failure = asks(world, "https://one.example/broken").unwrap_err();
        asks(world, "https://two.example/")?;
        Ok(failure.code)
    });
    assert_eq!(outcome.unwrap(), Code::NetworkFailed);
}

#[test]
fn a_story_that_passes_over_a_question_asks_and_tells_nothing_before_it_is_answered() {
    let platform = Noting::default();
    let outcome = told(&platform, |world| {
        let one = asks(world, "https://one.example/");
        says(world, if one.is_ok() { "it is there" } else { "it is not there" });
        let two = asks(world, if one.is_ok() { "https://two.example/" } else { "https://other.example/" });
        Ok(one.is_ok() && two.is_ok())
    });
    assert!(outcome.unwrap());
    let noted = platform.noted();
    assert!(noted.contains(&"event: it is there".to_owned()));
    assert!(!noted.iter().any(|note| note.contains("not there") || note.contains("other.example")), "{noted:?}");
}

#[test]
fn what_is_told_again_and_again_has_a_limit_of_its_own() {
    let platform = Noting { body_length: BODY_LIMIT / 2, ..Noting::default() };
    let outcome = told(&platform, |world| {
        (0..100).try_for_each(|number| {
            let broken = if number < 2 { "" } else { "/broken" };
            asks(world, &format!("https://as.example/{number}{broken}"))
                .or_else(|error| if error.code == Code::NetworkFailed { Ok(()) } else { Err(error) })
        })?;
        asks(world, "https://as.example/last")
    });
    assert_eq!(outcome.unwrap_err().code, Code::ResponseTooLarge);
}

#[test]
fn four_mebibytes_are_told_and_not_a_byte_more() {
    for (body_length, is_told) in [(BODY_LIMIT, true), (BODY_LIMIT + 1, false)] {
        let platform = Noting { body_length, ..Noting::default() };
        let outcome =
            told(&platform, |world| (0..4).try_for_each(|number| asks(world, &format!("https://as.example/{number}"))));
        assert_eq!(outcome.err().map(|error| error.code), (!is_told).then_some(Code::ResponseTooLarge));
    }
}

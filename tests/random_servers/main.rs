//! Random servers: whatever the servers of a sign-in answer, it ends, in few windows, and requests nothing that it may not.
//!
//! Each case is a world of its own (`world.rs`): an MCP server and two authorization servers whose every answer is drawn from
//! the rows of `rows.rs`, with a store and a person. A client (`client.rs`) performs what the flows decide, through several
//! actions. What must hold is judged by the servers' own books (`books.rs`), never by the rules.
//!
//! `RANDOM_SERVERS_CASES=500 cargo test --test random_servers` plays fewer cases, or more; `RANDOM_SERVERS_CASE=7` plays one and
//! tells its story.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test program")]

mod books;
mod client;
mod random;
#[path = "../fuzz_bodies/records.rs"]
mod records;
mod rows;
mod scopes;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use client::Client;
use rows::{ROWS, Reached};
use world::World;

/// How many are played by default; `.ci/run` plays 10,000.
const CASES: u64 = 2_000;

/// How often each row has to be reached in the cases for which the property is stated.
const LEAST: u64 = 50;

const CASES_OF_THE_PROPERTY: u64 = 10_000;

/// Plays a case, and tells its story if that is wanted.
fn play(case: u64, tells: bool) -> World {
    let mut client = Client::new(case, tells);
    client.live();
    client.into_world()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn whatever_servers_answer_a_sign_in_ends_in_few_windows_and_requests_nothing_that_it_may_not() {
    if let Some(case) = number("RANDOM_SERVERS_CASE") {
        let world = play(case, true);
        println!("{}", world.story.join("\n"));
        assert!(world.books.violations.is_empty(), "{:#?}", world.books.violations);
        return;
    }
    let cases = number("RANDOM_SERVERS_CASES").unwrap_or(CASES);
    let next = AtomicU64::new(0);
    let reached = Mutex::new(Reached::default());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut own = Reached::default();
                while let Some(case) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|case| *case < cases) {
                    let world = play(case, false);
                    own.add(&world.reached);
                    if !world.books.violations.is_empty() {
                        failures.lock().unwrap().push((world.requests_in_all, case, world.books.violations));
                    }
                }
                reached.lock().unwrap().add(&own);
            });
        }
    });
    let reached = reached.into_inner().unwrap();
    println!("{cases} cases; each row was reached so often:");
    // Of fewer cases, chance decides how often a rare row is reached.
    let least = if cases < CASES_OF_THE_PROPERTY { 1 } else { LEAST };
    let mut rare = Vec::new();
    for (endpoint, _, rows) in ROWS {
        for row in *rows {
            let times = reached.times(endpoint, row);
            println!("{times:>8}  {endpoint}: {row}");
            if times < least {
                rare.push(format!("{endpoint}: {row} ({times})"));
            }
        }
    }
    println!("most in one call: {}", reached.most());
    judge(failures.into_inner().unwrap(), cases);
    assert!(rare.is_empty(), "reached less than {least} times: {rare:#?}");
}

/// Of the failures of each kind, the one with the fewest requests is told.
fn judge(mut failures: Vec<(u64, u64, Vec<String>)>, cases: u64) {
    failures.sort();
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for (_, case, violations) in &failures {
        for violation in violations {
            let kind = violation.split(':').next().unwrap_or_default();
            kinds.entry(kind).or_insert((0, *case)).0 += 1;
        }
    }
    for (kind, (times, case)) in &kinds {
        let world = play(*case, true);
        println!("\n{kind}, {times} times; RANDOM_SERVERS_CASE={case}:\n    {}", world.story.join("\n    "));
        println!("  {}", world.books.violations.join("\n  "));
    }
    assert!(kinds.is_empty(), "{} of {cases} cases do not hold: {kinds:?}", failures.len());
}

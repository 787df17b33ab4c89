//! Whatever servers do, no call costs more than it may: scripts of whole hostile servers, drawn from all that they can do.
//! `npm run fuzz -- hostile_servers` looks for others.
//!
//! `cargo test --release --test hostile_servers -- --ignored --nocapture` measures: the honest server, and the costliest of
//! the corpus and of all that the fuzz target found.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test program")]
#![allow(dead_code, missing_docs, clippy::indexing_slicing, reason = "the fuzz target uses more")]

#[path = "fuzz_bodies/hostile_servers.rs"]
mod script;

use std::cell::Cell;
use std::cmp::Reverse;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use script::{ACTIONS, CHANGES, Cost, ENDPOINTS, cost_of};

fn line() -> impl Strategy<Value = String> {
    let number = prop_oneof![0..20_usize, 0..3_000_usize, 0..400_000_usize, Just(1_048_576), 25_000..31_000_usize];
    let rule = (select(&ENDPOINTS[..]), select(&CHANGES[..]), number)
        .prop_map(|(endpoint, change, number)| format!("{endpoint} {change} {number}"));
    let action = select(&ACTIONS[..]).prop_map(|action| format!("do {action}"));
    prop_oneof![2 => rule, 1 => action]
}

/// What nobody changes is a whole life: registered, signed in, refreshed, stepped up, signed out. Else the bounds would be
/// proven of its beginning only.
#[test]
fn the_honest_server_is_played_to_the_end() {
    let cost = cost_of(&honest());
    assert_eq!((cost.sign_ins, cost.signed_in, cost.renewed, cost.accepted), (2, 2, 1, 2), "{cost:?}");
    let kinds: Vec<&str> = cost.records.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["clients", "pending", "redirect", "session", "sign-in"]);
}

#[test]
fn whatever_servers_do_no_call_costs_more_than_it_may() {
    let config =
        ProptestConfig { cases: 60, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() };
    let signed_in = Cell::new(0);
    let played = TestRunner::new(config).run(&prop::collection::vec(line(), 1..12), |lines| {
        let cost = cost_of(lines.join("\n").as_bytes());
        signed_in.set(signed_in.get() + u64::from(cost.signed_in > 0));
        Ok(())
    });
    println!("{} of 60 scripts signed in", signed_in.get());
    played.unwrap();
    assert!(signed_in.get() > 5, "hardly any of these servers gets as far as tokens: {}", signed_in.get());
}

fn honest() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/hostile_servers/honest")).unwrap()
}

/// The time of a script is the best of several: what else the machine does only adds to it.
fn measured(script: &[u8], times: usize) -> (Duration, Cost) {
    let time = |_| {
        let began = Instant::now();
        let cost = cost_of(script);
        (began.elapsed(), cost)
    };
    (0..times).map(time).min_by_key(|(_, cost)| cost.busy).unwrap()
}

#[test]
#[ignore = "measures"]
fn what_the_costliest_server_costs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["fuzz/corpus/hostile_servers", "target/fuzz-corpus/hostile_servers"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let script = fs::read(&path).unwrap();
            all.push((path.file_name().unwrap().to_string_lossy().into_owned(), measured(&script, 5), script));
        }
    }
    all.sort_by_key(|(name, (_, cost), _)| (name != "honest", Reverse(cost.busy)));
    for (_, cost, script) in all.iter_mut().take(10) {
        *cost = measured(script, 60);
    }
    let (honest_time, honest) = &all.iter().find(|(name, ..)| name == "honest").unwrap().1;
    println!("{} scripts; honest: {honest_time:?}, {honest:?}", all.len());
    let busy = |(_, cost): &(Duration, Cost)| cost.busy.as_secs_f64() / honest.busy.as_secs_f64();
    type Ratio<'f> = &'f dyn Fn(&(Duration, Cost)) -> f64;
    let costs: [(&str, Ratio); 4] = [
        ("the processor's time of one call", &busy),
        ("requests", &|(_, cost)| cost.requests as f64 / honest.requests as f64),
        ("store bytes", &|(_, cost)| cost.store as f64 / honest.store as f64),
        ("seconds on servers", &|(_, cost)| cost.milliseconds as f64 / 1000.0),
    ];
    for (what, cost) in costs {
        let (name, measured, _) = all.iter().max_by(|one, other| cost(&one.1).total_cmp(&cost(&other.1))).unwrap();
        println!("{what}: {:.1} of the honest one's by {name}: {measured:?}", cost(measured));
    }
}

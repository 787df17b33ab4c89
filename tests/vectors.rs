//! The vectors of tests/vectors (its README tells their form), played by the Rust code: natively, and as WebAssembly
//! in Node and in a browser. `UPDATE=1 cargo test --test vectors` writes tests/vectors/results anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test program")]

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use mcp_oauth_wasm::connection::calls;
use mcp_oauth_wasm::data::error::{Code, Error, Kind, Result, Step};
use mcp_oauth_wasm::data::http::{BODY_LIMIT, Parameters, Request, Response};
use mcp_oauth_wasm::data::identifier::Secret;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::AsJson;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::protocol::trace::{Event, redacted_url};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

macro_rules! vector_files {
    ($($file:ident)*) => {
        $(#[test]
        fn $file() {
            let name = stringify!($file);
            let vectors = include_str!(concat!("vectors/", stringify!($file), ".json"));
            let results = include_str!(concat!("vectors/results/", stringify!($file), ".json"));
            play_file(name, vectors, results);
        })*

        #[cfg(not(target_arch = "wasm32"))]
        const FILES: &[&str] = &[$(stringify!($file)),*];
    };
}

vector_files! {
    challenge
    well_known
    url_agreement
    json_agreement
    protected_resource
    without_metadata
    authorization_server
    redirects
    addresses
    scope_plan
    registration
    authorization
    token
    pushed_authorization
    grants
    records
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_vector_file_is_played() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    files.sort();
    let mut played = FILES.to_vec();
    played.sort();
    assert_eq!(files, played);
}

fn play_file(file: &str, vectors: &str, results: &str) {
    let vectors = Json::parse(vectors).expect("the vector file is JSON");
    let recorded = Json::parse(results).expect("the results file is JSON");
    let parts = vectors.member("parts");
    let mut failures = Vec::new();
    let mut outcomes = Vec::new();
    for vector in items(vectors.member("vectors")) {
        let name = text(vector, "name");
        let (outcome, mut complaints) = play(&expanded(vector, parts));
        if !updates() && sorted(&outcome) != sorted(recorded.member(name)) {
            complaints.push(format!(
                "the result is not the recorded one (UPDATE=1 cargo test --test vectors records this one, if it is right): {}",
                outcome.to_text()
            ));
        }
        failures.extend(complaints.into_iter().map(|complaint| format!("{name}\n    {complaint}")));
        outcomes.push((name.to_owned(), outcome));
    }
    if updates() {
        write_results(file, &outcomes);
    }
    assert!(failures.is_empty(), "{file}.json:\n  {}", failures.join("\n  "));
}

fn updates() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// One line for each vector, so that a change shows which vectors it concerns.
fn write_results(file: &str, outcomes: &[(String, Json)]) {
    let lines: Vec<String> = outcomes
        .iter()
        .map(|(name, outcome)| format!("{}: {}", Json::from(name.as_str()).to_text(), sorted(outcome).to_text()))
        .collect();
    let path = format!("{}/tests/vectors/results/{file}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(path, format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
}

/// Plays one vector: its outcome, and what is wrong with it.
fn play(vector: &Json) -> (Json, Vec<String>) {
    let exchange = items(vector.member("exchange"));
    let platform =
        Scripted { exchange, proves_possession: vector.member("dpop") == &Json::Bool(true), ..Scripted::default() };
    let result = run(calls::call(&platform, text(vector, "call"), vector.member("input")));
    let mut complaints = platform.complaints.into_inner().unwrap();
    if platform.used.load(Relaxed) < exchange.len() {
        complaints.push(format!("only {} of {} exchanges were used", platform.used.load(Relaxed), exchange.len()));
    }
    for secret in vector.member("secrets").strings().unwrap_or_default() {
        if platform.traced.lock().unwrap().contains(secret) {
            complaints.push(format!("the trace tells the secret {secret}"));
        }
    }
    let accepts = matches!(vector, Json::Object(members) if members.iter().any(|(name, _)| name == "accept"));
    let outcome = match result {
        Ok(result) => {
            if accepts {
                compare(vector.member("accept"), &result, "result", &mut complaints);
            } else {
                complaints.push(format!("was not refused, but gave {}", result.to_text()));
            }
            members([("accepted", result)])
        }
        Err(error) => {
            if accepts {
                complaints.push(format!("was refused: {} {}", error.to_json().to_text(), error.message));
            } else {
                judge_refusal(vector.member("refuse"), &error, &mut complaints);
                check_for_foreign_text(&error, exchange, &mut complaints);
            }
            let refusal = error.to_json();
            let told = ["kind", "code", "step", "details"].map(|name| (name, refusal.member(name).clone()));
            members([("refused", members(told))])
        }
    };
    (outcome, complaints)
}

fn judge_refusal(expected: &Json, error: &Error, complaints: &mut Vec<String>) {
    let Json::Object(members) = expected else { panic!("a vector has `accept` or `refuse`") };
    let refusal = error.to_json();
    for (name, value) in members.iter().filter(|(name, _)| name != "says") {
        compare(value, refusal.member(name), name, complaints);
    }
    for words in expected.member("says").strings().unwrap_or_default() {
        if !error.message.contains(words) {
            complaints.push(format!("the message lacks {words:?}: {}", error.message));
        }
    }
}

/// An error of kind `misbehaved` carries no text of the server's, but for URLs that its details have.
fn check_for_foreign_text(error: &Error, exchange: &[Json], complaints: &mut Vec<String>) {
    if error.kind() != Kind::Misbehaved {
        return;
    }
    let mut message = error.message.clone();
    for (_, value) in error.details.iter().filter(|(name, _)| ["named", "url", "asked", "issuer"].contains(name)) {
        message = message.replace(value.as_str().unwrap_or_default(), "…");
    }
    for answer in exchange.iter().map(|entry| entry.member("answer")) {
        let mut texts = Vec::new();
        collect_texts(answer, &mut texts);
        if let Some(body) = answer.member("body").as_str().and_then(Json::parse) {
            collect_texts(&body, &mut texts);
        }
        let found = texts.iter().find(|text| text.chars().count() >= 8 && message.contains(text.as_str()));
        complaints.extend(found.map(|text| format!("the message repeats {text:?} of an answer: {}", error.message)));
    }
}

fn collect_texts(json: &Json, texts: &mut Vec<String>) {
    match json {
        Json::String(text) => texts.push(text.trim().chars().take(40).collect()),
        Json::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Json::Object(members) => members.iter().for_each(|(_, value)| collect_texts(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A host that answers as the vector says, without ever waiting. Its clock stands, and its entropy counts.
#[derive(Default)]
struct Scripted<'v> {
    exchange: &'v [Json],
    proves_possession: bool,
    used: AtomicUsize,
    drawn: AtomicU8,
    traced: Mutex<String>,
    complaints: Mutex<Vec<String>>,
}

impl Platform for Scripted<'_> {
    async fn fetch(&self, _: Step, request: &Request, follows: bool) -> Result<Response> {
        let Some(entry) = self.exchange.get(self.used.load(Relaxed)) else {
            self.complaints.lock().unwrap().push(format!("asked for {} after the last exchange", request.url));
            return Err(Error::new(Code::NetworkFailed, "The script has ended.", &[]));
        };
        self.used.fetch_add(1, Relaxed);
        let path = format!("request {}", self.used.load(Relaxed));
        let expected = merged(usual_request(), entry.member("expect"));
        compare(&expected, &request_as_json(request, follows), &path, &mut self.complaints.lock().unwrap());
        match entry.member("fails").as_str() {
            Some("timed_out") => Err(Error::new(Code::TimedOut, "The script says that no answer comes.", &[])
                .with("url", redacted_url(&request.url))),
            Some("network_failed") => {
                Err(Error::new(Code::NetworkFailed, "The script says that the network fails.", &[])
                    .with("url", redacted_url(&request.url))
                    .with("reason", "scripted"))
            }
            Some(other) => panic!("no exchange can fail as {other}"),
            None => answer(entry.member("answer"), request),
        }
    }

    async fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        Ok(Secret::new(["assertion of ", client_id, " for ", issuer].concat()))
    }

    async fn perform(&self, _: &Effect) -> Result<Json> {
        Ok(Json::Null)
    }

    fn proves_possession(&self) -> bool {
        self.proves_possession
    }

    fn random(&self) -> Result<[u8; 32]> {
        Ok([(); 32].map(|()| self.drawn.fetch_add(1, Relaxed)))
    }

    fn now(&self) -> u64 {
        1_700_000_000
    }

    fn trace(&self, event: Event) {
        self.traced.lock().unwrap().push_str(&event.to_json().to_text());
    }
}

/// An object without its empty members.
fn members<const N: usize>(members: [(&str, Json); N]) -> Json {
    members.into_iter().fold(Json::Object(Vec::new()), |object, (name, value)| object.with(name, value))
}

/// What a vector need not say of a request.
fn usual_request() -> Json {
    let members =
        [("method", "GET".into()), ("redirect", "manual".into()), ("authorization", Json::Null), ("body", Json::Null)];
    Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}

/// A request as vectors describe it.
fn request_as_json(request: &Request, follows: bool) -> Json {
    let authorization = request.authorization.as_ref().map_or(Json::Null, |value| value.reveal().into());
    let body = request.body.as_ref().map_or(Json::Null, |body| match body.content_type {
        "application/json" => Json::parse(body.text.reveal()).unwrap(),
        _ => form_as_json(&Parameters::read(body.text.reveal())),
    });
    members([
        ("method", request.method.to_json()),
        ("url", request.url.as_str().into()),
        ("redirect", if follows { "follow" } else { "manual" }.into()),
        ("authorization", authorization),
        ("body", body),
    ])
}

/// A form's parameters by name; those that are repeated as an array.
fn form_as_json(form: &Parameters) -> Json {
    let mut members: Vec<(String, Json)> = Vec::new();
    for (name, value) in form.iter() {
        match members.iter_mut().find(|(known, _)| known == name) {
            None => members.push((name.to_owned(), value.into())),
            Some((_, Json::Array(values))) => values.push(value.into()),
            Some((_, single)) => *single = Json::Array(vec![single.clone(), value.into()]),
        }
    }
    Json::Object(members)
}

fn answer(answer: &Json, request: &Request) -> Result<Response> {
    let mut content_type = None;
    let body = match answer.member("body") {
        Json::Null => Vec::new(),
        Json::String(text) => text.clone().into_bytes(),
        body => match body.member("hex").as_str() {
            Some(digits) => {
                let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
                pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
            }
            None => {
                content_type = Some("application/json".to_owned());
                body.to_text().into_bytes()
            }
        },
    };
    let body = body.into_iter().take(BODY_LIMIT + 1).collect();
    let headers = answer.member("headers");
    let header = |name: &str| {
        let given = headers.member(name).as_str().map(str::to_owned);
        if name == "content-type" { given.or(content_type.clone()) } else { given }
    };
    let url = answer.member("url").as_str().unwrap_or(&request.url).to_owned();
    let status = answer.member("status").as_whole_number().expect("an answer has a status") as u16;
    Ok(Response::new(url, status, body, header))
}

/// A vector in full: what is `like` a part of its file, `but` for some members, is replaced by that, and texts that
/// are `joined` or `repeat`ed by themselves.
fn expanded(json: &Json, parts: &Json) -> Json {
    match json {
        Json::Object(_) if json.member("like") != &Json::Null => {
            let part = parts.member(text(json, "like"));
            assert!(part != &Json::Null, "the file has no part {}", text(json, "like"));
            merged(expanded(part, parts), &expanded(json.member("but"), parts))
        }
        Json::Object(_) if json.member("repeat") != &Json::Null => {
            text(json, "repeat").repeat(json.member("times").as_whole_number().unwrap() as usize).into()
        }
        Json::Object(_) if json.member("joined") != &Json::Null => {
            let pieces = expanded(json.member("joined"), parts);
            pieces.strings().expect("only texts can be joined").concat().into()
        }
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), expanded(value, parts))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(|item| expanded(item, parts)).collect()),
        other => other.clone(),
    }
}

/// The first, but for the members of the second; what is null there is removed.
fn merged(base: Json, changes: &Json) -> Json {
    let (Json::Object(mut members), Json::Object(changes)) = (base.clone(), changes) else {
        return if changes == &Json::Null { base } else { changes.clone() };
    };
    for (name, change) in changes {
        let known = members.iter().position(|(own, _)| own == name).map(|index| members.remove(index).1);
        if change != &Json::Null {
            members.push((name.clone(), merged(known.unwrap_or(Json::Null), change)));
        }
    }
    Json::Object(members)
}

/// Whether every member that is expected is there, and no others are in arrays; null stands for absent. Of a URL,
/// `url` is what stands before its query, and `query` its parameters.
fn compare(expected: &Json, actual: &Json, path: &str, complaints: &mut Vec<String>) {
    match (expected, actual) {
        (Json::Object(members), Json::Object(_)) => {
            for (name, value) in members {
                compare(value, actual.member(name), &format!("{path}.{name}"), complaints);
            }
        }
        (Json::Array(expected), Json::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(expected, actual, &format!("{path}[{index}]"), complaints);
            }
        }
        (Json::Object(_), Json::String(url)) => {
            let (url, query) = url.split_once('?').unwrap_or((url, ""));
            let parts = members([("url", url.into()), ("query", form_as_json(&Parameters::read(query)))]);
            compare(expected, &parts, path, complaints);
        }
        _ if expected == actual => {}
        _ => complaints.push(format!("{path} should be {} and is {}", expected.to_text(), actual.to_text())),
    }
}

fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            Json::Object(members)
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn items(json: &Json) -> &[Json] {
    if let Json::Array(items) = json { items } else { &[] }
}

fn text<'j>(json: &'j Json, member: &str) -> &'j str {
    json.member(member).as_str().unwrap_or_else(|| panic!("a vector lacks `{member}`"))
}

/// Runs what never waits: the scripted host is always ready.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the story waited for something else than its platform"),
    }
}

//! What JavaScript calls, as JavaScript calls it: with a host's options, through a `fetch` that answers real `Response`
//! objects. In Node and in browsers alike (tests/web_in_browser.rs); a page can start no server, so the answers are scripted.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test program")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Symbol};
use mcp_oauth_wasm::web::call;
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test as test;

const ENDPOINT: &str = "https://mcp.example/mcp";
const ISSUER: &str = "https://login.example";
const CALLBACK: &str = "http://127.0.0.1:4000/callback";

/// A function of the host's.
type Given = dyn FnMut(JsValue, JsValue) -> Result<JsValue, JsValue>;

fn function(body: impl FnMut(JsValue, JsValue) -> Result<JsValue, JsValue> + 'static) -> JsValue {
    Closure::<Given>::new(body).into_js_value()
}

fn object<const N: usize>(members: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &name.into(), &value).unwrap();
    }
    object.into()
}

fn member(of: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(of.clone(), |of, name| Reflect::get(&of, &name.into()).unwrap_or(JsValue::UNDEFINED))
}

fn text(of: &JsValue, path: &str) -> String {
    member(of, path).as_string().unwrap_or_else(|| panic!("no text at {path}: {}", as_text(of)))
}

fn as_text(value: &JsValue) -> String {
    JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_else(|| format!("{value:?}"))
}

fn parsed(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

/// What this platform's own class makes.
fn made(class: &str, arguments: &[JsValue]) -> JsValue {
    let class: Function = member(&js_sys::global(), class).unchecked_into();
    Reflect::construct(&class, &arguments.iter().collect()).unwrap()
}

fn response(body: &JsValue, status: u16) -> JsValue {
    made("Response", &[body.clone(), object([("status", status.into())])])
}

/// The host of a `fetch`, with what else it brings.
fn host<const N: usize>(fetch: JsValue, others: [(&str, JsValue); N]) -> JsValue {
    let host = object(others);
    Reflect::set(&host, &"fetch".into(), &fetch).unwrap();
    // Where a person is sent is looked at by the host as well; this one has nothing against any place.
    Reflect::set(&host, &"perform".into(), &function(|_, _| Ok(JsValue::NULL))).unwrap();
    host
}

/// The servers of a world: `fetch`, and the requests that it got, as `METHOD URL BODY`.
fn world() -> (JsValue, Array) {
    let requests = Array::new();
    let log = requests.clone();
    let fetch = function(move |url, initial| {
        let (url, method) = (url.as_string().unwrap(), text(&initial, "method"));
        let body = member(&initial, "body").as_string().unwrap_or_default();
        log.push(&format!("{method} {url} {body}").into());
        let answered = match url.strip_prefix(ISSUER).unwrap_or(&url) {
            "https://mcp.example/.well-known/oauth-protected-resource/mcp" => {
                r#"{"resource":"https://mcp.example/mcp","authorization_servers":["https://login.example"],"scopes_supported":["read","write"]}"#
            }
            "/.well-known/oauth-authorization-server" => {
                r#"{"issuer":"https://login.example","authorization_endpoint":"https://login.example/authorize","token_endpoint":"https://login.example/token","registration_endpoint":"https://login.example/register","code_challenge_methods_supported":["S256"],"token_endpoint_auth_methods_supported":["none"],"authorization_response_iss_parameter_supported":true}"#
            }
            "/register" => {
                r#"{"client_id":"client-1","redirect_uris":["http://127.0.0.1:4000/callback"],"scope":"read"}"#
            }
            "/token" => {
                r#"{"access_token":"access-1","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-1","scope":"read"}"#
            }
            _ => return Ok(Promise::resolve(&response(&"nothing".into(), 404)).into()),
        };
        Ok(Promise::resolve(&response(&answered.into(), 200)).into())
    });
    (fetch, requests)
}

async fn calls(name: &str, input: JsValue, host: &JsValue) -> JsValue {
    match call(name.to_owned(), input, host.clone()).await {
        Ok(outcome) => outcome,
        Err(error) => panic!("{name}: {}", as_text(&error)),
    }
}

/// How a discovery ends that fails.
async fn failure(host: JsValue) -> JsValue {
    let input = object([("endpoint", ENDPOINT.into())]);
    call("discover".to_owned(), input, host).await.expect_err("discovery succeeds")
}

async fn code_of(host: JsValue) -> String {
    text(&failure(host).await, "code")
}

#[test]
async fn a_person_signs_in_step_by_step_with_one_plan() {
    let (fetch, requests) = world();
    let events = Array::new();
    let seen = events.clone();
    let trace = function(move |event, _| {
        seen.push(&event);
        Ok(JsValue::UNDEFINED)
    });
    let host = host(fetch, [("trace", trace)]);
    let discovery = calls("discover", object([("endpoint", ENDPOINT.into())]), &host).await;
    assert_eq!(text(&discovery, "authorizationServer.issuer"), ISSUER);
    let plan = calls("plan", object([("discovery", discovery.clone())]), &host).await;
    let asked = [("discovery", discovery.clone()), ("plan", plan), ("redirectUri", CALLBACK.into())];
    let registered = calls("register", object(asked), &host).await;
    let registration = member(&registered, "registration");
    assert_eq!(text(&registration, "clientId"), "client-1");
    let asked = [("discovery", discovery), ("registration", registration), ("plan", member(&registered, "plan"))];
    let begun = calls("begin", object(asked), &host).await;

    let url = made("URL", &[member(&begun, "authorizationUrl")]);
    let parameter = |name: &str| {
        let parameters = member(&url, "searchParams");
        let get: Function = member(&parameters, "get").unchecked_into();
        get.call1(&parameters, &name.into()).unwrap().as_string().unwrap()
    };
    assert_eq!(parameter("scope"), "read", "what is registered, and no more");
    let verifier = text(&begun, "pending.codeVerifier");
    assert_eq!(parameter("code_challenge"), BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));

    let callback = format!("{CALLBACK}?code=code-1&state={}&iss={}", parameter("state"), "https%3A%2F%2Flogin.example");
    let asked = [("pending", member(&begun, "pending")), ("callbackUrl", callback.into())];
    let completed = calls("complete", object(asked), &host).await;
    assert_eq!(text(&completed, "kind"), "signed-in");
    assert_eq!(text(&completed, "session.tokens.accessToken"), "access-1");

    let sent: Vec<String> = requests.iter().map(|request| request.as_string().unwrap()).collect();
    let token = sent.last().unwrap();
    assert!(token.contains(&format!("code_verifier={verifier}")), "{token}");
    let told = as_text(&events);
    assert!(told.contains("/token"), "the trace tells of it");
    for secret in [&verifier, "access-1", "refresh-1", "code-1"] {
        assert!(!told.contains(secret), "the trace has no secret");
    }
}

#[test]
async fn a_pair_of_pkce_is_made_of_this_platforms_entropy() {
    let host = host(JsValue::UNDEFINED, []);
    let (first, second) = (calls("createPkce", object([]), &host).await, calls("createPkce", object([]), &host).await);
    let verifier = text(&first, "codeVerifier");
    assert_ne!(verifier, text(&second, "codeVerifier"));
    assert_eq!(text(&first, "codeChallenge"), BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
}

#[test]
async fn scopes_are_planned_without_a_network() {
    let input = parsed(r#"{"sources":{"challenge":["read"],"resource":["read","write"]},"registered":["read"]}"#);
    let plan = calls("planScopes", input, &host(JsValue::UNDEFINED, [])).await;
    let scopes: Array = member(&plan, "scopes").unchecked_into();
    let requested = scopes.iter().filter(|entry| member(entry, "requested").is_truthy());
    assert_eq!(requested.map(|entry| text(&entry, "scope")).collect::<Vec<_>>(), ["read"]);
}

#[test]
async fn whatever_a_host_throws_is_an_error_of_the_call() {
    let thrown = || JsValue::from(js_sys::Error::new("the cable is cut"));
    let error = failure(host(function(move |_, _| Err(thrown())), [])).await;
    assert_eq!(text(&error, "code"), "network_failed");
    assert!(text(&error, "message").contains("the cable is cut"), "{}", as_text(&error));
    let rejecting = function(move |_, _| Ok(Promise::reject(&thrown()).into()));
    assert_eq!(code_of(host(rejecting, [])).await, "network_failed");
    for answer in [JsValue::UNDEFINED, JsValue::NULL, 7.into(), "page".into(), object([]), Symbol::iterator().into()] {
        let fetch = function(move |_, _| Ok(Promise::resolve(&answer).into()));
        assert_eq!(code_of(host(fetch, [])).await, "network_failed");
    }
    for fetch in [JsValue::UNDEFINED, 7.into(), object([])] {
        assert_eq!(code_of(host(fetch, [])).await, "network_failed");
    }
    for no_host in [JsValue::UNDEFINED, JsValue::NULL, "host".into()] {
        assert_eq!(code_of(no_host).await, "network_failed");
    }
}

#[test]
async fn a_logger_that_throws_ends_nothing() {
    let (fetch, _) = world();
    let trace = function(|_, _| Err("no disk".into()));
    calls("discover", object([("endpoint", ENDPOINT.into())]), &host(fetch, [("trace", trace)])).await;
}

#[test]
async fn a_call_that_its_host_cancels_ends_and_so_does_its_request() {
    let controller = made("AbortController", &[]);
    let given = object([]);
    let (handed, aborting) = (given.clone(), controller.clone());
    let fetch = function(move |_, initial| {
        Reflect::set(&handed, &"signal".into(), &member(&initial, "signal")).unwrap();
        let abort: Function = member(&aborting, "abort").unchecked_into();
        abort.call0(&aborting).unwrap();
        // Whatever is told to end need not obey.
        Ok(Promise::new(&mut |_, _| {}).into())
    });
    assert_eq!(code_of(host(fetch, [("signal", member(&controller, "signal"))])).await, "aborted");
    assert!(member(&given, "signal.aborted").is_truthy());
    // Nothing is asked for a call that was cancelled before.
    let fetch = function(|_, _| Ok(Promise::new(&mut |_, _| {}).into()));
    assert_eq!(code_of(host(fetch, [("signal", member(&controller, "signal"))])).await, "aborted");
}

#[test]
async fn a_server_that_does_not_answer_is_waited_for_as_long_as_the_host_says() {
    let fetch = function(|_, _| Ok(Promise::new(&mut |_, _| {}).into()));
    assert_eq!(code_of(host(fetch, [("timeoutMilliseconds", 20.into())])).await, "timed_out");
}

#[test]
async fn a_body_is_read_up_to_the_limit_and_no_further() {
    let at = |bytes: usize| {
        let document = format!(
            r#"{{"resource":"{ENDPOINT}","authorization_servers":["{ISSUER}"],"filler":"{}"}}"#,
            "x".repeat(bytes)
        );
        let (servers, _) = world();
        let servers: Function = servers.unchecked_into();
        host(
            function(move |url, initial| match url.as_string().unwrap().ends_with("protected-resource/mcp") {
                true => Ok(Promise::resolve(&response(&document.as_str().into(), 200)).into()),
                false => servers.call2(&JsValue::UNDEFINED, &url, &initial),
            }),
            [],
        )
    };
    calls("discover", object([("endpoint", ENDPOINT.into())]), &at(256 * 1024 - 200)).await;
    let error = failure(at(256 * 1024)).await;
    assert_eq!(text(&error, "code"), "response_too_large");
}

#[test]
async fn input_that_is_no_plain_data_is_refused_in_words() {
    let error = call("discover".to_owned(), function(|_, _| Ok(JsValue::NULL)), host(JsValue::UNDEFINED, [])).await;
    assert_eq!(text(&error.unwrap_err(), "code"), "invalid_argument");
    let error = call("no such call".to_owned(), object([]), host(JsValue::UNDEFINED, [])).await;
    assert_eq!(text(&error.unwrap_err(), "code"), "invalid_argument");
}

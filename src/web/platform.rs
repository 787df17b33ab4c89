//! The platform as JavaScript has it: `fetch`, entropy, clock and trace. The only file that knows web-sys.
//!
//! Nothing of the host's is trusted to have its shape: an exception that crossed the wasm stack would leave a
//! promise unsettled for ever, so every access is one that can fail.

use std::cell::Cell;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers};

use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::{BODY_LIMIT, Request, Response};
use crate::data::identifier::Secret;
use crate::data::json::Json;
use crate::data::printable::printable;
use crate::data::record::AsJson;
use crate::flow::budget::Budget;
use crate::flow::effect::Effect;
use crate::flow::platform::Platform;
use crate::protocol::trace::{Event, object};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(end: &JsValue, milliseconds: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;
}

const DEFAULT_TIMEOUT_MILLISECONDS: f64 = 30_000.0;

/// The longest time that `setTimeout` can wait; with a longer one it does not wait at all.
const LONGEST_TIMEOUT_MILLISECONDS: f64 = 2_147_483_647.0;

/// So late no timer is on a machine that is awake.
const SLACK_MILLISECONDS: f64 = 60_000.0;

/// What is left of the budget.
const LEFT: &str = "left";

/// A host's options for one call: `fetch`; where they are there, `signal`,
/// `timeoutMilliseconds`, `trace`, `perform`, `clientAssertion`, `dpop`, `budget`.
pub struct WebPlatform {
    host: JsValue,
    /// How long the machine slept while a server was waited for, in milliseconds.
    slept: Cell<f64>,
}

impl Platform for WebPlatform {
    async fn fetch(&self, step: Step, request: &Request, follows: bool) -> Result<Response> {
        let given = request.milliseconds.map_or(f64::INFINITY, |milliseconds| milliseconds as f64);
        let awake = Awake { slept: &self.slept, began: js_sys::Date::now(), limit: self.timeout().min(given) };
        let failed = |thrown: JsValue| network_failed(request, &thrown);
        let deadline = Deadline::new(&member(&self.host, "signal"), awake.limit).map_err(failed)?;
        let initial = initial(request, follows, &deadline.controller.signal()).map_err(failed)?;
        let named_by = request.named_by.as_ref().map_or(JsValue::UNDEFINED, |url| url.as_str().into());
        let answering =
            method(&self.host, "fetch", &[request.url.as_str().into(), initial, step.word().into(), named_by]);
        let answer = deadline.settle(answering.map_err(failed)?, request).await?;
        let Some(status) = member(&answer, "status").as_f64() else {
            return Err(network_failed(request, &"fetch gave no Response".into()));
        };
        let headers = member(&answer, "headers");
        let header = |name: &str| method(&headers, "get", &[name.into()]).ok()?.as_string();
        let body =
            if status == 0.0 { Vec::new() } else { read_body(&member(&answer, "body"), &deadline, request).await? };
        let url = member(&answer, "url").as_string().filter(|url| !url.is_empty());
        Ok(Response::new(url.unwrap_or_else(|| request.url.clone()), status as u16, body, header))
    }

    async fn client_assertion(&self, issuer: &str, client_id: &str) -> Result<Secret> {
        let request = object().with("issuer", issuer.into()).with("clientId", client_id.into());
        let made = match method(&self.host, "clientAssertion", &[request.to_javascript()]) {
            Ok(making) => JsFuture::from(Promise::resolve(&making)).await,
            thrown => thrown,
        };
        made.ok().and_then(|assertion| assertion.as_string()).map(|assertion| Secret::new(&assertion)).ok_or_else(|| {
            let message = "The client has to authenticate by an assertion that is signed with its key (`private_key_jwt`), and the host gave none: `client.assertion` has to be a function that resolves with one.";
            Error::new(Code::InvalidArgument, message, &[])
        })
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        let arguments = [effect.name().into(), effect.to_json().to_javascript()];
        let performed = match method(&self.host, "perform", &arguments) {
            Ok(performing) => JsFuture::from(Promise::resolve(&performing)).await,
            thrown => thrown,
        };
        performed.ok().and_then(|answer| Json::from_javascript(&answer)).ok_or_else(|| {
            let message = "The host failed at `{}`.";
            Error::new(Code::HostFailed, message, &[effect.name()])
        })
    }

    fn proves_possession(&self) -> bool {
        member(&self.host, "dpop").is_truthy()
    }

    fn random(&self) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| {
            let message = "This platform offers no `crypto.getRandomValues`, without which no sign-in is safe. Use one that does.";
            Error::new(Code::NoRandomness, message, &[])
        })?;
        Ok(bytes)
    }

    fn now(&self) -> u64 {
        (js_sys::Date::now() / 1000.0) as u64
    }

    fn milliseconds(&self) -> u64 {
        (js_sys::Date::now() - self.slept.get()) as u64
    }

    fn budget(&self) -> Option<Budget> {
        let left: Array = member(&member(&self.host, "budget"), LEFT).dyn_into().ok()?;
        let number = |index| left.get(index).as_f64();
        Some(Budget { requests: number(0)? as u64, bytes: number(1)? as usize, milliseconds: number(2)? as u64 })
    }

    fn keep_budget(&self, left: Budget) {
        let Budget { requests, bytes, milliseconds } = left;
        let left = [requests as f64, bytes as f64, milliseconds as f64].map(JsValue::from);
        let _ = Reflect::set(&member(&self.host, "budget"), &LEFT.into(), &left.iter().collect::<Array>());
    }

    fn trace(&self, event: Event) {
        let trace = member(&self.host, "trace");
        if trace.is_function() {
            // A logger that throws must not end a sign-in.
            let _ = call(&trace, &JsValue::UNDEFINED, &[event.to_json().to_javascript()]);
        }
    }
}

impl WebPlatform {
    /// The platform of a host with these options.
    pub fn new(host: JsValue) -> WebPlatform {
        WebPlatform { host, slept: Cell::new(0.0) }
    }

    fn timeout(&self) -> f64 {
        let given = member(&self.host, "timeoutMilliseconds").as_f64().filter(|milliseconds| *milliseconds > 0.0);
        given.unwrap_or(DEFAULT_TIMEOUT_MILLISECONDS).min(LONGEST_TIMEOUT_MILLISECONDS)
    }
}

/// A timer ends every wait: what took much longer was a machine that slept.
struct Awake<'p> {
    slept: &'p Cell<f64>,
    began: f64,
    limit: f64,
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        let took = js_sys::Date::now() - self.began;
        if took > self.limit + SLACK_MILLISECONDS {
            self.slept.set(self.slept.get() + took);
        }
    }
}

/// What `fetch` is called with, beside the URL.
fn initial(request: &Request, follows: bool, signal: &JsValue) -> Result<JsValue, JsValue> {
    let mut headers = object().with("accept", "application/json".into());
    let mut initial = object()
        .with("method", request.method.word().into())
        .with("cache", "no-store".into())
        .with("credentials", "omit".into())
        .with("redirect", if follows { "follow" } else { "manual" }.into());
    if let Some(body) = &request.body {
        headers = headers.with("content-type", body.content_type.into());
        initial = initial.with("body", body.text.reveal().into());
    }
    if let Some(authorization) = &request.authorization {
        headers = headers.with("authorization", authorization.reveal().into());
    }
    let headers = Headers::new_with_record_from_str_to_str(headers.to_javascript().unchecked_ref())?;
    let initial = initial.to_javascript();
    Reflect::set(&initial, &"headers".into(), &headers)?;
    Reflect::set(&initial, &"signal".into(), signal)?;
    Ok(initial)
}

/// Reads a stream to its end, or beyond the limit: what is larger is an attack or a mistake.
async fn read_body(stream: &JsValue, deadline: &Deadline, request: &Request) -> Result<Vec<u8>> {
    // Kept by JavaScript until it is whole: what many calls wait for would make this memory grow, which never shrinks.
    let chunks = Array::new();
    let mut length = 0;
    if stream.is_null() || stream.is_undefined() {
        return Ok(Vec::new());
    }
    let failed = |thrown: JsValue| network_failed(request, &thrown);
    let reader = method(stream, "getReader", &[]).map_err(failed)?;
    while length <= BODY_LIMIT {
        let reading = method(&reader, "read", &[]).map_err(failed)?;
        let chunk = deadline.settle(reading, request).await.map_err(|error| error.after(length))?;
        if member(&chunk, "done").is_truthy() {
            break;
        }
        let value = member(&chunk, "value");
        if !value.is_instance_of::<Uint8Array>() {
            return Err(network_failed(request, &"the body is no stream of bytes".into()));
        }
        // A copy: whoever has the chunk may give its buffer away at any time, and its members need not be those of bytes.
        let copied = member(&js_sys::global(), "Uint8Array").dyn_into::<Function>();
        let copied = copied.and_then(|bytes| Reflect::construct(&bytes, &Array::of1(&value))).map_err(failed)?;
        let bytes = copied.unchecked_into::<Uint8Array>().subarray(0, (BODY_LIMIT + 1 - length) as u32);
        length += bytes.length() as usize;
        chunks.push(&bytes);
    }
    if length > BODY_LIMIT {
        deadline.controller.abort();
    }
    let mut body = Vec::with_capacity(length);
    for chunk in chunks.iter() {
        body.extend(chunk.unchecked_into::<Uint8Array>().to_vec());
    }
    Ok(body)
}

/// The end of a request, by time or by the host's signal. `fetch` is told, but need not obey to end the wait.
struct Deadline {
    controller: AbortController,
    reached: Promise,
    timer: JsValue,
    signal: JsValue,
    end: JsValue,
}

const ABORT_EVENT: &str = "abort";

impl Deadline {
    fn new(signal: &JsValue, milliseconds: f64) -> Result<Deadline, JsValue> {
        let controller = AbortController::new()?;
        // Without an argument, whatever calls it: an event would become the reason.
        let end = method(&member(&controller, "abort"), "bind", &[controller.clone().into(), JsValue::UNDEFINED]);
        let end = end.unwrap_or(JsValue::UNDEFINED);
        let ending = controller.signal();
        let reached = Promise::new(&mut |resolve, _| {
            let _ = method(&ending, "addEventListener", &[ABORT_EVENT.into(), resolve.into()]);
        });
        let timer = set_timeout(&end, milliseconds).unwrap_or(JsValue::UNDEFINED);
        let deadline = Deadline { controller, reached, timer, signal: signal.clone(), end };
        if deadline.is_cancelled() {
            deadline.controller.abort();
        } else {
            deadline.listen("addEventListener");
        }
        Ok(deadline)
    }

    fn is_cancelled(&self) -> bool {
        member(&self.signal, "aborted").is_truthy()
    }

    fn listen(&self, how: &str) {
        if self.signal.is_object() {
            let _ = method(&self.signal, how, &[ABORT_EVENT.into(), self.end.clone()]);
        }
    }

    /// Waits for a promise, but not beyond the end.
    async fn settle(&self, promise: JsValue, request: &Request) -> Result<JsValue> {
        let settled = JsFuture::from(Promise::race(&Array::of2(&self.reached, &promise))).await;
        // An abort may reach `fetch`, which then rejects, before it reaches the race.
        if !self.controller.signal().aborted() {
            return settled.map_err(|thrown| network_failed(request, &thrown));
        }
        Err(if self.is_cancelled() {
            Error::new(Code::Aborted, "The call was cancelled by its host.", &[])
        } else {
            let message = "The server did not answer completely in time. Check the network, or try again later.";
            Error::new(Code::TimedOut, message, &[]).with("url", crate::protocol::trace::redacted_url(&request.url))
        })
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        let _ = clear_timeout(&self.timer);
        self.listen("removeEventListener");
    }
}

fn network_failed(request: &Request, thrown: &JsValue) -> Box<Error> {
    let cause = member(thrown, "cause");
    let text = |value: &JsValue, name| member(value, name).as_string().filter(|text| !text.is_empty());
    let reason = text(&cause, "code").or_else(|| text(&cause, "message")).or_else(|| text(thrown, "message"));
    let reason = printable(&reason.or_else(|| thrown.as_string()).unwrap_or_default());
    let url = crate::protocol::trace::redacted_url(&request.url);
    let message =
        "The request to {} failed ({}). Check the URL and the network; in a browser, the server may lack CORS headers.";
    let is_kept = text(thrown, "code").as_deref() == Some("cors_missing");
    let code = if is_kept { Code::CorsMissing } else { Code::NetworkFailed };
    Error::new(code, message, &[&url, &reason]).with("url", url.as_str()).with("reason", reason.as_str())
}

/// A member of whatever that is; `undefined` where there is none or it cannot be read.
fn member(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn method(of: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    call(&member(of, name), of, arguments)
}

fn call(function: &JsValue, this: &JsValue, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: &Function = function.dyn_ref().ok_or("not a function")?;
    function.apply(this, &arguments.iter().collect())
}

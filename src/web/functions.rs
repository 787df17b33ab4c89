//! The steps and the pure functions of the npm package by the same names, with their types: what `wasm-pack build` gives.
//! Not in what npm has, whose JavaScript adds instances, sessions and stores, and calls [`super::call`].

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::bindings;

#[wasm_bindgen(typescript_custom_section)]
const RECORDS: &str = include_str!("../../js/core/records.d.ts");

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = "
/** What a step needs of its host; all of it may be absent. */
export interface StepHost {
  /** Sends its requests. Default: `globalThis.fetch`. `step`: what for; `endpoint`: on whose word the URL is called. */
  fetch?(url: string, init: RequestInit, context: { step: Step; url: string; endpoint?: string }): Promise<Response>;
  /** Receives its events. */
  trace?(event: Event): void;
  /** How long each request may take, its body included, in milliseconds. Default: 30000. */
  timeoutMilliseconds?: number;
  /** Ends the step, which rejects with the code `aborted`. */
  signal?: AbortSignal;
  /** Makes assertions, for clients that authenticate with a key (RFC 7523 §2.2). */
  clientAssertion?(request: { issuer: string; clientId: string }): Promise<string>;
}

/** What every function rejects with. */
export interface AuthorizationError extends Error {
  kind: Kind;
  code: Code;
  step?: Step;
  details: Record<string, unknown>;
}
";

macro_rules! steps {
    ($($(#[$words:meta])* $name:ident($input:literal) -> $output:literal;)*) => { $(
        $(#[$words])*
        #[wasm_bindgen(unchecked_return_type = $output)]
        pub async fn $name(
            #[wasm_bindgen(unchecked_param_type = $input)] input: JsValue,
            #[wasm_bindgen(unchecked_optional_param_type = "StepHost")] host: JsValue,
        ) -> Result<JsValue, JsValue> {
            made(stringify!($name), input, host).await
        }
    )* };
}

steps! {
    /// Finds out who protects an MCP server and who signs people in for it (RFC 9728, RFC 8414).
    discover("DiscoverInput") -> "Discovery";
    /// Plans the scopes for a discovered server, before anything is registered (RFC 6749 §3.3; MCP, scope selection).
    plan("PlanInput") -> "ScopePlan";
    /// Gets a client: pre-registered, by metadata document, stored, or newly registered (RFC 7591).
    register("RegisterInput") -> "Registered";
    /// Builds the authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707): the URL to open, and what to keep.
    begin("BeginInput") -> "Begun";
    /// Reads the authorization response and trades its code for tokens (RFC 6749 §4.1.2 to §4.1.4, RFC 9207). An ID Token is
    /// dropped, as nothing here checks its signature; where the settings name `openid`, that is refused.
    complete("CompleteInput") -> "Completion";
    /// Trades the refresh token for new tokens (RFC 6749 §6).
    refresh("RefreshInput") -> "Session";
    /// Trades another grant than the authorization code for tokens (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8628 §3.4).
    grant("GrantInput") -> "Session";
    /// Asks another endpoint of an authorization server: for a JSON document, or with a form as a client that authenticates.
    ask("AskInput") -> "any";
    /// Deletes a dynamic registration that is no longer needed, where the server offers that (RFC 7592 §2.3).
    unregister("UnregisterInput") -> "boolean";
}

/// Reads the challenge of a 401 or 403 (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1): the Bearer one, else that of DPoP.
#[wasm_bindgen(js_name = readChallenge, unchecked_return_type = "Challenge | null")]
pub async fn read_challenge(
    #[wasm_bindgen(unchecked_param_type = "Headers | string | string[]")] headers: JsValue,
) -> Result<JsValue, JsValue> {
    let get = Reflect::get(&headers, &"get".into()).unwrap_or(JsValue::UNDEFINED);
    let values = get.dyn_ref::<Function>().map_or(Ok(headers.clone()), |get| get.call1(&headers, &CHALLENGE.into()))?;
    let values = if values.is_null() { Array::new().into() } else { values };
    let values = if Array::is_array(&values) { values } else { Array::of1(&values).into() };
    made("readChallenge", object(&[("headers", values)]), JsValue::UNDEFINED).await
}

const CHALLENGE: &str = "www-authenticate";

/// Where metadata is looked for, in order (RFC 9728 §3.1; RFC 8414 §3.1 and §5).
#[wasm_bindgen(js_name = wellKnownLocations, unchecked_return_type = "string[]")]
pub async fn well_known_locations(
    #[wasm_bindgen(unchecked_param_type = "{ resource: string } | { issuer: string }")] of: JsValue,
) -> Result<JsValue, JsValue> {
    made("wellKnownLocations", of, JsValue::UNDEFINED).await
}

/// Plans scopes: which to register and which to request, and why (RFC 6749 §3.3; MCP, scope selection).
#[wasm_bindgen(js_name = planScopes, unchecked_return_type = "ScopePlan")]
pub async fn plan_scopes(
    #[wasm_bindgen(unchecked_param_type = "ScopeSources")] sources: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ earlier?: ScopePlan, registered?: string[] }")] known: JsValue,
) -> Result<JsValue, JsValue> {
    made("planScopes", copied(&known, &[("sources", sources)]), JsValue::UNDEFINED).await
}

/// Makes a code verifier and its S256 challenge (RFC 7636 §4).
#[wasm_bindgen(js_name = createPkce, unchecked_return_type = "Pkce")]
pub async fn create_pkce() -> Result<JsValue, JsValue> {
    made("createPkce", object(&[]), JsValue::UNDEFINED).await
}

/// Judges an authorization response: where it arrived, `state`, issuer, then the rest (RFC 6749 §4.1.2, RFC 9207 §2.4).
#[wasm_bindgen(js_name = readAuthorizationResponse, unchecked_return_type = "GenuineResponse")]
pub async fn read_authorization_response(
    #[wasm_bindgen(unchecked_param_type = "{ pending: PendingAuthorization, callbackUrl: string }")] input: JsValue,
) -> Result<JsValue, JsValue> {
    made("readAuthorizationResponse", input, JsValue::UNDEFINED).await
}

async fn made(name: &str, input: JsValue, host: JsValue) -> Result<JsValue, JsValue> {
    let given = Reflect::get(&host, &"fetch".into()).unwrap_or(JsValue::UNDEFINED);
    let fetch = given.dyn_into().or_else(|_| Reflect::get(&js_sys::global(), &"fetch".into())?.dyn_into::<Function>());
    let fetch = fetch.unwrap_or_else(|_| Function::default());
    let send = Closure::<dyn Fn(JsValue, JsValue, JsValue, JsValue) -> Result<JsValue, JsValue>>::new(
        move |url: JsValue, initial: JsValue, step: JsValue, endpoint: JsValue| {
            let context = object(&[("step", step), ("url", url.clone()), ("endpoint", endpoint)]);
            fetch.call3(&JsValue::UNDEFINED, &url, &initial, &context)
        },
    );
    // Nothing is asked for ahead, and nothing known against any place where a person is sent.
    let perform = Closure::<dyn Fn(String) -> JsValue>::new(|effect: String| match effect.as_str() {
        "checkIdToken" => "unverified".into(),
        _ => JsValue::NULL,
    });
    let own = [
        ("fetch", send.as_ref().clone()),
        ("perform", perform.as_ref().clone()),
        // Whoever binds tokens to a key has to sign each request with it.
        ("dpop", JsValue::FALSE),
    ];
    bindings::call(name.to_owned(), input, copied(&host, &own)).await.map_err(as_error)
}

/// The members of an object, and some in their place.
fn copied(of: &JsValue, members: &[(&str, JsValue)]) -> JsValue {
    let copy = Object::new();
    // What has no members gives none.
    Object::assign(&copy, of.unchecked_ref::<Object>());
    for (name, value) in members {
        // An object that was made here takes what it is given.
        let _ = Reflect::set(&copy, &(*name).into(), value);
    }
    copy.into()
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    copied(&JsValue::UNDEFINED, members)
}

/// `{ kind, code, message, step, details }` as an `Error`.
fn as_error(told: JsValue) -> JsValue {
    let error = js_sys::Error::new("");
    Object::assign(&error, told.unchecked_ref::<Object>()).into()
}

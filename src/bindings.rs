//! What JavaScript calls.

use wasm_bindgen::prelude::*;

/// The S256 code challenge of a verifier.
///
/// # Errors
/// Rejects with the error's code.
#[wasm_bindgen(js_name = codeChallenge)]
pub fn code_challenge(verifier: &str) -> Result<String, JsValue> {
    crate::pkce::code_challenge(verifier).map_err(|_| JsValue::from_str("refused"))
}

/// Fetches, to exercise the asynchronous glue.
#[wasm_bindgen]
pub async fn get(url: String) -> Result<JsValue, JsValue> {
    let request = web_sys::Request::new_with_str(&url)?;
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|_| JsValue::from_str("random"))?;
    request.headers().set("x-id", &format!("{id:?}"))?;
    let global = js_sys::global();
    let fetch: js_sys::Function = js_sys::Reflect::get(&global, &"fetch".into())?.unchecked_into();
    let answer: js_sys::Promise = fetch.call1(&global, &request)?.unchecked_into();
    wasm_bindgen_futures::JsFuture::from(answer).await
}

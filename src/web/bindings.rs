//! What JavaScript calls.

use wasm_bindgen::prelude::*;

use super::platform::WebPlatform;
use crate::connection::calls;
use crate::data::error::{Error, Result};
use crate::data::json::Json;
use crate::data::record::Mismatch;

/// Makes the call of that name. Rejects with `{ kind, code, message, step, details }`.
#[cfg_attr(not(feature = "functions"), wasm_bindgen)]
pub async fn call(name: String, input: JsValue, host: JsValue) -> Result<JsValue, JsValue> {
    let input = from_javascript(input)?;
    to_outcome(calls::call(&WebPlatform::new(host), &name, &input).await)
}

fn from_javascript(input: JsValue) -> Result<Json, JsValue> {
    Json::from_javascript(&input).ok_or_else(|| {
        Error::invalid_argument(Mismatch { path: "input".to_owned(), expected: "plain data" }).to_json().to_javascript()
    })
}

fn to_outcome(result: Result<Json>) -> Result<JsValue, JsValue> {
    result.map(|value| value.to_javascript()).map_err(|error| error.to_json().to_javascript())
}

//! What the client of hostile servers runs on: a store in memory, time that servers take, and nothing else that costs any.

use std::time::Instant;

use mcp_oauth_wasm::data::error::{Code, Error, Result, Step};
use mcp_oauth_wasm::data::http::{Request, Response};
use mcp_oauth_wasm::data::identifier::Secret;
use mcp_oauth_wasm::data::json::Json;
use mcp_oauth_wasm::data::record::AsJson;
use mcp_oauth_wasm::flow::budget::Budget;
use mcp_oauth_wasm::flow::effect::Effect;
use mcp_oauth_wasm::flow::platform::Platform;
use mcp_oauth_wasm::protocol::trace::Event;

use super::records::{read_record, swap_record};
use super::{Answer, EVENT, Host};

impl Platform for Host {
    async fn fetch(&self, _: Step, request: &Request, _: bool) -> Result<Response> {
        let world = &mut *self.0.lock().unwrap();
        let began = Instant::now();
        let answer = world.answer(request);
        world.served += began.elapsed();
        answer.map(|Answer { status, body, location, challenge }| {
            Response::new(request.url.clone(), status, body, |name| match name {
                "content-type" => Some("application/json".to_owned()),
                "location" => location.clone(),
                "www-authenticate" => Some(challenge.clone()),
                _ => None,
            })
        })
    }

    async fn client_assertion(&self, _: &str, _: &str) -> Result<Secret> {
        Err(Error::new(Code::InvalidArgument, "No client here has a key.", &[]))
    }

    async fn perform(&self, effect: &Effect) -> Result<Json> {
        let world = &mut *self.0.lock().unwrap();
        world.effects += 1;
        Ok(match effect {
            Effect::Read { key } => read_record(&world.store, key),
            Effect::CompareAndSwap { key, version, value } => {
                Json::Bool(swap_record(&mut world.store, key, version.as_deref(), value))
            }
            Effect::PrepareRedirect { .. } => {
                Json::Object(Vec::new()).with("redirectUri", "http://127.0.0.1:4000/callback".into())
            }
            Effect::Approve { .. } => Json::Bool(true),
            _ => Json::Null,
        })
    }

    fn proves_possession(&self) -> bool {
        false
    }

    fn random(&self) -> Result<[u8; 32]> {
        let world = &mut *self.0.lock().unwrap();
        world.answers += 1;
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&world.answers.to_le_bytes());
        Ok(bytes)
    }

    fn now(&self) -> u64 {
        self.0.lock().unwrap().now
    }

    fn milliseconds(&self) -> u64 {
        self.0.lock().unwrap().waited
    }

    fn budget(&self) -> Option<Budget> {
        self.0.lock().unwrap().left
    }

    fn keep_budget(&self, left: Budget) {
        self.0.lock().unwrap().left = Some(left);
    }

    fn trace(&self, event: Event) {
        let size = event.to_json().to_text().len();
        if size > EVENT {
            self.0.lock().unwrap().violations.push(format!("an event of {size} bytes"));
        }
    }
}

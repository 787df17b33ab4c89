//! Every call of the package by its name: plain data in, plain data out. The JavaScript bindings and the shared test
//! vectors go through here.

use std::sync::Arc;

use crate::connection::came_back;
use crate::connection::discovered;
use crate::connection::refusal;
use crate::connection::renewal;
use crate::connection::sign_in;
use crate::connection::sign_out::{self, SignOutInput};
use crate::connection::stored::Place;
use crate::data::error::{Code, Error, Result, Step};
use crate::data::identifier::{Endpoint, Issuer, Secret};
use crate::data::json::Json;
use crate::data::record::{AsJson, Reader};
use crate::data::url::{self, Zone};
use crate::flow::effect::Effect;
use crate::flow::platform::Platform;
use crate::flow::replay::{self, Replay};
use crate::flow::steps;
use crate::flow::token_endpoint;
use crate::protocol::authorization::{self, PendingAuthorization};
use crate::protocol::challenge;
use crate::protocol::pkce;
use crate::protocol::repair;
use crate::protocol::scope_plan::{self, ScopePlan, ScopeSources};
use crate::protocol::settings::ServerSettings;
use crate::protocol::trace::Event;
use crate::protocol::well_known;

/// The version of the records that this code writes.
const RECORD_VERSION: f64 = 1.0;

crate::record! {
    /// Response headers that may hold a challenge.
    #[derive(Debug)]
    pub struct ReadChallengeInput {
        /// The values of all `WWW-Authenticate` headers.
        pub headers: Vec<String>,
    }
}

crate::record! {
    /// Whose metadata locations are asked for: one of the two.
    #[derive(Debug)]
    pub struct WellKnownInput {
        /// A protected resource's URL.
        pub resource: Option<String>,
        /// An issuer.
        pub issuer: Option<String>,
    }
}

crate::record! {
    /// What scopes are planned from.
    #[derive(Debug)]
    pub struct PlanScopesInput {
        /// Everything that names scopes.
        pub sources: ScopeSources,
        /// The plan of the same connection that is to be widened or repeated.
        pub earlier: Option<ScopePlan>,
        /// The scopes that the client is registered for, once known.
        pub registered: Option<crate::data::scope::ScopeSet>,
    }
}

crate::record! {
    /// An authorization response to be judged without network.
    #[derive(Debug)]
    pub struct ReadAuthorizationResponseInput {
        /// What was kept since the authorization request.
        pub pending: PendingAuthorization,
        /// The whole URL that the browser was sent back to.
        pub callback_url: String,
    }
}

crate::record! {
    /// A URL that a server named for the person to open.
    #[derive(Debug)]
    pub struct AdmitInput {
        /// The URL.
        pub url: String,
        /// On whose word: the MCP server's.
        pub named_by: Endpoint,
        /// What the host knows about this server.
        pub settings: Option<Arc<ServerSettings>>,
    }
}

crate::record! {
    /// An authorization response that held (RFC 6749 §4.1.2).
    #[derive(Debug)]
    pub struct GenuineResponse {
        /// The authorization code.
        pub code: Secret,
    }
}

/// Makes one call. The step it belongs to is in every error.
pub async fn call<P: Platform>(platform: &P, name: &str, input: &Json) -> Result<Json> {
    let flow = |replay: &Replay| {
        made(replay, name, input).map_err(|error| {
            let error = error.at(step(name));
            replay.trace(Event::failure(step(name), &error));
            error
        })
    };
    replay::run(platform, flow).await
}

fn made(replay: &Replay, name: &str, input: &Json) -> Result<Json> {
    Ok(match name {
        "discover" => steps::discover(replay, &read(input)?)?.to_json(),
        "plan" => steps::plan(replay, &read(input)?).to_json(),
        "register" => steps::register(replay, &read(input)?)?.to_json(),
        "begin" => steps::begin(replay, &read(input)?)?.to_json(),
        "complete" => steps::complete(replay, &read(input)?)?.to_json(),
        "refresh" => steps::refresh(replay, &read(input)?)?.to_json(),
        "unregister" => steps::unregister(replay, &read(input)?)?.to_json(),
        "grant" => token_endpoint::grant(replay, &read(input)?)?.to_json(),
        "ask" => token_endpoint::ask(replay, &read(input)?)?,
        "admit" => admit(replay, &read(input)?)?,
        "askAhead" => discovered::ask_ahead(replay, &read(input)?)?.to_json(),
        "decide" => refusal::decide(replay, &read(input)?)?.to_json(),
        "signIn" => sign_in::sign_in(replay, &read(input)?)?.to_json(),
        "cameBack" => came_back::came_back(replay, &read(input)?)?.to_json(),
        "signOut" => signed_out(replay, &read(input)?)?.to_json(),
        "renew" => renewal::renew(replay, &read(input)?)?.to_json(),
        "readChallenge" => challenge::read(&read::<ReadChallengeInput>(input)?.headers).to_json(),
        "wellKnownLocations" => well_known_locations(read(input)?)?.to_json(),
        "planScopes" => plan_scopes(read(input)?).to_json(),
        "createPkce" => pkce::pair(replay.random()?).to_json(),
        "readAuthorizationResponse" => read_authorization_response(read(input)?)?.to_json(),
        _ => return Err(Error::new(Code::InvalidArgument, "There is no such call.", &[])),
    })
}

fn admit(replay: &Replay, AdmitInput { url, named_by, settings }: &AdmitInput) -> Result<Json> {
    let is_trusted = settings.as_ref().is_some_and(|settings| settings.allow_private_addresses == Some(true));
    url::endpoint(url, if is_trusted { Zone::Local } else { named_by.url().zone() })?;
    replay.perform(Effect::Admit { url: url.clone(), named_by: named_by.clone() }).cloned()
}

fn signed_out(replay: &Replay, input: &SignOutInput) -> Result<bool> {
    let place = Place { endpoint: &input.endpoint, account: &input.account };
    let is_client_forgotten = input.forget_client == Some(true);
    if is_client_forgotten { sign_out::forget_client(replay, &place) } else { sign_out::sign_out(replay, &place) }
}

fn plan_scopes(input: PlanScopesInput) -> Arc<ScopePlan> {
    let plan = scope_plan::plan(&input.sources, input.earlier.as_ref());
    input.registered.map_or(plan.clone(), |registered| plan.within(Some(&registered)))
}

fn well_known_locations(input: WellKnownInput) -> Result<Vec<String>> {
    let invalid =
        || Error::new(Code::InvalidUrl, "Give `resource` or `issuer`: an https URL (or http on this machine).", &[]);
    match (&input.resource, &input.issuer) {
        (Some(resource), None) => {
            url::callable(resource).map(|resource| well_known::protected_resource(&resource)).ok_or_else(invalid)
        }
        (None, Some(issuer)) => Issuer::named(issuer, Zone::Local)
            .map(|issuer| well_known::authorization_server(&issuer))
            .map_err(|_| invalid()),
        _ => Err(invalid()),
    }
}

fn read_authorization_response(input: ReadAuthorizationResponseInput) -> Result<GenuineResponse> {
    match authorization::read(&input.callback_url, &input.pending)? {
        authorization::AuthorizationResponse::Code(code) => Ok(GenuineResponse { code: Secret::new(code.reveal()) }),
        authorization::AuthorizationResponse::Refused(refusal) => Err(repair::refused(refusal, &input.pending)),
    }
}

/// The members of inputs that come from a store. What is wrong with them is not the caller's fault.
const STORED: [&str; 3] = ["session", "pending", "registration"];

/// Reads a call's input.
fn read<T: AsJson>(input: &Json) -> Result<T> {
    let mut reader = Reader::default();
    let read = T::read(input, &mut reader);
    refuse_unreadable(input, reader).map(|()| read)
}

#[inline(never)]
fn refuse_unreadable(input: &Json, reader: Reader) -> Result<()> {
    let is_newer = |name: &&&str| matches!(input.member(name).member("version"), Json::Number(version) if *version > RECORD_VERSION);
    if let Some(name) = STORED.iter().find(is_newer) {
        let message = "The stored {} was written by a newer version of this package. It was left as it is; update the application.";
        return Err(Error::new(Code::RecordNewer, message, &[name]));
    }
    reader.finish().map_err(|mut mismatch| {
        // It is the whole of it.
        if mismatch.path.is_empty() {
            mismatch.path.push_str("input");
        }
        let stored = STORED.iter().any(|name| mismatch.path.starts_with(name));
        if stored { Error::invalid_record(mismatch) } else { Error::invalid_argument(mismatch) }
    })
}

fn step(call: &str) -> Step {
    match call {
        "discover" | "askAhead" | "readChallenge" | "wellKnownLocations" => Step::Discover,
        "plan" | "planScopes" => Step::Plan,
        "register" | "unregister" => Step::Register,
        "complete" | "grant" | "ask" | "signOut" => Step::Token,
        "readAuthorizationResponse" | "cameBack" => Step::Callback,
        "refresh" | "renew" => Step::Refresh,
        "decide" => Step::Call,
        _ => Step::Authorize,
    }
}

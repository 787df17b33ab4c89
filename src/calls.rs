//! Every call of the package by its name: plain data in, plain data out. The JavaScript bindings and the shared test
//! vectors go through here.

use crate::authorization::{self, PendingAuthorization};
use crate::error::{Code, Error, Result, Step};
use crate::flow;
use crate::identifier::{Endpoint, Issuer, Secret};
use crate::json::Json;
use crate::platform::Platform;
use crate::record::{self, Crossing, Mismatch};
use crate::scope_plan::{self, ScopePlan, ScopeSources};
use crate::trace::Event;
use crate::url::Nearness;
use crate::{challenge, pkce, well_known};

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
        pub registered: Option<crate::scope::ScopeSet>,
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
    /// An authorization response that held.
    #[derive(Debug)]
    pub struct GenuineResponse {
        /// The authorization code.
        pub code: Secret,
    }
}

/// Makes one call. The step it belongs to is in every error.
pub async fn call<P: Platform>(platform: &P, name: &str, input: &Json) -> Result<Json> {
    let result = match name {
        "discover" => match read(input) {
            Ok(input) => flow::discover(platform, input).await.map(|found| found.to_json()),
            Err(error) => Err(error),
        },
        "register" => match read(input) {
            Ok(input) => flow::register(platform, input).await.map(|registered| registered.to_json()),
            Err(error) => Err(error),
        },
        "begin" => match read(input) {
            Ok(input) => flow::begin(platform, input).await.map(|begun| begun.to_json()),
            Err(error) => Err(error),
        },
        "unregister" => match read(input) {
            Ok(input) => flow::unregister(platform, input).await.map(Json::Bool),
            Err(error) => Err(error),
        },
        "complete" => match read(input) {
            Ok(input) => flow::complete(platform, input).await.map(|completion| completion.to_json()),
            Err(error) => Err(error),
        },
        "refresh" => match read(input) {
            Ok(input) => flow::refresh(platform, input).await.map(|session| session.to_json()),
            Err(error) => Err(error),
        },
        _ => evaluate(platform, name, input),
    };
    result.map_err(|error| {
        let error = error.at(step(name));
        platform.trace(Event::failure(step(name), &error));
        error
    })
}

/// Makes one call that needs no network.
pub fn evaluate<P: Platform>(platform: &P, name: &str, input: &Json) -> Result<Json> {
    let result = match name {
        "plan" => read(input).map(|input| flow::plan(platform, input).to_json()),
        "readChallenge" => read(input).map(|input: ReadChallengeInput| challenge::read(&input.headers).to_json()),
        "wellKnownLocations" => read(input).and_then(well_known_locations),
        "planScopes" => read(input).map(|input: PlanScopesInput| {
            let plan = scope_plan::plan(&input.sources, input.earlier.as_ref());
            input.registered.map_or(plan.clone(), |registered| plan.within(Some(&registered))).to_json()
        }),
        "createPkce" => platform.random().map(|random| pkce::pair(random).to_json()),
        "readAuthorizationResponse" => read(input).and_then(read_authorization_response),
        _ => Err(Error::new(Code::InvalidArgument, "There is no such call.")),
    };
    result.map_err(|error| error.at(step(name)))
}

fn well_known_locations(input: WellKnownInput) -> Result<Json> {
    let invalid =
        || Error::new(Code::InvalidUrl, "Give `resource` or `issuer`: an https URL (or http on this machine).");
    let locations = match (&input.resource, &input.issuer) {
        (Some(resource), None) => {
            well_known::protected_resource(Endpoint::named(resource, Nearness::Local).map_err(|_| invalid())?.url())
        }
        (None, Some(issuer)) => {
            well_known::authorization_server(&Issuer::named(issuer, Nearness::Local).map_err(|_| invalid())?)
        }
        _ => return Err(invalid()),
    };
    Ok(locations.to_json())
}

fn read_authorization_response(input: ReadAuthorizationResponseInput) -> Result<Json> {
    match authorization::read(&input.callback_url, &input.pending)? {
        authorization::AuthorizationResponse::Code(code) => {
            Ok(GenuineResponse { code: Secret::new(code.reveal()) }.to_json())
        }
        authorization::AuthorizationResponse::Refused(refusal) => Err(authorization::refused(refusal, &input.pending)),
    }
}

/// Reads a call's input. What a store gave back is told apart from what the caller passed: it is left as it is.
fn read<T: Crossing>(input: &Json) -> Result<T> {
    for name in ["session", "pending", "registration"] {
        if matches!(input.member(name).member("version"), Json::Number(version) if *version > RECORD_VERSION) {
            let message = [
                "The stored ",
                name,
                " was written by a newer version of this package. It was left as it is; update the application.",
            ];
            return Err(Error::new(Code::RecordNewer, message.concat()));
        }
    }
    record::read(input).map_err(|mismatch: Mismatch| {
        let stored = ["session", "pending", "registration"].iter().any(|name| mismatch.path.starts_with(name));
        if stored { Error::invalid_record(mismatch) } else { Error::invalid_argument(mismatch) }
    })
}

fn step(call: &str) -> Step {
    match call {
        "discover" | "readChallenge" | "wellKnownLocations" => Step::Discover,
        "plan" | "planScopes" => Step::Plan,
        "register" | "unregister" => Step::Register,
        "complete" => Step::Token,
        "readAuthorizationResponse" => Step::Callback,
        "refresh" => Step::Refresh,
        _ => Step::Authorize,
    }
}

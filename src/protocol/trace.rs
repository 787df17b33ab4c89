//! The trace: every request, answer and decision, as data for logs and inspectors, redacted by an allow-list.

use crate::data::error::{Error, Step};
use crate::data::http::{Parameters, Request, Response};
use crate::data::json::Json;
use crate::data::printable::filled;
use crate::data::url::Url;
use crate::{record, string_enum};

/// How much one event tells, in bytes: a plan has room, and no document beyond it.
const SIZE_LIMIT: usize = 32 * 1024;

/// Parameters and members that may be shown. Everything else is there, but its value is not.
const SHOWN: [&str; 43] = [
    "application_type",
    "authorization_endpoint",
    "authorization_response_iss_parameter_supported",
    "authorization_servers",
    "client_id_metadata_document_supported",
    "client_name",
    "client_secret_expires_at",
    "client_uri",
    "code_challenge_method",
    "code_challenge_methods_supported",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "grant_type",
    "grant_types",
    "grant_types_supported",
    "introspection_endpoint",
    "issuer",
    "iss",
    "jwks_uri",
    "logo_uri",
    "prompt",
    "redirect_uri",
    "redirect_uris",
    "registration_endpoint",
    "resource",
    "resource_name",
    "response_type",
    "response_types",
    "response_types_supported",
    "revocation_endpoint",
    "scope",
    "scopes_supported",
    "software_id",
    "software_version",
    "token_endpoint",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods_supported",
    "token_type",
    "userinfo_endpoint",
    "client_id",
    "bearer_methods_supported",
];

string_enum! {
    /// What an event tells.
    pub enum EventKind {
        /// A request was sent.
        Request = "request",
        /// Its answer arrived.
        Answer = "answer",
        /// Something was decided.
        Decision = "decision",
        /// Something failed.
        Failure = "failure",
    }
}

string_enum! {
    /// Who takes part in a sign-in.
    pub enum Party {
        /// This package and its host.
        Client = "client",
        /// The person's browser.
        Browser = "browser",
        /// The MCP server.
        ProtectedResource = "protected-resource",
        /// The authorization server.
        AuthorizationServer = "authorization-server",
    }
}

record! {
    /// One event of a sign-in. Secrets are not in it.
    #[derive(Debug)]
    pub struct Event {
        /// The step that it belongs to.
        pub step: Step,
        /// What it tells.
        pub kind: EventKind,
        /// Who acts.
        pub from: Party,
        /// On whom.
        pub to: Party,
        /// In words, for people.
        pub summary: String,
        /// For programs: `method`, `url`, `status`, `body`, or what was decided.
        pub details: Json,
    }
}

impl Event {
    /// A request that is about to be sent.
    pub fn request(step: Step, to: Party, request: &Request) -> Event {
        let url = redacted_url(&request.url);
        let method = request.method.word();
        let json = |text: &str| Json::of_server(text).map_or(Json::Null, |(json, _)| json);
        let body = request.body.as_ref().map_or(Json::Null, |body| {
            let text = body.text.reveal();
            redacted_body(text, body.content_type, &json(text))
        });
        let summary = filled("{} {}", &[method, &url]);
        let details = object().with("method", method.into()).with("url", url.into()).with("body", body);
        Event { step, kind: EventKind::Request, from: Party::Client, to, summary, details }
    }

    /// The answer to a request.
    pub fn answer(step: Step, from: Party, response: &Response) -> Event {
        let document = response.document().unwrap_or(&Json::Null);
        let body = redacted_body(response.text().unwrap_or_default(), &response.media_type, document);
        let status = Json::from(response.status);
        let answered = if response.status == 0 { "a redirect".to_owned() } else { status.to_text() };
        let summary = filled("answered {}", &[&answered]);
        let url = redacted_url(&response.url);
        let details = object().with("status", status).with("url", url.into()).with("body", body);
        Event { step, kind: EventKind::Answer, from, to: Party::Client, summary, details }
    }

    /// As much of it as a log is to be told.
    pub fn cut(mut self) -> Event {
        let mut room = SIZE_LIMIT;
        if let Json::String(summary) = Json::from(self.summary.as_str()).cut(&mut room) {
            self.summary = summary;
        }
        self.details = self.details.cut(&mut room);
        self
    }

    /// Something that was decided here.
    pub fn decision(step: Step, summary: &str, details: Json) -> Event {
        Event {
            step,
            kind: EventKind::Decision,
            from: Party::Client,
            to: Party::Client,
            summary: summary.to_owned(),
            details,
        }
    }

    /// Something that failed.
    pub fn failure(step: Step, error: &Error) -> Event {
        let details = object().with("code", error.code.word().into());
        Event {
            step,
            kind: EventKind::Failure,
            from: Party::Client,
            to: Party::Client,
            summary: error.message.clone(),
            details,
        }
    }
}

/// An object to put members into.
pub fn object() -> Json {
    Json::Object(Vec::new())
}

/// A URL whose query shows only what may be shown.
pub fn redacted_url(text: &str) -> String {
    let Some(url) = Url::parse(text) else { return "[not a URL]".to_owned() };
    let query = url.query();
    let shown = if query.is_empty() { String::new() } else { filled("?{}", &[&redacted_form(query).to_text()]) };
    filled("{}{}{}", &[&url.origin(), url.path(), &shown])
}

fn redacted_form(text: &str) -> Parameters {
    let mut shown = Parameters::default();
    for (name, value) in Parameters::read(text).iter() {
        shown.add(name, if SHOWN.contains(&name) { value } else { "[redacted]" });
    }
    shown
}

fn redacted_body(text: &str, media_type: &str, document: &Json) -> Json {
    let mut shown = object();
    if media_type == "application/x-www-form-urlencoded" {
        for (name, value) in redacted_form(text).iter() {
            shown = shown.with(name, value.into());
        }
        return shown;
    }
    let Json::Object(members) = document else { return Json::Null };
    for (name, value) in members {
        let value = if SHOWN.contains(&name.as_str()) { value.clone() } else { "[redacted]".into() };
        shown = shown.with(name, value);
    }
    shown
}

//! What was agreed to goes along to the authorization request. What comes out otherwise is a new question.

use std::sync::Arc;

pub use crate::connection::contract::Consent;
use crate::connection::contract::SignInHost;
use crate::data::error::{Code, Error, Result, Step};
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::json::Json;
use crate::flow::effect::Effect;
use crate::flow::replay::Replay;
use crate::protocol::scope_plan::ScopePlan;

/// Whether a person may be sent there with this plan: where it is within what was agreed to, or the host approves of it now.
/// `reason`: why it has to be asked in any case.
pub fn covers(
    replay: &Replay,
    (endpoint, host): (&Endpoint, &SignInHost),
    agreed: &mut Option<Consent>,
    (issuer, plan): (&Issuer, &Arc<ScopePlan>),
    reason: Option<&'static str>,
) -> Result<bool> {
    let scopes = plan.requested();
    let beyond = match agreed {
        Some(agreed) if agreed.issuer != *issuer => Some("issuer-changed"),
        Some(agreed) if !agreed.scopes.includes(&scopes) => Some("step-up"),
        _ => None,
    };
    let Some(reason) = beyond.or(reason) else { return Ok(true) };
    if host.approves != Some(true) {
        return Ok(beyond.is_none());
    }
    let approved = replay.perform(Effect::Approve { reason, issuer: issuer.clone(), plan: plan.clone() })?;
    if *approved == Json::Bool(true) {
        *agreed = Some(Consent { issuer: issuer.clone(), scopes });
        return Ok(true);
    }
    let what = if reason == "step-up" { "wider scopes were" } else { "new authorization server was" };
    Err(Error::new(Code::NotApproved, "The {} not approved. Nothing was sent.", &[what])
        .with("reason", reason)
        .with("endpoint", endpoint.as_str())
        .with("issuer", issuer.as_str())
        .at(Step::Authorize))
}

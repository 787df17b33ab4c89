//! What can still be done when the authorization server refuses scopes for which the client was registered, as
//! far as anybody had told: servers narrow silently, and some say that they registered what they did not.

use std::sync::Arc;

use crate::authorization::PendingAuthorization;
use crate::http::StatedError;
use crate::registration::RegistrationKind;
use crate::scope_plan::ScopePlan;

/// Trips through the browser in one sign-in: the first, one without the scopes that were named, and one without
/// anything that can be done without, for servers that name one scope at a time.
const AUTHORIZATION_LIMIT: u64 = 3;

/// One repair of a sign-in.
#[derive(Debug)]
pub enum Repair {
    /// Authorize again without the optional scopes that were refused.
    WithoutRefused(Arc<ScopePlan>),
    /// Widen or replace the registration, then authorize again.
    Widen(Arc<ScopePlan>),
}

/// The repair after a refusal, or nothing where none could help.
///
/// A name in the server's words counts only if that scope was requested. Where only optional scopes are refused,
/// they are dropped: those that are named, or all of them where none is, or where dropping the named ones was not
/// enough. Where a required one is refused, the registration is widened, once: it may be older, or narrower than
/// the server said.
pub fn after(refusal: &StatedError, pending: &PendingAuthorization) -> Option<Repair> {
    let PendingAuthorization { plan, attempts, registration, .. } = pending;
    if refusal.error.as_deref() != Some("invalid_scope") || attempts.authorizations >= AUTHORIZATION_LIMIT {
        return None;
    }
    let (requested, required) = (plan.requested(), plan.required());
    let optional = requested.without(&required);
    let named = requested.named_by(refusal);
    let only_optional = named.iter().all(|scope| optional.contains(scope));
    if only_optional && !optional.is_empty() {
        let first = attempts.authorizations == 1 && !named.is_empty();
        return Some(Repair::WithoutRefused(plan.refusing(if first { &named } else { &optional })));
    }
    let refused = if named.is_empty() { &required } else { &named };
    let can_widen = registration.kind == RegistrationKind::Dynamic && !attempts.widened;
    can_widen.then(|| Repair::Widen(plan.refusing(refused)))
}
